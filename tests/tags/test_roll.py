"""Credits drawn at known rates, and film that only tilts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from curation.media import Frame, Still
from curation.tags import Tag
from curation.tags.roll import RollTagger

if TYPE_CHECKING:
    from curation.media import VideoInfo

Pixels = NDArray[np.uint8]
TAGGER = RollTagger()
NAMES = ("Directed by", "A. Example", "Written by", "B. Sample", "Produced by", "C. Placeholder")


def page(ground: int = 12, lines: int = 40) -> Pixels:
    """A long page of names 640 wide."""
    tall = np.full((36 * lines, 640, 3), ground, np.uint8)
    for k in range(lines):
        at = (150 + 20 * (k % 3), 36 * k + 24)
        cv2.putText(tall, NAMES[k % 6], at, 0, 0.8, (235, 235, 235), 2, cv2.LINE_AA)
    return tall


def tagged(stills: list[tuple[Pixels, Pixels]], gap: Fraction = Fraction(1, 24)) -> Tag:
    """The tag of a shot of these pairs of pictures, two seconds apart."""
    meter = TAGGER.meter(cast("VideoInfo", None))
    rows = [
        meter(Frame(1, 2 * k + gap, Still(now), 320), Frame(0, Fraction(2 * k), Still(then), 320))
        for k, (then, now) in enumerate(stills)
    ]
    series = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return TAGGER.label(TAGGER.summarise(series, np.arange(float(len(rows)))))[0]


def rolled(tall: Pixels, rows: int, places: tuple[int, ...] = (0, 150, 310)) -> Tag:
    """Of a page that goes up by so many rows of 360 in each pair."""
    return tagged([(tall[at : at + 360], tall[at + rows : at + rows + 360]) for at in places])


@pytest.mark.parametrize("rows", [1, 2, 4, 12])
@pytest.mark.parametrize("ground", [0, 12, 90])
def test_the_rate_of_a_roll(rows: int, ground: int) -> None:
    tag = rolled(page(ground), rows)
    assert tag.label == "upward"
    assert tag.measures["roll_heights_s"] == pytest.approx(rows / 360 * 24, rel=0.1)


def test_a_page_that_stands_does_not_roll() -> None:
    assert rolled(page(), 0).label == "none"


def test_lines_that_go_down_or_aside_are_not_told() -> None:
    tall = page()
    down = [(tall[at + 4 : at + 364], tall[at : at + 360]) for at in (0, 150, 310)]
    assert tagged(down).label == "unknown"
    aside = [(tall[:360], np.roll(tall[:360], 4, axis=1))] * 3
    assert tagged(aside).label == "unknown"


def test_a_tilt_over_a_scene_is_no_roll() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 80, 3)).astype(np.uint8)
    tall = np.asarray(cv2.resize(noise, (640, 720)), np.uint8)
    assert rolled(tall, 4).label == "unknown"


def test_without_pairs_nothing_is_told() -> None:
    measures = TAGGER.meter(cast("VideoInfo", None))(Frame(0, Fraction(0), Still(page())), None)
    assert np.isnan(list(measures.values())).all()
    assert TAGGER.label(TAGGER.summarise({}, np.array([])))[0].label == "unknown"


@settings(deadline=None)
@given(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.integers(0, 9))
def test_however_small_a_picture_it_is_measured(shape: tuple[int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (2, *shape, 3)).astype(np.uint8)
    assert tagged([(noise[0], noise[1])]).label == "unknown"


def test_every_label_and_number_is_declared() -> None:
    tag = TAGGER.label({})[0]
    assert tag.label in TAGGER.facets[0].labels
    assert set(tag.measures) == set(TAGGER.facets[0].measures)
