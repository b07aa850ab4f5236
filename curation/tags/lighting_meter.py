"""What the light of one frame measures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.frame_bars import bars
from curation.tags.photometry import Light, light_of, temperature

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo

Bytes = NDArray[np.uint8]

SHADOW_STOPS: Final = -3.1
"""Shadow begins 3.1 stops under mid-grey (2 % of white)."""
FLOOR_STOPS: Final = -8.0
CEILING_STOPS: Final = 7.0
BINS: Final = 600
NORM: Final = 5
"""Minkowski norm of shades-of-grey (Finlayson & Trezzi 2004 found 6 best; 4-6 do equally)."""
MID_TONES: Final = (12, 248)
"""Codes between which a pixel is neither crushed nor clipped; light is read from the brighter half
of the picture, within them."""
COLOURED: Final = 4
"""CIELAB chroma that 8-bit video of a neutral picture does not exceed."""

MEASURES: Final = (
    "median_stops",
    "p10_stops",
    "p95_stops",
    "shadow_share",
    "key_value",
    "cct_k",
    "duv",
    "chroma",
    "coloured_share",
    "bar_top",
    "bar_bottom",
    "bar_left",
    "bar_right",
)


class LightingMeter:
    """Measures of one frame; holds no state between frames.

    Called with a frame, returns `MEASURES`: stops from mid-grey, shares of the picture or (bars) of
    its height and width, `key_value` in [0, 0.25], `cct_k` in kelvin, `chroma` in CIELAB units.
    Everything but the bars is measured inside them.
    """

    def __init__(self, video: VideoInfo) -> None:
        self._light = light_of(video)
        self._weights = self._light.weights.astype(np.float32).reshape(1, 3)
        self._power = (self._light.linear**NORM).astype(np.float32)

    def __call__(self, frame: Frame, before: Frame | None = None) -> dict[str, float]:
        grey = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        rows, columns = bars(grey)
        values = dict.fromkeys(MEASURES, math.nan)
        height, width = grey.shape
        if rows.certain:
            values |= {"bar_top": rows.first / height, "bar_bottom": 1 - rows.past / height}
        if columns.certain:
            values |= {"bar_left": columns.first / width, "bar_right": 1 - columns.past / width}
        inside = slice(rows.first, rows.past), slice(columns.first, columns.past)
        rgb, grey = np.ascontiguousarray(frame.rgb[inside]), np.ascontiguousarray(grey[inside])
        values |= _tones(rgb, grey, self._light, self._weights)
        values |= _colour(rgb, grey, self._light, self._power)
        return values


def _tones(rgb: Bytes, grey: Bytes, light: Light, weights: NDArray[np.float32]) -> dict[str, float]:
    luminance = cv2.transform(cv2.LUT(rgb, light.linear), weights)
    stops = np.log2(np.maximum(luminance.ravel(), 1e-6)) * light.slope + light.offset
    histogram = cv2.calcHist(
        [np.clip(stops, FLOOR_STOPS, CEILING_STOPS - 1e-3)],
        [0],
        None,
        [BINS],
        [FLOOR_STOPS, CEILING_STOPS],
    )
    counts = np.cumsum(histogram.ravel(), dtype=np.float64)
    below = counts / counts[-1]
    width = (CEILING_STOPS - FLOOR_STOPS) / BINS

    def quantile(share: float) -> float:
        return FLOOR_STOPS + width * (int(np.searchsorted(below, share)) + 0.5)

    mean, deviation = cv2.meanStdDev(grey)
    return {
        "median_stops": quantile(0.5),
        "p10_stops": quantile(0.1),
        "p95_stops": quantile(0.95),
        "shadow_share": float(below[round((SHADOW_STOPS - FLOOR_STOPS) / width) - 1]),
        "key_value": float(mean[0, 0] * deviation[0, 0]) / 255**2,
    }


def _colour(rgb: Bytes, grey: Bytes, light: Light, power: NDArray[np.float32]) -> dict[str, float]:
    lab = cv2.cvtColor(cv2.resize(rgb, (160, 90), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    ab = lab[..., 1:].astype(np.float32) - 128
    chroma = np.sqrt(np.square(ab).sum(axis=-1))
    values = {"chroma": float(chroma.mean()), "coloured_share": float((chroma > COLOURED).mean())}
    darkest = int(np.quantile(grey[::2, ::2], 0.5))
    mid_tones = cv2.inRange(grey, max(MID_TONES[0], darkest), MID_TONES[1])
    if cv2.countNonZero(mid_tones) < 0.01 * grey.size:
        return values
    mean = np.array(cv2.mean(cv2.LUT(rgb, power), mid_tones)[:3])
    values["cct_k"], values["duv"] = temperature(mean ** (1 / NORM), light)
    return values
