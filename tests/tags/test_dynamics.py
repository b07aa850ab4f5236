from __future__ import annotations

import json
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.analysis import tag_film
from curation.media import Frame, Still
from curation.tags import taggers
from curation.tags.lighting.dynamics import DynamicsMeter, DynamicsTagger
from curation.tags.photometry import light_from
from curation.tags.protocol import Tag

FPS = 24
SECONDS = np.arange(3 * FPS) / FPS
WIDE = 128
RNG = np.random.default_rng(5)
SCENE = cv2.GaussianBlur(RNG.uniform(0.02, 1.2, (36, WIDE)), (0, 0), 1.5)
"""Reflectances of a scene wider than the picture, as a camera may pan over it."""


def filmed(light: NDArray[np.float64], at: Callable[[int], int] = lambda _: 0) -> list[Frame]:
    """A scene under a light, frame by frame, seen from column `at(frame)` on."""
    frames = []
    for index, level in enumerate(light):
        linear = SCENE[:, at(index) : at(index) + 64] * level * 0.4
        code = (255 * np.clip(linear, 0, 1) ** (1 / 2.4) + 0.5).astype(np.uint8)
        still = Still(np.repeat(code[..., None], 3, axis=2))
        frames.append(Frame(index, Fraction(index, FPS), still))
    return frames


def dynamics(frames: list[Frame], *, seconds: float | None = None) -> Tag:
    meter, tagger = DynamicsMeter(light_from("bt709", "bt709")), DynamicsTagger()
    pairs = zip(frames, [None, *frames], strict=False)
    measured = [meter(frame, before) for frame, before in pairs]
    series = {name: np.array([one[name] for one in measured]) for name in measured[0]}
    pts = np.array([float(frame.pts) for frame in frames])
    lasts = len(frames) / FPS if seconds is None else seconds
    (tag,) = tagger.label({**tagger.summarise(series, pts), "seconds": lasts})
    return tag


def pulses(*starts: float, width: float = 0.08) -> NDArray[np.float64]:
    on = [(start <= SECONDS) & (start + width > SECONDS) for start in starts]
    return np.where(np.any(on, axis=0), 2.15, 0.15)


NOISE = np.convolve(RNG.standard_normal(len(SECONDS) + 4), np.ones(5) / 5, "valid")
LIGHTS = {
    "steady": [np.ones(len(SECONDS)), 1 + 0.01 * np.sin(60 * SECONDS)],
    "change": [
        np.where(SECONDS < 1.2, 0.1, 1.0),
        np.linspace(1.2, 0.1, len(SECONDS)),
        np.exp(-(((SECONDS - 1.5) / 0.5) ** 2)) + 0.1,
    ],
    "flicker": [
        np.exp(0.8 * NOISE),
        np.where(np.isin(np.arange(len(SECONDS)), [9, 10, 17, 18, 30, 33, 34, 50, 61]), 0.3, 1.0),
        1 + 0.2 * np.sin(2 * np.pi * 5 * SECONDS),
    ],
    "strobe": [
        np.where(SECONDS * 8 % 1 < 0.5, 1.3, 0.05),
        np.where(SECONDS * 2.5 % 1 < 0.3, 1.0, 0.1),
        np.maximum(np.sin(2 * np.pi * 2.2 * SECONDS), 0) + 0.05,
    ],
    "flash": [pulses(1.0), pulses(0.4, 1.1, 2.5)],
}


@pytest.mark.parametrize(
    ("label", "light"), [(label, light) for label, given in LIGHTS.items() for light in given]
)
def test_lights_are_named(label: str, light: NDArray[np.float64]) -> None:
    tag = dynamics(filmed(light))
    assert tag.label == label
    assert tag.confidence > 0.5


def test_the_rate_and_the_onsets_are_those_of_the_light() -> None:
    tag = dynamics(filmed(LIGHTS["strobe"][0]))
    assert tag.measures["hz"] == pytest.approx(8, rel=0.1)
    assert tag.measures["amplitude_stops"] == pytest.approx(np.log2(1.3 / 0.05), abs=1)
    assert dynamics(filmed(LIGHTS["flash"][1])).measures["onsets"] == 3


@pytest.mark.parametrize("fast", [0.3, 1, 4])
def test_a_camera_that_moves_changes_no_light(fast: float) -> None:
    def swing(index: int) -> int:
        return round(32 + 31 * math.sin(index * fast / 10))

    assert dynamics(filmed(np.ones(len(SECONDS)), swing)).label == "steady"


def test_a_cut_that_was_missed_is_no_light() -> None:
    frames = filmed(np.ones(len(SECONDS)), lambda index: 0 if index < 30 else 64)
    assert dynamics(frames).label == "steady"


def test_someone_who_crosses_the_lens_is_no_light() -> None:
    frames = filmed(np.ones(len(SECONDS)))
    for frame in frames[20:50]:
        edge = (frame.index - 20) * 6
        frame.thumb[:, max(0, edge - 60) : max(0, edge)] = 4
    assert dynamics(frames).label == "steady"


def test_what_is_too_short_is_unknown() -> None:
    assert dynamics(filmed(LIGHTS["strobe"][0][:10])).label == "unknown"
    assert dynamics(filmed(np.ones(1)), seconds=2.0).label == "steady"
    (nothing,) = DynamicsTagger().label({})
    assert (nothing.label, nothing.confidence) == ("unknown", 0)


def test_it_stands_in_its_family() -> None:
    assert [t.name for t in taggers(["lighting"])] == ["lighting", "lighting.dynamics"]


def test_a_film_of_known_lights(shared: Path) -> None:
    film = shared / "demo_library" / "gel_test.mp4"
    truth = json.loads(film.with_name("truth.json").read_text())
    known = next(one for one in truth["files"] if one["file"] == film.name)["shots"]
    found = list(tag_film(film, ["lighting.dynamics"], "cpu"))
    for shot in known:
        if shot["dynamics"] in ("flicker", "strobe", "flash"):
            start, end = shot["visible_from"], shot["visible_to"]
            (line,) = [one for one in found if start <= sum(one["span"]) / 2 < end]
            assert line["tags"]["lighting"]["dynamics"]["label"] == shot["dynamics"]
