"""Colours of a picture: Oklab, and the few that stand for all of them."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CODES: Final = np.arange(256) / 255
_LINEAR = np.where(CODES <= 0.04045, CODES / 12.92, ((CODES + 0.055) / 1.055) ** 2.4)
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_BIN: Final = 1 / 32
_ROUNDS: Final = 12


def oklab(rgb: NDArray[np.uint8]) -> Floats:
    """L in [0, 1], a and b of 8-bit sRGB colours (…, 3), in that shape.

    Ottosson, "A perceptual color space for image processing", 2020.
    """
    return np.asarray(np.cbrt(_LINEAR[rgb] @ _TO_CONES.T) @ _TO_LAB.T)


def colourfulness(rgb: NDArray[np.uint8]) -> float:
    """M3 of Hasler & Süsstrunk, "Measuring colourfulness in natural images", 2003; 0 for grey."""
    red, green, blue = (plane.astype(np.float64) for plane in cv2.split(rgb))
    sides = red - green, (red + green) / 2 - blue
    spread = np.hypot(*(side.std() for side in sides))
    return float(spread + 0.3 * np.hypot(*(side.mean() for side in sides)))


def binned(lab: Floats) -> tuple[Floats, Floats]:
    """Pixels (pixels, 3) of Oklab as fewer colours (colours, 3), and the share of each.

    Those of one cell of a grid of 1/32 become their mean.
    """
    cells = np.floor(lab / _BIN).astype(np.int64) + 64
    keys = (cells[:, 0] << 20) + (cells[:, 1] << 10) + cells[:, 2]
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    means = [np.bincount(inverse, lab[:, k]) / counts for k in range(3)]
    return np.stack(means, axis=1), counts / len(lab)


def clusters(points: Floats, shares: Floats, count: int) -> tuple[Floats, Floats]:
    """At most `count` colours that stand for `points` (colours, 3), largest first, with shares.

    Lloyd's k-means; begun, so that nothing is left to chance, from the largest share, then from
    what is largest and farthest from those chosen.
    """
    chosen = [int(shares.argmax())]
    near = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < min(count, len(points)) and (near * shares).max() > 0:
        chosen.append(int((near * shares).argmax()))
        near = np.minimum(near, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    centres = points[chosen]
    for _ in range(_ROUNDS):
        owner = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        weights = np.bincount(owner, shares, len(centres))
        sums = [np.bincount(owner, shares * points[:, k], len(centres)) for k in range(3)]
        kept = weights > 0
        moved = np.stack(sums, axis=1)[kept] / weights[kept, None]
        if len(moved) == len(centres) and np.abs(moved - centres).max() < 1e-6:
            break
        centres = moved
    owner = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    weights = np.bincount(owner, shares, len(centres))
    order = np.argsort(-weights, kind="stable")
    return centres[order], np.asarray(weights[order], np.float64)
