"""The terms under which a release may be used: what the rights engine said yes to, and no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from curation.rights import ACTIONS, Decision, Outcome, Request
from curation.rights.actions import bars, is_known
from curation.rights.windows import format_instant

URN: Final = "urn:film-curation"

IN_WORDS: Final[Mapping[str, str]] = {
    "use_ai": "any use with artificial intelligence",
    "tdm_analyze": "text and data mining",
    "train": "training any model",
    "train_nongen": "training non-generative models",
    "train_gen": "training generative models",
    "train_gen_pretrain": "pretraining generative models",
    "train_gen_finetune": "fine-tuning generative models",
    "ai_input": "input to a model",
    "evaluate": "evaluating models",
    "replica_create": "making digital replicas of people",
    "style_imitation": "imitating the style of a maker",
    "index_search": "indexing for search",
    "distribute_dataset": "passing the dataset on",
    "retain_model": "keeping a model beyond the end of use",
}
"""Every action of the rights engine, for people to read."""


class TermsError(ValueError):
    """Something that grants nothing, or that cannot be written down; the message says why."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One licensee, one action, where, when, on which components, and what is owed for it.

    `duties` are (code, phase), sorted, each once; `use_from` and `use_until` are instants in UTC
    as text, the second the first at which use has ended.
    """

    licensee: str
    action: str
    territories: tuple[str, ...]
    use_from: str
    use_until: str
    commercial: bool
    components: tuple[str, ...]
    duties: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not is_known(self.action):
            raise TermsError(f"{self.action!r} is no known action, so nothing is granted by it")
        if not self.territories:
            raise TermsError("no territory is named, so nothing is granted")

    @property
    def use(self) -> str:
        """The use that is granted, in the same words in every paper."""
        return f"{IN_WORDS[self.action]}, {'' if self.commercial else 'not '}for commercial ends"

    @property
    def reserved(self) -> tuple[str, ...]:
        """Actions that stay with the rights holder.

        Those on the line of the granted action are not among them: to prohibit what contains the
        granted use would take it back, and what it contains is granted with it.
        """
        return tuple(action for action in ACTIONS if not bars((action,), self.action))


def terms_of(
    request: Mapping[str, Any], duties: Iterable[str] = (), cleared: Collection[str] = ()
) -> Terms:
    """The terms that a recipe's request describes, with duties as ``code@phase``.

    Args:
        cleared: components for which some clip was cleared. What a request names at most and no
            clip was cleared for is not granted.

    Raises:
        TermsError: for an unknown action or no territory.
    """
    parted = {tuple(duty.rpartition("@")[::2]) for duty in duties}
    return Terms(
        licensee=request["licensee"],
        action=request["action"],
        territories=tuple(request["territories"]),
        use_from=request["use_from"],
        use_until=request["use_until"],
        commercial=request["commercial"],
        components=tuple(part for part in request["components"] if part in cleared),
        duties=tuple(sorted((str(code), str(phase)) for code, phase in parted)),
    )


def granted(request: Request, decision: Decision) -> Terms:
    """The terms of one decision.

    Raises:
        TermsError: unless the decision is ALLOW.
    """
    if decision.outcome is not Outcome.ALLOW:
        reasons = ", ".join(decision.reasons)
        raise TermsError(f"the decision is {decision.outcome} ({reasons}), which grants nothing")
    return Terms(
        licensee=request.licensee,
        action=request.action,
        territories=request.territories,
        use_from=format_instant(request.use_from),
        use_until=format_instant(request.use_until),
        commercial=request.commercial,
        components=tuple(part for part in request.components if part in request.kept),
        duties=tuple(sorted({(duty.code, duty.phase) for duty in decision.duties})),
    )


def urn(kind: str, name: str) -> str:
    """An identifier of ours for a party, a release, a policy or an action."""
    return f"{URN}:{kind}:{quote(name, safe='')}"
