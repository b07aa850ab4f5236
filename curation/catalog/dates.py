"""Dates as people write them into catalogs, in the spelling that windows are read from."""

from __future__ import annotations

import re
from datetime import datetime

from curation.rights import WindowError, resolve_window

WORDS = {word.casefold(): word for word in ("Open", "ESTStart", "Broadcast", "TBD", "Immediate")}
"""Words that stand in the place of a date in Avails."""

_US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)")
_ISO_SPACE = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}.*)")
_OFFSET = re.compile(r"T.*(Z|[+-]\d{2}:?\d{2})$")
_NAMED = ("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%B %d, %Y", "%b %d, %Y", "%Y/%m/%d")
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")


def window_date(text: str) -> str:
    """``2019-10-31``, ``2019-10-31T12:00:00`` or a word, from ISO, US or spelt-out text.

    Of two numbers with slashes the first is the month, as in the Excel files of US studios.

    Raises:
        ValueError: text that is no date, with the remedy.
    """
    text = text.strip()
    if text.casefold() in WORDS:
        return WORDS[text.casefold()]
    found = _US.fullmatch(text)
    if found:
        return _us(text, int(found[1]), int(found[2]), int(found[3]), found[4].strip())
    spaced = _ISO_SPACE.fullmatch(text)
    candidate = f"{spaced[1]}T{spaced[2]}" if spaced else text
    for form in _NAMED:
        try:
            candidate = datetime.strptime(candidate, form).date().isoformat()
            break
        except ValueError:
            continue
    try:
        resolve_window(candidate, None, time_zone="UTC")
    except WindowError as error:
        raise ValueError(f"{text!r} is no date; write it as 2019-10-31") from error
    return candidate


def offset_of(*texts: str | None) -> str | None:
    """The offset from UTC that the first of these dates states."""
    for text in texts:
        found = _OFFSET.search(text or "")
        if found:
            return "UTC" if found[1] == "Z" else f"UTC{found[1]}"
    return None


def order_failure(start: str | None, end: str | None) -> str | None:
    """Why a window with these bounds is none; None where it is one."""
    bounds = [None if text == WORDS["immediate"] else text for text in (start, end)]
    try:
        resolve_window(*bounds, time_zone="UTC", end_convention="INCLUSIVE_DAY")
    except WindowError as error:
        return str(error)
    return None


def _us(text: str, month: int, day: int, year: int, clock: str) -> str:
    try:
        date = datetime(year, month, day)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no date with the month first; write it as 2019-10-31"
        ) from error
    if not clock:
        return date.date().isoformat()
    for form in _TIMES:
        try:
            time = datetime.strptime(clock.upper(), form).time()
        except ValueError:
            continue
        return datetime.combine(date, time).isoformat()
    raise ValueError(f"{text!r} has no readable time; write it as 2019-10-31T12:00:00")
