"""Where a face may be that cannot be seen: a picture too dark, a dark figure before the light."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.ground import MOSTLY, ground

SMALL: Final = 64
LIGHT: Final = 90
"""Percentile of luma that is taken for the light of a picture."""
DARK: Final = 0.42
"""Share of its code value that a figure's is at most: three stops down by BT.1886…"""
LIT: Final = 0.6
"""…and that of the light beside it at least…"""
BESIDE: Final = 6
"""…within so many pixels of 64 across, on both sides."""
BREADTH: Final = (0.06, 0.6)
MIDDLE: Final = (0.25, 0.75)
"""Breadth of a figure and where its middle lies, in widths of the picture."""
FIGURE: Final = 0.35
"""Height of a figure in heights of the picture…"""
GLOOM: Final = 25.0
"""…and median luma of a picture that shows no face although somebody may be in it. Of 369 stills of
films and renders in which no face is found, 134 show somebody, away or unseen, and 235 nobody: the
one or the other is true of 39 and of 22."""

Grey = NDArray[np.uint8]


def hides(grey: Grey) -> bool:
    """Whether a picture, luma (rows, columns) inside its bars, may hide a face; no card does."""
    if ground(grey) >= MOSTLY:
        return False
    rows = max(1, round(SMALL * grey.shape[0] / grey.shape[1]))
    small = np.asarray(cv2.resize(grey, (SMALL, rows), interpolation=cv2.INTER_AREA), np.uint8)
    return float(np.median(small)) < GLOOM or figure(small) >= FIGURE


def figure(small: Grey) -> float:
    """Height of the tallest dark figure about the middle that has light on both sides, as a share.

    Of luma (rows, 64). It may be a post as well as a person.
    """
    rows = len(small)
    light = float(np.percentile(small, LIGHT))
    # Rows lie behind one another, a gap of neither dark nor light before each.
    dark, lit = (
        np.pad(mask.astype(np.int64), ((0, 0), (BESIDE, 0))).ravel()
        for mask in (small <= DARK * light, small >= LIT * light)
    )
    lights = np.concatenate(([0], lit.cumsum(), np.full(BESIDE, lit.sum())))
    steps = np.diff(dark, append=0)
    firsts, pasts = np.flatnonzero(steps > 0) + 1, np.flatnonzero(steps < 0) + 1
    row, first = np.divmod(firsts, SMALL + BESIDE)
    breadth = (pasts - firsts) / SMALL
    middle = (first - BESIDE) / SMALL + breadth / 2
    inside = (breadth >= BREADTH[0]) & (breadth <= BREADTH[1])
    inside &= (middle >= MIDDLE[0]) & (middle <= MIDDLE[1])
    before = lights[firsts] > lights[firsts - BESIDE]
    after = lights[np.minimum(pasts + BESIDE, (row + 1) * (SMALL + BESIDE))] > lights[pasts]
    shown = np.zeros(rows + 2, np.int64)
    shown[row[inside & before & after] + 1] = 1
    ends = np.flatnonzero(np.diff(shown))
    return float((ends[1::2] - ends[::2]).max() / rows) if len(ends) else 0.0
