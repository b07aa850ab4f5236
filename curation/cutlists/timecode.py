"""Timecode: the names that editing tools give to frames."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_TEXT = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})", re.ASCII)
_MINUTES = 24 * 60


class TimecodeError(ValueError):
    """Text that names no frame, or a frame that has no name; the message says why."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Names frames HH:MM:SS:FF, `base` of them to a second.

    With `drop`, the first `base` / 15 numbers of every minute but each tenth are not used, which
    holds 30 names to a second beside a clock at 30000/1001 frames a second (SMPTE ST 12-1).

    Raises `TimecodeError` for a base that is not positive, or dropping at one that is no multiple
    of 30.
    """

    base: int
    drop: bool = False

    def __post_init__(self) -> None:
        if self.base < 1:
            raise TimecodeError(f"{self.base} frames a second cannot be counted")
        if self.drop and self.base % 30:
            raise TimecodeError(f"drop-frame timecode counts 30, 60 or 120, not {self.base}")

    @property
    def frames_a_day(self) -> int:
        """How many frames have a name: those of 24 hours."""
        return _MINUTES * 60 * self.base - self._dropped(_MINUTES)

    def text(self, frame: int) -> str:
        """The name of frame `frame`, from 0; its last sign is `;` where numbers are dropped.

        Raises `TimecodeError` beyond 24 hours.
        """
        if not 0 <= frame < self.frames_a_day:
            raise TimecodeError(f"frame {frame} is beyond the 24 hours that timecode counts")
        number = frame + self._skipped_before(frame)
        seconds, within = divmod(number, self.base)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        width = max(2, len(str(self.base - 1)))
        sign = ";" if self.drop else ":"
        return f"{hour:02}:{minute:02}:{second:02}{sign}{within:0{width}}"

    def frame(self, text: str) -> int:
        """The frame of that name; any of `:;.,` may stand before the frames.

        Raises `TimecodeError` for text that is no timecode, and a number that does not exist.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise TimecodeError(f"{text!r} is no timecode; write HH:MM:SS:FF")
        hour, minute, second, within = (int(found[n]) for n in (1, 2, 3, 5))
        if hour > 23 or minute > 59 or second > 59:
            raise TimecodeError(f"{text} is no time of a day")
        if within >= self.base:
            raise TimecodeError(f"{text}: there is no frame {within} at {self.base} a second")
        minutes = hour * 60 + minute
        if self.drop and minute % 10 and second == 0 and within < self.base // 15:
            raise TimecodeError(f"{text} is a number that drop-frame timecode leaves out")
        return (minutes * 60 + second) * self.base + within - self._dropped(minutes)

    def _dropped(self, minutes: int) -> int:
        """Numbers left out before a minute."""
        return (minutes - minutes // 10) * (self.base // 15) if self.drop else 0

    def _skipped_before(self, frame: int) -> int:
        if not self.drop:
            return 0
        drop = self.base // 15
        minute = 60 * self.base - drop
        tens, rest = divmod(frame, 10 * minute + drop)
        # The first minute of ten has all its numbers.
        others = 0 if rest < minute + drop else (rest - drop) // minute
        return (tens * 9 + others) * drop


def clock_of(rate: Fraction) -> Clock:
    """The clock that films of a rate use: dropping at 30000/1001 and its multiples."""
    base = max(1, round(rate))
    return Clock(base, drop=rate.denominator == 1001 and base % 30 == 0)
