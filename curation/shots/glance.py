"""What one still looks like: a picture, or one of the things that are no picture.

A card is a still whose structure is text: level lines of letters, clear of the sides, on a ground
that is even or evenly rough. A caption over a picture leaves it a picture, for the picture has
structure of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.shots.lettering import CALM, RELATIVE, edges_of, page_of, square, strongest

if TYPE_CHECKING:
    from curation.media import Frame

Sight = Literal["picture", "text", "emblem", "bars", "leader", "black", "blank", "faint"]

WIDTH: Final = 320
"""Pixels across at which stills are glanced at: a line of small credits is 5 high."""

BLACK: Final = 6.0
EVEN: Final = 1.5
"""Greatest mean and standard deviation of 8-bit R'G'B' of black, as `ShotSettings` has them; a
lighter frame as even is blank."""
FAINT: Final = 16.0
"""An edge weaker than this shows nothing that could be told or read."""
GROUND_SHARE: Final = 0.45
"""Least share of a card that is calm ground."""
EMBLEM_GROUND: Final = 0.75
EMBLEM_TONES: Final = 24
"""An emblem is drawn in few tones on a ground of one: so many of 32,768 make four fifths of it."""
BARS: Final = (0b110, 0b011, 0b010, 0b101, 0b100, 0b001)
"""Yellow, cyan, green, magenta, red, blue, as red, green and blue are on or off."""
BAR_ROWS: Final = 0.1
"""Least share of the picture's height over which colour bars stand."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What the still at frame `index` shows.

    `lines` of text, and whether they are a `listing`, as of names: that need not be a card, for it
    may lie over a soft picture.
    """

    index: int
    sight: Sight
    lines: int = 0
    listing: bool = False


def glance(frame: Frame) -> Glance:
    """Look at one frame, of any size; 2 to 3 ms."""
    thumb = frame.thumb
    if _has_bars(thumb):
        return Glance(frame.index, "bars")
    pixels = frame.sized(WIDTH).rgb
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    edges = edges_of(grey)
    most = strongest(edges)
    if most < FAINT:
        return Glance(frame.index, _field(thumb))
    if int(np.count_nonzero(edges <= CALM)) < GROUND_SHARE * edges.size:
        return Glance(frame.index, "picture")
    strong = edges > max(CALM, RELATIVE * most)
    page = page_of(grey, edges, strong)
    sight: Sight = "picture"
    if page.is_card:
        sight = "text"
    elif _is_leader(strong):
        sight = "leader"
    elif _is_emblem(pixels, edges):
        sight = "emblem"
    return Glance(frame.index, sight, page.lines, page.lists)


def _field(thumb: NDArray[np.uint8]) -> Sight:
    """What a frame without edges is."""
    mean, spread = cv2.meanStdDev(thumb)
    if float(spread.max()) > EVEN:
        return "faint"
    return "black" if float(mean.max()) <= BLACK else "blank"


def _has_bars(thumb: NDArray[np.uint8]) -> bool:
    """Whether the six colours of bars stand side by side in their order (SMPTE EG 1, EBU 3325)."""
    high = float(thumb.max())
    if high < 80:
        return False
    on = (thumb > high / 2).astype(np.uint8)
    code = on[..., 0] << 2 | on[..., 1] << 1 | on[..., 2]
    code[np.ptp(thumb, axis=2) <= high / 3] = 0
    there = [(code == colour).any(axis=1) for colour in BARS]
    rows = np.flatnonzero(np.logical_and.reduce(there))
    least = BAR_ROWS * len(thumb)
    return len(rows) >= least and sum(_in_order(code[row]) for row in rows) >= least


def _in_order(colours: NDArray[np.uint8]) -> bool:
    """Whether the bars' colours follow each other along a line, each at least two pixels wide."""
    starts = np.flatnonzero(np.diff(colours, prepend=8))
    wide = np.diff(starts, append=len(colours)) >= 2
    runs = tuple(int(colours[k]) for k in starts[wide])
    return any(runs[k : k + len(BARS)] == BARS for k in range(len(runs)))


def _is_leader(strokes: NDArray[np.bool_]) -> bool:
    """Whether a line across and a line down meet in the middle, and circles around it: a countdown.

    SMPTE's universal leader and its kin; what is not on the lines is alike on the left and right.
    """
    high, wide = strokes.shape
    reach = max(2, wide // 100)
    y, x = high // 2, wide // 2
    across = strokes[y - reach : y + reach + 1].any(axis=0)
    down = strokes[:, x - reach : x + reach + 1].any(axis=1)
    if across.mean() < 0.85 or down.mean() < 0.85:
        return False
    rest = strokes.copy()
    rest[y - 2 * reach : y + 2 * reach + 1] = False
    rest[:, x - 2 * reach : x + 2 * reach + 1] = False
    mirrored = cv2.dilate(rest[:, ::-1].astype(np.uint8), square(7)) > 0
    return bool(rest.mean() < 0.15 and (rest & mirrored).sum() >= 0.6 * rest.sum() > 0)


def _is_emblem(pixels: NDArray[np.uint8], edges: NDArray[np.uint8]) -> bool:
    """Whether a drawing in few tones stands clear of all edges on a ground of one tone."""
    high, wide = edges.shape
    strong = edges > CALM
    inner = np.s_[high // 12 : -(high // 12), wide // 12 : -(wide // 12)]
    if strong.mean() > 1 - EMBLEM_GROUND or strong.sum() > 1.02 * strong[inner].sum():
        return False
    tones = pixels >> 3
    codes = tones.astype(np.int32) @ (1 << 10, 1 << 5, 1)
    counts = np.sort(np.bincount(codes.ravel()))[::-1]
    drawn = counts[1:][counts[1:] > 0]
    if counts[0] < EMBLEM_GROUND * codes.size or not len(drawn):
        return False
    enough = int(np.searchsorted(np.cumsum(drawn), 0.8 * drawn.sum())) + 1
    return enough <= EMBLEM_TONES
