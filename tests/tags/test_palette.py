"""Main colours, strength of colour, black and white or toned, and what is drawn."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curation.analysis import FilmJob, analyse_film
from curation.media import Frame
from curation.media.frame import Still
from curation.tags import Tag
from curation.tags.colours import binned, clusters, colourfulness, oklab
from curation.tags.palette import HUES, PaletteTagger, hue_family

Picture = np.ndarray[Any, np.dtype[np.uint8]]


def said(*pictures: Picture) -> dict[str, Tag]:
    tagger = PaletteTagger()
    meter: Any = tagger.meter(None)  # type: ignore[arg-type]
    seen = [meter(Frame(k, Fraction(k), Still(one)), None) for k, one in enumerate(pictures)]
    series = {name: np.array([each[name] for each in seen]) for name in seen[0]}
    return {
        tag.facet: tag
        for tag in tagger.label(tagger.summarise(series, np.arange(float(len(seen)))))
    }


def scene(seed: int = 0) -> Picture:
    """A shaded, textured picture, 320 by 180, with three things of other colours in it."""
    random = np.random.default_rng(seed)
    light = np.linspace(0.25, 1, 320)[None, :, None] * np.ones((180, 1, 1))
    colour = np.full((180, 320, 3), (150, 140, 120.0))
    colour[20:90, 30:120] = (180, 60, 40)
    colour[70:160, 150:230] = (40, 110, 60)
    colour[40:100, 250:310] = (50, 70, 170)
    return np.clip(colour * light + random.normal(0, 4, colour.shape), 0, 255).astype(np.uint8)


def grey(picture: Picture, *tone: float) -> Picture:
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64)
    return np.clip(luma[..., None] * (tone or (1, 1, 1)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (1.0, 0.0, 0.0)),
        ((255, 0, 0), (0.628, 0.225, 0.126)),
        ((0, 0, 255), (0.452, -0.032, -0.312)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
    ],
)
def test_oklab_of_known_colours(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    assert oklab(np.array([rgb], np.uint8))[0] == pytest.approx(lab, abs=1e-3)


@pytest.mark.parametrize(
    ("rgb", "family"),
    [
        ((200, 30, 30), "red"),
        ((230, 140, 30), "orange"),
        ((230, 220, 40), "yellow"),
        ((40, 160, 50), "green"),
        ((40, 190, 190), "cyan"),
        ((40, 70, 210), "blue"),
        ((190, 40, 190), "magenta"),
    ],
)
def test_a_hue_has_its_name(rgb: tuple[int, ...], family: str) -> None:
    assert hue_family(*oklab(np.array([rgb], np.uint8))[0, 1:]) == family
    picture = scene()
    picture[:, :260] = (picture[:, :260] * 0.1 + np.array(rgb) * 0.9).astype(np.uint8)
    tag = said(picture)["palette"]
    assert tag.label == family
    assert tag.measures["share1"] >= tag.measures["share2"] > 0


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint8, (60, 3)), st.integers(1, 6))
def test_clusters_stand_for_all_that_there_is(pixels: Picture, count: int) -> None:
    lab = oklab(pixels)
    points, shares = binned(lab)
    assert shares.sum() == pytest.approx(1)
    assert shares @ points == pytest.approx(lab.mean(axis=0), abs=1e-9)
    centres, taken = clusters(points, shares, count)
    assert 1 <= len(centres) <= count
    assert taken.sum() == pytest.approx(1)
    assert list(taken) == sorted(taken, reverse=True)
    again, _ = clusters(points, shares, count)
    assert (again == centres).all()


def test_grey_toned_and_coloured_pictures_are_told_apart() -> None:
    picture = scene()
    assert said(picture)["monochrome"].label == "no"
    assert said(grey(picture))["monochrome"].label == "yes"
    assert said(grey(picture))["saturation"].label == "muted"
    assert said(grey(picture))["palette"].label == "neutral"
    assert said(grey(picture, 1.05, 0.88, 0.68))["monochrome"].label == "toned"


def test_a_little_colour_in_grey_is_not_black_and_white() -> None:
    picture = grey(scene())
    picture[80:120, 150:190] = (200, 30, 40)
    assert said(picture)["monochrome"].label == "no"


def test_colourfulness_is_nothing_for_grey_and_grows_with_colour() -> None:
    picture = scene()
    assert colourfulness(grey(picture)) == pytest.approx(0, abs=1e-9)
    strong = cv2.addWeighted(picture, 2.0, grey(picture), -1.0, 0)
    assert colourfulness(np.asarray(strong, np.uint8)) > colourfulness(picture) > 15


def test_of_a_blank_picture_or_none_nothing_is_said() -> None:
    for plain in (0, 128, 255):
        tags = said(np.full((90, 160, 3), plain, np.uint8))
        assert {tag.label for tag in tags.values()} == {"unknown"}
    assert {tag.label for tag in PaletteTagger().label({})} == {"unknown"}
    assert PaletteTagger().summarise({}, np.array([])) == {}


def test_a_flat_drawing_is_told_and_a_textured_picture_is_not() -> None:
    drawing = np.full((180, 320, 3), (90, 200, 210), np.uint8)
    for k in range(6):
        corner = 10 + 50 * k, 20 + 20 * (k % 3)
        cv2.rectangle(drawing, corner, (corner[0] + 34, 150), (230, 90 + 20 * k, 60), -1)
        cv2.rectangle(drawing, corner, (corner[0] + 34, 150), (20, 20, 20), 2)
    assert said(drawing)["medium"].label == "animation"
    assert said(scene())["medium"].label == "unknown"


def test_bars_are_no_colour_of_the_picture() -> None:
    boxed = np.zeros((240, 320, 3), np.uint8)
    boxed[30:210] = scene()
    inside, whole = said(boxed), said(scene())
    assert inside["palette"].label == whole["palette"].label
    assert inside["saturation"].measures["chroma"] == pytest.approx(
        whole["saturation"].measures["chroma"], rel=0.02
    )


def test_a_film_has_its_colours_in_every_shot(root: Path) -> None:
    film = str(root / "examples" / "library" / "gel_test.mp4")
    rows = analyse_film(FilmJob("x", film, "cpu", verify=False, taggers=("palette",)))
    said = [tag for tag in rows.tags if tag["facet"] == "palette"]
    assert len(said) == len(rows.shots)
    assert {"blue", "green"} <= {tag["label"] for tag in said} <= {*HUES, "neutral", "unknown"}
    assert all(0 <= tag["confidence"] <= 1 for tag in rows.tags)
    summary = rows.measures[-1]["summary"]
    assert sum(summary[f"share{k}"] for k in range(1, 6)) == pytest.approx(1, abs=1e-3)
    assert not math.isnan(summary["colourfulness"])
