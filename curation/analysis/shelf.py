"""Stills put by while a film is looked at, for taggers that are shown a few of each shot."""

from __future__ import annotations

import tempfile
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Final

import numpy as np

from curation.isolation import Progress
from curation.media.frame import Frame, Still
from curation.tags import Needs, sampler

if TYPE_CHECKING:
    from curation.analysis.measured import Series
    from curation.analysis.vectors import Vectors
    from curation.media import VideoInfo
    from curation.shots import Shot

PER_SECOND: Final = 0.5


def spread(frames: Sequence[int], start: int, end: int, count: int) -> list[int]:
    """At most `count` of ascending `frames` inside `[start, end)`: those nearest to the middles of
    as many equal parts, each once."""
    first, past = bisect_left(frames, start), bisect_left(frames, end)
    inside = frames[first:past]
    if len(inside) <= count:
        return list(inside)
    places = [start + (end - start) * (2 * part + 1) / (2 * count) for part in range(count)]
    return sorted({min(inside, key=lambda frame: abs(frame + 0.5 - at)) for at in places})


class Shelf:
    """Pictures of a film, one every two seconds and where the picture jumps, on disk until its
    shots are known: 173 KB for one of 320 by 180.

    Only if one of the series wants them; each is shown its own number of stills of each shot.
    """

    def __init__(self, info: VideoInfo, series: Sequence[Series | Vectors]) -> None:
        self._series = [each for each in series if each.per_shot and each.missing is None]
        self._widths = {each.width for each in self._series}
        self._by_fields = info.by_fields
        self._wanted = sampler(Needs(per_second=PER_SECOND))
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed once shown
        self._times: dict[int, Fraction] = {}
        self._places: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}

    def watch(self, frame: Frame, change: float) -> None:
        """Put a frame by if it is due; `change`: mean of 8-bit R'G'B' from the frame before."""
        if not self._series or not self._wanted(frame, change):
            return
        self._times[frame.index] = frame.pts
        for width in self._widths:
            sized = frame.sized(width)
            rgb = (sized.of_one_moment() if self._by_fields else sized).rgb
            self._places[frame.index, width] = self._file.tell(), rgb.shape
            self._file.write(rgb.tobytes())

    def show(self, shots: Sequence[Shot]) -> None:
        """Show each series its stills of these shots, and forget all.

        Raises `TaggerFault` when a tagger fails.
        """
        wanting: dict[tuple[int, int], list[Series | Vectors]] = {}
        frames = sorted(self._times)
        for shot in shots:
            for each in self._series:
                for index in spread(frames, shot.clean_start, shot.clean_end, each.per_shot):
                    wanting.setdefault((index, each.width), []).append(each)
        progress = Progress()
        for done, ((index, width), watchers) in enumerate(sorted(wanting.items())):
            progress(f"still {done:,} of {len(wanting):,}")
            frame = self._frame(index, width)
            for each in watchers:
                each.measure(frame, None)
        self._file.close()

    def _frame(self, index: int, width: int) -> Frame:
        place, shape = self._places[index, width]
        self._file.seek(place)
        pixels = np.frombuffer(self._file.read(prod(shape)), np.uint8).reshape(shape)
        return Frame(index, self._times[index], Still(pixels), width)
