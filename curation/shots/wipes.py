"""Wipes, from one thumbnail a frame.

Behind a moving edge the picture is already the new one, before it still the old: halfway, every
part of the picture is either what it was or what it will be, and each part changes once, when the
edge passes. (A wipe as a change of place where a dissolve is one of intensity: Hampapur, Jain &
Weymouth, 1995.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curation.shots.mixes import correlation, triples
from curation.shots.settings import ShotSettings
from curation.shots.signals import SMALL
from curation.shots.transition import Transition

Thumbs = NDArray[np.uint8]
Floats = NDArray[np.float32]

EDGE_SHARE: Final = 0.03
"""Share of the picture that lies behind the edge in the first frame of a wipe."""
CHANGED: Final = 10.0
"""Mean difference of 8-bit R'G'B' at which a part of the picture is another."""


def find_wipes(
    thumbs: Thumbs,
    halves: Sequence[int],
    cuts: Sequence[int],
    taken: Sequence[tuple[int, int]],
    reach: int,
    settings: ShotSettings,
) -> list[Transition]:
    """Wipes, none of which meets a span `(first, last)` of `taken`.

    `thumbs` has shape (frames, values) of R'G'B'; `halves` are half-lengths in frames. A cut well
    inside a wipe forbids it; so does a picture that is there on both sides within `reach` frames,
    for something only crossed it.
    """
    change = _changes(thumbs, halves, settings)
    free = np.ones(len(thumbs), dtype=np.bool_)
    for first, last in taken:
        free[max(0, first - 2) : last + 3] = False
    found = []
    candidates = np.flatnonzero(change > 0)
    for middle in candidates[np.argsort(-change[candidates], kind="stable")]:
        if not free[middle]:
            continue
        within = [half for half in halves if half <= middle < len(thumbs) - half]
        spans = [_extent(thumbs, int(middle), half, settings) for half in within]
        span = max((s for s in spans if s is not None), key=lambda s: s[1] - s[0], default=None)
        if span is None or not free[span[0] : span[1] + 1].all():
            continue
        if any(span[0] + 1 < cut < span[1] for cut in cuts):
            continue
        if _returns(thumbs, span, reach, settings):
            continue
        free[max(0, span[0] - 4) : span[1] + 5] = False
        found.append(Transition("wipe", *span, float(change[middle] / (change[middle] + 20))))
    return sorted(found, key=lambda t: t.start)


def _changes(thumbs: Thumbs, halves: Sequence[int], settings: ShotSettings) -> Floats:
    """For each frame the greatest change over `halves` of which it may lie halfway, else 0."""
    best = np.zeros(len(thumbs), dtype=np.float32)
    for half in halves:
        for first, a, m, b in triples(thumbs, half, np.int16):
            rows = np.flatnonzero(np.abs(b - a).mean(1) >= settings.wipe_change)
            if not len(rows):
                continue
            a, m, b = a[rows], m[rows], b[rows]
            change, old, new = _by_part(b - a), _by_part(m - a), _by_part(m - b)
            total = change.sum(1)
            behind = (change * (new < old)).sum(1) / total
            wipes = (behind > 0.2) & (behind < 0.8)
            wipes &= np.minimum(old, new).sum(1) <= settings.wipe_residual * total
            wipes &= correlation(a.astype(np.float32), b.astype(np.float32)) < (
                settings.wipe_correlation
            )
            merit = np.where(wipes, change.mean(1), 0.0).astype(np.float32)
            best[first + rows] = np.maximum(best[first + rows], merit)
    return best


def _by_part(difference: NDArray[np.int16]) -> Floats:
    """Mean over colours of the absolute difference: (rows, parts)."""
    red, green, blue = np.moveaxis(np.abs(difference).reshape(len(difference), -1, 3), 2, 0)
    return np.asarray((red + green + blue) / 3, dtype=np.float32)


def _extent(
    thumbs: Thumbs, middle: int, half: int, settings: ShotSettings
) -> tuple[int, int] | None:
    """First and last frame with an edge in it; None where what moves is no edge."""
    x = thumbs[middle - half : middle + half + 1].astype(np.int16)
    change, old, new = _by_part((x[-1] - x[0])[None])[0], _by_part(x - x[0]), _by_part(x - x[-1])
    if not change.any():
        return None
    passed = new < old
    weight = change / change.sum()
    behind = (passed * weight).sum(1)
    edge = np.flatnonzero((behind > EDGE_SHARE) & (behind < 1 - EDGE_SHARE))
    if len(edge) < 3 or edge[-1] - edge[0] + 1 != len(edge):
        return None
    first, last = int(edge[0]), int(edge[-1])
    if np.diff(behind).max() > settings.wipe_step:
        return None
    during = slice(first, last + 1)
    if (np.minimum(old, new)[during].sum(1) / change.sum()).max() > settings.wipe_residual:
        return None
    steady = np.linspace(0, 1, last - first + 3)[1:-1]
    if np.abs(behind[during] - steady).mean() > settings.wipe_unsteadiness:
        return None
    parts = change >= CHANGED
    if parts.mean() < settings.wipe_share:
        return None
    turns = (np.diff(passed.astype(np.int8), axis=0) != 0).sum(0)
    if turns[parts].mean() > settings.wipe_turns:
        return None
    if _raggedness(passed[during], parts) > settings.wipe_raggedness:
        return None
    return middle - half + first, middle - half + last


def _returns(thumbs: Thumbs, span: tuple[int, int], reach: int, settings: ShotSettings) -> bool:
    first, last = span
    before = thumbs[max(0, first - reach) : first].astype(np.int16)
    after = thumbs[last + 1 : last + 1 + reach].astype(np.int16)
    if not len(before) or not len(after):
        return False
    change = np.abs(after[0] - before[-1]).mean()
    again = np.abs(after - before[-1]).mean(1).min()
    already = np.abs(before - after[0]).mean(1).min()
    return bool(min(again, already) < settings.wipe_return * change)


def _raggedness(passed: NDArray[np.bool_], parts: NDArray[np.bool_]) -> float:
    """Mean difference of the times at which neighbouring parts change, in lengths of the wipe."""
    frames = len(passed)
    when = np.where(passed.any(0), passed.argmax(0), frames).reshape(SMALL[::-1]) / frames
    both = parts.reshape(SMALL[::-1])
    along = np.abs(np.diff(when, axis=1))[both[:, 1:] & both[:, :-1]]
    down = np.abs(np.diff(when, axis=0))[both[1:] & both[:-1]]
    return float(np.concatenate([along, down]).mean())
