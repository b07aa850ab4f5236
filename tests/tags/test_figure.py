"""Dark figures before the light, drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from curation.tags.figure import figure, hides


def drawn(ground: int, ink: int, left: int = 130, right: int = 190) -> NDArray[np.uint8]:
    """Somebody from the waist up, 144 of 180 rows high."""
    picture = np.full((180, 320), ground, np.uint8)
    picture[:, ::7] //= 2  # Something is behind them, for cards hide nobody.
    picture[36:, left:right] = ink
    return picture


def test_somebody_before_a_window_hides_a_face() -> None:
    small = np.asarray(cv2.resize(drawn(200, 20), (64, 36), interpolation=cv2.INTER_AREA), np.uint8)
    assert figure(small) == pytest.approx(0.8, abs=0.05)
    assert hides(drawn(200, 20))


@pytest.mark.parametrize(
    "picture", [drawn(200, 150), drawn(200, 20, 0, 60), drawn(200, 40, 20, 300), drawn(60, 60)]
)
def test_what_is_lit_aside_or_all_over_hides_none(picture: NDArray[np.uint8]) -> None:
    assert not hides(picture)


def test_the_dark_hides_a_face_and_a_card_does_not() -> None:
    night = np.random.default_rng(1).integers(0, 40, (180, 320)).astype(np.uint8)
    assert hides(night)
    card = np.zeros((180, 320), np.uint8)
    cv2.putText(card, "THE END", (90, 100), 0, 1.0, (235,), 2)
    assert not hides(card)


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(0, 9))
def test_a_figure_is_a_share_of_any_picture(rows: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (rows, 64)).astype(np.uint8)
    assert 0 <= figure(picture) <= 1


@pytest.mark.parametrize("shape", [(1, 1), (2, 40), (40, 2)])
def test_however_thin_a_picture_it_is_looked_at(shape: tuple[int, int]) -> None:
    assert not hides(np.full(shape, 200, np.uint8))
