from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.media import Frame, Still
from curation.tags.quality import QualityTagger

if TYPE_CHECKING:
    from curation.media import VideoInfo

TAGGER = QualityTagger()


def scenery(seed: int = 5) -> NDArray[np.uint8]:
    """A wide textured canvas to pan over."""
    noise = np.random.default_rng(seed).normal(0, 1, (180, 640))
    soft = cv2.GaussianBlur(noise, (0, 0), 1.2) + 4 * cv2.GaussianBlur(noise, (0, 0), 6)
    level = 128 + 40 * soft / soft.std()
    return np.asarray(level.clip(0, 255), dtype=np.uint8)[..., None].repeat(3, axis=2)


def shot(pictures: list[NDArray[np.uint8]], rate: int = 25) -> dict[str, float]:
    meter = TAGGER.meter(cast("VideoInfo", None))
    frames = [Frame(i, Fraction(i, rate), Still(p)) for i, p in enumerate(pictures)]
    rows = [meter(now, then) for now, then in zip(frames, [None, *frames], strict=False)]
    series = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return TAGGER.summarise(series, np.arange(len(rows)) / rate)


def labels(measures: dict[str, float]) -> dict[str, str]:
    return {tag.facet: tag.label for tag in TAGGER.label(measures)}


@pytest.mark.parametrize(("pixels", "rate"), [(4, 25), (2, 50), (0, 25)])
def test_a_pan_moves_as_many_frame_widths_a_second(pixels: int, rate: int) -> None:
    canvas = scenery()
    measures = shot([canvas[:, i * pixels : i * pixels + 320] for i in range(12)], rate)
    assert measures["motion_widths_s"] == pytest.approx(pixels * rate / 320, rel=0.15)
    assert labels(measures)["motion"] == ("high" if pixels else "static")


def test_repeated_frames_are_counted() -> None:
    canvas = scenery()
    pulled_down = [canvas[:, 4 * (i * 4 // 5) :][:, :320] for i in range(20)]
    assert shot(pulled_down)["repeated"] == pytest.approx(4 / 19, abs=0.03)


def test_a_frame_without_one_before_it_has_no_motion() -> None:
    assert labels(shot([scenery()[:, :320]]))["motion"] == "unknown"


def test_a_picture_of_a_few_pixels_has_no_motion() -> None:
    canvas = scenery()
    tiny = shot([canvas[:4, 9 * i :][:, :4] for i in range(3)])
    assert (tiny["repeated"], labels(tiny)["motion"]) == (0, "unknown")


def test_blur_is_soft_and_low_contrast_is_not_judged() -> None:
    sharp = scenery()[:, :320]
    assert labels(shot([sharp]))["sharpness"] == "sharp"
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 5), dtype=np.uint8)
    assert labels(shot([blurred]))["sharpness"] == "soft"
    dim = np.asarray(sharp // 16, dtype=np.uint8)
    assert labels(shot([dim]))["sharpness"] == "unknown"


@pytest.mark.parametrize(
    ("gain", "lift", "label"), [(1, 0, "ok"), (3, -350, "crushed"), (3, -100, "clipped")]
)
def test_exposure(gain: int, lift: int, label: str) -> None:
    picture = (scenery()[:, :320] * np.float64(gain) + lift).clip(0, 255).astype(np.uint8)
    assert labels(shot([picture]))["exposure"] == label


@pytest.mark.parametrize(("level", "label"), [(0, "black"), (128, "flat")])
def test_content_without_a_picture(level: int, label: str) -> None:
    assert labels(shot([np.full((180, 320, 3), level, np.uint8)]))["content"] == label


def test_no_samples_are_unknown() -> None:
    assert set(labels(TAGGER.summarise({}, np.array([]))).values()) == {"unknown"}


def test_a_moving_shot_that_repeats_frames_is_told_from_a_still_one() -> None:
    canvas = scenery()
    pulled_down = [canvas[:, 4 * (i * 4 // 5) :][:, :320] for i in range(20)]
    assert labels(shot(pulled_down))["cadence"] == "repeats"
    assert labels(shot([canvas[:, :320]] * 20))["cadence"] == "unknown"
    assert labels(shot([canvas[:, 4 * i :][:, :320] for i in range(20)]))["cadence"] == "unknown"


def test_every_label_and_number_is_declared() -> None:
    facets = {facet.name: facet for facet in TAGGER.facets}
    for tag in TAGGER.label(shot([scenery()[:, :320]] * 2)):
        assert tag.label in facets[tag.facet].labels
        assert set(tag.measures) == set(facets[tag.facet].measures)
