"""Which frames a tagger is shown.

Taggers run in the same pass that finds the shots, so boundaries are not known yet. A regular grid
of times would miss short shots; therefore a frame is also taken wherever the picture jumps. A shot
that still has no sample is shown one when it is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from curation.tags.protocol import Needs

if TYPE_CHECKING:
    from curation.media import Frame

JUMP: Final = 10.0
"""Mean change of 8-bit R'G'B' from the frame before that counts as a jump…"""
PACE: Final = 2.0
"""…where it is more than this times the change before it."""

TICK: Final = 1e-6
"""Of a grid cell: binary fractions put a frame that lies on the grid a little before it."""

Sampler: TypeAlias = "Callable[[Frame, float], bool]"


def sampler(needs: Needs) -> Sampler:
    """Whether each frame of one film is to be shown; call it once for every frame, in order.

    The second argument is the mean change of 8-bit R'G'B' from the frame before. The grid starts
    at the film's first frame and counts in presentation time, so it is the same at any frame rate:
    a frame is taken when it is the first at or after a grid time. Of pairs, none looks back across
    a jump.
    Raises `ValueError` for a rate that is not positive.
    """
    if needs.per_second is None:
        return lambda frame, change: True
    if needs.per_second <= 0:
        raise ValueError(f"a tagger cannot be shown {needs.per_second} frames a second")
    return _Grid(needs.per_second, pairs=needs.pairs)


class _Grid:
    def __init__(self, per_second: float, *, pairs: bool) -> None:
        self._rate = per_second
        self._pairs = pairs
        self._origin: float | None = None
        self._cell = -1
        self._change = 0.0
        self._owed = False

    def __call__(self, frame: Frame, change: float) -> bool:
        first = self._origin is None
        seconds = float(frame.pts)
        self._origin = seconds if self._origin is None else self._origin
        cell = int((seconds - self._origin) * self._rate + TICK)
        due, self._cell = cell > self._cell or self._owed, cell
        jumped = change >= JUMP and change > PACE * self._change
        self._change = change
        if self._pairs and not first:
            self._owed = jumped
            return due and not jumped
        self._owed = False
        return due or jumped
