"""Real frames spoilt by known amounts: each measure finds how much."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from curation.media import Frame, Still, frames
from curation.tags.artefacts import (
    banding,
    blocks,
    blur,
    combing,
    noise,
    stuck,
    window,
)
from curation.tags.defects import PARTS, DefectsTagger, part

if TYPE_CHECKING:
    from curation.media import VideoInfo

Grey = NDArray[np.uint8]
TAGGER: Final = DefectsTagger()


@pytest.fixture(scope="module")
def film(root: Path) -> list[Grey]:
    """A frame of each of two shots."""
    path = str(root / "examples" / "library" / "window_seat.mp4")
    kept = [frame.rgb for frame in islice(frames(path, width=1920, device="cpu"), 201)]
    return [np.asarray(cv2.cvtColor(kept[k], cv2.COLOR_RGB2GRAY)) for k in (130, 200)]


def noisy(grey: Grey, sigma: float) -> Grey:
    drawn = grey + np.random.default_rng(7).normal(0, sigma, grey.shape)
    return np.asarray(drawn.round().clip(0, 255), np.uint8)


def jpeg(grey: Grey, quality: int) -> Grey:
    coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def soft(grey: Grey, sigma: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8)


def sky(step: int, sigma: float = 0.0) -> Grey:
    """A gradient of 60 levels over 600 pixels, in steps of some levels."""
    level = np.linspace(90, 150, 600)[None].repeat(240, axis=0)
    return noisy(np.asarray(level // step * step, np.uint8), sigma)


def woven(one: Grey, other: Grey) -> Grey:
    both = one.copy()
    both[1::2] = other[1::2]
    return both


def measured(stills: list[Grey], *, by_fields: bool = False) -> list[dict[str, float]]:
    high, wide = stills[0].shape
    video = SimpleNamespace(
        by_fields=by_fields, rotation=0, height=high, display_height=high, display_width=wide
    )
    meter = TAGGER.meter(cast("VideoInfo", video))
    shown = [
        Frame(i, Fraction(i), Still(np.repeat(grey[..., None], 3, axis=2)))
        for i, grey in enumerate(stills)
    ]
    return [meter(frame, None) for frame in shown]


def tagged(stills: list[Grey], *, by_fields: bool = False) -> dict[str, str]:
    rows = measured(stills, by_fields=by_fields)
    series = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    summary = TAGGER.summarise(series, np.arange(len(rows), dtype=np.float64))
    return {tag.facet: tag.label for tag in TAGGER.label(summary)}


@pytest.mark.parametrize("sigma", [2, 4, 8, 16])
def test_noise_is_found_within_an_eighth(film: list[Grey], sigma: float) -> None:
    assert noise(film[0]) < 1
    assert noise(noisy(film[0], sigma)) == pytest.approx(sigma, rel=0.125)


def test_the_coarser_jpeg_the_more_its_blocks_show(film: list[Grey]) -> None:
    found = [blocks(film[0]).ratio, *(blocks(jpeg(film[0], q)).ratio for q in (80, 50, 25, 10))]
    assert all(low < high for low, high in pairwise(found))
    assert found[0] < 1.4


@pytest.mark.parametrize("cropped", [0, 3])
def test_blocks_are_found_wherever_their_grid_lies(film: list[Grey], cropped: int) -> None:
    assert blocks(jpeg(film[0], 20)[cropped:, cropped:]).ratio > 1.5


def test_two_moments_woven_comb(film: list[Grey]) -> None:
    assert max(combing(grey) for grey in film) < 0.002
    assert combing(woven(film[0], film[1])) > 0.03
    found = [combing(woven(film[0], np.roll(film[0], by, axis=1))) for by in (0, 2, 6, 18)]
    assert all(low < high for low, high in pairwise(found))


@pytest.mark.parametrize("step", [2, 4, 8])
def test_bands_are_as_high_as_their_steps(step: int) -> None:
    assert banding(sky(step)).step == step
    assert banding(np.ascontiguousarray(sky(step).T)).step == step
    assert banding(sky(1)).step == 1
    assert banding(sky(step, 2.0)).levels < 1


def test_the_softer_a_picture_the_more_blur(film: list[Grey]) -> None:
    found = [blur(film[0]), *(blur(soft(film[0], sigma)) for sigma in (1, 2, 4))]
    assert all(low < high for low, high in pairwise(found))


def test_stuck_pixels_are_counted_and_placed(film: list[Grey]) -> None:
    spoilt = soft(film[0], 1)
    before = stuck(spoilt)[0]
    for x, y in ((50, 40), (200, 100), (300, 150)):
        spoilt[y, x] = 255 if spoilt[y, x] < 128 else 0
    count, kept = stuck(spoilt)
    assert (before, count) == (0, 3)
    assert {pixel[:2] for pixel in kept} == {(50, 40), (200, 100), (300, 150)}


def test_a_pixel_is_stuck_where_it_stays_and_the_picture_does_not(film: list[Grey]) -> None:
    one, other = (soft(grey, 1) for grey in film)
    changes = np.abs(one[5:-5, 5:-5].astype(int) - other[5:-5, 5:-5]) > 20
    y, x = np.argwhere(changes & (np.maximum(one, other)[5:-5, 5:-5] < 200))[0] + 5
    assert tagged([one, other])["pixels"] == "none"
    for grey in (one, other):
        grey[y, x] = 255
    assert tagged([one, other])["pixels"] == "stuck"
    assert tagged([one, one])["pixels"] == "unknown"
    one[y, x], other[y, x] = 255, 235
    assert tagged([one, other])["pixels"] == "unknown"


SPOILT: Final[dict[str, tuple[Callable[[Grey], Grey], str, str]]] = {
    "nothing": (lambda grey: grey, "noise", "clean"),
    "grain": (lambda grey: noisy(grey, 5), "noise", "grainy"),
    "noise": (lambda grey: noisy(grey, 16), "noise", "noisy"),
    "blocks": (lambda grey: jpeg(grey, 8), "blocks", "blocky"),
    "fields": (lambda grey: woven(grey, np.roll(grey, 9, axis=1)), "combing", "combed"),
    "bands": (lambda grey: soft(grey, 3) // 8 * 8, "banding", "banded"),
    "blur": (lambda grey: soft(grey, 4), "detail", "soft"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_spoils_a_picture_is_named_and_lowers_its_score(film: list[Grey], what: str) -> None:
    spoil, facet, label = SPOILT[what]
    said = tagged([spoil(grey) for grey in (film if facet == "combing" else film[:1])])
    assert said[facet] == label
    if what != "grain":
        assert (said["technical"] == "good") == (what == "nothing")


def test_of_a_film_by_fields_a_field_is_judged(film: list[Grey]) -> None:
    moved = [woven(grey, np.roll(grey, 9, axis=1)) for grey in film]
    said = tagged(moved, by_fields=True)
    assert (said["combing"], said["technical"]) == ("woven", tagged(film)["technical"])
    assert said["noise"] == "clean"
    assert tagged([film[0]], by_fields=True)["combing"] == "none"


def test_what_combs_within_a_field_is_left_over(film: list[Grey]) -> None:
    fields = [woven(grey, np.roll(grey, 9, axis=1)).repeat(2, axis=0) for grey in film]
    assert tagged(fields, by_fields=True)["combing"] == "combed"


@pytest.mark.parametrize("by_fields", [False, True])
@pytest.mark.parametrize("stills", [1, 2])
def test_level_lines_that_stand_are_no_comb(film: list[Grey], stills: int, by_fields: bool) -> None:
    striped = film[0] // 2
    striped[::2] += 60
    said = tagged([striped] * stills, by_fields=by_fields)
    assert said["combing"] == "unknown"
    assert said["technical"] != "poor"


def test_a_pixel_like_what_it_juts_from_is_not_stuck() -> None:
    drawn = np.full((60, 80), 40, np.uint8)
    drawn[20:40, 20:40] = 225
    drawn[30, 40] = 229
    assert stuck(drawn)[1] == []
    drawn[30, 60] = 229
    assert [pixel[:2] for pixel in stuck(drawn)[1]] == [(60, 30)]


def test_of_fields_whose_lines_are_lost_combs_are_not_told(film: list[Grey]) -> None:
    said = tagged([np.tile(film[0], (1, 4))], by_fields=True)
    assert (said["combing"], said["technical"]) == ("unknown", "unknown")


def test_a_stuck_pixel_of_a_field_is_where_it_is_stored(film: list[Grey]) -> None:
    still = soft(film[0], 3)
    still[71, 100] = still[70, 200] = 255
    seen = measured([still], by_fields=True)[0]
    assert (seen["lone_pixels"], seen["pixel1_x"], seen["pixel1_y"]) == (1, 200, 70)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_picture_is_not_judged(level: int) -> None:
    said = tagged([np.full((180, 320), level, np.uint8)])
    assert said.pop("pixels") == "none"
    assert set(said.values()) == {"unknown"}


@pytest.mark.parametrize(("ground", "ink"), [(0, 235), (255, 16), (40, 200)])
@pytest.mark.parametrize("lines", [1, 9])
def test_of_letters_on_a_ground_nothing_is_judged(ground: int, ink: int, lines: int) -> None:
    card = np.full((360, 640), ground, np.uint8)
    for k in range(lines):
        at = (120, 60 + 34 * k)
        cv2.putText(card, "FILMED ON LOCATION", at, 0, 1.0, (ink,), 2, cv2.LINE_AA)
    said = tagged([jpeg(card, 60)])
    said.pop("pixels")
    assert set(said.values()) == {"unknown"}


def test_a_card_within_a_shot_does_not_count(film: list[Grey]) -> None:
    assert tagged([film[0], film[0] // 255]) == tagged([film[0]])


@pytest.mark.parametrize("shape", [(1, 1), (2, 2000), (2000, 2), (17, 17)])
def test_however_thin_a_picture_it_is_measured(shape: tuple[int, int]) -> None:
    tagged([np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)])


def test_only_the_middle_of_a_large_picture_is_measured() -> None:
    assert window(np.zeros((2160, 3840), np.uint8)).shape == (540, 960)


@given(st.sampled_from(sorted(PARTS)), st.lists(st.floats(0, 300), min_size=2, max_size=2))
def test_the_worse_a_measure_the_less_it_leaves_of_the_score(
    name: str, values: list[float]
) -> None:
    less, more = sorted(values)
    assert 1 >= part(name, less) >= part(name, more) >= 0


def test_no_samples_are_unknown() -> None:
    tags = TAGGER.label(TAGGER.summarise({}, np.array([])))
    assert {tag.label for tag in tags} == {"unknown"}
    assert math.isnan(tags[-1].measures["score"])


def test_every_label_and_number_is_declared() -> None:
    facets = {facet.name: facet for facet in TAGGER.facets}
    for tag in TAGGER.label({}):
        assert tag.label in facets[tag.facet].labels
        assert set(tag.measures) == set(facets[tag.facet].measures)
