"""Certain frames of a film, exactly, for a person to look at."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curation.media import Frame, Source, Timeline
    from curation.media.frame import Pixels


def middles(asset_sha256: str, url: str, wanted: Collection[int], width: int) -> dict[int, Pixels]:
    """The pictures (height, width, 3) of those frames that decode, by index; for a worker.

    Raises `MediaError`, and `StorageError` where the film is not that content.
    """
    from curation.media import read_timeline
    from curation.storage import Place

    with Place.parse(url).verified(asset_sha256) as source:
        given = stills(source, read_timeline(source), wanted, width)
        return {frame.index: frame.rgb.copy() for frame in given}


def stills(
    film: Path | Source, timeline: Timeline, wanted: Collection[int], width: int
) -> Iterator[Frame]:
    """The frames of those indices, at most `width` wide, in one pass and in presentation order.

    A frame that does not decode is left out. Raises `MediaError` as `frames` does, after the last
    frame that can be had.
    """
    import numpy as np

    from curation.media import MediaCode, MediaError, can_be_sparse, chosen, frames

    source = str(film) if isinstance(film, Path) else film
    mask = np.zeros(len(timeline), np.bool_)
    mask[list(wanted)] = True
    last = -1
    if can_be_sparse(timeline):
        try:
            for frame in chosen(source, timeline, mask, width=width):
                last = frame.index
                yield frame
        except MediaError as fault:
            if fault.code is not MediaCode.DECODE_FAILED:
                raise
        else:
            return
    for frame in frames(source, width=width, timeline=timeline, device="cpu"):
        if mask[frame.index] and frame.index > last:
            yield frame
