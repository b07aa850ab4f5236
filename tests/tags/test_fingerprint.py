from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.media import Frame, Still
from curation.tags.fingerprint import (
    MIDDLE,
    SHAPE,
    STRIP,
    WORD,
    WORDS,
    FingerprintTagger,
    fingerprint,
)
from curation.tags.registry import taggers

Pixels = NDArray[np.uint8]


def picture(seed: int) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, 1, (180, 320))
    soft = sum(weight * cv2.GaussianBlur(noise, (0, 0), weight) for weight in (2, 8, 24))
    level = 120 + 45 * soft / np.std(soft)
    return np.asarray(level.clip(0, 255), np.uint8)[..., None].repeat(3, axis=2)


def said(pixels: Pixels) -> dict[str, float]:
    return fingerprint(Frame(0, Fraction(0), Still(pixels)))


def bits(pixels: Pixels, names: tuple[str, ...] = WORDS) -> NDArray[np.bool_]:
    words = np.array([int(said(pixels)[name]) for name in names])
    return np.asarray((words[:, None] >> np.arange(WORD)) & 1 == 1)


def apart(one: Pixels, other: Pixels, names: tuple[str, ...] = WORDS) -> int:
    return int((bits(one, names) != bits(other, names)).sum())


def darker(pixels: Pixels) -> Pixels:
    return np.asarray(pixels * 0.6 + 20, np.uint8)


def smaller(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.resize(pixels, (160, 90), interpolation=cv2.INTER_AREA), np.uint8)


def boxed(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.copyMakeBorder(pixels, 30, 30, 0, 0, cv2.BORDER_CONSTANT), np.uint8)


def lifted(pixels: Pixels) -> Pixels:
    return darker(boxed(pixels))


@pytest.mark.parametrize("copy", [darker, smaller, boxed, lifted])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_copies_of_a_picture_share_their_bits_and_others_do_not(copy: object, seed: int) -> None:
    assert callable(copy)
    assert apart(picture(seed), copy(picture(seed))) <= 8
    assert apart(picture(seed), picture(seed + 10)) > 40


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("width", [240, 280])
def test_what_lost_its_sides_shares_the_bits_of_the_middle(width: int, seed: int) -> None:
    pixels = picture(seed)
    edge = (320 - width) // 2
    cut = pixels[:, edge : 320 - edge]
    assert apart(pixels, cut, MIDDLE) <= 8
    assert apart(boxed(pixels), darker(cut), MIDDLE) <= 12
    assert apart(pixels, picture(seed + 10), MIDDLE) > 40
    assert said(cut)[SHAPE] == width / 180


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("height", [134, 156])
def test_what_lost_its_top_and_bottom_shares_the_bits_of_the_strip(height: int, seed: int) -> None:
    pixels = picture(seed)
    edge = (180 - height) // 2
    cut = pixels[edge : 180 - edge]
    assert apart(pixels, cut, STRIP) <= 8
    assert apart(pixels, picture(seed + 10), STRIP) > 40


def test_a_picture_that_is_no_wider_or_no_taller_is_all_of_itself() -> None:
    for name, cut in ((MIDDLE, picture(1)[:, :200]), (STRIP, picture(1)[:120])):
        assert bits(cut).tolist() == bits(cut, name).tolist()


def test_words_are_stored_exactly() -> None:
    from curation.analysis.keys import significant

    assert all(significant(float(word)) == word for word in range(1 << WORD))


def test_it_is_registered_and_says_no_tags() -> None:
    (tagger,) = taggers(["fingerprint"])
    assert tagger.label({"detail": 3.0}) == ()
    assert FingerprintTagger().summarise({}, np.array([])) == {}
