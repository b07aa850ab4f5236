"""What the light of a whole frame measures, in numbers of which models are made."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.lighting.sight import Floats, Sight

SHADOW_STOPS: Final = -3.1
"""Shadow begins 3.1 stops under mid-grey (2 % of white)."""
DEEP_STOPS: Final = -5.0
"""Five stops under mid-grey: code 29 of 255 as BT.1886 shows it."""
QUANTILES: Final = (1, 5, 10, 25, 50, 75, 90, 95, 99)
NORM: Final = 5
"""Minkowski norm of shades-of-grey (Finlayson & Trezzi 2004 found 6 best; 4-6 do equally)."""
GRID: Final = (6, 4)
"""Columns and rows in which the picture's layout is measured."""
HUES: Final = 8
STRONG: Final = 1.2
"""Stops of red or blue against green from which a colour is strong: beyond any white's."""
COLOURED: Final = 4
"""CIELAB chroma that 8-bit video of a neutral picture does not exceed."""
BLOB_STOPS: Final = 1.6
"""A lamp in the picture is at least this far over mid-grey and 2 stops over the median."""


def tones(seen: Sight) -> dict[str, float]:
    """Where luminance lies: quantiles in stops, shares of shadow and light."""
    flat = np.sort(seen.stops, axis=None)
    at = np.minimum((np.array(QUANTILES) * len(flat)) // 100, len(flat) - 1)
    names = ("median_stops" if q == 50 else f"p{q:02d}_stops" for q in QUANTILES)
    values = {name: float(v) for name, v in zip(names, flat[at], strict=True)}
    below = np.searchsorted(flat, [SHADOW_STOPS, DEEP_STOPS, 0.0, 2.0]) / len(flat)
    grey = cv2.cvtColor(seen.codes, cv2.COLOR_RGB2GRAY)
    mean, deviation = cv2.meanStdDev(grey)
    return values | {
        "mean_stops": float(flat.mean()),
        "spread_stops": float(flat.std()),
        "shadow_share": float(below[0]),
        "deep_share": float(below[1]),
        "lit_share": float(1 - below[2]),
        "bright_share": float(1 - below[3]),
        "key_value": float(mean[0, 0] * deviation[0, 0]) / 255**2,
        "mean_code": float(mean[0, 0]) / 255,
        "clipped_share": float(cv2.countNonZero(cv2.inRange(grey, 246, 255)) / grey.size),
    }


def colour(seen: Sight) -> dict[str, float]:
    """Colour of the light by several estimates of white, and of its parts.

    Pairs `…_red`, `…_blue` are log2 of red and blue over green of an estimate of white.
    """
    values: dict[str, float] = {}
    linear, stops = seen.linear, seen.stops[::2, ::2]
    top = linear.max(axis=2)
    ceiling = 0.93 * float(top.max())
    usable = (stops > max(-4.5, float(np.median(stops)))) & (top < max(ceiling, 0.5))
    if np.count_nonzero(usable) < 0.01 * stops.size:
        usable = stops > -6.0
    if np.count_nonzero(usable) < 0.01 * stops.size:
        names = ("shades", "grey", "edge", "patch")
        values |= {f"{n}_{c}": math.nan for n in names for c in ("red", "blue")}
    else:
        light = linear[usable]
        values |= _ratio("shades", _minkowski(light))
        values |= _ratio("grey", light.mean(axis=0))
        bright = light[:, 1] >= _quantiles(light[:, 1], 0.9)[0]
        values |= _ratio("patch", light[bright].mean(axis=0))
        step = np.abs(linear[:, 1:] - linear[:, :-1])[usable[:, 1:] & usable[:, :-1]]
        values |= _ratio("edge", (step**2).mean(axis=0) ** 0.5 if len(step) else np.ones(3))
    low, high = _quantiles(stops, 0.4, 0.75)
    for name, zone in (("low", stops < low), ("high", stops > high)):
        mask = zone.astype(np.uint8)
        values[f"{name}_red"] = cv2.mean(seen.red, mask)[0]
        values[f"{name}_blue"] = cv2.mean(seen.blue, mask)[0]
    values["red_spread"], values["blue_spread"] = float(seen.red.std()), float(seen.blue.std())
    chroma = np.asarray(cv2.magnitude(seen.red, seen.blue))
    is_strong = chroma > STRONG
    strong = chroma[is_strong]
    hue = np.arctan2(seen.blue[is_strong], seen.red[is_strong])
    sector = ((hue + math.pi) / (2 * math.pi) * HUES).astype(np.int32) % HUES
    share = np.bincount(sector, weights=strong, minlength=HUES) / stops.size
    values |= {f"hue_{k}": float(s) for k, s in enumerate(share)}
    values["strong_share"] = float(len(strong) / stops.size)
    values["chroma"] = float(chroma.mean())
    codes = np.ascontiguousarray(seen.codes[::2, ::2])
    lab = cv2.cvtColor(codes, cv2.COLOR_RGB2LAB)[..., 1:].astype(np.float32) - 128
    coloured = np.square(lab).sum(axis=-1) > COLOURED**2
    values["coloured_share"] = float(coloured.mean())
    return values


def _quantiles(values: Floats, *shares: float) -> list[float]:
    flat = np.sort(values, axis=None)
    return [float(flat[int(share * (len(flat) - 1))]) for share in shares]


def _minkowski(light: Floats) -> NDArray[np.floating]:
    square = light * light
    power = square * square * light
    return np.asarray(power.mean(axis=0) ** (1 / NORM))


def _ratio(name: str, rgb: NDArray[np.floating]) -> dict[str, float]:
    r, g, b = np.log2(np.maximum(rgb, 1e-4))
    return {f"{name}_red": float(r - g), f"{name}_blue": float(b - g)}


def layout(seen: Sight) -> dict[str, float]:
    """Where in the picture light lies: stops over the mean in a grid, and its middle and edges."""
    columns, rows = GRID
    cells = _cells(seen.stops, columns, rows)
    mean = float(cells.mean())
    values = {
        f"cell_{y}{x}": float(cells[y, x]) - mean for y in range(rows) for x in range(columns)
    }
    fine = _cells(seen.stops, 16, 9)
    middle, border = float((fine * _MIDDLE).sum()), fine[_BORDER]
    values |= {
        "middle_stops": middle,
        "border_over_middle": float(border.mean()) - middle,
        "border_high_over_middle": _quantiles(border, 0.75)[0] - middle,
        "left_right": float(fine[:, 8:].mean() - fine[:, :8].mean()),
        "top_bottom": float(fine[:3].mean() - fine[6:].mean()),
        "cell_spread": float(fine.std()),
    }
    third = max(1, seen.red.shape[0] // 3)
    values |= {
        "sky_red": float(seen.red[:third].mean()),
        "sky_blue": float(seen.blue[:third].mean()),
        "floor_red": float(seen.red[-third:].mean()),
        "floor_blue": float(seen.blue[-third:].mean()),
    }
    return values


def _cells(plane: Floats, columns: int, rows: int) -> Floats:
    return np.asarray(cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def _weights() -> tuple[Floats, NDArray[np.bool_]]:
    y, x = np.mgrid[0.5 / 9 : 1 : 1 / 9, 0.5 / 16 : 1 : 1 / 16]
    middle = np.exp(-(((x - 0.5) / 0.18) ** 2 + ((y - 0.5) / 0.32) ** 2) / 2)
    return (middle / middle.sum()).astype(np.float32), (x < 0.16) | (x > 0.84) | (y < 0.16)


_MIDDLE, _BORDER = _weights()


def relief(seen: Sight) -> dict[str, float]:
    """How sharply light changes: slopes of luminance at two scales, lamps, texture of the sky."""
    stops = np.maximum(seen.stops, -7.0)
    across, down = np.abs(stops[1:, 1:] - stops[1:, :-1]), np.abs(stops[1:, 1:] - stops[:-1, 1:])
    slope = np.sort(np.maximum(across, down), axis=None)
    coarse = np.asarray(cv2.boxFilter(stops, -1, (9, 9)), np.float32)[::4, ::4]
    wide = np.abs(np.diff(coarse, axis=1))
    at = [int(q * (len(slope) - 1)) for q in (0.5, 0.9, 0.99)]
    values = dict(zip(("slope_50", "slope_90", "slope_99"), map(float, slope[at]), strict=True))
    values["wide_slope"] = _quantiles(wide, 0.9)[0] if wide.size else 0.0
    third = max(1, across.shape[0] // 3)
    values["sky_texture"], values["floor_texture"] = (
        float(across[:third].mean()),
        float(across[-third:].mean()),
    )
    bar = max(BLOB_STOPS, float(np.median(stops)) + 2.0)
    lamps = (seen.stops > bar).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(lamps, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA] / lamps.size
    small = areas[(areas > 2e-4) & (areas < 0.03)]
    values["lamps"] = float(min(len(small), 20))
    values["lamp_share"] = float(small.sum())
    values["largest_lamp"] = float(areas.max()) if count > 1 else 0.0
    return values


def measure(seen: Sight) -> dict[str, float]:
    """All measures of a frame: the same names every time, NaN where one is not defined."""
    return tones(seen) | colour(seen) | layout(seen) | relief(seen)
