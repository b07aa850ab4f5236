"""How light falls on the subject: its box and its face, each as a small relief in stops."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from curation.tags.lighting.sight import WEIGHTS, Bytes, Floats
from curation.tags.photometry import Light

if TYPE_CHECKING:
    from curation.tags.faces import Box
    from curation.tags.subject import Subject

SIDE: Final = 48
"""Pixels of the square in which a subject or a face is seen, whatever its size."""
CELLS: Final = 6
FACE_CELLS: Final = 4


def modelling(rgb: Bytes, light: Light, about: Subject) -> dict[str, float]:
    """Light on the subject of a whole frame (height, width, 3), in stops.

    `subject_…` is measured in its box, `face_…` in its face (NaN without one); cells count rows
    first, over the mean of their box.
    """
    return (
        _part("subject", rgb, light, about.box, CELLS)
        | _part("face", rgb, light, about.face.box if about.face else None, FACE_CELLS)
        | {"subject_sure": about.confidence}
    )


def _part(name: str, rgb: Bytes, light: Light, box: Box | None, cells: int) -> dict[str, float]:
    names = [f"cell_{y}{x}" for y in range(cells) for x in range(cells)]
    others = (
        "p10",
        "p50",
        "p90",
        "left_right",
        "top_bottom",
        "slope_50",
        "slope_90",
        "slope_99",
        "red",
        "blue",
        "height",
        "width",
        "x",
        "y",
    )
    if box is None:
        return {f"{name}_{n}": math.nan for n in (*names, *others)}
    seen = np.asarray(cv2.resize(box.pixels(rgb), (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    linear = cv2.LUT(seen, light.grey)
    luminance = np.asarray(cv2.transform(linear, WEIGHTS)).reshape(SIDE, SIDE)
    stops: Floats = np.log2(np.maximum(luminance, 2.0**-7)) * np.float32(light.slope)
    grid = np.asarray(cv2.resize(stops, (cells, cells), interpolation=cv2.INTER_AREA))
    flat = np.sort(stops, axis=None)
    p10, p50, p90 = (float(flat[int(q * (len(flat) - 1))]) for q in (0.1, 0.5, 0.9))
    across, down = np.abs(np.diff(stops, axis=1))[1:], np.abs(np.diff(stops, axis=0))[:, 1:]
    slope = np.sort(np.maximum(across, down), axis=None)
    half = SIDE // 2
    mean = float(grid.mean())
    red, green, blue = np.log2(linear.reshape(-1, 3).mean(axis=0) + 1e-3)
    values = dict(zip(names, (float(c) - mean for c in grid.ravel()), strict=True)) | dict(
        zip(
            others,
            (
                p10,
                p50,
                p90,
                float(stops[:, half:].mean() - stops[:, :half].mean()),
                float(stops[:half].mean() - stops[half:].mean()),
                *(float(slope[int(q * (len(slope) - 1))]) for q in (0.5, 0.9, 0.99)),
                float(red - green),
                float(blue - green),
                box.height,
                box.width,
                (box.left + box.right) / 2,
                (box.top + box.bottom) / 2,
            ),
            strict=True,
        )
    )
    return {f"{name}_{n}": v for n, v in values.items()}
