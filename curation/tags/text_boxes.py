"""Text in a picture: found by a network, not read.

The network is the detector of PP-OCRv4 (Baidu, Apache-2.0) as `rapidocr-onnxruntime` ships it, of
the kind of Liao et al., "Real-time scene text detection with differentiable binarization" (AAAI
2020). It is shown no whole picture: what may be lines of letters is cut out, brought to the size
of letters that it reads best and laid on one small sheet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.models import Weights, own, session
from curation.tags.faces import WHOLE, Box
from curation.tags.text_places import Place, places

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]

DETECTOR: Final = Weights(
    "rapidocr-onnxruntime",
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
    "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
    "Apache-2.0",
)
INK: Final = 0.3
"""Probability from which a pixel is text (the paper's threshold)."""
SCORE: Final = 0.75
"""Mean probability of a box under which it is not given."""
UNCLIP: Final = 1.5
"""The network draws text shrunk; it is grown by this times its area over its perimeter, as the
paper does."""
SHEET: Final = (640, 224)
"""Greatest width and height of the sheet; what finds no room on it is not looked at."""
_STEP = 32
_LEAST = 3


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text, a word or a line, and how sure it is in [0, 1]."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class _Tile:
    """A part of the picture, and where it lies on the sheet."""

    place: Place
    pixels: Pixels
    left: int
    top: int

    def of(self, sheet: Numbers) -> Numbers:
        """What lies there on a sheet (…, height, width)."""
        high, wide = self.pixels.shape[:2]
        return sheet[..., self.top : self.top + high, self.left : self.left + wide]

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """A box in the tile's pixels as one of the picture."""
        high, wide = self.pixels.shape[:2]
        place = self.place
        across, down = (place.right - place.left) / wide, (place.bottom - place.top) / high
        return Box(
            place.left + across * left,
            place.top + down * top,
            place.left + across * right,
            place.top + down * bottom,
        ).within(WHOLE)


class TextFinder:
    """The detector on one CPU core.

    Raises `ModelUnavailableError` where the weights or what runs them is not installed.
    """

    def __init__(self) -> None:
        self._session = session(DETECTOR.path())

    def find(self, rgb: Pixels) -> tuple[Text, ...]:
        """Text of an upright uint8 RGB picture (height, width, 3), the largest first."""
        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        tiles = _laid([(place, _cut(rgb, place)) for place in places(grey)])
        if not tiles:
            return ()
        likely = self._likely(tiles)
        found = [
            Text(tile.box(*edges), score)
            for tile in tiles
            for *edges, score in _boxes(tile.of(likely))
        ]
        return _distinct(found)

    def _likely(self, tiles: Sequence[_Tile]) -> Numbers:
        """How likely each pixel of the sheet is text, shape (height, width)."""
        wide = max(tile.left + tile.pixels.shape[1] for tile in tiles)
        high = max(tile.top + tile.pixels.shape[0] for tile in tiles)
        sheet = np.zeros((3, -(-high // _STEP) * _STEP, -(-wide // _STEP) * _STEP), np.float32)
        for tile in tiles:
            # It was trained on pictures with blue first.
            blue_first = tile.pixels[..., ::-1].transpose(2, 0, 1)
            tile.of(sheet)[:] = blue_first / np.float32(127.5) - np.float32(1)
        (likely,) = self._session.run(None, {"x": sheet[None]})
        return np.asarray(likely[0, 0], np.float32)


@own
def finder() -> TextFinder:
    """The process's own. Raises `ModelUnavailableError` where it cannot be made."""
    return TextFinder()


@cache
def missing() -> str | None:
    """What to install before text can be found; None where nothing is missing."""
    return DETECTOR.missing("onnxruntime")


def _cut(rgb: Pixels, place: Place) -> Pixels:
    """A place of a picture at the size in which it is shown."""
    high, wide = rgb.shape[:2]
    left, right = math.floor(place.left * wide), math.ceil(place.right * wide)
    top, bottom = math.floor(place.top * high), math.ceil(place.bottom * high)
    cut = rgb[top:bottom, left:right]
    scale = min(place.width / wide, SHEET[0] / (right - left), SHEET[1] / (bottom - top))
    if scale == 1.0:
        return cut
    size = max(1, int((right - left) * scale)), max(1, int((bottom - top) * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cut, size, interpolation=how), np.uint8)


def _laid(cuts: Sequence[tuple[Place, Pixels]]) -> list[_Tile]:
    """The first cuts that find room on a sheet, in rows, the tallest first."""
    room, chosen = SHEET[0] * SHEET[1], []
    for place, pixels in cuts:
        if pixels.shape[0] * pixels.shape[1] <= room:
            chosen.append((place, pixels))
            room -= pixels.shape[0] * pixels.shape[1]
    tiles = []
    left = top = deep = 0
    for place, pixels in sorted(chosen, key=lambda cut: cut[1].shape[:2], reverse=True):
        high, wide = pixels.shape[:2]
        if left + wide > SHEET[0]:
            left, top, deep = 0, top + deep, 0
        if top + high <= SHEET[1]:
            tiles.append(_Tile(place, pixels, left, top))
            left, deep = left + wide, max(deep, high)
    return tiles


def _boxes(likely: Numbers) -> list[tuple[float, float, float, float, float]]:
    """Upright boxes (left, top, right, bottom, score) in pixels of a map of how likely text is."""
    ink = (likely > INK).astype(np.uint8)
    found = []
    for outline in cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        x, y, wide, high = cv2.boundingRect(outline)
        if min(wide, high) < _LEAST:
            continue
        inside = np.zeros((high, wide), np.uint8)
        cv2.drawContours(inside, [outline - np.array([x, y])], -1, 1, -1)
        score = cv2.mean(likely[y : y + high, x : x + wide], inside)[0]
        if score >= SCORE:
            grow = UNCLIP * wide * high / (2 * (wide + high))
            found.append((x - grow, y - grow, x + wide + grow, y + high + grow, float(score)))
    return found


def _distinct(found: Sequence[Text]) -> tuple[Text, ...]:
    """Without what lies mostly in another box, the largest first."""
    kept: list[Text] = []
    for text in sorted(found, key=lambda one: one.box.width * one.box.height, reverse=True):
        box = text.box
        area = box.width * box.height
        inside = (text.box.within(other.box) for other in kept)
        if area > 0 and not any(part.width * part.height > area / 2 for part in inside):
            kept.append(text)
    return tuple(kept)
