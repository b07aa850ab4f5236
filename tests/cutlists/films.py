"""Films that need no pictures: frames with times, and what happens between them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from curation.cutlists import Conform, Grid
from curation.media import Timeline
from curation.shots import GRADUAL, Transition, assemble


def timeline(pts: Sequence[int], base: Fraction) -> Timeline:
    """A timeline whose last frame lasts as long as the one before."""
    ticks = np.asarray(pts, np.int64)
    every = np.arange(len(ticks))
    end = int(ticks[-1]) + int(ticks[-1] - ticks[-2])
    return Timeline(base, ticks, end, every == 0, every * 0 + 1, every)


def steady(frames: int, rate: Fraction, base: Fraction | None = None, first: int = 0) -> Timeline:
    """Frames at one rate, rounded to the ticks of `base` as containers do."""
    base = base or 1 / (rate * 512)
    return timeline([first + round(i / rate / base) for i in range(frames)], base)


def conform(
    grid: Grid, found: Sequence[Transition], start: int = 0, *, drop: bool | None = None
) -> Conform:
    shots = assemble(found, grid.frames)
    return Conform("A film.mp4", "file:///films/A%20film.mp4", shots, grid, start, drop)


def plain(found: Sequence[Transition]) -> list[tuple[str, int, int]]:
    return [(t.type, t.start, t.end) for t in found]


@st.composite
def happenings(draw: st.DrawFn, frames: int) -> list[Transition]:
    """Any transitions of a film of so many frames."""
    found: list[Transition] = []
    for _ in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, frames - 1))
        kind = draw(st.sampled_from(["cut", *sorted(GRADUAL)]))
        length = draw(st.integers(0, 40)) if kind != "cut" else 0
        end = min(frames - 1, start + length)
        found.append(Transition(kind, start, end, draw(st.floats(0, 1))))  # type: ignore[arg-type]
    return found
