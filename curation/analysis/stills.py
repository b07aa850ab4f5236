"""Certain frames of a film, exactly, for a person to look at."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curation.media import Frame, Timeline


def stills(film: Path, timeline: Timeline, wanted: Collection[int], width: int) -> Iterator[Frame]:
    """The frames of those indices, at most `width` wide, in one pass and in presentation order.

    A frame that does not decode is left out. Raises `MediaError` as `frames` does, after the last
    frame that can be had.
    """
    import numpy as np

    from curation.media import MediaCode, MediaError, can_be_sparse, chosen, frames

    mask = np.zeros(len(timeline), np.bool_)
    mask[list(wanted)] = True
    last = -1
    if can_be_sparse(timeline):
        try:
            for frame in chosen(str(film), timeline, mask, width=width):
                last = frame.index
                yield frame
        except MediaError as fault:
            if fault.code is not MediaCode.DECODE_FAILED:
                raise
        else:
            return
    for frame in frames(str(film), width=width, timeline=timeline, device="cpu"):
        if mask[frame.index] and frame.index > last:
            yield frame
