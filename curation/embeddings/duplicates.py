"""Pairs of pictures so alike that one may be a copy of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

AXES: Final = 63
"""Of the vectors' spread, in which pairs are told apart that cannot be alike."""
BLOCK: Final = 2048
"""Vectors compared with as many others at a time: 16 MB."""
SAMPLE: Final = 8192
"""Vectors from which the axes are found."""
ROUNDING: Final = 1e-6
"""Of products of single precision."""


def candidates(
    ids: Sequence[str], vectors: NDArray[np.float32], *, least: float
) -> Iterator[tuple[str, str, float]]:
    """Every pair whose cosine similarity is at least `least`: two ids and the similarity.

    Exact, and each pair once, the one of lower index first. `vectors`, shape (n, d), are of unit
    length; zero vectors are like nothing. They may be a memory map: blocks are read, and what is
    kept of each is 64 numbers. The time grows with n² all the same: of each pair an upper bound is
    computed first, the cosine in `AXES` directions plus all that the rest of both could add
    (Cauchy-Schwarz), and only pairs that reach `least` are compared in full. Raises `ValueError`
    for other shapes, or `least` outside (0, 1].
    """
    if vectors.ndim != 2 or len(vectors) != len(ids):
        raise ValueError(f"{len(ids)} ids do not go with vectors of shape {vectors.shape}")
    if not 0.0 < least <= 1.0:
        raise ValueError(f"least is {least}; give a similarity above 0, at most 1")
    small, enough = _bounding(vectors), least - ROUNDING
    for first in range(0, len(ids), BLOCK):
        for second in range(first, len(ids), BLOCK):
            bounds = small[first : first + BLOCK] @ small[second : second + BLOCK].T
            rows, columns = np.nonzero(bounds >= enough)
            pairs = np.stack([rows + first, columns + second])
            pairs = pairs[:, pairs[0] < pairs[1]]
            for part in range(0, pairs.shape[1], BLOCK):
                some = pairs[:, part : part + BLOCK]
                alike = np.einsum("nd,nd->n", vectors[some[0]], vectors[some[1]])
                for (one, other), found in zip(some.T.tolist(), alike.tolist(), strict=True):
                    if found >= enough:
                        yield ids[one], ids[other], min(1.0, found)


def _bounding(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors (n, 64) whose products are at least those of the vectors given.

    The last number is the length of what the axes leave out.
    """
    count, size = vectors.shape
    sample = np.asarray(vectors[:: max(1, count // SAMPLE)], np.float64)
    _, axes = np.linalg.eigh(sample.T @ sample)
    kept = axes[:, -min(AXES, size) :].astype(np.float32)
    small = np.empty((count, kept.shape[1] + 1), np.float32)
    for first in range(0, count, BLOCK):
        part = np.asarray(vectors[first : first + BLOCK], np.float32)
        inside = part @ kept
        left = np.square(part).sum(1) - np.square(inside).sum(1)
        small[first : first + BLOCK, :-1] = inside
        small[first : first + BLOCK, -1] = np.sqrt(np.maximum(left, 0) + 1e-7)
    return small
