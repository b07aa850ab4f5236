"""The black bars around a picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

BAR_LEVEL: Final = 10
BAR_PICTURE: Final = 8
"""A row with more than 1 pixel in 32 above the level is picture (8 of 255 in the mean)."""


def bars(grey: NDArray[np.uint8]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Picture rows `[first, past)` and columns of a frame, (0, 0) both when nothing is lit.

    Bars come in pairs: an unlit edge with no equal one opposite is a dark picture, not a bar.
    """
    lit = (grey > BAR_LEVEL).astype(np.uint8) * 255
    rows = cv2.reduce(lit, 1, cv2.REDUCE_AVG).ravel() > BAR_PICTURE
    columns = cv2.reduce(lit, 0, cv2.REDUCE_AVG).ravel() > BAR_PICTURE
    if not rows.any() or not columns.any():
        return (0, 0), (0, 0)
    return _pair(rows), _pair(columns)


def _pair(lit: NDArray[np.bool_]) -> tuple[int, int]:
    size = len(lit)
    where = np.flatnonzero(lit)
    first, past = int(where[0]), int(where[-1]) + 1
    slack = max(2, size // 60)
    lopsided = abs(first - (size - past)) > slack
    if lopsided or past - first < 0.3 * size or min(first, size - past) < 2:
        return 0, size
    return first, past
