"""Fades to and from an even field of black or white, from two numbers a frame.

A fade scales or lifts the whole picture, so the standard deviation of luma falls steadily to zero
at the even field and rises steadily from it. That slope, rather than a brightness threshold,
tells a fade from a cut to black and finds fades in films that are dark throughout. (The idea that
fades show as monotone spread: Lienhart, "Comparison of automatic shot boundary detection
algorithms", SPIE 3656, 1999.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curation.shots.settings import ShotSettings
from curation.shots.transition import Transition, TransitionType

Series = NDArray[np.float64]

MIN_SLOPE = 3
"""Fewest steps of a fade; fewer is a cut."""
MAX_STEP = 0.5
"""Largest share of a slope that one step may take."""
MIN_CONTRAST = 3.0
"""Least standard deviation of luma that the picture beyond the slope has."""


def find_fades(
    mean: Series, deviation: Series, seconds: Series, settings: ShotSettings
) -> tuple[list[Transition], list[tuple[int, int]]]:
    """Fades of a film, and its spans of black.

    `mean` and `deviation` of 8-bit luma and presentation time in `seconds`, each of shape
    (frames,). Returns transitions in order of their first frame, and the runs `[start, end)` of
    black frames. Black held for less than `settings.hold_seconds` is part of its fade.
    """
    even = deviation <= settings.field_deviation
    found: list[Transition] = []
    black = _runs(even & (mean <= settings.black_level))
    for start, end in black:
        found += _black_fades(deviation, seconds, start, end, settings)
    for start, end in _runs(even & (mean >= settings.white_level)):
        out, into = _slope(deviation, start, -1), _slope(deviation, end - 1, 1)
        if out is not None and into is not None and not _held(seconds, start, end, settings):
            found.append(_fade("fade_through_white", out[0] + 1, into[0] - 1, out, into))
    return sorted(found, key=lambda t: (t.start, t.end)), black


_Slope = tuple[int, float]


def _black_fades(
    deviation: Series, seconds: Series, start: int, end: int, settings: ShotSettings
) -> list[Transition]:
    out, into = _slope(deviation, start, -1), _slope(deviation, end - 1, 1)
    held = _held(seconds, start, end, settings)
    if out is not None and into is not None and not held:
        return [_fade("fade_through_black", out[0] + 1, into[0] - 1, out, into)]
    found = []
    if out is not None:
        found.append(_fade("fade_out", out[0] + 1, start if held else end - 1, out))
    if into is not None:
        found.append(_fade("fade_in", end - 1 if held else start, into[0] - 1, into))
    return found


def _fade(kind: TransitionType, start: int, end: int, *slopes: _Slope) -> Transition:
    contrast = min(contrast for _, contrast in slopes)
    return Transition(kind, start, end, contrast / (contrast + 10.0))


def _held(seconds: Series, start: int, end: int, settings: ShotSettings) -> bool:
    return bool(seconds[min(end, len(seconds) - 1)] - seconds[start] >= settings.hold_seconds)


def _slope(deviation: Series, field: int, step: int) -> _Slope | None:
    """Walk away from an even field while contrast grows: the first whole frame, its contrast.

    One frame without growth is walked over, for pulldown repeats frames.
    """
    at = field
    while 0 <= at + step < len(deviation):
        stride = step
        if not _grows(deviation, at, at + step):
            stride = 2 * step
            if not (0 <= at + stride < len(deviation) and _grows(deviation, at, at + stride)):
                break
        at += stride
    low, high = sorted((field, at))
    rise = float(np.ptp(deviation[low : high + 1]))
    if high - low < MIN_SLOPE or rise < MIN_CONTRAST:
        return None
    if float(np.abs(np.diff(deviation[low : high + 1])).max()) >= MAX_STEP * rise:
        return None
    return at, rise


def _grows(deviation: Series, at: int, beyond: int) -> bool:
    return bool(deviation[beyond] - deviation[at] >= max(0.25, 0.02 * deviation[at]))


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
