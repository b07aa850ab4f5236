"""A constant rate for a film's frames: which of them is on screen at each tick."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from curation.media.timeline import Timeline

_NTSC: Final = Fraction(1000, 1001)
_NEAR: Final = Fraction(5, 1000)
"""Frames a second by which 23.98, 29.97 and the like may stand beside what they stand for."""
_FINE: Final = 4
"""Ticks of a film's clock from frame to frame, from which on a time may be off by one of them. A
coarser clock counts frames, and does not round."""
_TIE: Final = Fraction(1, 1_000_000)
"""Of a frame: half a frame and less than this below count as half a frame, so that SQL's floating
numbers lead to the same count."""


def rate_of(fps: float) -> Fraction:
    """The exact rate that is meant: 23.976 and 23.98 stand for 24000/1001, 24 and 12.5 for itself.

    Raises ValueError where that is not above 0.
    """
    said = Fraction(str(fps))
    if said <= 0:
        raise ValueError(f"{fps} frames a second; give a rate above 0")
    ntsc = round(said / _NTSC) * _NTSC
    return ntsc if said.denominator > 1 and abs(said - ntsc) < _NEAR else said


def count_at(rate: Fraction, seconds: Fraction) -> int:
    """How many frames at `rate` last nearest to `seconds`, half a frame counting as one."""
    return max(1, int(seconds * rate + Fraction(1, 2) + _TIE))


@dataclass(frozen=True, slots=True)
class Cadence:
    """The frames [start, end) of a film as a clip shows them.

    `frames[k]` is the film's frame that the clip's k-th shows, `ticks` their times and the clip's
    end in units of `base` seconds.
    """

    frames: tuple[int, ...]
    ticks: tuple[int, ...]
    base: Fraction

    @property
    def repeated(self) -> int:
        """How many of the clip's frames show again what the one before shows."""
        return len(self.frames) - len(set(self.frames))


def own(timeline: Timeline, start: int, end: int) -> Cadence:
    """Every frame at its own time."""
    times = [*map(int, timeline.pts[start:end]), timeline.ticks(end)]
    return Cadence(tuple(range(start, end)), tuple(times), timeline.time_base)


def constant(
    timeline: Timeline, start: int, end: int, rate: Fraction, count: int | None = None
) -> Cadence:
    """`count` frames at `rate`, as many as last nearest to the film's own where it is None.

    At each tick stands the frame that is on screen: the last shown at or before it, held until the
    next; none is blended, none lies beyond the shot, and the first is the shot's own. Where the
    film's clock is finer than its frames, a frame that it shows within one tick of the clock behind
    is taken to be there in time, for the clock has rounded it.

    Raises ValueError where the shot ends before the last tick.
    """
    base = timeline.time_base
    shown = timeline.pts[start:end].astype(object) - int(timeline.pts[start])
    past = timeline.ticks(end) - int(timeline.pts[start])
    step = past / len(shown)
    slack = int(step >= _FINE)
    many = count_at(rate, past * base) if count is None else count
    # Times in units in which ticks of the rate and of the film's clock are both whole.
    clock, tick = base.numerator * rate.numerator, base.denominator * rate.denominator
    if (many - 1) * tick >= past * clock:
        raise ValueError(f"{many} frames at {rate} a second go beyond the shot's end")
    starts = np.array([(t - slack) * clock for t in shown], object)
    wanted = np.array([k * tick for k in range(many)], object)
    at = np.maximum(0, np.searchsorted(starts, wanted, side="right") - 1)
    at[0] = 0
    times = tuple(k * rate.denominator for k in range(many + 1))
    return Cadence(tuple(int(i) + start for i in at), times, Fraction(1, rate.numerator))
