"""What a row must be beyond its types: readable dates, known territories, sound spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from curation.rights import territories, zones
from curation.rights.row_types import (
    TABLES,
    Appearance,
    Consent,
    EmbeddedMaterial,
    FieldKind,
    Row,
    Rule,
    Span,
    Work,
)
from curation.rights.rule_window import window_of
from curation.rights.windows import Window, WindowError, resolve_window

Complaint = tuple[str, str]
"""The field at fault, and the reason with its remedy."""

_NAMES: Mapping[type[Row], tuple[str, ...]] = {
    table.row_type: tuple(
        field.name
        for field in table.fields
        if field.kind in (FieldKind.TEXT, FieldKind.LIST) and field.name not in ("title", "name")
    )
    for table in TABLES.values()
}
_CODES = "write ISO 3166-1 alpha-2, ISO 3166-2 or 001; what has a country code, by it (PR)"


def complaints(row: Row) -> Iterator[Complaint]:
    """Everything wrong with the values of one row."""
    if (
        row.recorded_at is not None
        and row.retired_at is not None
        and row.retired_at <= row.recorded_at
    ):
        yield "retired_at", "is not after recorded_at; a row is retired after it was recorded"
    yield from _blanks(row)
    match row:
        case Rule():
            yield from _rule(row)
        case Consent():
            yield from _window(row.start, row.end, None, lambda: resolve_window(row.start, row.end))
        case Appearance():
            yield from _span(row.span)
            if row.identity in ("CONFIRMED", "CANDIDATE") and row.party_id is None:
                yield "party_id", f"is missing; {row.identity} says who it is, so name the party"
        case EmbeddedMaterial():
            yield from _span(row.span)
        case Work():
            if row.parent_id == row.work_id:
                yield "parent_id", "names the work itself; name the work above it"
        case _:
            pass


def _blanks(row: Row) -> Iterator[Complaint]:
    """A name with a blank around it would meet no other, and a prohibition on it nobody."""
    for name in _NAMES[type(row)]:
        value = getattr(row, name)
        if not value:
            continue
        for text in (value,) if isinstance(value, str) else value:
            if text != text.strip():
                yield name, f"{text!r} has blanks around it; write it without"


def _rule(rule: Rule) -> Iterator[Complaint]:
    if (rule.effect == "PERMIT") != (rule.kind == "GRANT"):
        yield "kind", f"{rule.kind} contradicts effect {rule.effect}; only a GRANT is a PERMIT"
    if rule.exclusive and rule.effect != "PERMIT":
        yield "exclusive", "belongs to a PERMIT; a PROHIBIT excludes by itself"
    for name, codes in (
        ("territory_include", rule.territory_include),
        ("territory_exclude", rule.territory_exclude),
    ):
        for code in codes:
            if not territories.is_known(code):
                yield (
                    name,
                    f"{code!r} is unknown; {_CODES}",
                )
    if rule.effect == "PROHIBIT":
        for code in territories.undone(rule.territory_include, rule.territory_exclude):
            reason = f"takes all of {code} away again, which is included; correct the one or other"
            yield "territory_exclude", reason
    zones_known = True
    for name, names in (
        ("time_zone", (rule.time_zone,) if rule.time_zone is not None else ()),
        ("candidate_time_zones", rule.candidate_time_zones),
    ):
        for zone in names:
            if zone not in zones.all_zones():
                zones_known = False
                yield name, f"{zone!r} is unknown; write an IANA name such as America/New_York"
    yield from _span(rule.span)
    if zones_known:
        yield from _window(rule.start, rule.end, rule.end_convention, lambda: window_of(rule))


def _span(span: Span | None) -> Iterator[Complaint]:
    if span is None:
        return
    first, past_last = span
    if first < 0:
        yield "span", f"{list(span)} begins before frame 0; frames are counted from 0"
    if past_last <= first:
        yield "span", f"{list(span)} is empty; write [first, past-last) with past-last > first"


def _window(
    start: str | None, end: str | None, convention: str | None, resolve: Callable[[], Window]
) -> Iterator[Complaint]:
    """Each bound is read alone first, so that the complaint names the right field."""
    sound = True
    for name, low, high in (("start", start, None), ("end", None, end)):
        try:
            resolve_window(low, high, time_zone="UTC", end_convention=convention)
        except WindowError as error:
            sound = False
            yield name, str(error)
    if sound and start is not None and end is not None:
        try:
            resolve()
        except WindowError as error:
            yield "end", f"{error}; correct the dates"
