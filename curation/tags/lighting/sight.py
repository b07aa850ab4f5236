"""A frame as light: what every measure of lighting is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.photometry import Light, to_bt709

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

FLOOR_STOPS: Final = -8.0
CEILING_STOPS: Final = 7.0
HALF: Final = 160
"""Width of the pictures that are measured: shares and slopes of a 320 wide one stay as they are."""
LEAST: Final = 16
"""Pixels of each side below which a picture is enlarged: there are no slopes in a line."""
DAMPING: Final = 0.055
"""Share of mid-grey that is added to each primary before two are compared: below it eight bits
hold no colour."""
WEIGHTS: Final = np.array([[0.2126, 0.7152, 0.0722]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """The picture inside the bars, at most 160 wide, in light.

    `codes` (h, w, 3): R'G'B' as decoded. `stops` (h, w): luminance from mid-grey, in [-8, 7].
    Colour varies less than luminance and is seen in every second pixel both ways: `linear`
    (h/2, w/2, 3): light in BT.709 primaries, mid-grey = 1; `red`, `blue` (h/2, w/2): red and blue
    against green in stops, near 0 in deep shadow.
    """

    codes: Bytes
    stops: Floats
    linear: Floats
    red: Floats
    blue: Floats


def sight(rgb: Bytes, light: Light) -> Sight:
    """Light of a picture (height, width, 3) without its bars."""
    high, wide = rgb.shape[:2]
    if wide > HALF and high > 1:
        rgb = np.ascontiguousarray(rgb[: high // 2 * 2, : wide // 2 * 2])
        rgb = np.asarray(
            cv2.resize(rgb, (wide // 2, high // 2), interpolation=cv2.INTER_AREA), np.uint8
        )
    if min(rgb.shape[:2]) < LEAST:
        size = max(rgb.shape[1], LEAST), max(rgb.shape[0], LEAST)
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    linear = np.asarray(cv2.LUT(rgb, light.grey), np.float32)
    if (matrix := to_bt709(light)) is not None:
        linear = np.maximum(np.asarray(cv2.transform(linear, matrix)), 0)
    luminance = np.asarray(cv2.transform(linear, WEIGHTS))
    stops = cv2.log(np.maximum(luminance, 2.0**FLOOR_STOPS)) * np.float32(light.slope / np.log(2))
    np.clip(stops, FLOOR_STOPS, CEILING_STOPS, out=stops)
    some = np.ascontiguousarray(linear[::2, ::2])
    logs = cv2.log(some + np.float32(DAMPING)) * np.float32(1 / np.log(2))
    red, blue = logs[..., 0] - logs[..., 1], logs[..., 2] - logs[..., 1]
    return Sight(rgb, stops.reshape(rgb.shape[:2]), some, red, blue)
