"""Light: key style, colour, monochrome, and the bars around the picture.

Thresholds were set on rendered frames (shared/lighting, 278 stills of 33 scenes). Accuracy and
balanced accuracy there: key style .72 / .74 (a search of thresholds with scenes held out gives
.72 / .75), tone .68 / .54, monochrome 1.0 / 1.0, bars .99 / .97; apparent CCT is off by a median
of 23 mired. Frames of real films are not measured yet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from curation.tags.lighting_meter import MEASURES, LightingMeter
from curation.tags.numbers import measured, middle, pick, sureness, unknown
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.media import VideoInfo
    from curation.tags.protocol import Series

LOW_MEDIAN: Final = -2.4
LOW_SHADOW: Final = 0.35
"""Low key: a median this far under mid-grey, or shadow over this share of the picture."""
HIGH_MEDIAN: Final = -1.0
HIGH_P10: Final = -1.8
"""High key: both the median and the darkest tenth at least this bright."""
WARM_MIRED: Final = 204.0
COOL_MIRED: Final = 133.0
"""Warmer than 4900 K, cooler than 7500 K: in mired, as equal steps look equal (Priest 1933)."""
TINTED_DUV: Final = 0.022
"""Off the Planckian locus by more, a colour is no white of any temperature."""
COLOURED_SHARE: Final = 0.03
BAR_SHARE: Final = 0.01
_BARS: Final = ("bar_top", "bar_bottom", "bar_left", "bar_right")


@dataclass(frozen=True, slots=True)
class LightingTagger:
    """Lighting from global luminance and colour; no subject, so no direction or hardness."""

    name: ClassVar[str] = "lighting"
    version: ClassVar[str] = "3"
    label_version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = Needs(width=320, per_second=1.0)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "key_style",
            ("high_key", "normal", "low_key", UNKNOWN),
            {
                "median_stops": "stops from mid-grey",
                "p10_stops": "stops from mid-grey",
                "p95_stops": "stops from mid-grey",
                "shadow_share": "share of the picture",
                "key_value": "mean times deviation of luma (Rasheed, Sheikh & Shah 2005)",
            },
        ),
        Facet(
            "colour",
            ("warm", "neutral", "cool", "tinted", UNKNOWN),
            {"cct_k": "K", "duv": "CIE 1960 uv", "chroma": "CIELAB"},
        ),
        Facet("monochrome", ("yes", "no", UNKNOWN), {"coloured_share": "share of the picture"}),
        Facet(
            "bars",
            ("none", "letterbox", "pillarbox", "windowbox", UNKNOWN),
            {
                "bar_top": "share of the height",
                "bar_bottom": "share of the height",
                "bar_left": "share of the width",
                "bar_right": "share of the width",
            },
        ),
    )

    def meter(self, video: VideoInfo) -> Meter:
        """A meter that reads light as the film's transfer and primaries say."""
        return LightingMeter(video)

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """Medians over the samples; CCT's in mired; bars at their narrowest."""
        if not len(pts):
            return {}
        summary = {name: middle(series[name]) for name in MEASURES}
        summary["cct_k"] = 1e6 / middle(1e6 / series["cct_k"])
        for name in _BARS:
            widths = series[name][np.isfinite(series[name])]
            summary[name] = float(widths.min()) if len(widths) else math.nan
        return summary

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a facet. Colour of a monochrome picture is unknown."""
        monochrome = _monochrome(measures)
        return (
            _key_style(measures),
            _colour(measures, monochrome.label == "yes"),
            monochrome,
            _bars(measures),
        )


def _key_style(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "median_stops", "p10_stops", "p95_stops", "shadow_share", "key_value")
    if not measured(shown):
        return unknown("key_style", shown)
    low = max(LOW_MEDIAN - shown["median_stops"], 5 * (shown["shadow_share"] - LOW_SHADOW))
    high = min(shown["median_stops"] - HIGH_MEDIAN, shown["p10_stops"] - HIGH_P10)
    if low > 0:
        return Tag("key_style", "low_key", sureness(low, 0.75), shown)
    if high > 0:
        return Tag("key_style", "high_key", sureness(min(high, -low), 0.75), shown)
    return Tag("key_style", "normal", sureness(min(-low, -high), 0.75), shown)


def _colour(measures: Mapping[str, float], monochrome: bool) -> Tag:
    shown = pick(measures, "cct_k", "duv", "chroma")
    if monochrome or not measured(shown):
        return unknown("colour", shown)
    mired = 1e6 / shown["cct_k"]
    tint = 2000 * (abs(shown["duv"]) - TINTED_DUV)
    warm, cool = mired - WARM_MIRED, COOL_MIRED - mired
    if tint > 0:
        return Tag("colour", "tinted", sureness(tint, 15.0), shown)
    if warm > 0:
        return Tag("colour", "warm", sureness(min(warm, -tint), 15.0), shown)
    if cool > 0:
        return Tag("colour", "cool", sureness(min(cool, -tint), 15.0), shown)
    return Tag("colour", "neutral", sureness(min(-warm, -cool, -tint), 15.0), shown)


def _monochrome(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "coloured_share")
    if not measured(shown):
        return unknown("monochrome", shown)
    margin = shown["coloured_share"] - COLOURED_SHARE
    return Tag("monochrome", "no" if margin > 0 else "yes", sureness(abs(margin), 0.01), shown)


def _bars(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, *_BARS)
    if not measured(shown):
        return unknown("bars", shown)
    across = min(shown["bar_top"], shown["bar_bottom"]) - BAR_SHARE
    along = min(shown["bar_left"], shown["bar_right"]) - BAR_SHARE
    names = {
        (False, False): "none",
        (True, False): "letterbox",
        (False, True): "pillarbox",
        (True, True): "windowbox",
    }
    confidence = sureness(min(abs(across), abs(along)), 0.005)
    return Tag("bars", names[across > 0, along > 0], confidence, shown)
