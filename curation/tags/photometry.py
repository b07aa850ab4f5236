"""Code values to light, and light to colour temperature.

Tables are relative to SDR reference white = 1 (PQ and HLG: such that 26 nits is 18 %), so that
stops from mid-grey compare across SDR and HDR.

Eight bits of R'G'B' are enough for that, of films of ten bits too. A 10-bit code in limited range,
rounded to 8 bits, is off by at most (in stops; BT.1886 to +2.5, HLG to +5.2):

    stops from mid-grey   -8 to -6   -6 to -4   -4 to -2   -2 to 2   2 to 6
    PQ                        0.12       0.08       0.06      0.05     0.04
    HLG                       0.17       0.10       0.06      0.03     0.02
    BT.1886                   0.14       0.08       0.04      0.02     0.01

That is a third of a label's least margin in the deepest shadow and far less elsewhere, and it
averages out over a picture. Of a grey in PQ apparent colour is off by up to 7 mired.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from curation.media import VideoInfo

Floats = NDArray[np.float64]

MID_GREY: Final = 0.18
HDR_MID_GREY_NITS: Final = 26.0
"""18 % of the 203 nit reference white is 36; 26 is the grey card at 38 % of PQ and HLG
(ITU-R BT.2408-7, table 1)."""
HLG_PEAK_NITS: Final = 1000.0
HLG_SYSTEM_GAMMA: Final = 1.2
"""ITU-R BT.2100-2, table 5, at the nominal peak of 1000 nits."""

_PRIMARIES: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt470bg": ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
    "smpte170m": ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    "smpte240m": ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
}
"""ITU-T H.273, table 2; white is D65 in all of them."""
_D65: Final = (0.3127, 0.3290)


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """How to read a film's 8-bit R'G'B'.

    `linear` maps a code to linear light, float32 (256,), mid-grey not yet placed for HLG; `grey`
    the same with mid-grey at 1, whose stops are `slope * log2(luminance)`.
    `weights` make luminance of linear RGB; `to_xyz` (3, 3) makes XYZ. Stops from mid-grey are
    `slope * log2(luminance) + offset`.
    """

    linear: NDArray[np.float32]
    grey: NDArray[np.float32]
    primaries: str
    weights: Floats
    to_xyz: Floats
    slope: float
    offset: float


def light_of(video: VideoInfo) -> Light:
    """The tables for a film, from the transfer and primaries of its stream.

    Unlisted primaries are read as BT.709, unlisted transfers as SDR.
    """
    return light_from(video.transfer, video.primaries)


@lru_cache(maxsize=32)
def light_from(transfer: str, primaries: str) -> Light:
    """The tables for a transfer and primaries by FFmpeg's names."""
    code = np.arange(256) / 255.0
    slope, offset = 1.0, -math.log2(MID_GREY)
    match transfer:
        case "smpte2084":
            linear = _pq_nits(code) / HDR_MID_GREY_NITS * MID_GREY
        case "arib-std-b67":
            linear = _hlg_scene(code)
            slope = HLG_SYSTEM_GAMMA
            offset = math.log2(HLG_PEAK_NITS / HDR_MID_GREY_NITS)
        case "linear":
            linear = code
        case "iec61966-2-1":
            linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
        case _:
            linear = code**2.4
    to_xyz = _rgb_to_xyz(_PRIMARIES.get(primaries, _PRIMARIES["bt709"]))
    grey = linear * 2.0 ** (offset / slope)
    return Light(
        linear.astype(np.float32),
        grey.astype(np.float32),
        primaries,
        to_xyz[1],
        to_xyz,
        slope,
        offset,
    )


def to_bt709(light: Light) -> Floats | None:
    """The matrix (3, 3) from a film's linear RGB to BT.709's; None where they are the same."""
    bt709 = _rgb_to_xyz(_PRIMARIES["bt709"])
    if np.array_equal(light.to_xyz, bt709):
        return None
    return np.asarray(np.linalg.solve(bt709, light.to_xyz))


def _pq_nits(code: Floats) -> Floats:
    """SMPTE ST 2084 EOTF: code in [0, 1] to nits."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = code ** (1 / m2)
    nits: Floats = 10000.0 * (np.maximum(root - c1, 0.0) / (c2 - c3 * root)) ** (1 / m1)
    return nits


def _hlg_scene(code: Floats) -> Floats:
    """ITU-R BT.2100 inverse OETF of HLG: code in [0, 1] to scene light in [0, 1]."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * math.log(4 * a)
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)


def _rgb_to_xyz(primaries: tuple[tuple[float, float], ...]) -> Floats:
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    x, y = _D65
    white = np.array([x / y, 1.0, (1 - x - y) / y])
    return columns * np.linalg.solve(columns, white)


def temperature(rgb: Floats, light: Light) -> tuple[float, float]:
    """Apparent CCT in kelvin, and Duv, of linear RGB (3,).

    The nearest point of the Planckian locus in CIE 1960 (u, v), found on a table and refined on
    the segment beside it (Ohno, "Practical use and calculation of CCT and Duv", LEUKOS 10, 2014).
    Limited to 1667-25000 K. Duv is positive above the locus, towards green. NaN for black.
    """
    x, y, z = light.to_xyz @ rgb
    total = x + 15 * y + 3 * z
    if total <= 0:
        return math.nan, math.nan
    point = np.array([4 * x / total, 6 * y / total])
    mired, locus = _locus()
    i = int(np.square(locus - point).sum(axis=1).argmin())
    before, after = max(i - 1, 0), min(i + 1, len(mired) - 1)
    chord = locus[after] - locus[before]
    share = float(np.clip((point - locus[before]) @ chord / (chord @ chord), 0.0, 1.0))
    foot = locus[before] + share * chord
    kelvin = 1e6 / (mired[before] + share * (mired[after] - mired[before]))
    off = point - foot
    return float(kelvin), math.copysign(math.hypot(*off), off[1])


@lru_cache(maxsize=1)
def _locus() -> tuple[Floats, Floats]:
    """Mired (n,) and the locus's (u, v) (n, 2): Planck's law in the fit of Kim et al., US patent
    7024034 (2002), good to 1e-3 in x and y from 1667 to 25000 K."""
    mired = np.linspace(1e6 / 1667, 40.0, 512)
    t = 1e6 / mired
    x = np.where(
        t <= 4000,
        -0.2661239e9 / t**3 - 0.2343589e6 / t**2 + 0.8776956e3 / t + 0.179910,
        -3.0258469e9 / t**3 + 2.1070379e6 / t**2 + 0.2226347e3 / t + 0.240390,
    )
    low = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    mid = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    high = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    y = np.where(t <= 2222, low, np.where(t <= 4000, mid, high))
    scale = -2 * x + 12 * y + 3
    return mired, np.stack([4 * x / scale, 6 * y / scale], axis=1)
