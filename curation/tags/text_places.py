"""Where letters may stand in a picture: cheap, and meant to miss none.

Letters are strokes, lighter or darker than their ground, many of them side by side (the top-hat as
in Wolf and Jolion, "Extraction and recognition of artificial text in multimedia documents", Pattern
Analysis and Applications 6, 2004). Foliage and fences pass too; the network tells them. On five of
the shared films 7 % of the picture pass where none holds much text, and of subtitles drawn over
them all whose type is a twenty-fifth of the picture's height or more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

LEVELS: Final = ((320, 0.1), (160, 0.25))
"""Widths at which letters are sought, of every size being thin and close in one of them, and the
share of the picture from which on a place is too large for a line of such letters."""
STROKE: Final = 7
"""Pixels that no stroke is as wide as."""
CONTRAST: Final = 55
"""Levels by which a stroke differs from its ground."""
WINDOW: Final = (24, 5)
"""Columns and rows over which strokes are counted."""
CHANGES: Final = (0.12, 0.17, 0.23, 0.3)
"""Least changes between stroke and ground a pixel of a row, the first for letters 16 pixels apart.
What is too large then is no line, but may hold one that is denser."""
LEAST: Final = 60
"""Pixels of a window's middle that make a place: fewer are a speck."""
AROUND: Final = (8, 5)
"""Columns and rows of ground around it that belong to a place."""


class Place(NamedTuple):
    """A part of a picture, in shares of its width and height, and the width in pixels at which the
    whole picture shows its letters best."""

    left: float
    top: float
    right: float
    bottom: float
    width: int
    density: float
    """Mean changes a pixel."""


def places(grey: Grey) -> list[Place]:
    """Where letters may stand in a picture of luma (height, width), the densest first."""
    high, wide = grey.shape
    found: list[Place] = []
    for width, large in LEVELS:
        if wide > width:
            size = width, max(1, round(high * width / wide))
            grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        found += _level(grey, 2 * width, large)
    return sorted(found, key=lambda place: place.density, reverse=True)


def _level(grey: Grey, shown: int, large: float) -> Iterator[Place]:
    density = _density(grey)
    kernel = np.ones((2 * AROUND[1] + 1, 2 * AROUND[0] + 1), np.uint8)
    within = np.ones(grey.shape, np.uint8)
    high, wide = grey.shape
    for changes in CHANGES:
        dense = (density >= changes).astype(np.uint8) & within
        if cv2.countNonZero(dense) < LEAST:
            return
        _, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(dense, kernel))
        within = np.zeros(grey.shape, np.uint8)
        for k in range(1, len(stats)):
            left, top, width, height = stats[k, :4].tolist()
            inside = (slice(top, top + height), slice(left, left + width))
            here = (labels[inside] == k).astype(np.uint8) & dense[inside]
            if cv2.countNonZero(here) < LEAST:
                continue
            if width * height > large * high * wide and changes < CHANGES[-1]:
                within[inside] |= here
            else:
                edges = left / wide, top / high, (left + width) / wide, (top + height) / high
                yield Place(*edges, shown, cv2.mean(density[inside], here)[0])


def _density(grey: Grey) -> NDArray[np.float32]:
    """Changes between stroke and ground a pixel, of light strokes or of dark ones."""
    square = np.ones((STROKE, STROKE), np.uint8)
    most = np.zeros(grey.shape, np.float32)
    for how in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        hat = cv2.morphologyEx(grey, how, square)
        strokes = np.asarray(cv2.threshold(hat, CONTRAST, 1, cv2.THRESH_BINARY)[1], np.uint8)
        changes = np.zeros_like(strokes)
        changes[:, 1:] = strokes[:, 1:] ^ strokes[:, :-1]
        most = np.maximum(most, cv2.boxFilter(changes, cv2.CV_32F, WINDOW))
    return most
