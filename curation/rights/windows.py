"""Windows of time: from the text of a contract to half-open UTC ranges.

A date has as many readings as there are zones and conventions left open. The *certain* range is
what every reading grants (latest start, earliest end), the *possible* range what any does.
Source: MovieLabs Avails (inclusive last day) against platform feeds (exclusive first instant).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from curation.rights import territories as territory
from curation.rights import zones

MIN = datetime.min.replace(tzinfo=UTC)
MAX = datetime.max.replace(tzinfo=UTC)
OPEN = "Open"
UNDETERMINED: tuple[str, ...] = ("ESTStart", "Broadcast", "TBD")
"""Words that stand for a date nobody has fixed: a permission with one never opens."""

END_CONVENTIONS: tuple[str, ...] = ("INCLUSIVE_DAY", "EXCLUSIVE_INSTANT")

_WORDS = {word.casefold() for word in UNDETERMINED}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?"
)
_LAST_MINUTE = time(23, 59)
_LAST_SECOND = time(23, 59, 59)


class WindowError(ValueError):
    """A window that cannot be read: bad date text, unknown zone or convention, end before start."""


@dataclass(frozen=True, slots=True)
class Range:
    """UTC instants `[start, end)`; `MIN` and `MAX` stand for unbounded."""

    start: datetime
    end: datetime

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether all of `[start, end)` lies in the range."""
        return self.start <= start and end <= self.end

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether any instant of `[start, end)` lies in the range."""
        return self.start < end and start < self.end


@dataclass(frozen=True, slots=True)
class Window:
    """Both ranges of a window.

    `undetermined` is set where a bound is a word such as `TBD`: `possible` is then unbounded on
    that side, for prohibitions, and no permission holds.
    """

    certain: Range
    possible: Range
    undetermined: bool = False

    def permission_failure(self, start: datetime, end: datetime) -> str | None:
        """Why a permission with this window does not hold for all of `[start, end)`; or None."""
        if self.undetermined:
            return "WINDOW_NOT_OPEN"
        if self.certain.covers(start, end):
            return None
        if self.possible.covers(start, end):
            return "WINDOW_AMBIGUOUS"
        if end <= self.possible.start:
            return "WINDOW_NOT_OPEN"
        if start >= self.possible.end:
            return "WINDOW_EXPIRED"
        return "WINDOW_DOES_NOT_COVER_USE"


def parse_instant(text: str) -> datetime:
    """An instant with its offset stated, in UTC.

    Raises:
        WindowError: no ISO 8601 instant, or one without `Z` or an offset.
    """
    moment = _date_time(text)
    if moment is None or moment.tzinfo is None:
        raise WindowError(
            f"{text!r} is not an instant; write it with its offset, as 2026-11-10T08:00:00Z"
        )
    return _to_utc(moment)


def format_instant(moment: datetime) -> str:
    """The instant in UTC with `Z`, as `parse_instant` reads it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=1 << 16)
def resolve_window(
    start: str | None,
    end: str | None,
    *,
    time_zone: str | None = None,
    candidate_time_zones: tuple[str, ...] = (),
    end_convention: str | None = None,
    territories: tuple[str, ...] = (),
) -> Window:
    """Read a window's text in the stated zone, else in every candidate zone.

    Without candidates the zones are all those of the territories, of the world without any. A
    bound that is absent or `Open` is unbounded. A local time that a clock change repeats or skips
    is read both ways. `T23:59:59` as an end is the next second. `T23:59` as an end is that minute
    or the end of the day: a prohibition lasts until midnight, a permission is sure until 23:59.
    `T00:00` as an end that includes its day, as a spreadsheet writes a date, is read both ways too.

    Raises:
        WindowError: unreadable text, an unknown zone or convention, or an end that no reading
            puts after the start.
    """
    if end_convention not in (None, *END_CONVENTIONS):
        raise WindowError(f"end convention {end_convention!r} is none of {END_CONVENTIONS}")
    names = _zone_names(time_zone, candidate_time_zones, territories)
    try:
        starts = _readings(start, names, None)
        ends = _readings(end, names, end_convention or "UNSTATED")
    except zones.UnknownZoneError as error:
        raise WindowError(str(error)) from error
    possible = Range(
        min(starts) if starts else MIN,
        max(ends) if ends else MAX,
    )
    if possible.start >= possible.end:
        raise WindowError(f"the window ends ({end}) at or before its start ({start})")
    undetermined = _is_undetermined(start) or _is_undetermined(end)
    certain = Range(
        max(starts) if starts else MIN,
        min(ends) if ends else MAX,
    )
    return Window(certain, possible, undetermined)


def _is_undetermined(text: str | None) -> bool:
    return text is not None and text.casefold() in _WORDS


def _zone_names(
    time_zone: str | None, candidates: tuple[str, ...], territories: tuple[str, ...]
) -> frozenset[str]:
    if time_zone is not None:
        return frozenset({time_zone})
    if candidates:
        return frozenset(candidates)
    return territory.zones_of(territories)


def _readings(
    text: str | None, zone_names: frozenset[str], end_convention: str | None
) -> tuple[datetime, ...]:
    """The earliest and latest instant the text may mean; empty where it sets no bound."""
    if text is None or text.casefold() == OPEN.casefold() or text.casefold() in _WORDS:
        return ()
    if _DATE.fullmatch(text):
        clock = _midnight(text)
        if end_convention is None or end_convention == "EXCLUSIVE_INSTANT":
            return _extremes(clock, True, zone_names)
        following = _extremes(_next_day(clock), True, zone_names)
        if end_convention == "INCLUSIVE_DAY":
            return following
        return (*_extremes(clock, True, zone_names), *following)
    moment = _date_time(text)
    if moment is None:
        raise WindowError(
            f"{text!r} is neither a date, a date with a time, {OPEN} nor one of {UNDETERMINED}"
        )
    as_written = _instants(moment, False, zone_names)
    if end_convention is None:
        return as_written
    shown = moment.time()
    midnight = _next_day(moment.replace(hour=0, minute=0, second=0, microsecond=0))
    day_ends = _instants(midnight, True, zone_names)
    if shown >= _LAST_SECOND:
        return day_ends
    names_a_day = shown == time() and end_convention == "INCLUSIVE_DAY"
    return (*as_written, *day_ends) if shown == _LAST_MINUTE or names_a_day else as_written


def _instants(
    moment: datetime, day_begins: bool, zone_names: frozenset[str]
) -> tuple[datetime, ...]:
    if moment.tzinfo is not None:
        return (_to_utc(moment),)
    return _extremes(moment, day_begins, zone_names)


def _midnight(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time())
    except ValueError as error:
        raise WindowError(f"{text!r} is no date of the calendar") from error


def _date_time(text: str) -> datetime | None:
    if not _DATE_TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise WindowError(f"{text!r} is no time of the calendar") from error


def _next_day(moment: datetime) -> datetime:
    try:
        return moment + timedelta(days=1)
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo)


@lru_cache(maxsize=1 << 14)
def _extremes(
    clock: datetime, day_begins: bool, zone_names: frozenset[str]
) -> tuple[datetime, datetime]:
    """The first and last instant at which a clock in one of the zones shows that time.

    A day begins once, at its first instant; any other time may come twice in a night.
    """
    instants = [
        _to_utc(clock.replace(tzinfo=zones.zone(name), fold=fold))
        for name in zone_names
        for fold in ((0,) if day_begins else (0, 1))
    ]
    return min(instants), max(instants)


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return MIN if moment.year < 2 else MAX
