"""Candidate duplicates: all of them, each once, and no others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from curation.embeddings import duplicates
from curation.embeddings.duplicates import candidates


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths, lengths, 1)).astype(np.float32)


def pairs(found: Iterable[tuple[str, str, float]]) -> set[tuple[str, str]]:
    return {(one, other) for one, other, _ in found}


@settings(deadline=None)
@given(
    count=st.integers(0, 40),
    size=st.integers(1, 90),
    least=st.floats(0.05, 1.0),
    seed=st.integers(0, 2**32 - 1),
    spread=st.floats(0.01, 2.0),
)
def test_every_pair_that_is_alike_is_given_once(
    count: int, size: int, least: float, seed: int, spread: float
) -> None:
    draw = np.random.default_rng(seed)
    drawn = draw.normal(size=(1, size)) + spread * draw.normal(size=(count, size))
    vectors = unit(drawn)
    ids = [f"shot{n:02}" for n in range(count)]
    alike = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    found = {(one, other): s for one, other, s in candidates(ids, vectors, least=least)}
    for row in range(count):
        for column in range(row + 1, count):
            given_now = found.pop((ids[row], ids[column]), None)
            if given_now is not None:
                assert given_now == pytest.approx(alike[row, column], abs=1e-5)
                assert alike[row, column] > least - 1e-5
            else:
                assert alike[row, column] < least + 1e-5
    assert not found


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(1)
    originals = draw.normal(size=(300, 128))
    vectors = unit(np.concatenate([originals, originals + 0.05 * draw.normal(size=(300, 128))]))
    ids = [str(n) for n in range(600)]
    whole = list(candidates(ids, vectors, least=0.9))
    monkeypatch.setattr(duplicates, "BLOCK", 37)
    assert pairs(candidates(ids, vectors, least=0.9)) == pairs(whole)
    assert pairs(whole) == {(str(n), str(n + 300)) for n in range(300)}


def test_a_picture_without_a_vector_is_like_nothing() -> None:
    assert not list(candidates(["a", "b"], np.zeros((2, 8), np.float32), least=0.01))


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(ValueError, match="2 ids do not go with"):
        list(candidates(["a", "b"], np.zeros((3, 8), np.float32), least=0.9))
    with pytest.raises(ValueError, match="least is 0"):
        list(candidates([], np.zeros((0, 8), np.float32), least=0.0))
