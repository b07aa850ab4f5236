"""Defects of the picture as a signal, in a score whose parts are visible.

Pictures are looked at in their own size, up to 1920 wide, for noise, blocks, combs and stuck pixels
do not survive shrinking. Of a film by fields one field is judged, by the lines that it is stored
in: that two are woven into its pictures is said, and what combs within a field is what is left once
they are made whole. Limits were chosen on real frames degraded by known amounts
(benchmarks/README.md); no study of viewers stands behind the score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.artefacts import (
    PIXELS,
    Grey,
    banding,
    blocks,
    blur,
    combing,
    noise,
    stuck,
    window,
)
from curation.tags.frame_bars import bars
from curation.tags.ground import MOSTLY, ground
from curation.tags.numbers import measured, middle, pick, sureness, unknown
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.tags.protocol import Series

NOISE: Final = (("clean", 3.0), ("grainy", 8.0), ("noisy", math.inf))
"""Least noise of the next label, in 8-bit levels. Texture of small pictures reaches 2.7."""
BLOCKY: Final = 1.5
"""Nine in ten frames of films stay below 1.2; of quality 40 JPEG has 1.3 to 2, of 20 1.6 to 2.7."""
BLOCK_STEP: Final = 0.5
"""Levels by which the steps must be larger, to be seen: in fog and fades the ratio says nothing."""
COMBED: Final = 0.01
"""Share of the picture: whole pictures reach 0.0003, two moments four pixels apart 0.03 to 0.14…"""
COMB_NOISE: Final = 6.0
"""…and noise beyond this many levels may."""
FIELD_COMBED: Final = 0.06
"""Of a single field, whose lines lie farther apart, what is level and fine combs too: up to 0.024
of a train's. From `COMBED` to here nothing is said, and nothing taken from the score."""
STANDS: Final = 0.05
"""Share of the most by which combs change from still to still, where something moves: level lines
that stand comb alike in all of them."""
BANDED: Final = (4.0, 1.8)
"""Least levels that a line crosses by steps, and their least mean height: video levels of 8 bits
have 1.2, films reach 1.6."""
SOFT_EDGE: Final = 0.75
"""Nine in ten frames stay below 0.57; blurred by 2 pixels they have 0.60 to 0.77, by 4 0.80."""
CRUSHED, CLIPPED = 4, 251
"""Luma codes at or beyond which a pixel holds no detail."""
PLAIN: Final = 3.0
"""Deviation of luma under which there is no picture to judge; nor is there where it is `MOSTLY` a
ground of one level, as of titles, credits and logos."""
GROUND: Final = 8.0
"""Levels by which the ground around a stuck pixel changes, that it is no thing of the scene…"""
HELD: Final = 4.0
"""…while its own level changes by no more: a glint in an eye goes with the light. Of 83 shots
without stuck pixels 4 had some before this was asked, none has since; one drawn into a film is
found after H.264 of CRF 20 and 26, not of 14."""

PARTS: Final = {
    "noise": (3.0, 20.0),
    "blockiness": (1.4, 4.0),
    "combing": (0.003, 0.1),
    "band_step": (1.6, 8.0),
    "blur": (0.65, 0.9),
    "clipped_share": (0.05, 0.5),
    "crushed_share": (0.5, 1.0),
}
"""Of each measure where it takes nothing from the score, and where it takes all; between them its
part falls evenly, of the logarithm but for shares and blur."""
_EVEN: Final = ("blur", "clipped_share", "crushed_share")
GOOD, POOR = 0.7, 0.35

_MEDIAN: Final = ("noise", "blockiness", "block_step", "band_levels", "band_step", "blur")
_WORST: Final = ("combing", "woven")
_MEAN: Final = ("clipped_share", "crushed_share", "luma_deviation", "ground")
_PLACE: Final = ("x", "y", "ground", "level")


@dataclass(frozen=True, slots=True)
class DefectsTagger:
    """Noise, blocks, combs, bands, blur and stuck pixels of a shot, and a score made of them."""

    name: ClassVar[str] = "quality.defects"
    version: ClassVar[str] = "5"
    label_version: ClassVar[str] = "3"
    needs: ClassVar[Needs] = Needs(width=1920, per_second=0.25)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "noise",
            (*(name for name, _ in NOISE), UNKNOWN),
            {"noise": "standard deviation of noise or grain, 8-bit levels"},
        ),
        Facet(
            "blocks",
            ("none", "blocky", UNKNOWN),
            {
                "blockiness": "steps between blocks of 8 pixels over those inside them",
                "block_step": "by how much they are larger, 8-bit levels",
            },
        ),
        Facet(
            "combing",
            ("none", "woven", "combed", UNKNOWN),
            {
                "combing": "share of the picture, of one field by fields; most in a still",
                "woven": "of a film by fields: share that combs as stored, most in a still",
                "comb_change": "by how much that differs between stills; share of the most",
                "noise": "8-bit levels",
            },
        ),
        Facet(
            "banding",
            ("none", "banded", UNKNOWN),
            {
                "band_levels": "8-bit levels that a line crosses by steps between plains",
                "band_step": "mean height of these steps, 8-bit levels",
            },
        ),
        Facet(
            "detail",
            ("full", "soft", UNKNOWN),
            {"blur": "blur in the picture's own size, 0 to 1 (Crete et al. 2007)"},
        ),
        Facet(
            "pixels",
            ("none", "stuck", UNKNOWN),
            {
                "stuck": "pixels that stand out alone in two stills, of one level on other ground",
                "lone_pixels": "that stand out alone in a still, most in one",
                "stuck_x": "of the first, pixels",
                "stuck_y": "of the first, pixels",
            },
        ),
        Facet(
            "technical",
            ("good", "fair", "poor", UNKNOWN),
            {
                "score": "product of the parts, 0 to 1",
                "ground": "share of the picture of one level; of cards nothing is judged",
                **{f"part_{name}": "0 to 1" for name in PARTS},
            },
        ),
    )

    def meter(self, video: VideoInfo) -> Meter:
        """A meter of a still.

        Of a film by fields whose lines are not kept, being turned or too large, combs are unknown.
        """
        if not video.by_fields:
            return lambda frame, before: _measures(frame)
        upright = video.rotation % 180 == 0 and video.display_height == video.height
        if upright and video.display_width <= self.needs.width:
            return lambda frame, before: _measures_of_field(replace(frame, one_field=False))
        return lambda frame, before: _measures(frame) | {"combing": math.nan}

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """Medians over the stills; combing of the worst, for pulldown weaves only some."""
        if not len(pts):
            return {}
        seen = {name: middle(series[name]) for name in _MEDIAN}
        summary = {name: value for name, value in seen.items() if math.isfinite(value)}
        for name in _MEAN:
            judged = series[name][np.isfinite(series[name])]
            if len(judged):
                summary[name] = float(judged.mean())
        for name in _WORST:
            combs = series[name][np.isfinite(series[name])]
            if len(combs):
                summary[name] = float(combs.max())
            if len(combs) > 1 and summary[name] > 0:
                change = float(np.ptp(combs)) / summary[name]
                summary["comb_change"] = max(change, summary.get("comb_change", 0.0))
        return summary | _stuck(series, len(pts))

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a facet."""
        return (
            _noise(measures),
            _blocks(measures),
            _combing(measures),
            _banding(measures),
            _detail(measures),
            _pixels(measures),
            _technical(measures),
        )


def _measures(frame: Frame) -> dict[str, float]:
    return _judged(*_inside(frame))


def _measures_of_field(frame: Frame) -> dict[str, float]:
    """Of the field of a picture that has its first line, and how far its two fields comb."""
    grey, left, top = _inside(frame)
    first = top % 2
    values = _judged(np.ascontiguousarray(grey[first::2]), left, 0)
    for k in range(1, PIXELS + 1):
        values[f"pixel{k}_y"] = 2 * values[f"pixel{k}_y"] + top + first
    return values | {"woven": combing(window(grey))}


def _inside(frame: Frame) -> tuple[Grey, int, int]:
    """Luma inside the bars, and how far they reach from the left and from above."""
    whole = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    rows, columns = bars(whole)
    grey = whole[rows.first : rows.past, columns.first : columns.past]
    return np.ascontiguousarray(grey), columns.first, rows.first


def _judged(grey: Grey, left: int, top: int) -> dict[str, float]:
    levels = np.bincount(grey.ravel(), minlength=256) / grey.size
    values = {
        "luma_deviation": float(cv2.meanStdDev(grey)[1][0, 0]),
        "ground": ground(grey),
    }
    middle_part = window(grey)
    plain = values["luma_deviation"] < PLAIN or values["ground"] >= MOSTLY
    bands, grid = banding(middle_part), blocks(middle_part)
    judged = {
        "crushed_share": float(levels[: CRUSHED + 1].sum()),
        "clipped_share": float(levels[CLIPPED:].sum()),
        "noise": noise(middle_part),
        "blockiness": grid.ratio,
        "block_step": grid.step,
        "combing": combing(middle_part),
        "blur": blur(middle_part),
        "band_levels": bands.levels,
        "band_step": bands.step,
    }
    values |= {name: math.nan if plain else value for name, value in judged.items()}
    count, kept = stuck(grey)
    values |= {"lone_pixels": float(count), "woven": math.nan}
    for k in range(PIXELS):
        pixel = kept[k] if k < len(kept) else (math.nan,) * len(_PLACE)
        given = (pixel[0] + left, pixel[1] + top, *pixel[2:])
        values |= {f"pixel{k + 1}_{p}": float(v) for p, v in zip(_PLACE, given, strict=True)}
    return values


def _stuck(series: Series, stills: int) -> dict[str, float]:
    """Places where a pixel stands out in two stills at least, while its ground changes alone."""
    seen: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for k in range(1, PIXELS + 1):
        for x, y, *levels in zip(*(series[f"pixel{k}_{part}"] for part in _PLACE), strict=True):
            if math.isfinite(x):
                seen.setdefault((float(x), float(y)), []).append(
                    (float(levels[0]), float(levels[1]))
                )
    changes = {place: np.ptp(levels, axis=0) for place, levels in seen.items()}
    places = sorted(at for at, (ground, own) in changes.items() if ground >= GROUND and own <= HELD)
    summary = {
        "stills": float(stills),
        "stuck": float(len(places)),
        "lone_pixels": float(series["lone_pixels"].max()),
    }
    if places:
        summary |= {"stuck_x": places[0][0], "stuck_y": places[0][1]}
    return summary


def _noise(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "noise")
    if not measured(shown):
        return unknown("noise", shown)
    label = next(name for name, limit in NOISE if shown["noise"] < limit)
    octaves = min(abs(math.log2(max(shown["noise"], 1e-3) / limit)) for _, limit in NOISE[:-1])
    return Tag("noise", label, sureness(octaves, 0.3), shown)


def _blocks(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "blockiness", "block_step")
    margin = shown["blockiness"] - BLOCKY
    if not measured(shown) or (margin >= 0 and shown["block_step"] < BLOCK_STEP):
        return unknown("blocks", shown)
    return Tag("blocks", "blocky" if margin >= 0 else "none", sureness(abs(margin), 0.2), shown)


def _detail(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "blur")
    if not measured(shown):
        return unknown("detail", shown)
    margin = shown["blur"] - SOFT_EDGE
    return Tag("detail", "soft" if margin >= 0 else "full", sureness(abs(margin), 0.1), shown)


def _combing(measures: Mapping[str, float]) -> Tag:
    """Nothing combs for sure where nothing is seen to move, nor in one still alone."""
    shown = pick(measures, "combing", "woven", "comb_change", "noise")
    field = math.isfinite(shown["woven"])
    limit = FIELD_COMBED if field else COMBED
    if math.isnan(shown["combing"]) or COMBED <= shown["combing"] < limit:
        return unknown("combing", shown)
    combed = shown["combing"] >= limit
    woven = not combed and field and shown["woven"] >= COMBED
    told = shown["noise"] < COMB_NOISE and shown["comb_change"] >= STANDS
    if (combed or woven) and not told:
        return unknown("combing", shown)
    share = shown["woven"] if woven else shown["combing"]
    octaves = abs(math.log2(max(share, 1e-4) / (limit if combed else COMBED)))
    label = "combed" if combed else "woven" if woven else "none"
    return Tag("combing", label, sureness(octaves, 1.0), shown)


def _banding(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "band_levels", "band_step")
    if math.isnan(shown["band_levels"]):
        return unknown("banding", shown)
    if math.isnan(shown["band_step"]) or shown["band_levels"] < BANDED[0]:
        return Tag("banding", "none", 0.8, shown)
    octaves = math.log2(shown["band_step"] / BANDED[1])
    label = "banded" if octaves >= 0 else "none"
    return Tag("banding", label, sureness(abs(octaves), 0.3), shown)


def _pixels(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "stuck", "lone_pixels", "stuck_x", "stuck_y")
    if shown["stuck"] > 0:
        return Tag("pixels", "stuck", 0.9, shown)
    if shown["lone_pixels"] == 0:
        return Tag("pixels", "none", 0.9, shown)
    return unknown("pixels", shown)


def _technical(measures: Mapping[str, float]) -> Tag:
    given = pick(measures, *PARTS)
    if not measures.get("band_levels", 0.0) >= BANDED[0]:
        given["band_step"] = 1.0
    if measures.get("block_step", 0.0) < BLOCK_STEP and measured(pick(given, "blockiness")):
        given["blockiness"] = 1.0
    if math.isfinite(measures.get("woven", math.nan)) and given["combing"] < FIELD_COMBED:
        given["combing"] = 0.0
    if given["combing"] >= COMBED and not measures.get("comb_change", 0.0) >= STANDS:
        given["combing"] = math.nan
    parts = {f"part_{name}": part(name, value) for name, value in given.items()}
    shown = {"score": math.prod(parts.values()), **parts, **pick(measures, "ground")}
    if not measured(shown):
        return unknown("technical", shown)
    score = shown["score"]
    label = "good" if score >= GOOD else "fair" if score >= POOR else "poor"
    margin = min(abs(score - GOOD), abs(score - POOR))
    return Tag("technical", label, sureness(margin, 0.1), shown)


def part(name: str, value: float) -> float:
    """What a measure leaves of the score, in [0, 1]; NaN of NaN."""
    best, worst = PARTS[name]
    if name not in _EVEN:
        best, worst, value = (math.log(max(v, 1e-6)) for v in (best, worst, value))
    return math.nan if math.isnan(value) else min(1.0, max(0.0, (worst - value) / (worst - best)))
