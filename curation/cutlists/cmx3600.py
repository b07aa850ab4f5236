"""Edit decision lists in the form of CMX 3600: the oldest, which every editing tool writes.

A line is an event: number, reel, channel, C (cut), D (dissolve) or W001 (wipe) with a length in
frames, then four timecodes: source in and out, record in and out, the outs past-last. A transition
takes two lines of one number, the picture that goes (often of no length) and the one that comes.
BL is the reel of black. The list does not say its frame rate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from curation.cutlists.cut_list import (
    CutList,
    CutListError,
    Edit,
    gradual_type,
    joined_fades,
)
from curation.cutlists.grid import exact_rate
from curation.cutlists.text import text_of
from curation.cutlists.timecode import Clock, TimecodeError
from curation.shots.transition import TransitionType

if TYPE_CHECKING:
    from curation.storage import Place

_NAME: Final = "CMX 3600"
BLACK: Final = frozenset({"BL", "BLK", "BLACK"})
LABEL: Final = "TRANSITION:"
RATE: Final = "FRAME RATE:"
"""Comments that our own lists carry, and that any list may."""
IRIS_CODES: Final = range(101, 132)
"""SMPTE 258M's wipes whose edge closes in on a point; all other codes are wipes."""

_EVENT = re.compile(r"\s*\d+[A-Za-z]?\s+\S")
_TIME = re.compile(r"\d{1,2}:\d{2}:\d{2}[:;.,]\d{2,3}")
_EFFECT = re.compile(r"C|D|W\d{1,3}|K[BO]?")
_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:\s*/\s*(\d+))?")
_PICTURES = re.compile(r"(.*/)?V1?(/.*)?|B|A+\d?V")
_HALF_A_DAY = 12 * 3600
_At = Callable[[int], Fraction]


@dataclass(slots=True)
class _Event:
    """One line of pictures: in frames of the record's clock, `end` past-last."""

    line: int
    number: str
    reel: str
    effect: str
    length: int
    start: int
    end: int
    source: int | None
    label: str = ""

    @property
    def is_black(self) -> bool:
        return self.reel.upper() in BLACK


class Cmx3600Reader:
    """Reads `.edl` files. The record's first frame is the list's beginning.

    Only the first track of pictures counts; sound and other tracks are passed over. Events may
    stand in any order. Where nothing is recorded there is black.
    """

    name = _NAME

    def reads(self, file: Place, head: bytes) -> bool:
        if file.name.lower().endswith(".edl"):
            return True
        text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").lstrip()
        return (
            text.startswith((b"TITLE:", b"FCM:"))
            or _EVENT.match(text.split(b"\n")[0].decode("latin-1")) is not None
        )

    def read(self, file: Place, rate: Fraction) -> CutList:
        return _List(file, rate).read()


class _List:
    def __init__(self, file: Place, rate: Fraction) -> None:
        self._file = file
        self._rate = rate
        self._notes: list[str] = []
        self._events: list[_Event] = []
        self._others = 0
        self._drop = False

    def read(self) -> CutList:
        lines = list(enumerate(text_of(self._file).splitlines(), start=1))
        for number, line in lines:
            if line.strip().upper().startswith(f"* {RATE}"):
                self._rate = self._stated_rate(number, line.partition(":")[2].strip())
        for number, line in lines:
            self._take(number, line)
        if not self._events:
            raise CutListError(
                f"{self._file} holds no event of pictures; export a CMX 3600 list of the film's "
                "picture track"
            )
        if self._others:
            self._notes.append(f"{self._others} keys and events of upper tracks were passed over")
        events = self._in_order()
        first, last = events[0].start, max(event.end for event in events)
        if last <= first:
            raise self._error(events[0].line, "the list has no length", "check its record times")
        apart = {_where(event) for event in events if event.label in ("fade_in", "fade_out")}
        edits = joined_fades(list(self._edits(events, first)), apart)
        seconds = Fraction(last - first) / self._rate
        return CutList("edl", self._rate, seconds, tuple(edits), notes=tuple(self._notes))

    def _take(self, number: int, line: str) -> None:
        said = line.strip()
        if _EVENT.match(line):
            event = self._event(number, said)
            if event is not None:
                self._events.append(event)
            return
        upper = said.upper()
        if upper.startswith("FCM:"):
            self._drop = "NON" not in upper
        elif upper.startswith(f"* {LABEL}") and self._events:
            self._events[-1].label = upper.partition(":")[2].strip().lower()

    def _stated_rate(self, number: int, text: str) -> Fraction:
        found = _RATE.match(text)
        rate = Fraction(found[1]) / int(found[2] or 1) if found and int(found[2] or 1) else None
        if rate is None or not 1 <= rate <= 1000:
            raise self._error(number, f"{text!r} is no frame rate", "write it as 24000/1001 or 25")
        return exact_rate(rate)

    def _event(self, number: int, said: str) -> _Event | None:
        """An event of pictures; None for one of sound or of another track."""
        words = said.split()
        times = words[-4:]
        front = words[1:-4]
        if len(words) < 8 or not all(_TIME.fullmatch(time) for time in times):
            raise self._error(
                number,
                "an event is number, reel, channel, C or D or W, and at its end four timecodes",
                "mend the line, or begin it with * if it is a remark",
            )
        length = 0
        if front[-1].isdecimal() and len(front[-1]) <= 6:
            length = int(front.pop())
        if len(front) > 2 and front[-1].upper() in ("B", "O") and front[-2].upper() == "K":
            front[-2:] = [f"K{front[-1]}"]
        effect = front.pop().upper() if front else ""
        if not _EFFECT.fullmatch(effect) or len(front) < 2:
            raise self._error(
                number,
                f"{effect!r} stands where C, D, W and a number, or K should",
                "mend the line or export the list again",
            )
        channel = front.pop().upper()
        if not _PICTURES.fullmatch(channel) or effect in ("K", "KO"):
            self._others += channel.startswith("V") or effect in ("K", "KO")
            return None
        drop = self._drop or any(";" in time for time in times[2:])
        start, end = (self._frame(number, time, drop) for time in times[2:])
        if end < start:
            if start - end < _HALF_A_DAY * self._rate:
                raise self._error(
                    number,
                    f"it records out at {times[3]} before in at {times[2]}",
                    "mend the times",
                )
            end += _clock(self._rate, drop).frames_a_day
        return _Event(
            number,
            words[0],
            " ".join(front),
            effect,
            length if effect != "C" else 0,
            start,
            end,
            self._source_length(times, drop),
        )

    def _frame(self, number: int, text: str, drop: bool) -> int:
        try:
            return _clock(self._rate, drop).frame(text)
        except TimecodeError as error:
            raise self._error(
                number,
                f"{error}; the list was read at {round(self._rate)} frames a second",
                f"if it counts otherwise, say so in a line like '* {RATE} 25', and check its FCM "
                "line",
            ) from error

    def _source_length(self, times: list[str], drop: bool) -> int | None:
        """Frames of the source; None where it is counted otherwise, as sources may be."""
        try:
            clock = _clock(self._rate, drop)
            length = clock.frame(times[1]) - clock.frame(times[0])
        except TimecodeError:
            return None
        return length if length > 0 else None

    def _in_order(self) -> list[_Event]:
        """By record time; what passes midnight comes last."""
        day = _clock(self._rate, self._drop).frames_a_day
        previous = self._events[0].start
        for event in self._events:
            if event.start < previous - _HALF_A_DAY * self._rate:
                event.start, event.end = event.start + day, event.end + day
            previous = event.start
        return sorted(self._events, key=lambda event: event.start)

    def _edits(self, events: list[_Event], first: int) -> Iterator[Edit]:
        """Every boundary between events; the list's own beginning is none."""

        def at(frame: int) -> Fraction:
            return Fraction(frame - first) / self._rate

        before: _Event | None = None
        recorded = first
        for index, event in enumerate(events):
            where = _where(event)
            if event.start > recorded:
                self._close_gap(before, event, recorded)
                if before is not None and before.end < event.start and not before.is_black:
                    yield Edit("cut", at(before.end), at(before.end), _where(before))
                    before = replace(before, reel="BL")
            elif event.start < recorded:
                self._notes.append(
                    f"{where} records over what came before it; it was taken from there on"
                )
            if event.length == 0 and event.end == event.start and index + 1 < len(events):
                # The picture that goes, of a transition whose other line follows.
                follows = events[index + 1]
                if follows.number == event.number and follows.start == event.start:
                    before = event
                    continue
            if event.length:
                yield self._gradual(event, before, at)
            elif event.start > first and event.end > event.start:
                yield Edit("cut", at(event.start), at(event.start), where)
            before, recorded = event, max(recorded, event.end)

    def _close_gap(self, before: _Event | None, event: _Event, recorded: int) -> None:
        """A hole that the length of the source before it fills is a slip of the pen."""
        if before is None or before.end != recorded or before.source is None:
            return
        if before.source == event.start - before.start:
            self._notes.append(
                f"line {before.line} records out {event.start - before.end} frames before line "
                f"{event.line} goes on, and its source is as much longer; no black was taken"
            )
            before.end = event.start

    def _gradual(self, event: _Event, before: _Event | None, at: _At) -> Edit:
        length = event.length
        if length > event.end - event.start:
            self._notes.append(
                f"line {event.line}: a transition of {length} frames in an event of "
                f"{event.end - event.start}; it was cut short"
            )
            length = max(1, event.end - event.start)
        start, end = at(event.start), at(event.start + length)
        return Edit(_type_of(event, before), start, end, _where(event))

    def _error(self, line: int, reason: str, remedy: str) -> CutListError:
        return CutListError(f"{self._file}, line {line}: {reason}; {remedy}")


def _where(event: _Event) -> str:
    return f"line {event.line}"


def _type_of(event: _Event, before: _Event | None) -> TransitionType:
    """By its comment if that names a type; black on one side makes it a fade."""
    to_black, from_black = event.is_black, before is not None and before.is_black
    label = gradual_type(event.label)
    if label is not None and not (label == "fade_through_black" and (to_black or from_black)):
        return label
    if to_black != from_black:
        return "fade_out" if to_black else "fade_in"
    if event.effect.startswith("W"):
        return "iris" if int(event.effect[1:]) in IRIS_CODES else "wipe"
    return "dissolve"


def _clock(rate: Fraction, drop: bool) -> Clock:
    return Clock(max(1, round(rate)), drop)
