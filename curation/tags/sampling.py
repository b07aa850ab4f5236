"""Which frames a tagger is fed.

Taggers run in the same pass that finds the shots, so boundaries are not known yet. A regular grid
of times would miss short shots; therefore a frame is also taken wherever the picture jumps. A shot
of three frames behind a cut so gets its first one. A shot that still has no sample (it begins in a
mix and ends before the grid's next time) is labelled `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from curation.tags.protocol import Needs

if TYPE_CHECKING:
    from curation.media import Frame

STRIDE = 12
JUMP = 10.0
"""Mean change of 8-bit R'G'B' to the frame before that counts as a jump: below what the shot
detector asks of a cut, so that no cut goes without a sample."""

Sampler: TypeAlias = "Callable[[Frame], bool]"


def sampler(needs: Needs) -> Sampler:
    """Whether each frame of one film is to be fed; call it once for every frame, in order.

    The grid starts at the film's first frame and counts in presentation time, so it is the same
    at any frame rate: a frame is taken when it is the first at or after a grid time.
    Raises `ValueError` for a rate that is not positive.
    """
    if needs.per_second is None:
        return lambda frame: True
    if needs.per_second <= 0:
        raise ValueError(f"a tagger cannot be fed {needs.per_second} frames a second")
    return _Grid(Fraction(needs.per_second).limit_denominator(1000))


class _Grid:
    def __init__(self, per_second: Fraction) -> None:
        self._rate = per_second
        self._origin: Fraction | None = None
        self._cell = -1
        self._before: Any = None

    def __call__(self, frame: Frame) -> bool:
        if self._origin is None:
            self._origin = frame.pts
        cell = int((frame.pts - self._origin) * self._rate)
        small = frame.rgb[::STRIDE, ::STRIDE].astype("int16")
        jumped = self._before is not None and abs(small - self._before).mean() >= JUMP
        self._before = small
        due = cell > self._cell
        self._cell = cell
        return bool(due or jumped)
