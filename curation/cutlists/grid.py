"""A film's frames as lists count them: at one rate, whatever their times are."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from curation.media import Timeline

RATES: Final = tuple(
    Fraction(*rate)
    for rate in (
        (24000, 1001),
        (24, 1),
        (25, 1),
        (30000, 1001),
        (30, 1),
        (48000, 1001),
        (48, 1),
        (50, 1),
        (60000, 1001),
        (60, 1),
        (100, 1),
        (120000, 1001),
        (120, 1),
    )
)
"""Frames a second at which editing tools count, in their order."""
_SLACK: Final = 0.1
"""The part of a frame by which a container's rounding may put a frame off its place."""


@dataclass(frozen=True)
class Grid:
    """Where the frames of a film stand when time is counted at `rate` from its first frame.

    `ticks` holds each frame's time since the first and, last, the film's end, in units of
    `time_base` seconds; `slots` the same rounded to counts at `rate`. `uniform`: frame i stands at
    slot i. Else the film's rate varies and `rate` is nominal: the slowest of `RATES` at which no
    two frames share a slot, or the fastest.
    """

    rate: Fraction
    time_base: Fraction
    ticks: tuple[int, ...]
    slots: tuple[int, ...]
    uniform: bool

    @property
    def frames(self) -> int:
        """How many frames the film has."""
        return len(self.ticks) - 1

    def seconds(self, frame: int) -> Fraction:
        """When a frame is shown, in seconds since the first."""
        return self.ticks[frame] * self.time_base

    def frame_at(self, seconds: Fraction) -> int:
        """The frame whose time is nearest, the earlier of two; the number of frames at the end."""
        wanted = seconds / self.time_base
        after = bisect_left(self.ticks, wanted)
        near = range(max(0, after - 1), min(len(self.ticks), after + 1))
        return min(near, key=lambda i: (abs(self.ticks[i] - wanted), i))


def exact_rate(stated: Fraction) -> Fraction:
    """The rate that is meant by one rounded, such as 23.976, 29.97 or a float of 24000/1001."""
    whole = round(stated)
    if abs(stated - whole) < Fraction(1, 10**6):
        return Fraction(whole)
    meant = Fraction(round(stated * Fraction(1001, 1000)) * 1000, 1001)
    close = abs(stated - meant) < meant / 5000
    return meant if close else stated.limit_denominator(100_000)


def grid_of(timeline: Timeline, stated: Fraction | None = None) -> Grid:
    """The grid of a film; `stated` is the rate that its container gives, if any."""
    ticks = [*(int(pts) - int(timeline.pts[0]) for pts in timeline.pts)]
    ticks.append(int(timeline.end) - int(timeline.pts[0]))
    base = timeline.time_base
    rate = _steady(np.asarray(ticks[:-1], dtype=np.float64) * float(base), base, stated)
    if rate is not None:
        return Grid(rate, base, tuple(ticks), tuple(range(len(ticks))), uniform=True)
    rate = _nominal(ticks, base)
    slots = tuple(_rounded(tick * base * rate) for tick in ticks)
    return Grid(rate, base, tuple(ticks), slots, uniform=False)


def _nominal(ticks: list[int], base: Fraction) -> Fraction:
    """The slowest rate at which all frames have slots of their own; of 24 and 23.976 the nearer."""
    fit: list[tuple[Fraction, Fraction]] = []
    for rate in RATES:
        if fit and round(rate) > round(fit[0][1]):
            break
        places = [tick * base * rate for tick in ticks]
        slots = [_rounded(place) for place in places]
        if len(set(slots)) == len(slots):
            off = sum((abs(p - s) for p, s in zip(places, slots, strict=True)), Fraction())
            fit.append((off, rate))
    return min(fit)[1] if fit else RATES[-1]


def _steady(
    seconds: np.ndarray[tuple[int], np.dtype[np.float64]], base: Fraction, stated: Fraction | None
) -> Fraction | None:
    """The rate at which every frame stands at its own number, if there is one."""
    best: tuple[float, Fraction] | None = None
    count = np.arange(len(seconds))
    for rate in (*([stated] if stated else []), *RATES):
        off = float(np.abs(seconds * float(rate) - count).max())
        if off <= max(_SLACK, float(base * rate)) and (best is None or off < best[0]):
            best = off, rate
    return best[1] if best else None


def _rounded(value: Fraction) -> int:
    """To the nearest whole number, halves up, so that each slot owns a half-open interval."""
    return (value + Fraction(1, 2)).__floor__()
