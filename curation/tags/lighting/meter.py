"""Measures of one frame's light; holds no state between frames."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from curation.tags.frame_bars import bars
from curation.tags.lighting import features
from curation.tags.lighting.modelling import modelling
from curation.tags.lighting.sight import sight
from curation.tags.subject import subject

if TYPE_CHECKING:
    from curation.media import Frame
    from curation.tags.photometry import Light

BARS: Final = ("bar_top", "bar_bottom", "bar_left", "bar_right")


class LightingMeter:
    """Called with a frame, returns the measures of `features` and `modelling`, and the bars.

    Bars are shares of the picture's height and width, NaN where what is dark could be bar or
    scene; everything else but the subject's box is measured inside them.
    """

    def __init__(self, light: Light) -> None:
        self._light = light

    def __call__(self, frame: Frame, before: Frame | None = None) -> dict[str, float]:
        rgb = frame.rgb
        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        rows, columns = bars(grey)
        values = dict.fromkeys(BARS, math.nan)
        height, width = grey.shape
        if rows.certain:
            values |= {"bar_top": rows.first / height, "bar_bottom": 1 - rows.past / height}
        if columns.certain:
            values |= {"bar_left": columns.first / width, "bar_right": 1 - columns.past / width}
        inside = np.ascontiguousarray(rgb[rows.first : rows.past, columns.first : columns.past])
        values |= features.measure(sight(inside, self._light))
        return values | modelling(rgb, self._light, subject(frame))
