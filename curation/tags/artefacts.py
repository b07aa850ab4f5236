"""Artefacts of a picture at its own size: noise, blocks, combs, bands, blur, stuck pixels.

Each is measured on luma, uint8 (height, width), with square pixels. Blocks are seen only where a
stored pixel is one of the picture.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

WINDOW: Final = (960, 540)
"""Greatest width and height of the middle of the picture in which noise, blocks, combs and bands
are measured."""
NOISE_MASK: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
NOISE_BLOCK: Final = 16
CALMEST: Final = 0.2
"""Noise is that of the calmest block but this share of them: elsewhere is texture."""
LIT: Final = (8, 247)
"""Mean luma between which noise is not cut off by black or white."""
GRID: Final = 8
"""Pixels of a block of JPEG, MPEG-2 and of H.264's larger transform."""
COMB: Final = 12
"""Levels by which a line differs from both of its neighbours in a comb…"""
TEETH: Final = 4
"""…so many lines in a row, up and down in turn."""
PLAIN: Final = 8
"""Pixels, all of one level, on both sides of a step between bands."""
STEP: Final = 16
"""Levels of the highest step: beyond is an edge of something plain."""
STUCK: Final = 40
"""Levels by which a stuck pixel differs from the median of its 3 x 3, and lies beyond every pixel
around that: the corner of something drawn does not."""
RING: Final = np.array(
    [(y, x) for y in range(5) for x in range(5) if max(abs(y - 2), abs(x - 2)) == 2], np.intp
)
"""The 16 pixels around a 3 x 3, rows and columns from 2 above and left of its middle."""
PIXELS: Final = 3
"""Stuck pixels of a picture that are kept, those that stand out most."""


class Pixel(NamedTuple):
    """Where a pixel stands out, in pixels, the level around it and its own."""

    x: int
    y: int
    ground: int
    level: int


def window(grey: Grey) -> Grey:
    """The middle of a picture."""
    high, wide = grey.shape
    left, top = (
        max(0, (side - most) // 2) for side, most in zip((wide, high), WINDOW, strict=True)
    )
    return np.ascontiguousarray(grey[top : top + WINDOW[1], left : left + WINDOW[0]])


def noise(grey: Grey) -> float:
    """Standard deviation of noise in 8-bit levels; NaN where no block is lit.

    Immerkær, "Fast noise variance estimation" (CVIU 64, 1996), in blocks of 16 x 16, of which the
    calmer ones count. Grain counts as noise; noise of fewer pixels than the picture's is taken for
    less.
    """
    if min(grey.shape) < NOISE_BLOCK + 2:
        return math.nan
    rough = np.abs(cv2.filter2D(grey, cv2.CV_32F, NOISE_MASK))
    size = grey.shape[1] // NOISE_BLOCK, grey.shape[0] // NOISE_BLOCK
    part = (slice(0, size[1] * NOISE_BLOCK), slice(0, size[0] * NOISE_BLOCK))
    sigmas = cv2.resize(rough[part], size, interpolation=cv2.INTER_AREA).astype(np.float64)
    means = cv2.resize(grey[part], size, interpolation=cv2.INTER_AREA)
    lit = sigmas[(means >= LIT[0]) & (means <= LIT[1])]
    return float(np.quantile(lit, CALMEST) * math.sqrt(math.pi / 2) / 6) if len(lit) else math.nan


def blur(grey: Grey) -> float:
    """How little is lost by blurring a picture once more, in [0, 1]: 0 sharp, 1 without detail.

    Crete et al., "The blur effect: perception and estimation with a new no-reference perceptual
    blur metric" (SPIE 6492, 2007): the worse of the two directions; NaN where nothing varies.
    """
    worst = math.nan
    for ahead, behind, size in (
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1)), (9, 1)),
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None)), (1, 9)),
    ):
        soft = cv2.blur(grey, size)
        before = cv2.absdiff(grey[ahead], grey[behind])
        lost = cv2.subtract(before, cv2.absdiff(soft[ahead], soft[behind]))
        total = float(cv2.sumElems(before)[0])
        if total > 0:
            found = 1 - float(cv2.sumElems(lost)[0]) / total
            worst = found if math.isnan(worst) else max(worst, found)
    return worst


class Blocks(NamedTuple):
    """Mean step between blocks over that inside them, 1 where none show, and less it, in levels."""

    ratio: float
    step: float


def blocks(grey: Grey) -> Blocks:
    """How much larger steps are between blocks of 8 pixels than inside them.

    After Wang, Sheikh & Bovik, "No-reference perceptual quality assessment of JPEG compressed
    images" (ICIP 2002): mean step across each column and row, folded at 8; the grid's place is
    where the steps are largest. Of the two directions the geometric mean of ratios and the mean of
    differences; NaN where a picture is plain or small.
    """
    if min(grey.shape) < 4 * GRID:
        return Blocks(math.nan, math.nan)
    ratios, excess = [], []
    for axis in (0, 1):
        ahead, behind = (grey[:, 1:], grey[:, :-1]) if axis == 0 else (grey[1:], grey[:-1])
        steps = cv2.reduce(cv2.absdiff(ahead, behind), axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
        profile = np.asarray(steps, np.float64).ravel()
        folded = profile[: len(profile) // GRID * GRID].reshape(-1, GRID).mean(axis=0)
        best = int(folded.argmax())
        rest = float(np.delete(folded, best).mean())
        ratios.append(float(folded[best]) / rest if rest > 0 else math.nan)
        excess.append(float(folded[best]) - rest)
    return Blocks(math.sqrt(ratios[0] * ratios[1]), sum(excess) / 2)


def combing(grey: Grey) -> float:
    """Share of the picture whose lines differ up and down in turn, as two moments woven do.

    The test of comb filters on three lines (a line beyond both of its neighbours) on four of them.
    Fine lines that lie level comb too.
    """
    if len(grey) < TEETH + 2:
        return 0.0
    steps = cv2.subtract(grey[1:], grey[:-1], dtype=cv2.CV_16S)
    teeth = [
        cv2.threshold(way * steps, COMB, 1, cv2.THRESH_BINARY)[1].astype(np.uint8)
        for way in (1, -1)
    ]
    rows = len(steps) - TEETH
    found = np.zeros((rows, grey.shape[1]), np.uint8)
    for first in (0, 1):
        run = teeth[first][:rows].copy()
        for k in range(1, TEETH + 1):
            run &= teeth[(first + k) % 2][k : k + rows]
        found |= run
    return float(np.count_nonzero(found) / found.size)


class Bands(NamedTuple):
    """Levels that a line or column crosses by steps between plains, and the steps' mean height in
    levels; NaN where there are none."""

    levels: float
    step: float


def banding(grey: Grey) -> Bands:
    """Gradients that go by steps between plains of 8 pixels and more, of the direction with more.

    As in Tandon et al., "CAMBI: Contrast-aware multiscale banding index" (PCS 2021), what counts is
    a small step between plains; here at one scale and without the eye's contrast. Every fourth line
    is looked at, level and upright. A gradient of 8 bits has steps of 1, of video levels 1.2.
    """
    return max(_bands(grey[::4]), _bands(np.ascontiguousarray(grey[:, ::4].T)))


def _bands(lines: Grey) -> Bands:
    if lines.shape[1] <= 2 * PLAIN + 1:
        return Bands(0.0, math.nan)
    steps = cv2.absdiff(lines[:, 1:], lines[:, :-1])
    same = (steps == 0).astype(np.uint8)
    plain = cv2.boxFilter(same, cv2.CV_8U, (PLAIN, 1), anchor=(0, 0), normalize=False) == PLAIN
    middle = steps[:, PLAIN:-PLAIN]
    between = plain[:, : middle.shape[1]] & plain[:, PLAIN + 1 : PLAIN + 1 + middle.shape[1]]
    heights = middle[between & (middle > 0) & (middle <= STEP)]
    mean = float(heights.mean()) if len(heights) else math.nan
    return Bands(float(heights.sum(dtype=np.int64) / len(lines)), mean)


def stuck(grey: Grey) -> tuple[int, list[Pixel]]:
    """How many pixels stand out alone, and which do most of those beyond all that is near."""
    ground = np.asarray(cv2.medianBlur(grey, 3), np.uint8)
    out = np.asarray(cv2.absdiff(grey, ground), np.uint8)
    peaks = cv2.threshold(out, STUCK - 1, 1, cv2.THRESH_BINARY)[1]
    near = cv2.boxFilter(peaks, cv2.CV_8U, (5, 5), normalize=False)
    lone = cv2.bitwise_and(peaks, cv2.threshold(near, 1, 1, cv2.THRESH_BINARY_INV)[1])
    if not cv2.countNonZero(lone):
        return 0, []
    columns, rows = np.asarray(cv2.findNonZero(lone), np.int32).reshape(-1, 2).T
    order = np.argsort(-out[rows, columns].astype(np.int16), kind="stable")
    beyond = _beyond(grey, ground, rows, columns)
    places = [(int(columns[k]), int(rows[k])) for k in order if beyond[k]][:PIXELS]
    kept = [Pixel(x, y, int(ground[y, x]), int(grey[y, x])) for x, y in places]
    return len(rows), kept


def _beyond(
    grey: Grey, ground: Grey, rows: NDArray[np.int32], columns: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Whether each of these pixels is lighter or darker than all around its 3 x 3, by `STUCK`."""
    framed = cv2.copyMakeBorder(ground, 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    framed[2:-2, 2:-2] = grey
    near = framed[rows[:, None] + RING[:, 0], columns[:, None] + RING[:, 1]].astype(np.int16)
    own = grey[rows, columns].astype(np.int16)
    lighter, darker = own - near.max(axis=1), near.min(axis=1) - own
    return np.asarray(np.maximum(lighter, darker) >= STUCK)
