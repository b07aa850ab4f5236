"""Station logos and watermarks: what stands in a corner while the picture moves behind it.

No letters are needed. Of each still a sketch of its corners is kept, the cells in which there are
edges; a mark is a group of cells with edges in every still of a shot, alone among cells whose edges
come and go. Where nothing moves there nothing can be told, so it is never said that there is no
mark. A shot is judged by itself; its box is given, for it to be looked for in the film's others.
Thresholds were chosen on marks drawn over the shared films, of which every one is without
(benchmarks/tags_marks.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.numbers import measured, pick, unknown
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.tags.protocol import Series

Cells = NDArray[np.bool_]

CORNER: Final = 0.25
"""Share of the width and of the height of a picture that is a corner…"""
ROWS, COLUMNS = 12, 20
"""…of so many cells…"""
CELL: Final = 4
"""…of so many pixels a side."""
EDGE: Final = 4.0
"""Levels a pixel by which luma changes at an edge…"""
DRAWN: Final = 2
"""…and pixels of a cell with edges."""
WORD: Final = 16
"""Bits a measure: a number of five digits holds them exactly."""
WORDS: Final = tuple(f"word_{k}" for k in range(4 * ROWS * COLUMNS // WORD))
"""Measures that hold the sketches of the corners: upper left, upper right, lower left, lower right,
each by rows."""

STEADY: Final = 0.9
"""Share of the stills in which a cell of a mark has edges."""
FLEETING: Final = 0.67
"""Most of the stills in which a cell that shows motion has some."""
SIZE: Final = ((2, 14), (2, 9))
"""Least and greatest columns and rows of a mark."""
RIM: Final = 2
"""Cells of a corner's rim that a mark keeps clear of."""
RING: Final = 2
"""Cells around a mark in which the picture must move."""
MOVING: Final = 0.15
"""Share of the ring's cells on a side that show motion…"""
STRAY: Final = 1
"""…and cells there at most that stand as the mark does."""
ROUGH: Final = 2
SPOKEN: Final = 0.3
"""Cells of the ring with edges in both stills of a pair that can be compared, and the least share
of the pairs that can."""

CELLS: Final = 16
"""Cells of a mark at least: smaller things of a scene stand by chance…"""
SIDES: Final = 3
"""…sides of it on which the picture moves…"""
ALIKE: Final = 0.75
"""…and how alike its ring stays at most: light that comes and goes leaves edges in their places…"""
STILLS: Final = 3
"""…in so many stills. Of 272 shots of that many with a drawn mark 53 are told; of 143 of the same
films without one none."""
CONFIDENCE: Final = 0.9

_EDGES: Final = ("left", "top", "right", "bottom")


class _Part(NamedTuple):
    """What stands in a corner: columns, rows, and which of its cells."""

    across: slice
    down: slice
    own: Cells


@dataclass(frozen=True, slots=True)
class LogoTagger:
    """Whether a mark stands in a corner, lettered or not, and where."""

    name: ClassVar[str] = "text.logo"
    version: ClassVar[str] = "1"
    label_version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = Needs(width=320, per_second=1.0)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "logo",
            ("present", UNKNOWN),
            {
                "logo_cells": "cells of what stands, an eightieth of the width a side",
                "logo_sides": "its sides on which the picture moves, 0 to 4",
                "logo_alike": "share of the edges around it that stay, median over pairs, 0 to 1",
                "stills": "stills looked at",
                **{f"logo_{edge}": "share of the width or height" for edge in _EDGES},
            },
        ),
    )

    def meter(self, video: VideoInfo) -> Meter:
        """A meter that sketches the corners of a still."""
        return _measures

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """What stands in a corner: what may be a mark before anything else, and the largest."""
        stills = {"stills": float(len(pts))}
        if len(pts) < STILLS:
            return stills if len(pts) else {}
        words = np.stack([series[name] for name in WORDS], axis=1).astype(">u2")
        bits = np.unpackbits(words.view(np.uint8), axis=1)
        corners = bits.reshape(len(pts), 4, ROWS, COLUMNS).astype(np.bool_)
        found = [
            _described(corners[:, k], part, (k % 2, k // 2))
            for k in range(4)
            for part in _parts(corners[:, k])
        ]
        best = max(found, key=lambda one: (_is_mark(one), one["logo_cells"]), default={})
        return stills | best

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag."""
        shown = pick(measures, *self.facets[0].measures)
        if measured(shown) and shown["stills"] >= STILLS and _is_mark(shown):
            return (Tag("logo", "present", CONFIDENCE, shown),)
        return (unknown("logo", shown),)


def _is_mark(part: Mapping[str, float]) -> bool:
    alike = part["logo_alike"] <= ALIKE
    return alike and part["logo_cells"] >= CELLS and part["logo_sides"] >= SIDES


def _measures(frame: Frame, before: Frame | None) -> dict[str, float]:
    grey = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    rows, columns = (max(1, round(CORNER * side)) for side in grey.shape)
    parts = [half[:, side] for half in (grey[:rows], grey[-rows:]) for side in _sides(columns)]
    bits = np.packbits(np.concatenate([_sketch(part).ravel() for part in parts]))
    return dict(zip(WORDS, bits.view(">u2").astype(np.float64).tolist(), strict=True))


def _sides(columns: int) -> tuple[slice, slice]:
    return slice(None, columns), slice(-columns, None)


def _sketch(grey: NDArray[np.uint8]) -> Cells:
    """In which cells of a corner, shape (12, 20), there are edges."""
    size = COLUMNS * CELL, ROWS * CELL
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    slopes = (cv2.Sobel(small, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    edges = np.maximum(*(np.abs(slope) for slope in slopes)) >= EDGE
    return np.asarray(edges.reshape(ROWS, CELL, COLUMNS, CELL).sum(axis=(1, 3)) >= DRAWN)


def _parts(stills: Cells) -> Iterator[_Part]:
    """What stands in a corner, alone, through stills of it (stills, rows, columns).

    What reaches the picture's rim may go on outside, and what leaves the corner is no mark.
    """
    steady = _steady(stills)
    # Padded, for what is closed grows to an edge that is near.
    padded = np.pad(steady.astype(np.uint8), 1)
    joined = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))[1:-1, 1:-1]
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(joined))
    for k, (x, y, w, h, _) in enumerate(stats.tolist()[1:], start=1):
        fits = SIZE[0][0] <= w <= SIZE[0][1] and SIZE[1][0] <= h <= SIZE[1][1]
        if fits and min(x, y, COLUMNS - x - w, ROWS - y - h) >= RIM:
            yield _Part(slice(x, x + w), slice(y, y + h), steady & (numbers == k))


def _steady(stills: Cells) -> Cells:
    return np.asarray(stills.sum(axis=0) >= math.ceil(STEADY * len(stills)))


def _described(stills: Cells, part: _Part, corner: tuple[int, int]) -> dict[str, float]:
    """The summary of what stands; `corner`: whether it is at the right, and whether below."""
    left, top = (
        (1 - CORNER) * far + CORNER * span.start / size
        for far, span, size in zip(corner, part[:2], (COLUMNS, ROWS), strict=True)
    )
    wide, high = part.across.stop - part.across.start, part.down.stop - part.down.start
    edges = left, top, left + CORNER * wide / COLUMNS, top + CORNER * high / ROWS
    return {
        "logo_cells": float(part.own.sum()),
        "logo_sides": float(_moving(stills, part)),
        "logo_alike": _alike(stills, part),
        **{f"logo_{edge}": value for edge, value in zip(_EDGES, edges, strict=True)},
    }


def _moving(stills: Cells, part: _Part) -> int:
    """On how many sides of it the picture moves; none where more stands beside it."""
    share, steady = stills.mean(axis=0), _steady(stills)
    moves = (share > 0) & (share <= FLEETING) & ~steady
    across, down = _around(part)
    count = 0
    for side in (
        (down, slice(across.start, part.across.start)),
        (slice(down.start, part.down.start), across),
        (down, slice(part.across.stop, across.stop)),
        (slice(part.down.stop, down.stop), across),
    ):
        if np.count_nonzero((steady & ~part.own)[side]) > STRAY:
            return 0
        count += bool(moves[side].sum() >= MOVING * moves[side].size)
    return count


def _around(part: _Part) -> tuple[slice, slice]:
    across = slice(max(0, part.across.start - RING), part.across.stop + RING)
    return across, slice(max(0, part.down.start - RING), part.down.stop + RING)


def _alike(stills: Cells, part: _Part) -> float:
    """Edges around it that two stills share, over those of the still with fewer: the median over
    pairs of stills that have some, 1 where few pairs do."""
    across, down = _around(part)
    ring = np.zeros(stills.shape[1:], np.bool_)
    ring[down, across] = True
    ring[part.down, part.across] = False
    edges = (stills & ring & ~_steady(stills)).reshape(len(stills), -1).astype(np.int64)
    shared, own = edges @ edges.T, edges.sum(axis=1)
    one, other = np.triu_indices(len(stills), 1)
    both = np.minimum(own[one], own[other]) >= ROUGH
    if both.sum() < SPOKEN * len(one):
        return 1.0
    least = np.minimum(own[one], own[other])
    return float(np.median(shared[one, other][both] / least[both]))
