"""The light of a shot: measures by physics, labels by a small network trained on known light.

What is measured (stops, shares, bars) needs no training. What is judged (key style, source, where
the key stands) is the network's, whose file holds its accuracy on scenes held out. A question that
reached its goal there is always answered, however seldom that is right; of the others, an answer
that is wrong more than once in ten is `unknown`. Every label's probability stands beside it, so
that counts can be corrected downstream. Where the key stands and how hard it is are judged on the
subject: `subject_sure` is 0 where no face shows it and the middle of the picture stood in. Dusk is
not told from day and night, nor light without a direction from light that has one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from curation.tags.faces import CENTERFACE, missing
from curation.tags.lighting.card import card
from curation.tags.lighting.features import DEEP_STOPS
from curation.tags.lighting.meter import BARS, LightingMeter
from curation.tags.lighting.model import Head, model
from curation.tags.numbers import measured, middle, pick, sureness, unknown
from curation.tags.photometry import light_from, light_of, temperature
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.media import VideoInfo
    from curation.models import Weights
    from curation.tags.protocol import Card, Series

CONTRASTS: Final = ((1.0, "flat"), (2.5, "normal"), (4.0, "high"), (math.inf, "extreme"))
"""Key to fill in stops below which a contrast has its name: 1 stop is 2:1, 4 stops 16:1."""
RATIO_ERROR: Final = 0.8
"""Mean absolute error of the ratio in stops on scenes held out, taken for a normal one's: its
deviation is this times the root of half pi."""
CONTRAST_SURE: Final = 0.85
"""Odds from which a contrast's name is right 9 times in 10, on scenes held out of the training: in
2 of 100 pictures. The ratio is given always, and the odds of each name."""
CHIAROSCURO_STOPS: Final = 3.0
CHIAROSCURO_LIT: Final = (0.03, 0.30)
"""Low key, at least so much contrast, and this share of the picture lit over mid-grey."""
BLANK_STOPS: Final = 1.0
"""A picture whose luminance spans less between its 1st and 99th percentile shows no light; of
rendered stills and of films, none that is lit spans less than 2.5."""
COLOURED_SHARE: Final = 0.03
BAR_SHARE: Final = 0.01
TINT_DUV: Final = 0.008
"""Off the Planckian locus by more, white looks green or magenta (ANSI C78.377 allows 0.006)."""
HUES: Final = {
    "red": (4.1, -0.6),
    "amber": (0.9, -2.2),
    "green": (-3.3, -2.2),
    "cyan": (-3.8, 0.2),
    "blue": (-1.9, 2.5),
    "purple": (2.1, 3.3),
    "magenta": (3.8, 3.4),
}
"""Colours of gels as log2 of red and blue over green: the dyes that theatres name so."""

_TONES: Final = ("median_stops", "p10_stops", "p95_stops", "shadow_share", "key_value")


def _odds(labels: tuple[str, ...]) -> dict[str, str]:
    return {f"p_{label}": "probability" for label in labels}


def _judged(name: str, labels: tuple[str, ...], measures: Mapping[str, str] | None = None) -> Facet:
    return Facet(name, (*labels, UNKNOWN), {**(measures or {}), **_odds(labels)})


_KEY_STYLES: Final = ("high_key", "normal", "low_key")
_YES_NO: Final = ("no", "yes")
_DIRECTIONS: Final = ("front", "front_side", "side", "back", "top", "under")
_ON_SUBJECT: Final = {"subject_sure": "confidence in the subject's box"}
_BEHIND: Final = {"border_over_middle": "stops, edges of the picture over its middle"}


@dataclass(frozen=True, slots=True)
class LightingTagger:
    """Lighting as a cinematographer names it, for each shot."""

    name: ClassVar[str] = "lighting"
    needs: ClassVar[Needs] = Needs(width=320, per_second=0.5)
    weights: ClassVar[tuple[Weights, ...]] = (CENTERFACE,)
    facets: ClassVar[tuple[Facet, ...]] = (
        _judged(
            "key_style",
            _KEY_STYLES,
            {
                "median_stops": "stops from mid-grey",
                "p10_stops": "stops from mid-grey",
                "p95_stops": "stops from mid-grey",
                "shadow_share": "share of the picture",
                "key_value": "mean times deviation of luma (Rasheed, Sheikh & Shah 2005)",
            },
        ),
        Facet(
            "chiaroscuro",
            (*_YES_NO, UNKNOWN),
            {"ratio_stops": "stops", "lit_share": "share of the picture"},
        ),
        _judged(
            "contrast",
            tuple(name for _, name in CONTRASTS),
            {"ratio_stops": "stops, key and fill to fill", **_ON_SUBJECT},
        ),
        _judged("quality", ("hard", "soft"), _ON_SUBJECT),
        _judged("direction", _DIRECTIONS, _ON_SUBJECT),
        _judged("side", ("L", "R"), _ON_SUBJECT),
        _judged("backlit", _YES_NO, {**_ON_SUBJECT, **_BEHIND}),
        _judged("silhouette", _YES_NO, {**_ON_SUBJECT, **_BEHIND}),
        _judged(
            "colour",
            ("warm", "neutral", "cool", "tinted"),
            {
                "cct_k": "K, apparent",
                "duv": "CIE 1960 uv",
                "chroma": "stops of red or blue against green",
                "split_red": "stops, highlights over shadows",
                "split_blue": "stops, highlights over shadows",
                "gel": "probability",
                "mixed": "probability",
            },
        ),
        Facet("tint", ("none", "green", "magenta", UNKNOWN), {"duv": "CIE 1960 uv"}),
        Facet("gel", ("none", *HUES, UNKNOWN), {"p_yes": "probability", "strong_share": "share"}),
        _judged("mixed", _YES_NO),
        Facet("monochrome", (*_YES_NO, UNKNOWN), {"coloured_share": "share of the picture"}),
        _judged(
            "source",
            (
                "artificial",
                "daylight",
                "firelight",
                "fluorescent",
                "golden_hour",
                "mixed",
                "moonlight",
                "neon",
                "overcast",
                "practical",
                "sunny",
            ),
            {"lamps": "bright spots in the picture"},
        ),
        _judged("setting", ("interior", "exterior")),
        _judged("time", ("day", "night")),
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

    @property
    def version(self) -> str:
        """Of the measures; other ones are taken where faces cannot be found."""
        return "5" if missing() is None else "5-without-faces"

    @property
    def label_version(self) -> str:
        """Of the rules here and of the network."""
        return f"5-{model().version}"

    @property
    def card(self) -> Card:
        """What the network was trained on, and how it did on scenes held out."""
        return card()

    def meter(self, video: VideoInfo) -> Meter:
        """A meter that reads light as the film's transfer and primaries say."""
        return LightingMeter(light_of(video))

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """Medians over the samples, bars at their narrowest, the spread of the median luminance."""
        if not len(pts):
            return {}
        summary = {name: middle(values) for name, values in series.items()}
        for name in BARS:
            widths = series[name][np.isfinite(series[name])]
            summary[name] = float(widths.min()) if len(widths) else math.nan
        summary["spread_over_shot"] = float(np.ptp(series["median_stops"]))
        return summary

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a facet. Of a monochrome picture no colour is told, of a blank one bars alone."""
        if not math.isfinite(measures.get("median_stops", math.nan)):
            return tuple(
                unknown(one.name, dict.fromkeys(one.measures, math.nan)) for one in self.facets
            )
        judge = _Judge(measures)
        monochrome = _monochrome(measures)
        key_style = judge.tag("key_style", pick(measures, *_TONES))
        colour, tint = _colour(judge, measures, is_grey=monochrome.label == "yes")
        tags = (
            key_style,
            _chiaroscuro(key_style, judge, measures),
            _contrast(judge, measures),
            *(judge.tag(name, pick(measures, *_SHOWN[name])) for name in _SHOWN),
            colour,
            tint,
            _gel(judge, measures, is_grey=monochrome.label == "yes"),
            judge.tag("mixed", is_asked=monochrome.label != "yes"),
            monochrome,
            judge.tag("source", pick(measures, "lamps")),
            judge.tag("setting"),
            judge.tag("time"),
            _bars(measures),
        )
        if not _is_blank(measures):
            return tags
        return tuple(
            one if one.facet == "bars" else unknown(one.facet, one.measures) for one in tags
        )


_SHOWN: Final = {
    "quality": ("subject_sure",),
    "direction": ("subject_sure",),
    "side": ("subject_sure",),
    "backlit": ("subject_sure", "border_over_middle"),
    "silhouette": ("subject_sure", "border_over_middle"),
}
"""Facets of the subject, and the measures shown with them."""


class _Judge:
    """What the network says of one shot."""

    def __init__(self, measures: Mapping[str, float]) -> None:
        self._model = model()
        self._said = self._model(measures)
        self._has_face = measures.get("subject_sure", 0.0) > 0

    def number(self, head: str) -> NDArray[np.float64]:
        return self._said[head]

    def probability(self, head: str, label: str) -> float:
        return float(self._said[head][self._model.heads[head].labels.index(label)])

    def answer(self, name: str) -> tuple[str, float]:
        """The likeliest label and how sure it is; unknown where that is wrong too often."""
        head, odds = self._model.heads[name], self._said[name]
        best = int(odds.argmax())
        if odds[best] < _least(head, has_face=self._has_face):
            return UNKNOWN, 0.0
        return head.labels[best], float(odds[best])

    def tag(
        self,
        facet: str,
        shown: Mapping[str, float] | None = None,
        *,
        head: str | None = None,
        is_asked: bool = True,
    ) -> Tag:
        name = head or facet
        odds = zip(self._model.heads[name].labels, self._said[name].tolist(), strict=True)
        numbers = {**(shown or {}), **{f"p_{label}": round(p, 4) for label, p in odds}}
        if not is_asked:
            return unknown(facet, numbers)
        label, confidence = self.answer(name)
        return Tag(facet, label, confidence, numbers)


def _is_blank(measures: Mapping[str, float]) -> bool:
    """Whether a picture is even, or so dark that there is nothing to judge."""
    low, high = measures["p01_stops"], measures["p99_stops"]
    return high - low < BLANK_STOPS or high < DEEP_STOPS


def _least(head: Head, *, has_face: bool) -> float:
    return head.unknown_below[0 if has_face else 1]


def _ratio(judge: _Judge) -> float:
    return max(0.0, float(judge.number("ratio")[0]))


def _chiaroscuro(key_style: Tag, judge: _Judge, measures: Mapping[str, float]) -> Tag:
    shown = {"ratio_stops": _ratio(judge), **pick(measures, "lit_share")}
    if key_style.label == UNKNOWN:
        return unknown("chiaroscuro", shown)
    if key_style.label != "low_key":
        return Tag("chiaroscuro", "no", key_style.confidence, shown)
    low, high = CHIAROSCURO_LIT
    contrast = sureness(shown["ratio_stops"] - CHIAROSCURO_STOPS, RATIO_ERROR / 2)
    sure = key_style.confidence * contrast if low <= shown["lit_share"] <= high else 0.0
    return Tag("chiaroscuro", *(("yes", sure) if sure > 0.5 else ("no", 1 - sure)), shown)


def _contrast(judge: _Judge, measures: Mapping[str, float]) -> Tag:
    ratio = _ratio(judge)
    odds = {}
    before = 0.0
    for limit, name in CONTRASTS:
        until = (1 + math.erf((limit - ratio) / (RATIO_ERROR * math.sqrt(math.pi)))) / 2
        odds[name], before = until - before, until
    shown = {"ratio_stops": ratio, **pick(measures, "subject_sure")}
    shown |= {f"p_{name}": round(p, 4) for name, p in odds.items()}
    best = max(odds, key=odds.__getitem__)
    if odds[best] < CONTRAST_SURE:
        return unknown("contrast", shown)
    return Tag("contrast", best, odds[best], shown)


def _colour(judge: _Judge, measures: Mapping[str, float], *, is_grey: bool) -> tuple[Tag, Tag]:
    red, blue = judge.number("white")
    kelvin, duv = temperature(2.0 ** np.array([red, 0.0, blue]), light_from("bt709", "bt709"))
    shown = {
        "cct_k": kelvin,
        "duv": duv,
        **pick(measures, "chroma"),
        "split_red": measures["high_red"] - measures["low_red"],
        "split_blue": measures["high_blue"] - measures["low_blue"],
        "gel": judge.probability("gel", "yes"),
        "mixed": judge.probability("mixed", "yes"),
    }
    colour = judge.tag("colour", shown, head="tone", is_asked=not is_grey)
    if not is_grey and shown["gel"] > 0.5:
        colour = Tag("colour", "tinted", shown["gel"], colour.measures)
    off = {"duv": duv}
    if is_grey:
        return colour, unknown("tint", off)
    name = "none" if abs(duv) < TINT_DUV else "green" if duv > 0 else "magenta"
    return colour, Tag("tint", name, sureness(500 * abs(abs(duv) - TINT_DUV), 1.0), off)


def _gel(judge: _Judge, measures: Mapping[str, float], *, is_grey: bool) -> Tag:
    shown = {"p_yes": judge.probability("gel", "yes"), **pick(measures, "strong_share")}
    said, confidence = judge.answer("gel")
    if said == UNKNOWN or is_grey:
        return unknown("gel", shown)
    if said == "no":
        return Tag("gel", "none", confidence, shown)
    seen = np.array([measures["patch_red"], measures["patch_blue"]])
    if not np.isfinite(seen).all():
        return unknown("gel", shown)
    near = {name: _angle(seen, np.array(at)) for name, at in HUES.items()}
    return Tag("gel", min(near, key=near.__getitem__), confidence, shown)


def _angle(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    cosine = one @ other / max(1e-9, float(np.linalg.norm(one) * np.linalg.norm(other)))
    return math.acos(max(-1.0, min(1.0, float(cosine))))


def _monochrome(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "coloured_share")
    if not measured(shown):
        return unknown("monochrome", shown)
    margin = shown["coloured_share"] - COLOURED_SHARE
    return Tag("monochrome", "no" if margin > 0 else "yes", sureness(abs(margin), 0.01), shown)


def _bars(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, *BARS)
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
