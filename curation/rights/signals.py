"""Machine-readable signals on an asset: what each scheme's entries reserve.

An allowed entry creates no right. An entry that nobody can read reserves everything. Sources:
CAWG Training and Data Mining Assertion 1.1 and C2PA 1.x (`cawg.`/`c2pa.` entries), PLUS LDF Data
Mining vocabulary, W3C TDM Reservation Protocol, RSL usage tokens of its draft and of 1.0, IETF
AIPREF vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from curation.rights import actions
from curation.rights.actions import ACTIONS
from curation.rights.rows import Signal, row_name
from curation.rights.scope import Finding, Scope

NOT_ALLOWED = "SIGNAL_NOT_ALLOWED"
CONSTRAINED = "SIGNAL_CONSTRAINED"


@dataclass(frozen=True, slots=True)
class Reservation:
    """Actions that a signal reserves, and how."""

    actions: tuple[str, ...]
    code: str


_TREE = ("use_ai",)
_INPUT = ("ai_input", "evaluate")

_CAWG: Mapping[str, tuple[str, ...]] = {
    "ai_training": ("train_nongen",),
    "ai_generative_training": ("train_gen",),
    "data_mining": ("tdm_analyze", "index_search"),
    "ai_inference": _INPUT,
}
_PLUS: Mapping[str, Reservation | None] = {
    "UNSPECIFIED": None,
    "ALLOWED": None,
    "PROHIBITED": Reservation(ACTIONS, NOT_ALLOWED),
    "PROHIBITED-AIMLTRAINING": Reservation(("train",), NOT_ALLOWED),
    "PROHIBITED-GENAIMLTRAINING": Reservation(("train_gen",), NOT_ALLOWED),
    "PROHIBITED-EXCEPTSEARCHENGINEINDEXING": Reservation(
        tuple(action for action in ACTIONS if action != "index_search"), NOT_ALLOWED
    ),
    "PROHIBITED-SEECONSTRAINT": Reservation(ACTIONS, CONSTRAINED),
    "PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": Reservation(ACTIONS, CONSTRAINED),
    "PROHIBITED-SEELINKEDRIGHTSEXPR": Reservation(ACTIONS, CONSTRAINED),
}
_RSL: Mapping[str, tuple[str, ...]] = {
    "all": ACTIONS,
    "ai-all": _TREE,
    "ai-train": ("train",),
    "train-ai": ("train",),
    "train-genai": ("train_gen",),
    "ai-input": _INPUT,
    "ai-use": _INPUT,
    "ai-index": ("tdm_analyze", "index_search"),
    "search": ("index_search",),
}
_AIPREF: Mapping[str, tuple[str, ...]] = {
    "bots": ACTIONS,
    "automated": ACTIONS,
    "tdm": _TREE,
    "ai": _TREE,
    "train-ai": ("train",),
    "train-genai": ("train_gen",),
    "ai-input": _INPUT,
    "ai-output": _INPUT,
    "ai-use": _INPUT,
    "search": ("index_search",),
}
_RSL_PLAIN = frozenset(
    {
        "payment",
        "license",
        "content",
        "url",
        "copyright",
        "terms",
        "standard",
        "legal",
        "schema",
        "server",
    }
)
_YES = frozenset({"y", "yes", "1", "true", "allowed", "allow"})


def signal_findings(scope: Scope) -> Iterator[Finding]:
    """What the signals on the work, above it and below it have against the action.

    A grant that `overrides_signal` is not bound by them; the caller asks the grant.
    """
    request = scope.request
    for work_id in scope.related_ids:
        for signal in scope.book.signals_of(work_id):
            if not signal.visible(request.known_at):
                continue
            for reservation in reservations(signal):
                if actions.bars(reservation.actions, request.action):
                    yield Finding(reservation.code, (row_name(signal),))


def reservations(signal: Signal) -> Iterator[Reservation]:
    """What the signal reserves, entry by entry."""
    yield from _READERS[signal.scheme](dict(signal.entries))


def _cawg(entries: Mapping[str, str]) -> Iterator[Reservation]:
    """Both prefixes; `ai_training` speaks of non-generative models only.

    A constraint constrains without the word `constrained` beside it, and against `allowed`.
    """
    for name, value in entries.items():
        entry = name.removeprefix("cawg.").removeprefix("c2pa.")
        if entry.endswith("constraint_info"):
            stated = name.rpartition(".")[0]
            if not any(_answer((), entries.get(stated, "allowed"))):
                reserved = _CAWG.get(stated.removeprefix("cawg.").removeprefix("c2pa."), ACTIONS)
                yield Reservation(reserved, CONSTRAINED)
            continue
        yield from _answer(_CAWG.get(entry, ACTIONS), value)


def _plus(entries: Mapping[str, str]) -> Iterator[Reservation]:
    """Other constraints are words that only a person can read, whatever stands beside them."""
    for name, value in entries.items():
        plain = name.rpartition(":")[2].casefold()
        if plain == "datamining" or "DMI-" in value:
            for word in value.replace(",", " ").split() or [value]:
                term = word.rpartition("DMI-")[2].upper()
                reservation = _PLUS.get(term, Reservation(ACTIONS, NOT_ALLOWED))
                if reservation is not None:
                    yield reservation
        elif plain != "otherconstraints":
            yield from _answer(ACTIONS, value)
        elif value.strip():
            yield Reservation(ACTIONS, CONSTRAINED)


def _tdmrep(entries: Mapping[str, str]) -> Iterator[Reservation]:
    """A reservation reserves text and data mining, which training is; a policy is how to ask."""
    for name, value in entries.items():
        plain = name.casefold().replace("_", "-")
        if plain == "tdm-reservation":
            if value.casefold() not in ("0", "false"):
                yield Reservation((*_TREE, "index_search"), NOT_ALLOWED)
        elif plain not in ("tdm-policy", "location"):
            yield from _answer(ACTIONS, value)


def _rsl(entries: Mapping[str, str]) -> Iterator[Reservation]:
    """`permits` lists all that is allowed and `prohibits` beats it; a token may be an entry."""
    for name, value in entries.items():
        tokens = value.casefold().replace(",", " ").split()
        if name == "prohibits":
            for token in tokens:
                yield Reservation(_RSL.get(token, ACTIONS), NOT_ALLOWED)
        elif name == "permits":
            allowed = [action for token in tokens for action in _RSL.get(token, ())]
            left = tuple(action for action in ACTIONS if not actions.permits(allowed, action))
            yield Reservation(_leaves(left), NOT_ALLOWED)
        elif name == "payment" and value.casefold() not in ("free", "none"):
            yield Reservation(ACTIONS, CONSTRAINED)
        elif name not in _RSL_PLAIN:
            yield from _answer(_RSL.get(name, ACTIONS), value)


def _aipref(entries: Mapping[str, str]) -> Iterator[Reservation]:
    for name, value in entries.items():
        yield from _answer(_AIPREF.get(name.casefold(), ACTIONS), value)


def _leaves(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names without those that stand above another action, so that no ancestor bars a leaf."""
    return tuple(
        name
        for name in names
        if not any(other != name and actions.permits((name,), other) for other in ACTIONS)
    )


def _answer(reserved: tuple[str, ...], value: str) -> Iterator[Reservation]:
    plain = value.casefold().replace("_", "").replace("-", "")
    if plain == "constrained":
        yield Reservation(reserved, CONSTRAINED)
    elif plain not in _YES:
        yield Reservation(reserved, NOT_ALLOWED)


_READERS: Mapping[str, Callable[[Mapping[str, str]], Iterator[Reservation]]] = {
    "CAWG": _cawg,
    "C2PA": _cawg,
    "PLUS": _plus,
    "TDMREP": _tdmrep,
    "RSL": _rsl,
    "AIPREF": _aipref,
}
