"""The black bars around a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

BAR_LEVEL: Final = 10
PICTURE_SHARE: Final = 0.03
"""A line with more than this share of its pixels above the level is picture: noise and a few
letters of a subtitle are not."""
EDGE_SHARE: Final = 0.5
"""The first line of a picture is lit over at least this share of the frame. An unlit edge that
ends softer is a dark picture or a title, and says nothing about bars."""
WIDEST: Final = 0.3
"""2.76:1 in a 4:3 frame leaves bars of 0.26."""


@dataclass(frozen=True, slots=True)
class Span:
    """Lines `[first, past)` of the picture; `certain` unless what is dark could be bar or scene."""

    first: int
    past: int
    certain: bool


def bars(grey: NDArray[np.uint8]) -> tuple[Span, Span]:
    """Rows and columns of the picture in a frame of luma, shape (height, width).

    Bars come in pairs of one width. Where that cannot be told the span is the whole frame.
    """
    lit = np.asarray(cv2.threshold(grey, BAR_LEVEL, 255, cv2.THRESH_BINARY)[1], np.uint8)
    within = tuple(slice(*_extent(_shares(lit, axis))) for axis in (1, 0))
    # Of a windowbox the bars at the sides are no part of the lines that are judged.
    return _span(_shares(lit[:, within[1]], 1)), _span(_shares(lit[within[0]], 0))


def _shares(lit: NDArray[np.uint8], axis: int) -> NDArray[np.float64]:
    return np.asarray(cv2.reduce(lit, axis, cv2.REDUCE_AVG).ravel() / 255, np.float64)


def _extent(lit: NDArray[np.float64]) -> tuple[int, int]:
    where = np.flatnonzero(lit > PICTURE_SHARE)
    return (int(where[0]), int(where[-1]) + 1) if len(where) else (0, len(lit))


def _span(lit: NDArray[np.float64]) -> Span:
    size = len(lit)
    where = np.flatnonzero(lit > PICTURE_SHARE)
    if not len(where):
        return Span(0, size, False)
    first, past = int(where[0]), int(where[-1]) + 1
    if first < 2 or size - past < 2:
        return Span(0, size, True)
    paired = abs(first - (size - past)) <= max(2, size // 60)
    sharp = min(lit[first : first + 3].max(), lit[past - 3 : past].max()) >= EDGE_SHARE
    if paired and sharp and first <= WIDEST * size:
        return Span(first, past, True)
    return Span(0, size, False)
