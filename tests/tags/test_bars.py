"""Bars are found shot by shot, and what lies in them is not measured."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.analysis import FilmJob, analyse_film
from curation.media import Frame, Still
from curation.tags.frame_bars import bars
from curation.tags.lighting import LightingTagger
from curation.tags.quality import QualityTagger
from tests.media.scanned import film, pan
from tests.tags.test_lighting import Stream

if TYPE_CHECKING:
    from curation.media import VideoInfo

Pixels = NDArray[np.uint8]

BOXES = {"none": (0, 0), "letterbox": (23, 0), "pillarbox": (0, 40), "windowbox": (23, 40)}
STREAM = cast("VideoInfo", Stream())


def inside(picture: Pixels, box: str) -> Pixels:
    rows, columns = BOXES[box]
    high, wide = picture.shape[:2]
    return picture[rows : high - rows, columns : wide - columns]


def boxed(picture: Pixels, box: str) -> Pixels:
    whole = np.zeros_like(picture)
    inside(whole, box)[:] = inside(picture, box)
    return whole


def shot(tagger: LightingTagger | QualityTagger, pictures: list[Pixels]) -> dict[str, float]:
    frames = [
        Frame(i, Fraction(i, 25), Still(cv2.cvtColor(p, cv2.COLOR_GRAY2RGB).astype(np.uint8)))
        for i, p in enumerate(pictures)
    ]
    meter = tagger.meter(STREAM)
    rows = [meter(now, then) for now, then in zip(frames, [None, *frames], strict=False)]
    return tagger.summarise(
        {name: np.array([row[name] for row in rows]) for name in rows[0]},
        np.arange(len(rows)) / 25,
    )


@pytest.mark.parametrize("box", BOXES)
def test_bars_do_not_slow_what_moves(box: str) -> None:
    scene = pan(1.5, size=(320, 180))
    pictures = [scene(n) for n in range(8)]
    measures = shot(QualityTagger(), [boxed(p, box) for p in pictures])
    alone = shot(QualityTagger(), [np.ascontiguousarray(inside(p, box)) for p in pictures])
    assert measures["motion_widths_s"] == pytest.approx(alone["motion_widths_s"], rel=0.1)
    assert measures["sharpness"] == pytest.approx(alone["sharpness"], rel=0.1)


@pytest.mark.parametrize("box", BOXES)
def test_one_dark_frame_spoils_no_shot(box: str) -> None:
    scene = pan(1.5, size=(320, 180))
    pictures = [boxed(scene(n), box) for n in range(5)]
    dark = [*pictures[:2], np.zeros_like(pictures[0]), *pictures[3:]]
    for tagger, names in (
        (LightingTagger(), ("median_stops", "p10_stops", "p95_stops", "bar_top", "bar_left")),
        (QualityTagger(), ("sharpness", "mean_luma", "luma_deviation")),
    ):
        with_dark, without = shot(tagger, dark), shot(tagger, pictures)
        for name in names:
            assert with_dark[name] == pytest.approx(without[name], rel=0.05, abs=0.03)


def test_a_dim_picture_has_its_bars_on_every_side() -> None:
    """Of its edge two thirds are lit, which is less than half of a line that runs into bars."""
    picture = np.asarray(pan(1.5, size=(320, 180))(0) // 2, np.uint8)
    picture[:, 120:200] = 0
    rows, columns = bars(boxed(picture, "windowbox"))
    assert (rows.first, rows.past) == (23, 157)
    assert (columns.first, columns.past) == (40, 280)


def test_bars_that_change_between_shots_are_each_shots_own(tmp_path: Path) -> None:
    pictures = [
        boxed(pan(1.0, size=(320, 180), seed=seed)(n), box)
        for seed, box in enumerate(BOXES)
        for n in range(30)
    ]
    rows = analyse_film(
        FilmJob("film", str(film(tmp_path / "film.mp4", iter(pictures))), "cpu", verify=False)
    )
    found = [tag["label"] for tag in rows.tags if tag["facet"] == "bars"]
    assert list(dict.fromkeys(found)) == list(BOXES)
    stops = [m["summary"]["median_stops"] for m in rows.measures if m["tagger"] == "lighting"]
    assert max(stops) - min(stops) < 0.3
    assert rows.film["scan"] == "progressive"
