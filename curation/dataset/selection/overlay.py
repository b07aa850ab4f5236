"""Two films' shots laid over each other in time, still upon still, by the bits of both.

A pair of shots holds where most stills that lie over each other are alike; it is believed where it
stands in a row of such pairs at one offset, for two cuts of a film run side by side, or where its
stills are so alike that they prove it alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 128
NEAR: Final = 28
"""Bits, of 128, by which stills of a pair differ at most that others beside it bear out."""
ALIKE: Final = 10.0
"""Bits by which the stills of a pair that stands alone differ at most in the mean; where only one
was compared, half of it."""
CHAIN: Final = 3
"""Pairs of shots in a row, at one offset, that bear each other out."""
OFFSETS: Final = 3
"""Offsets that are tried of a pair, the best."""
ENOUGH: Final = 0.7
"""Share of the stills that lie over each other which must be alike."""
APART_S: Final = 0.6
"""Seconds by which stills that are compared lie apart at most, once laid over each other."""
_BESIDE: Final = tuple(
    (sign * a, sign * b) for a in range(3) for b in range(3) for sign in (1, -1) if a or b
)
"""Shots on either side of a pair that are tried: one or two may be missing, or be split."""

Bits = NDArray[np.uint64]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Stills:
    """The stills of one shot: seconds, and their bits, shape (stills, 2)."""

    seconds: NDArray[np.float64]
    bits: Bits


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two shots laid over each other.

    `matched` of the `compared` stills are alike and differ by `distance` bits in the mean;
    `offset` is the other's time less this one's; `covered` is the share of this one's stills that
    have a copy, `twin_covered` that of the other's.
    """

    matched: int
    compared: int
    distance: float
    offset: float
    covered: float
    twin_covered: float

    def turned(self) -> Evidence:
        """The same with the other shot first."""
        return replace(
            self, offset=-self.offset, covered=self.twin_covered, twin_covered=self.covered
        )


def copies(
    mine: Mapping[int, Stills], theirs: Mapping[int, Stills], pairs: Iterable[Pair]
) -> dict[Pair, Evidence]:
    """Of pairs of two films' shots those that hold, and those found beside them.

    Args:
        mine: a film's shots by their index; of the other film, `theirs`.
        pairs: of indices, worth a try.
    """
    found: dict[Pair, Evidence] = {}
    for pair in pairs:
        if pair in found:
            continue
        for seed in laid_over(mine[pair[0]], theirs[pair[1]]):
            chain = _chain(mine, theirs, pair, seed)
            if len(chain) >= CHAIN or any(_is_sure(evidence) for evidence in chain.values()):
                found |= {beside: one for beside, one in chain.items() if beside not in found}
                break
    return found


def laid_over(one: Stills, other: Stills, *, near: float | None = None) -> list[Evidence]:
    """How two shots lie over each other where they may be copies, the whole or a part of each.

    Each offset at which some still lies on one like it is tried; the one with most matches comes
    first. Nothing where no offset holds.

    Args:
        near: the offset that is looked for, in seconds; any where it is None.
    """
    if near is not None and not _reach(one.seconds + near, other.seconds):
        return []
    apart = distances(one.bits, other.bits)
    shifts = other.seconds[None, :] - one.seconds[:, None]
    likely = apart <= NEAR
    if near is not None:
        likely &= np.abs(shifts - near) <= 2 * APART_S
    found = [_at(apart, shifts, offset) for offset in np.unique(shifts[likely].round(1)).tolist()]
    good = [one for one in found if one is not None]
    return sorted(good, key=lambda e: (-e.matched, e.distance, abs(e.offset)))[:OFFSETS]


def _reach(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether some second of one lies near some of the other's; both are in order."""
    return bool(max(one[0] - other[-1], other[0] - one[-1]) <= 2 * APART_S)


def distances(one: Bits, other: Bits) -> NDArray[np.int64]:
    """Bits by which each of (n, 2) stills differs from each of (m, 2), shape (n, m)."""
    differing = one[:, None, :] ^ other[None, :, :]
    return np.asarray(np.bitwise_count(differing).sum(axis=2, dtype=np.int64))


def _at(apart: NDArray[np.int64], shifts: NDArray[np.float64], offset: float) -> Evidence | None:
    """What two shots say of each other at one offset."""
    beside = np.abs(shifts - offset) <= APART_S
    best = np.where(beside, apart, BITS)
    mine, theirs = best.min(axis=1), best.min(axis=0)
    matched, matched_too = mine <= NEAR, theirs <= NEAR
    compared, compared_too = beside.any(axis=1).sum(), beside.any(axis=0).sum()
    if min(matched.sum() / compared, matched_too.sum() / compared_too) < ENOUGH:
        return None
    return Evidence(
        matched=int(matched.sum()),
        compared=int(compared),
        distance=float(mine[matched].mean()),
        offset=offset,
        covered=float(matched.mean()),
        twin_covered=float(matched_too.mean()),
    )


def _is_sure(evidence: Evidence) -> bool:
    """Whether a pair by itself proves to be copies."""
    return evidence.distance <= (ALIKE if evidence.matched > 1 else ALIKE / 2)


def _chain(
    mine: Mapping[int, Stills], theirs: Mapping[int, Stills], pair: Pair, seed: Evidence
) -> dict[Pair, Evidence]:
    """The pairs that follow a pair and go before it at the same offset, itself among them."""
    found = {pair: seed}
    waiting = deque([pair])
    while waiting:
        i, j = waiting.popleft()
        for a, b in _BESIDE:
            beside = i + a, j + b
            if beside in found or beside[0] not in mine or beside[1] not in theirs:
                continue
            near = laid_over(mine[beside[0]], theirs[beside[1]], near=found[i, j].offset)
            if near:
                found[beside] = near[0]
                waiting.append(beside)
    return found
