"""What a search found as contact sheets: a still of each shot, the likest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from curation.report.sheet import BOLD, BRIGHT, FAINT, GROUND, HOLE, LARGE, PANEL, PLAIN, write

if TYPE_CHECKING:
    from curation.embeddings.search import Hit
    from curation.report.sheet import Pixels

WIDTH, HEIGHT = 288, 162
"""Of a still's place; what has another shape is shown whole inside it."""
ROWS, COLUMNS = 6, 4
MARGIN, GAP, LINE, HEAD = 32, 16, 20, 84
EACH: Final = ROWS * COLUMNS
"""Hits on a page."""


def page(
    hits: Sequence[Hit], stills: Mapping[str, Pixels], *, title: str, first: int, count: int
) -> Pixels:
    """A page of at most `EACH` hits, R'G'B' (height, width, 3).

    Args:
        stills: by the hits' shots; one that is missing leaves its place empty.
        title: what was searched for.
        first: number of the first of them, of `count` on all pages.
    """
    rows = -(-len(hits) // COLUMNS)
    high = HEIGHT + 2 * LINE + GAP
    wide = 2 * MARGIN + COLUMNS * WIDTH + (COLUMNS - 1) * GAP
    canvas = np.full((HEAD + rows * high + MARGIN - GAP, wide, 3), GROUND, np.uint8)
    write(canvas, title, (MARGIN, 48), BRIGHT, size=LARGE, weight=BOLD, until=wide - 220)
    shown = f"{first} to {first + len(hits) - 1} of {count}"
    write(canvas, shown, (wide - MARGIN, 48), FAINT, right=True)
    for place, (hit, (x, y)) in enumerate(zip(hits, _places(len(hits), high), strict=True)):
        _still(canvas[y : y + HEIGHT, x : x + WIDTH], stills.get(hit.shot_id))
        line = y + HEIGHT + 15
        past = x + WIDTH
        write(canvas, f"{first + place}", (x, line), BRIGHT, weight=BOLD)
        write(canvas, f"{hit.similarity:.3f}", (past, line), BRIGHT, right=True)
        write(canvas, hit.timecode, (x + 44, line), PLAIN)
        write(canvas, hit.title or hit.asset_path, (x, line + LINE - 2), FAINT, until=past)
    return canvas


def _places(count: int, high: int) -> Iterator[tuple[int, int]]:
    for place in range(count):
        row, column = divmod(place, COLUMNS)
        yield MARGIN + column * (WIDTH + GAP), HEAD + row * high


def _still(place: Pixels, pixels: Pixels | None) -> None:
    place[:] = HOLE if pixels is None else PANEL
    if pixels is None:
        write(place, "no picture", (10, 24), FAINT)
        return
    share = min(WIDTH / pixels.shape[1], HEIGHT / pixels.shape[0])
    wide, high = (max(1, round(share * side)) for side in (pixels.shape[1], pixels.shape[0]))
    x, y = (WIDTH - wide) // 2, (HEIGHT - high) // 2
    place[y : y + high, x : x + wide] = cv2.resize(
        pixels, (wide, high), interpolation=cv2.INTER_AREA
    )
