"""People: the faces of a shot, how large they are in it, and where. Nobody is identified.

Thresholds of the shot's scale follow from human proportions, not from films. Measured
(benchmarks/tags.py): people who look away are not seen, and of a drawn character, whose head is
large for its body, the scale comes out one step closer than it is. Where nothing is found and
half of the stills are too dark or show a dark figure before the light, or the stills are too few
for the shot, faces are `unknown`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.faces import CENTERFACE, SCORE, SURE, Box, Face, faces, finder, missing
from curation.tags.figure import hides
from curation.tags.frame_bars import bars
from curation.tags.numbers import measured, pick, sureness, unknown
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag
from curation.tags.subject import FACE_HEADS, person

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.models import Weights
    from curation.tags.protocol import Series

Track: TypeAlias = "list[tuple[int, Face]]"
"""Faces taken for one person's, each with the still it is in."""

KEPT: Final = 4
"""Faces of a still whose boxes are kept, the largest."""
LINK: Final = 0.15
"""Boxes of two stills that share this much (intersection over union) are taken for one face."""

HEAD: Final = 0.130
"""Height of a head in statures (Drillis & Contini 1966)."""
HEADROOM: Final = 0.1
"""Share of the picture's height above the crown."""
CUTS: Final = {"CU": 0.77, "MCU": 0.66, "MS": 0.41, "MLS": 0.14}
"""Lowest place, in statures above the floor, at which a shot of that scale cuts a standing person:
halfway between what it shows and what the next one does. Shoulder 0.818, chest 0.72, hip 0.53, knee
0.285 (Drillis & Contini 1966), waist 0.60: a close-up shows the shoulders, a medium close-up the
chest, a medium shot the waist or the hips, a medium long shot the knees, a long shot all (named so
by Thompson & Bowen, "Grammar of the Shot", 2009)."""
SPREAD: Final = 0.4
"""Standard deviation of a face's height around that of its scale, in octaves. Labels are likeliest
with 0.2 on renders, 0.3 on our films and 0.6 on others' (benchmarks/tags.py)."""
LEAST: Final = 0.4
"""A scale less likely than this is not said."""
HIDDEN: Final = 0.5
"""Share of the stills that may hide a face, from which on it is not said that there is none."""
GLANCE: Final = 1.0
"""Seconds of the longest shot that one still may say shows nobody…"""
SELDOM: Final = 2.0
"""…and of which of a longer one there is a still each, two at least: half of what is asked for."""
NONE_CONFIDENCE: Final = 0.85
"""Of 64 labelled stills in which nothing is found, 55 show no face."""

_PARTS: Final = ("left", "top", "right", "bottom", "score")
_PLACE: Final = ("left", "top", "width", "height")


def _limits() -> dict[str, float]:
    """Least face height of each scale but the widest, in heights of the picture."""
    face = FACE_HEADS * HEAD * (1 - HEADROOM)
    whole = {name: face / (1 - cut) for name, cut in CUTS.items()}
    # An extreme close-up shows less than a head; in an extreme long shot nobody fills half of it.
    return {"ECU": FACE_HEADS, **whole, "LS": face / 2}


LIMITS: Final = _limits()
SCALES: Final = (*LIMITS, "ELS")


@dataclass(frozen=True, slots=True)
class PeopleTagger:
    """Faces, shot scale and the main person's place; unknown where no network is installed."""

    name: ClassVar[str] = "people"
    label_version: ClassVar[str] = "3"
    needs: ClassVar[Needs] = Needs(width=320, per_second=1.0)
    weights: ClassVar[tuple[Weights, ...]] = (CENTERFACE,)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "faces",
            ("none", "one", "two", "many", UNKNOWN),
            {
                "faces": "faces that a quarter of the stills or more show",
                "face_share": "share of the stills",
                "largest": "height of the largest face, share of the picture's",
                "score": "of the surest face, 0 to 1",
                "tracks": "faces told apart by their place from still to still",
                "hidden_share": "share of the stills that may hide a face: too dark, or backlit",
                "stills": "stills looked at",
            },
        ),
        Facet(
            "shot_scale",
            (*SCALES, UNKNOWN),
            {"face_height": "of the main person; share of the picture's height inside its bars"},
        ),
        Facet(
            "subject",
            ("person", UNKNOWN),
            {
                "left": "share of the frame's width",
                "top": "share of the frame's height",
                "width": "share of the frame's width",
                "height": "share of the frame's height",
                "track_share": "share of the stills",
            },
        ),
    )

    @property
    def version(self) -> str:
        """Of the measures; another one without a network, so that films are looked at with one."""
        return "4" if missing() is None else "4-without-network"

    def meter(self, video: VideoInfo) -> Meter:
        """A meter of the faces of a frame. Raises `ModelUnavailableError` without a network."""
        finder()
        return _measures

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """Counts over the samples, and the median place of the face that is largest for longest."""
        if not len(pts):
            return {}
        stills = [_faces(series, k) for k in range(len(pts))]
        sure = [[face for face in still if face.score >= SURE] for still in stills]
        counts = sorted((len(still) for still in sure), reverse=True)
        runs = tracks(stills)
        main = max(runs, key=_weight, default=[])
        summary = {
            "stills": float(len(stills)),
            "faces": float(counts[(len(counts) - 1) // 4]),
            "face_share": sum(count > 0 for count in counts) / len(counts),
            "tracks": float(len(runs)),
            "score": max((face.score for still in stills for face in still), default=math.nan),
            "hidden_share": float(series["hides"].mean()),
        }
        if not main:
            return summary
        aspect, picture = float(series["aspect"][0]), _picture(series)
        largest = max(face.box.height for still in stills for face in still)
        places = np.median([person(face, aspect) for _, face in main], axis=0)
        place = Box(*places.tolist()).within(picture)
        return summary | {
            "largest": largest / picture.height,
            "face_height": float(np.median([face.box.height for _, face in main])) / picture.height,
            "main_score": max(face.score for _, face in main),
            "track_share": len(main) / len(stills),
            "left": place.left,
            "top": place.top,
            "width": place.width,
            "height": place.height,
        }

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a facet."""
        return _count(measures), _scale(measures), _subject(measures)


def tracks(stills: Sequence[Sequence[Face]]) -> list[Track]:
    """Faces of successive stills linked by their boxes alone, the best fit first.

    Greedy, and blind to who it is: somebody who walks further than their face between two stills
    becomes two tracks, and a cut-like swap of places one.
    """
    runs: list[Track] = []
    for still, found in enumerate(stills):
        pairs = sorted(
            (
                (overlap(run[-1][1].box, face.box), i, k)
                for i, run in enumerate(runs)
                for k, face in enumerate(found)
            ),
            reverse=True,
        )
        linked: dict[int, int] = {}
        for shared, i, k in pairs:
            if shared >= LINK and k not in linked and i not in linked.values():
                linked[k] = i
        for k, face in enumerate(found):
            if k in linked:
                runs[linked[k]].append((still, face))
            else:
                runs.append([(still, face)])
    return runs


def _weight(run: Track) -> float:
    return sum(face.box.height * face.score for _, face in run)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / (one.width * one.height + other.width * other.height - shared)


def scale_of(face_height: float) -> tuple[str, float]:
    """The likeliest scale of a shot with a face of this share of its height, and how likely it is.

    Raises `ValueError` for a height that is not positive.
    """
    if face_height <= 0:
        raise ValueError(f"a face of height {face_height} has no scale")
    ends = [math.inf, *(math.log2(limit / face_height) / SPREAD for limit in LIMITS.values())]
    below = [_normal(end) for end in (*ends, -math.inf)]
    likely = [high - low for high, low in pairwise(below)]
    best = max(range(len(SCALES)), key=likely.__getitem__)
    return SCALES[best], likely[best]


def _normal(x: float) -> float:
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def _measures(frame: Frame, before: Frame | None) -> dict[str, float]:
    grey = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    rows, columns = bars(grey)
    high, wide = grey.shape
    found = faces(frame)
    picture = grey[rows.first : rows.past, columns.first : columns.past]
    values = {
        "faces": float(len(found)),
        "hides": float(not found and hides(picture)),
        "aspect": wide / high,
        "picture_left": columns.first / wide,
        "picture_top": rows.first / high,
        "picture_right": columns.past / wide,
        "picture_bottom": rows.past / high,
    }
    for k in range(KEPT):
        given = (*found[k].box, found[k].score) if k < len(found) else (math.nan,) * len(_PARTS)
        values |= {f"face{k + 1}_{part}": v for part, v in zip(_PARTS, given, strict=True)}
    return values


def _faces(series: Series, sample: int) -> list[Face]:
    given = [[float(series[f"face{k + 1}_{p}"][sample]) for p in _PARTS] for k in range(KEPT)]
    return [Face(Box(*edges), score, ()) for *edges, score in given if score >= SCORE]


def _picture(series: Series) -> Box:
    """The frame inside its bars, at their narrowest."""
    left, top, right, bottom = (series[f"picture_{edge}"] for edge in _PARTS[:4])
    return Box(float(left.min()), float(top.min()), float(right.max()), float(bottom.max()))


def _is_face(score: float) -> float:
    """How likely what scores this much is a face: 5 of 6 labelled stills of 0.5 to 0.6 show one."""
    return sureness(score - 0.37, 0.1)


def _count(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, *PeopleTagger.facets[0].measures)
    if not math.isfinite(shown["stills"]):
        return unknown("faces", shown)
    if not math.isfinite(shown["score"]):
        if not shown["hidden_share"] < HIDDEN or not _covered(
            shown["stills"], measures.get("seconds", math.nan)
        ):
            return unknown("faces", shown)
        return Tag("faces", "none", NONE_CONFIDENCE, shown)
    if shown["score"] < SURE:
        return unknown("faces", shown)
    label = ("one", "one", "two", "many")[min(3, int(shown["faces"]))]
    return Tag("faces", label, _is_face(shown["score"]), shown)


def _covered(stills: float, seconds: float) -> bool:
    """Whether so many stills of a shot may say that something is in none of its pictures."""
    if stills < 2:
        return seconds <= GLANCE
    return not seconds > SELDOM * stills


def _scale(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "face_height")
    score = measures.get("main_score", math.nan)
    if not measured(shown) or not score >= SURE:
        return unknown("shot_scale", shown)
    label, likely = scale_of(shown["face_height"])
    confidence = likely * _is_face(score)
    if confidence < LEAST:
        return unknown("shot_scale", shown)
    return Tag("shot_scale", label, confidence, shown)


def _subject(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, *_PLACE, "track_share")
    score = measures.get("main_score", math.nan)
    if not measured(shown) or not score >= SURE:
        return unknown("subject", shown)
    return Tag("subject", "person", _is_face(score), shown)
