"""Dissolves and flashes, from one thumbnail a frame.

Halfway through a linear dissolve the picture is the mean of what lies equally far on either side
of it; a cut, a pan or a cut-off object is not. (The production model of a dissolve as a linear
combination: Hampapur, Jain & Weymouth, "Production model based digital video segmentation", 1995.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from curation.shots.settings import ShotSettings
from curation.shots.transition import Transition

Thumbs = NDArray[np.uint8]
Number = TypeVar("Number", np.int16, np.float32)

CHUNK = 4096
"""Frames looked at together: bounds the memory of a feature film."""
NO_MIX = 9.0
DARK = 24.0
"""8-bit R'G'B' below which a part of the picture is black."""
FEWEST = 16
"""Parts of a picture that are too few to tell what happened."""
MAX_STEP = 0.5
"""Largest share of a mix that one frame may add; more is a cut."""


def drop_flashes(cuts: Sequence[int], thumbs: Thumbs, reach: int, back: float) -> list[int]:
    """Cuts without those where the picture before returns within `reach` frames.

    `thumbs` has shape (frames, values); `back` is the greatest difference to the picture before,
    as a share of the jump, that counts as its return.
    """
    dropped: set[int] = set()
    for cut in cuts:
        if cut in dropped:
            continue
        near = thumbs[cut - 1 : cut + reach].astype(np.float32)
        change = np.abs(near[1:] - near[0]).mean(axis=1)
        returned = np.flatnonzero(change[1:] < back * change[0])
        if len(returned):
            dropped.update(c for c in cuts if cut <= c <= cut + 1 + int(returned[0]))
    return [c for c in cuts if c not in dropped]


def drop_captions(cuts: Sequence[int], thumbs: Thumbs, settings: ShotSettings) -> list[int]:
    """Cuts without those behind which most parts of the picture stand still.

    `thumbs` has shape (frames, values) of R'G'B'; parts black on both sides, bars among them, say
    nothing.
    """
    kept = []
    for cut in cuts:
        parts = thumbs[cut - 1 : cut + 1].reshape(2, -1, 3).astype(np.float32)
        parts = parts[:, parts.max(axis=(0, 2)) > DARK]
        if len(parts[0]) < FEWEST:
            kept.append(cut)
            continue
        still = float((np.abs(parts[1] - parts[0]).mean(axis=1) < settings.still_level).mean())
        if still < settings.still_share:
            kept.append(cut)
    return kept


def find_dissolves(
    thumbs: Thumbs,
    halves: Sequence[int],
    cuts: Sequence[int],
    taken: Sequence[tuple[int, int]],
    settings: ShotSettings,
) -> list[Transition]:
    """Dissolves, none of which meets a span `(first, last)` of `taken`.

    `thumbs` has shape (frames, values); `halves` are half-lengths in frames. The first mixed
    frame of a still picture can look like a cut: a cut at an edge of a dissolve belongs to it,
    one elsewhere forbids it.
    """
    residual, half = _residuals(thumbs, halves, settings)
    free = np.ones(len(thumbs), dtype=np.bool_)
    for first, last in taken:
        free[max(0, first - 2) : last + 3] = False
    found = []
    candidates = np.flatnonzero(residual <= settings.dissolve_residual)
    for middle in candidates[np.argsort(residual[candidates], kind="stable")]:
        span = _extent(thumbs, int(middle), int(half[middle]))
        if span is None or not free[span[0] : span[1] + 1].all():
            continue
        if not _mixes(thumbs, span, settings, sure=residual[middle] <= settings.dissolve_sure):
            continue
        if any(span[0] + 1 < cut < span[1] for cut in cuts):
            continue
        free[max(0, span[0] - 4) : span[1] + 5] = False
        score = 1.0 - 0.5 * float(residual[middle]) / settings.dissolve_residual
        found.append(Transition("dissolve", *span, score))
    return sorted(found, key=lambda t: t.start)


def _residuals(
    thumbs: Thumbs, halves: Sequence[int], settings: ShotSettings
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """For each frame the best residual over `halves`, and the half-length that gave it."""
    n = len(thumbs)
    best = np.full(n, NO_MIX, dtype=np.float32)
    which = np.zeros(n, dtype=np.int32)
    for half in halves:
        for first, a, m, b in triples(thumbs, half, np.float32):
            past = first + len(m)
            change = b - a
            off = m - (a + b) / 2
            ratio = 4 * np.square(off).sum(1) / (np.square(change).sum(1) + 1e-3)
            mixing = (np.abs(change).mean(1) >= settings.dissolve_change) & (
                correlation(a, b) < settings.dissolve_correlation
            )
            ratio = np.where(mixing, ratio, NO_MIX)
            better = ratio < best[first:past]
            best[first:past][better] = ratio[better]
            which[first:past][better] = half
    return best, which


def triples(
    thumbs: Thumbs, half: int, kind: type[Number]
) -> Iterator[tuple[int, NDArray[Number], NDArray[Number], NDArray[Number]]]:
    """Frames of a film with those that lie `half` frames before and behind each, chunk by chunk.

    The first frame's number, then the frames before, the frames and the frames behind, of one shape
    (at most `CHUNK`, values).
    """
    for first in range(half, len(thumbs) - half, CHUNK):
        past = min(first + CHUNK, len(thumbs) - half)
        x = thumbs[first - half : past + half].astype(kind)
        yield first, x[: past - first], x[half : half + past - first], x[2 * half :]


def correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each row of one array with the same row of the other."""
    a = a - a.mean(1, keepdims=True)
    b = b - b.mean(1, keepdims=True)
    scale = np.sqrt(np.square(a).sum(1) * np.square(b).sum(1)) + 1e-3
    result: NDArray[np.float32] = (a * b).sum(1) / scale
    return result


def _extent(thumbs: Thumbs, middle: int, half: int) -> tuple[int, int] | None:
    """First and last mixing frame, by the weight of the new picture in each frame."""
    origin = max(0, middle - half - 12)
    x = thumbs[origin : middle + half + 13].astype(np.float32)
    start, end = middle - half - origin, middle + half - origin
    axis = x[end] - x[start]
    weight = (x - x[start]) @ axis / (axis @ axis)
    step = np.diff(weight)
    inside = step[start:end]
    if inside.max() > MAX_STEP or inside.min() < -0.1:
        return None
    still = 0.125 / half
    while start > 0 and still < step[start - 1] < MAX_STEP:
        start -= 1
    while end < len(step) and still < step[end] < MAX_STEP:
        end += 1
    first, last = start + 1 + origin, end - 1 + origin
    return (first, last) if first < last else None


def _mixes(
    thumbs: Thumbs, span: tuple[int, int], settings: ShotSettings, *, sure: np.bool_
) -> bool:
    """Whether every frame of a span is a blend of its two ends, whose weights grow steadily.

    Where the middle alone is no sure sign, the ends must be unlike as well.
    """
    x = thumbs[max(0, span[0] - 1) : span[1] + 2].astype(np.float32)
    axis = x[-1] - x[0]
    length = float(axis @ axis)
    weight = (x - x[0]) @ axis / length
    blend = x[0] + np.clip(weight, 0, 1)[:, None] * axis
    misfit = np.square(x - blend).sum(1) / length
    unsteady = np.abs(weight - np.linspace(0, 1, len(x))).max()
    if misfit.max() > settings.dissolve_misfit or unsteady > settings.dissolve_unsteadiness:
        return False
    return bool(sure) or float(correlation(x[:1], x[-1:])[0]) < settings.dissolve_unlike
