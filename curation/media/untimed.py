"""Times for packets that carry none, where their neighbours leave no doubt."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

LONGEST_TAIL = Fraction(1)
"""Seconds after the last PTS that frames may go on without one; the next is due after 0.7 s
(ITU-T H.222.0, 2.7.4)."""


def filled(times: Sequence[int | None], step: int, base: Fraction) -> list[int] | None:
    """`times` in file order with every None replaced by a free step of `step` ticks of `base`.

    None where they do not fit: the first must be known, and the gaps between known times, with at
    most `LONGEST_TAIL` after them, must hold exactly as many frames as lack a time. Which of them
    a packet gets is a guess, as frames are reordered; the times as a set are not.
    """
    known = np.array(sorted({t for t in times if t is not None}), dtype=np.int64)
    absent = sum(t is None for t in times)
    if not times or times[0] is None or step < 1:
        return None
    gaps = np.diff(known)
    room = np.maximum(np.rint(gaps / step).astype(np.int64) - 1, 0)
    tail = absent - int(room.sum())
    if not 0 <= tail <= math.ceil(LONGEST_TAIL / base / step):
        return None
    free = [
        int(start) + int(gap) * k // (int(count) + 1)
        for start, gap, count in zip(known, gaps, room, strict=False)
        for k in range(1, int(count) + 1)
    ]
    free += [int(known[-1]) + step * k for k in range(1, tail + 1)]
    left = iter(free)
    return [next(left) if t is None else t for t in times]
