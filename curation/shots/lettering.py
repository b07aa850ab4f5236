"""The text in a still: found by its shape, not read.

Text shows as dense strokes of one contrast, chained along level lines by size and distance: the
classical way (Epshtein et al., "Detecting text in natural scenes with stroke width transform",
CVPR 2010; Wolf and Jolion, "Extraction and recognition of artificial text in multimedia
documents", Pattern Analysis and Applications 6, 2004). The thresholds were chosen on the films and
reels that are shared and on drawn cards; lengths in pixels are of stills 320 wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Grey: TypeAlias = NDArray[np.uint8]

STRONG: Final = 80
"""So many pixels say that something is there; fewer are specks."""
CALM: Final = 8.0
"""An edge weaker than this is ground: noise, grain or a soft gradient."""
RELATIVE: Final = 0.22
"""Least strength of an edge that counts, as a share of the strongest."""
TEXT_SHARE: Final = 0.8
"""Least share of a card's edges that lie in lines of text."""
UNEVEN: Final = 3.0
"""Greatest standard deviation of the ground's roughness from place to place on a card: grain is
alike everywhere, a picture is not."""
BORDER: Final = 0.02
CROPPED: Final = 0.3
"""Greatest share of a card's lines that come so near to the left or right edge, as a share of the
width: print that is filmed runs out of the picture."""
CAPTION: Final = 0.62
"""Text that lies wholly below this share of the height, and does not run out of it, is a caption
of what is above."""
MANY_LINES: Final = 5
"""Lines of a still at which it is a list of names."""
LOOSE_TEXT: Final = 0.5
LOOSE_ROUGH: Final = 9.0
"""A list of names over a soft picture has at least this share of edges in text, and a ground no
rougher than this."""

MOST_LETTERS: Final = 700
STROKE: Final = 15
"""Pixels that no stroke of a letter is as wide as."""
INK: Final = 0.3
"""Least contrast of ink, as a share of the strongest."""
TALLEST: Final = 0.3
"""Greatest height of a line, as a share of the picture's."""
LONGER: Final = 2.2
"""Least length of a line, in heights of its letters."""
STROKES: Final = 1.1
"""Least number of changes between ink and ground along a letter's height of a line."""
FEW: Final = 5
"""Letters of a line that has enough of them to judge by: type stands level and differs."""
LEAN: Final = 0.04
"""Greatest slope of a line of type…"""
JITTER: Final = 2.0
"""…and so many pixels from end to end, for small letters stand on whole ones."""
ALIKE: Final = 0.1
"""Least deviation of its letters' ink, as a share of their mean."""


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a still, and the ground around it.

    `lines` below each other; `share` of the still's edges that lie in them; their `top` and
    `bottom` in shares of the height; the share of lines `cropped` at the sides; the ground's mean
    `roughness` in 8-bit levels and its `unevenness` from place to place.
    """

    lines: int = 0
    share: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    cropped: float = 0.0
    roughness: float = 0.0
    unevenness: float = 0.0

    @property
    def is_card(self) -> bool:
        """Whether text is the subject: next to nothing else has edges, and the ground is even."""
        return (
            self.share >= TEXT_SHARE
            and self.unevenness <= UNEVEN
            and self.cropped <= CROPPED
            and not (self.top >= CAPTION and self.bottom <= 1 - BORDER)
        )

    @property
    def lists(self) -> bool:
        """Whether it lists names on a soft ground, which need not be even."""
        many = self.lines >= MANY_LINES
        return many and self.share >= LOOSE_TEXT and self.roughness <= LOOSE_ROUGH


def edges_of(grey: Grey) -> Grey:
    """The morphological gradient: how much brightness changes within three pixels."""
    soft = cv2.GaussianBlur(grey, (3, 3), 0)
    return np.asarray(cv2.morphologyEx(soft, cv2.MORPH_GRADIENT, square(3)), np.uint8)


def square(side: int) -> Grey:
    return np.ones((side, side), np.uint8)


def strongest(values: Grey) -> float:
    """The least of the `STRONG` greatest values: single pixels say nothing."""
    return float(_ranked(values, max(0, values.size - STRONG)))


def _ranked(values: Grey, place: int) -> int:
    """The value that would stand at a place if they were sorted."""
    return int(np.searchsorted(np.cumsum(_levels(values)), place, side="right"))


def _levels(values: Grey) -> NDArray[np.float64]:
    """How many values there are of each of the 256 levels."""
    return np.asarray(cv2.calcHist([values], [0], None, [256], [0, 256]), np.float64).ravel()


def _ink(grey: Grey) -> Grey:
    """What is as thin as a letter's stroke and lighter than its ground, or darker than that."""
    above = np.arange(256) - _ranked(grey, grey.size // 2)
    far = np.sign(above) * np.maximum(np.abs(above) - CALM, 0)
    how = cv2.MORPH_TOPHAT if float(far @ _levels(grey)) >= 0 else cv2.MORPH_BLACKHAT
    hat = np.asarray(cv2.morphologyEx(grey, how, square(STROKE)), np.uint8)
    return (hat > max(CALM, INK * strongest(hat))).astype(np.uint8)


def page_of(grey: Grey, edges: Grey, strong: NDArray[np.bool_]) -> Page:
    """The text of a still, of its luma, its edges and which of them are strong."""
    high, wide = grey.shape
    _, found, told, _ = cv2.connectedComponentsWithStats(_ink(grey))
    labels, stats = np.asarray(found, np.int32), np.asarray(told, np.int32)
    x, y, w, h, area = stats[1:].T
    rule = _is_rule(labels, stats[1:], wide, high)
    letters = (
        (h >= 3)
        & (h <= TALLEST * high)
        & (h <= 12 * w)
        & ((w <= 0.25 * wide) | (h <= 0.12 * high))
        & (area >= 5)
    )
    if not 0 < int(letters.sum()) <= MOST_LETTERS:
        return Page()
    if rule.any():
        drawn = np.isin(labels, np.flatnonzero(rule) + 1).astype(np.uint8)
        ruled = np.asarray(cv2.dilate(drawn, square(5)), np.uint8)
        strong = strong & (ruled == 0)
    inked = np.concatenate(([0], letters)).astype(np.uint8)[labels]
    near = np.asarray(cv2.dilate(inked, square(5)), np.uint8)
    if rule.any():
        near |= ruled
    total = max(1, int(np.count_nonzero(strong)))
    clear = int(np.count_nonzero(strong & (near == 0)))
    if clear > (1 - LOOSE_TEXT) * total or cv2.mean(edges, 1 - near)[0] > LOOSE_ROUGH:
        return Page()
    boxes = np.stack([x, y, x + w, y + h, area], axis=1)[letters]
    lines = [line for line in _lines(boxes) if _reads(grey, line)]
    if not lines:
        return Page()
    text = np.zeros((high, wide), np.uint8)
    for line in lines:
        text[line.top : line.bottom, line.left : line.right] = 1
    text = np.asarray(cv2.dilate(text, square(5)), np.uint8)
    covered = cv2.dilate(text, square(5)) > 0
    if rule.any():
        covered |= ruled > 0
    rough = _roughness(edges, covered)
    margin = round(BORDER * wide)
    return Page(
        _rows(lines),
        int((strong & (text > 0)).sum()) / total,
        min(line.top for line in lines) / high,
        max(line.bottom for line in lines) / high,
        sum(line.left <= margin or line.right >= wide - margin for line in lines) / len(lines),
        float(rough.mean()),
        float(rough.std()),
    )


def _is_rule(
    labels: NDArray[np.int32], stats: NDArray[np.int32], wide: int, high: int
) -> NDArray[np.bool_]:
    """Which components are a border drawn around a card: thin, and along the box that it fills."""
    x, y, w, h, area = stats.T
    around = (w > 0.6 * wide) & (h > 0.5 * high) & (area < 0.2 * w * h)
    for k in np.flatnonzero(around):
        part = labels[y[k] : y[k] + h[k], x[k] : x[k] + w[k]] == k + 1
        rows, columns = max(2, h[k] // 12), max(2, w[k] // 12)
        around[k] = int(part[rows:-rows, columns:-columns].sum()) < 0.1 * area[k]
    return np.asarray(around, np.bool_)


@dataclass(frozen=True, slots=True)
class _Line:
    left: int
    top: int
    right: int
    bottom: int
    height: float
    """The middle one of its letters' heights."""
    level: bool
    """Whether it stands level, as type is set; what hangs in a picture seldom does."""
    various: bool
    """Whether its letters differ, as the pales of a fence or a row of windows do not."""


_Side: TypeAlias = NDArray[np.int32]


def _lines(boxes: NDArray[np.int32]) -> list[_Line]:
    """Letters or words, boxes (n, 5) of left, top, right, bottom and ink, chained along lines."""
    left, top, right, bottom, ink = boxes[np.argsort(boxes[:, 0])].T
    height = bottom - top
    taller = np.maximum(height[:, None], height[None])
    lower = np.minimum(height[:, None], height[None])
    gap = left[None] - right[:, None]
    shared = np.minimum(bottom[:, None], bottom[None]) - np.maximum(top[:, None], top[None])
    linked = (gap <= 1.6 * taller) & (shared >= 0.6 * lower) & (taller <= 2.6 * lower + 2)
    chain = list(range(len(left)))

    def first(k: int) -> int:
        while chain[k] != k:
            chain[k] = chain[chain[k]]
            k = chain[k]
        return k

    for k in range(len(left)):
        for after in (k + 1 + np.flatnonzero(linked[k, k + 1 :]))[:6]:
            chain[first(int(after))] = first(k)
    heads = np.array([first(k) for k in range(len(left))])
    order = np.argsort(heads, kind="stable")
    starts = np.flatnonzero(np.diff(heads[order], prepend=-1))
    sides = [side[order] for side in (left, top, right, bottom, ink)]
    across = np.maximum.reduceat(sides[2], starts) - np.minimum.reduceat(sides[0], starts)
    likely = across >= LONGER * np.minimum.reduceat(height[order], starts)
    ends = np.append(starts[1:], len(order))
    return [_line(*(side[starts[k] : ends[k]] for side in sides)) for k in np.flatnonzero(likely)]


def _line(left: _Side, top: _Side, right: _Side, bottom: _Side, ink: _Side) -> _Line:
    height = bottom - top
    level = various = True
    if len(left) >= FEW:
        across, middle = (left + right) / 2, (top + bottom) / 2
        across = across - across.mean()
        lean = abs((across * middle).sum()) / max(1.0, (across * across).sum())
        level = bool(lean <= max(LEAN, JITTER / max(1.0, np.ptp(across))))
        various = bool(ink.std() > ALIKE * ink.mean())
    return _Line(
        int(left.min()),
        int(top.min()),
        int(right.max()),
        int(bottom.max()),
        float(np.median(height)),
        level,
        various,
    )


def _reads(grey: Grey, line: _Line) -> bool:
    """Whether ink and ground change along a line as often as letters make them."""
    wide, deep = line.right - line.left, line.bottom - line.top
    if wide < LONGER * line.height or deep > TALLEST * len(grey):
        return False
    if not (line.level and line.various):
        return False
    part = grey[line.top : line.bottom, line.left : line.right]
    low, high = np.percentile(part, (5, 97))
    body = part[deep // 4 : max(deep * 3 // 4, deep // 4 + 1)] > (low + high) / 2
    changes = int(np.abs(np.diff(body.astype(np.int8), axis=1)).sum(axis=1).max())
    return changes >= 6 and changes * line.height >= STROKES * wide


def _rows(lines: Sequence[_Line]) -> int:
    """Lines that stand below each other; columns side by side count once."""
    usual = float(np.median([line.height for line in lines]))
    count, reached = 0, -np.inf
    for middle in sorted((line.top + line.bottom) / 2 for line in lines):
        if middle - reached > 0.6 * usual:
            count, reached = count + 1, middle
    return count


def _roughness(edges: Grey, covered: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean edge of the ground that is not covered, in each of up to 60 parts of the picture."""
    found = []
    for rows in np.array_split(np.arange(edges.shape[0]), 6):
        for columns in np.array_split(np.arange(edges.shape[1]), 10):
            part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            ground = ~covered[part]
            if ground.mean() > 0.4:
                found.append(float(edges[part][ground].mean()))
    return np.array(found or [0.0])
