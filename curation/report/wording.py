"""The rows of a rulebook in plain English, as a contract's reader would name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from curation.rights import (
    Appearance,
    Consent,
    EmbeddedMaterial,
    PartyGroup,
    Request,
    Row,
    Rule,
    Rulebook,
    Signal,
    Survey,
    Work,
)
from curation.rights.rule_window import barring_window_of, window_of
from curation.rights.rulebook import eidr_keys
from curation.rights.windows import MAX, MIN, UNDETERMINED, Window, resolve_window
from curation.rights.zones import country_names

ACTIONS: Mapping[str, str] = {
    "use_ai": "any use with AI",
    "tdm_analyze": "text and data mining",
    "train": "training AI models",
    "train_nongen": "training non-generative AI models",
    "train_gen": "training generative AI models",
    "train_gen_pretrain": "pre-training generative AI models",
    "train_gen_finetune": "fine-tuning generative AI models",
    "ai_input": "input to an AI model",
    "evaluate": "evaluating AI models",
    "replica_create": "making a digital replica of a person",
    "style_imitation": "imitating a style",
    "index_search": "indexing for search",
    "distribute_dataset": "distributing a data set",
    "retain_model": "keeping a trained model",
}
_KINDS = {
    "GRANT": "grant",
    "HOLDBACK": "holdback",
    "CARVE_OUT": "carve-out",
    "EMBARGO": "embargo",
    "OPT_OUT": "opt-out",
    "LEGAL_HOLD": "legal hold",
}
_STATES = {
    "GRANTED": "agreed to",
    "REFUSED": "refused",
    "WITHDRAWN": "withdrew consent to",
    "PENDING": "has been asked, and has not answered, about",
    "NOT_REQUIRED": "need not be asked about",
    "UNKNOWN": "may or may not have agreed to",
}
_WITH_ARTICLE = frozenset({"AE", "BS", "CF", "DO", "GM", "KM", "MV", "NL", "PH", "SB", "US"})
_AI_STATUS = {
    "PERMIT": "its licence permits AI use",
    "PROHIBIT": "its licence bars AI use",
    "SILENT": "its licence is silent on AI use",
}

_SHORTFALLS: Mapping[str, str] = {
    "STATUS": "it is not executed",
    "SUPERSEDED": "it has itself been superseded",
    "REVOKED": "it is revoked before the use ends",
    "NOT_BEGUN": "it has not begun for certain when the use begins",
    "KIND": "it is of another kind",
    "WORK": "it does not speak of this work",
    "ACTIONS": "it names other actions",
    "PARTY": "it is about another party",
    "TERRITORY": "it is about other territories",
    "WINDOW": "it is about another time",
    "SPAN": "it is about other frames",
    "COMPONENTS": "it is about other components",
    "GRANT_OTHER_VERSION": "it does not reach this version of the work",
    "PURPOSE_NOT_GRANTED": "it does not name this action",
    "ACTION_UNKNOWN": "its actions or the one asked for are not known",
    "LICENSEE_NOT_GRANTED": "it is made out to another party",
    "TERRITORY_NOT_GRANTED": "it does not reach every territory asked for",
    "SPAN_NOT_GRANTED": "it covers other frames",
    "COMPONENT_NOT_GRANTED": "it does not cover every component kept",
    "WINDOW_AMBIGUOUS": "its window covers the use in one reading of its dates only",
    "WINDOW_NOT_OPEN": "it has not begun when the use begins",
    "WINDOW_EXPIRED": "it has ended before the use begins",
    "WINDOW_DOES_NOT_COVER_USE": "its window covers a part of the use only",
    "GRANT_REVOKED": "it is revoked before the use ends",
    "DUTY_UNFULFILLED": "a duty owed under it before the use is not known to be fulfilled",
    "LICENCE_NONCOMMERCIAL": "its licence bars commercial use",
}


def shortfalls(codes: Iterable[str]) -> str:
    """Why an amendment neither lifts nor replaces what it supersedes."""
    plain = dict.fromkeys(code.partition(":")[0] for code in codes)
    unread = "its licence needs counsel's reading"
    return listed(dict.fromkeys(_SHORTFALLS.get(code, unread) for code in plain))


def listed(items: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    parts = list(items)
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def action(name: str) -> str:
    """An action in words; one unknown to the engine in quotes."""
    return ACTIONS.get(name, f'"{name}"')


def territory(code: str) -> str:
    """A place by its name with its code."""
    if code == "001":
        return "the world"
    country, dash, _ = code.partition("-")
    name = country_names().get(country)
    if name is None:
        return f'"{code}"'
    article = "the " if country in _WITH_ARTICLE else ""
    return f"{code} (a part of {article}{name})" if dash else f"{article}{name} ({code})"


def frames(span: tuple[int, int] | None) -> str:
    """A span by its first and last frame, as an editor counts."""
    return "all frames" if span is None else f"frames {span[0]} to {span[1] - 1}"


def instant(moment: datetime) -> str:
    """`10 November 2026, 08:00 UTC`, with seconds where there are any."""
    utc = moment.astimezone(UTC)
    clock = f"{utc:%H:%M:%S}" if utc.second or utc.microsecond else f"{utc:%H:%M}"
    return f"{utc.day} {utc:%B %Y}, {clock} UTC"


def party(name: str | None, rulebook: Rulebook, known_at: datetime) -> str:
    """A party, with its members where it is a group."""
    if name == "*":
        return "anyone"
    if name is None:
        return "nobody named"
    group = rulebook.group(name, known_at)
    return name if group is None else f"{name} ({listed(group.members) or 'no members'})"


class Wording:
    """Puts rows into words as they stood for one request."""

    def __init__(self, rulebook: Rulebook, request: Request) -> None:
        self._book = rulebook
        self._request = request

    def row(self, row: Row) -> str:
        """The row as a noun phrase."""
        match row:
            case Rule():
                return self._rule(row)
            case Consent():
                return self._consent(row)
            case Appearance():
                who = row.party_id or "an unknown person"
                doubt = {"CONFIRMED": "", "CANDIDATE": ", not certain to be that person"}.get(
                    row.identity or "", ", unidentified" if row.party_id else ""
                )
                return f"the {row.facet.lower()} of {who}{doubt}, in {frames(row.span)}"
            case EmbeddedMaterial():
                return self._embedded(row)
            case Survey():
                done = f"completed on {instant(row.completed_at)}" if row.completed_at else "open"
                what = "performers" if row.kind == "APPEARANCE" else "third-party material"
                return f"the survey of {row.work_id} for {what}, {done}"
            case Signal():
                said = listed(f"{name} = {value}" for name, value in row.entries)
                return f"the {row.scheme} signal on {row.work_id} ({said})"
            case Work():
                number = f", EIDR {row.eidr}" if row.eidr else ""
                return f"{work(row)}, recorded as a {row.level}{number}"
            case PartyGroup():
                return f"the group {row.group_id}"
            case _:
                return str(row)

    def _rule(self, rule: Rule) -> str:
        permit = rule.effect == "PERMIT"
        source = dict(rule.instrument)
        contract = source.get("contract_id", "no instrument recorded")
        uses = listed(map(action, rule.actions)) or ("no use" if permit else "every use")
        whom = party(rule.assignee, self._book, self._request.known_at)
        if rule.assignee is None and not permit:
            whom = "everyone"
        places = listed(map(territory, rule.territory_include)) or (
            "no territory" if permit else "the world"
        )
        if rule.territory_exclude:
            places += f" except {listed(map(territory, rule.territory_exclude))}"
        reach = f"on {self._work(rule.work_id)}"
        if permit:
            reach += " and all its edits" if rule.inherit == "ALL_EDITS" else " alone"
        if rule.span is not None:
            reach += f", {frames(rule.span)}"
        if rule.components:
            reach += f", {listed(rule.components)} only"
        word = ("exclusive " if rule.exclusive else "") + _KINDS[rule.kind]
        effect = f"to {whom} of" if permit else f"against {whom}, barring"
        terms = [
            f"{word} {rule.rule_id} ({contract}) {effect} {uses} in {places} {reach}",
            window_words(
                rule.start, rule.end, window_of(rule) if permit else barring_window_of(rule), rule
            ),
        ]
        if rule.licence:
            terms.append(f"under {rule.licence}")
        if rule.revoked_at is not None:
            terms.append(f"revoked on {instant(rule.revoked_at)}")
        if rule.except_for:
            terms.append(f"except for {listed(rule.except_for)}")
        if rule.supersedes:
            terms.append(f"in place of {listed(rule.supersedes)}")
        return "the " + ", ".join(terms)

    def _work(self, work_id: str) -> str:
        """The work, and why a rule on it counts where that is its EIDR alone."""
        asked = self._book.work(self._request.work_id, self._request.known_at)
        line = self._book.lineage(asked, self._request.known_at) if asked is not None else ()
        one = self._book.work(work_id, self._request.known_at)
        for mine in line:
            if one is not None and one not in line and eidr_keys(one) & eidr_keys(mine):
                return f"{work_id} (which has the EIDR of {mine.work_id})"
        return work_id

    def _consent(self, consent: Consent) -> str:
        uses = listed(map(action, consent.actions)) or "uses not named"
        if not consent.actions and consent.state not in ("GRANTED", "PENDING"):
            uses = "every use"
        whom = party(consent.licensee, self._book, self._request.known_at)
        if consent.licensee is None and consent.state != "GRANTED":
            whom = "anyone"
        what = listed(facet.lower() for facet in consent.facets)
        where = f" in {consent.work_id}" if consent.work_id else " in any work"
        text = f"{consent.party_id} {_STATES[consent.state]} {uses} by {whom}{where}"
        text += f" ({what})" if what else ""
        window = resolve_window(consent.start, consent.end)
        if consent.start is not None or consent.end is not None:
            text += f", {window_words(consent.start, consent.end, window, None)}"
        if consent.withdrawn_at is not None:
            text += f", withdrawn on {instant(consent.withdrawn_at)}"
        return text

    def _embedded(self, piece: EmbeddedMaterial) -> str:
        kind = piece.kind.replace("_", " ").lower()
        part = piece.component or "whole"
        said = _AI_STATUS.get(piece.ai_status or "", "what its licence says is unknown")
        if piece.ai_status == "PERMIT":
            known_at = self._request.known_at
            named = listed(party(name, self._book, known_at) for name in piece.licensees)
            said += f" to {named or 'nobody named'}"
        return f"{kind} in the {part} of {piece.work_id}, {frames(piece.span)}: {said}"


def work(row: Work) -> str:
    """A work by its title where it has one."""
    return f"{row.title} ({row.work_id})" if row.title else row.work_id


def window_words(start: str | None, end: str | None, window: Window, rule: Rule | None) -> str:
    """A window as written, its zone and convention, and what that is in UTC."""
    written = [f"from {start}"] if _fixed(start) else []
    if _fixed(end):
        written.append(f"until {end}")
    if not written:
        return "without limit of time"
    text = " ".join(written)
    if end is not None and len(end) == len("2026-11-09"):
        convention = rule.end_convention if rule else None
        text += {
            "INCLUSIVE_DAY": " (that day included)",
            "EXCLUSIVE_INSTANT": " (that day excluded)",
        }.get(convention or "", " (whether that day is included is not stated)")
    text += _zone(start, end, rule)
    if window.undetermined:
        return f"{text}, a date that nobody has fixed"
    bounds = []
    for word, certain, possible, none in (
        ("from", window.certain.start, window.possible.start, MIN),
        ("to", window.certain.end, window.possible.end, MAX),
    ):
        if certain == possible and certain != none:
            bounds.append(f"{word} {instant(certain)}")
        elif certain != possible:
            early, late = sorted((certain, possible))
            bounds.append(f"{word} some moment between {instant(early)} and {instant(late)}")
    plain = _exact(start, end) and window.certain == window.possible
    return f"{text}, that is {' '.join(bounds)}" if bounds and not plain else text


def _fixed(text: str | None) -> bool:
    return text is not None and text.casefold() != "open"


def _exact(start: str | None, end: str | None) -> bool:
    """Whether every date says its own offset."""
    dates = [text for text in (start, end) if text and _fixed(text) and text not in UNDETERMINED]
    return all(any(sign in text[10:] for sign in "Z+-") for text in dates)


def _zone(start: str | None, end: str | None, rule: Rule | None) -> str:
    if _exact(start, end):
        return ""
    if rule is not None and rule.time_zone:
        return f" in the time of {rule.time_zone}"
    zones: Sequence[str] = rule.candidate_time_zones if rule else ()
    open_to = "any in the world" if rule is None else "any used in its territories"
    return f" in a time zone not stated ({listed(zones, 'or') or open_to})"
