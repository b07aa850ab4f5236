"""What changed from one picture to another: its light, or what is to be seen.

Where only the light changes, most of the picture does, nearly all of it in one direction, and its
structure stays: lamps move no edges. A pan, a person who crosses the lens, a whip or a cut lack
one of the three.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

MID_GREY: Final = 0.18
DAMPING: Final = 0.03
"""Of mid-grey, added before logarithms: five stops under it nothing counts as light."""
CHANGED_STOPS: Final = 0.08
"""A pixel that changes by more has changed: two codes of mid-grey, over grain and codec."""
BLACK_STOPS: Final = 0.5
"""Over the least that is told apart: black in both pictures, as bars are."""
AGREEMENT: Final = 0.65
COVER: Final = 0.25
"""A change is of the light where it goes so far in one direction (net over total), over so much of
the picture."""
SEEN_SHARE: Final = 0.1
"""Of the picture; where less of it is not black, all of it is compared."""
_BOX: Final = np.ones((9, 9), np.uint8)
"""Pixels of 64 by 36 against whose mean structure is seen."""


@dataclass(frozen=True, slots=True)
class Relight:
    """From one picture to another, in stops.

    `change`: mean; `stir`: mean of the absolute change; `covered`: share of the picture that
    changed; `alike`: correlation of the two pictures' fine structure.
    """

    change: float
    stir: float
    covered: float
    alike: float

    def is_light(self, alike: float) -> bool:
        """Whether the light alone changed, where at least so much of the structure stays."""
        one_way = abs(self.change) >= AGREEMENT * self.stir > 0
        return one_way and self.covered >= COVER and self.alike >= alike


def stops_of(grey: NDArray[np.float32], slope: float = 1.0) -> Plane:
    """Stops of light (mid-grey at 1), which `slope` stretches; never under `DAMPING`."""
    return (slope * np.log2(grey.astype(np.float64) + DAMPING)).astype(np.float32)


def relight(now: Plane, before: Plane, black: float) -> Relight:
    """What changed between two pictures (36, 64) in stops, of which `black` is the least."""
    step = now - before
    size = np.abs(step)
    return Relight(
        change=float(step.mean()),
        stir=float(size.mean()),
        covered=float(np.count_nonzero(size > CHANGED_STOPS) / size.size),
        alike=_alike(now, before, black),
    )


def only_light(around: Sequence[NDArray[np.uint8]], alike: float) -> bool:
    """Whether the light alone changes in the middle of four pictures (36, 64, 3) of 8-bit R'G'B'.

    `alike` is the least correlation of the inner two. A frame at a cut can hold both shots and be
    like each, so the outer two must be half as much alike: across 11 such cuts they were .12 at
    most. Codes are read as SDR's; others bend stops, not structure.
    """
    table = _sdr_stops()
    black = float(table[0])
    greys = (cv2.cvtColor(thumb, cv2.COLOR_RGB2GRAY) for thumb in around)
    first, before, behind, last = (np.asarray(cv2.LUT(grey, table), np.float32) for grey in greys)
    light = relight(behind, before, black).is_light(alike)
    return light and relight(last, first, black).alike >= alike / 2


@lru_cache(maxsize=1)
def _sdr_stops() -> Plane:
    """Stops of 8-bit codes (ITU-R BT.1886 with a black of 0)."""
    return stops_of(((np.arange(256) / 255) ** 2.4 / MID_GREY).astype(np.float32))


def _alike(now: Plane, before: Plane, black: float) -> float:
    """Correlation of two pictures' structure, black bars and their edges left out."""
    dark = (np.maximum(now, before) < black + BLACK_STOPS).astype(np.uint8)
    seen = cv2.erode(1 - dark, _BOX) > 0
    if np.count_nonzero(seen) < SEEN_SHARE * seen.size:
        seen = np.ones_like(seen)
    one, other = (_structure(plane)[seen] for plane in (now, before))
    power = float(one @ one) * float(other @ other)
    return float(one @ other) / math.sqrt(power) if power > 0 else 0.0


def _structure(stops: Plane) -> Plane:
    return stops - np.asarray(cv2.blur(stops, _BOX.shape), np.float32)
