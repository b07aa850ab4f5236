"""Colour of a shot: its few main colours, how strong they are, whether there are any; its medium.

Monochrome is told from the picture, not from its story: `yes` is grey, `toned` one tone laid over
grey, as in sepia, where colour follows from lightness alone. Light of one colour is not toned: skin
and things keep a colour of their own in it.

Of the medium only what is drawn in flat colours can be told so cheaply: plain areas without
texture, crossed by edges. Neither grain, edges nor colours tell a rendered picture from a
photographed one: a logistic model of twelve such numbers, asked about films held out, was right 78
times in 100 where it was surest. One of EfficientNet's features, of coloured film, each film held
out, is right in at most 80 of the 100 stills that it is surest are live action, for lit renders
look photographed to it; animation it names in one still of seven, rightly, but against photographs
of five films alone, and every shot would be looked at once more. So photographs and most renders
are `unknown`, and `live_action` is never said. A rendered clear sky counts as drawn; real ones have
a gradient.

Thresholds of tone and medium were chosen on benchmarks/labels (tags_palette.py): shots of eleven
films and toned copies of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.colours import binned, clusters, colourfulness, oklab
from curation.tags.frame_bars import bars
from curation.tags.numbers import measured, middle, pick, sureness, unknown
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.tags.protocol import Series

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

COLOURS: Final = 5
SMALL: Final = 96
"""Width at which colours are measured: single pixels of a codec's chroma are evened out."""
HUES: Final = {
    "red": 358.8,
    "orange": 50.0,
    "yellow": 90.2,
    "green": 126.1,
    "cyan": 168.6,
    "blue": 229.4,
    "magenta": 296.2,
}
"""Where each family begins in Oklab, degrees: halfway between the hues of sRGB's red, orange,
yellow, green, cyan, blue and magenta, 29, 71, 110, 142, 195, 264 and 328."""
NEUTRAL: Final = 0.03
"""Oklab chroma under which a colour counts as grey; a working convention, as is…"""
COLOURED: Final = 0.25
"""…the share of the picture that colours must take before one of them is its main one."""
MUTED: Final = 15.0
VIVID: Final = 59.0
"""Hasler & Süsstrunk's "slightly" and "quite colourful"."""

GREY: Final = 0.008
"""Oklab chroma of a grey film's most coloured hundredth: at most 0.0051 in nine spans
without colour; at least 0.0146 in 160 spans with it."""
FAINT: Final = 0.012
"""Between the two nothing is said."""
TONE_RESIDUAL: Final = (0.0075, 0.0095)
TONE_SHARE: Final = (0.25, 0.35)
"""How far colour strays from what lightness says, in Oklab and as a share of the chroma: below the
first of each, in one tone; above the second of either, not. Of sepia, blue-green and amber copies
of 120 shots 86 to 98 in 100 are told, of a weak sepia 49; of 118 spans of colour film none is taken
for one. Dark pictures that are toned may be called coloured: 4 of 120."""
DEPTH: Final = 0.05
"""Least deviation of lightness (Oklab) that shows a tone."""
BLANK: Final = 0.02

PLAIN: Final = 0.2
"""Share of plain areas in a drawing: about 0.54 in one drawn shot and 0.07 to 0.22 in the
other, at most 0.11 in 37 spans of live action, clear skies among them; in rendered ones up to
0.55, of clear sky."""
EDGES: Final = 0.05
DRAWN: Final = 0.7
"""Confidence, assumed: two drawn shots, of which one is told, are no more than a beginning."""

_PARTS: Final = ("l", "a", "b", "share")
_NAMES: Final = tuple(f"{part}{k + 1}" for k in range(COLOURS) for part in _PARTS)
_MEDIANS: Final = (
    "chroma",
    "chroma99",
    "colourfulness",
    "tone_residual",
    "tone_chroma",
    "depth",
    "plain_share",
    "edge_share",
)


@dataclass(frozen=True, slots=True)
class PaletteTagger:
    """Main colours, saturation, black and white or toned, and what is drawn in flat colours."""

    name: ClassVar[str] = "palette"
    version: ClassVar[str] = "1"
    label_version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = Needs(width=320, per_second=0.5)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "palette",
            (*HUES, "neutral", UNKNOWN),
            {
                **{f"l{k + 1}": "Oklab lightness, 0 to 1" for k in range(COLOURS)},
                **{f"{axis}{k + 1}": "Oklab" for k in range(COLOURS) for axis in "ab"},
                **{f"share{k + 1}": "share of the picture" for k in range(COLOURS)},
            },
        ),
        Facet(
            "saturation",
            ("muted", "natural", "vivid", UNKNOWN),
            {
                "colourfulness": "M3 of Hasler & Süsstrunk 2003, 0 to about 110",
                "chroma": "Oklab, mean",
            },
        ),
        Facet(
            "monochrome",
            ("no", "yes", "toned", UNKNOWN),
            {
                "chroma99": "Oklab, of the most coloured hundredth",
                "tone_residual": "Oklab, root mean square from the tone of the same lightness",
                "tone_chroma": "Oklab, root mean square",
                "depth": "Oklab lightness, standard deviation",
            },
        ),
        Facet(
            "medium",
            ("live_action", "animation", UNKNOWN),
            {"plain_share": "share of the picture", "edge_share": "share of the picture"},
        ),
    )

    def meter(self, video: VideoInfo) -> Meter:
        """A meter of the colours of a frame, bars left out."""
        return _measures

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """Medians over the samples, and the colours of all of them."""
        if not len(pts):
            return {}
        found = np.array([series[name] for name in _NAMES]).T.reshape(-1, 4)
        found = found[np.isfinite(found[:, 3])]
        shares = found[:, 3] / found[:, 3].sum()
        colours = _named(*clusters(found[:, :3], shares, COLOURS))
        return {name: middle(series[name]) for name in _MEDIANS} | colours

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a facet; of a blank picture none."""
        return _palette(measures), _saturation(measures), _monochrome(measures), _medium(measures)


def hue_family(a: float, b: float) -> str:
    """The family of the hue of an Oklab colour."""
    degrees = math.degrees(math.atan2(b, a)) % 360
    begun = [(start, name) for name, start in HUES.items() if start <= degrees]
    return max(begun)[1] if begun else "red"


def _measures(frame: Frame, before: Frame | None) -> dict[str, float]:
    rgb = frame.rgb
    whole = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    rows, columns = bars(whole)
    inside = slice(rows.first, rows.past), slice(columns.first, columns.past)
    picture, grey = np.ascontiguousarray(rgb[inside]), np.ascontiguousarray(whole[inside])
    size = SMALL, max(1, round(SMALL * picture.shape[0] / picture.shape[1]))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    lab = oklab(small.reshape(-1, 3))
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    residual, strength = _tone(lab)
    plain, edges = _drawing(grey)
    return {
        "chroma": float(chroma.mean()),
        "chroma99": float(np.percentile(chroma, 99)),
        "colourfulness": colourfulness(small),
        "tone_residual": residual,
        "tone_chroma": strength,
        "depth": float(lab[:, 0].std()),
        "plain_share": plain,
        "edge_share": edges,
        **_named(*clusters(*binned(lab), COLOURS)),
    }


def _named(centres: Floats, shares: Floats) -> dict[str, float]:
    rows = np.full((COLOURS, 4), math.nan)
    rows[: len(centres)] = np.column_stack([centres, shares])
    return dict(zip(_NAMES, rows.ravel().tolist(), strict=True))


def _tone(lab: Floats) -> tuple[float, float]:
    """How far a and b stray from a parabola of lightness, and how large they are; what is nearly
    black has no colour to speak of."""
    lit = lab[lab[:, 0] > 0.1]
    if len(lit) < 50:
        return math.nan, math.nan
    powers = np.vander(lit[:, 0], 3)
    tone = powers @ np.linalg.solve(powers.T @ powers + 1e-9 * np.eye(3), powers.T @ lit[:, 1:])
    strays, colours = (float((each**2).sum()) for each in (lit[:, 1:] - tone, lit[:, 1:]))
    return math.sqrt(strays / len(lit)), math.sqrt(colours / len(lit))


def _drawing(grey: Pixels) -> tuple[float, float]:
    """Shares of the picture that are plain, neither black nor white, and that are edges."""
    luma = grey.astype(np.float32)
    mean = cv2.blur(luma, (15, 15))
    variance = cv2.blur(luma * luma, (15, 15)) - mean * mean
    plain = (variance < 0.36) & (mean > 40) & (mean < 245)
    across, down = (cv2.Sobel(luma, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    return float(plain.mean()), float((cv2.magnitude(across, down) > 8).mean())


def _palette(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, *_NAMES)
    if not math.isfinite(shown["share1"]) or _is_blank(measures):
        return unknown("palette", shown)
    taken = dict.fromkeys(HUES, 0.0)
    for k in range(1, COLOURS + 1):
        a, b, share = (shown[f"{part}{k}"] for part in ("a", "b", "share"))
        if math.isfinite(share) and math.hypot(a, b) >= NEUTRAL:
            taken[hue_family(a, b)] += share
    coloured = sum(taken.values())
    some = sureness(abs(coloured - COLOURED), 0.1)
    if coloured < COLOURED:
        return Tag("palette", "neutral", some, shown)
    second, first = sorted(taken.values())[-2:]
    label = max(taken, key=taken.__getitem__)
    return Tag("palette", label, min(some, sureness((first - second) / coloured, 0.25)), shown)


def _saturation(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "colourfulness", "chroma")
    if not measured(shown) or _is_blank(measures):
        return unknown("saturation", shown)
    strength = max(shown["colourfulness"], 1e-3)
    label = "muted" if strength < MUTED else "natural" if strength < VIVID else "vivid"
    octaves = min(abs(math.log2(strength / limit)) for limit in (MUTED, VIVID))
    return Tag("saturation", label, sureness(octaves, 0.3), shown)


def _monochrome(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "chroma99", "tone_residual", "tone_chroma", "depth")
    if not math.isfinite(shown["chroma99"]) or _is_blank(measures):
        return unknown("monochrome", shown)
    if shown["chroma99"] < GREY:
        return Tag("monochrome", "yes", sureness(GREY - shown["chroma99"], 0.002), shown)
    if not measured(shown) or shown["chroma99"] < FAINT or shown["depth"] < DEPTH:
        return unknown("monochrome", shown)
    residual, share = shown["tone_residual"], shown["tone_residual"] / shown["tone_chroma"]
    limits = (residual, *TONE_RESIDUAL), (share, *TONE_SHARE)
    if all(value < low for value, low, _ in limits):
        margin = min((low - value) / low for value, low, _ in limits)
        return Tag("monochrome", "toned", sureness(margin, 0.2), shown)
    if any(value > high for value, _, high in limits):
        margin = max((value - high) / high for value, _, high in limits)
        return Tag("monochrome", "no", sureness(margin, 0.2), shown)
    return unknown("monochrome", shown)


def _medium(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "plain_share", "edge_share")
    if measured(shown) and shown["plain_share"] >= PLAIN and shown["edge_share"] >= EDGES:
        return Tag("medium", "animation", DRAWN, shown)
    return unknown("medium", shown)


def _is_blank(measures: Mapping[str, float]) -> bool:
    return not measures.get("depth", math.nan) >= BLANK
