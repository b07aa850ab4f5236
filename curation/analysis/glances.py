"""Glances at a film's frames, from which the kinds of its shots are named."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Final

from curation.shots.glance import WIDTH, Glance, glance
from curation.tags import Needs, sampler

if TYPE_CHECKING:
    from curation.media import Frame, Timeline, VideoInfo

GAP_S: Final = 2.0
LEAST: Final = 3
"""A shot is no card unless no more than `GAP_S` of it went unseen, and so many stills say so."""
NEEDS: Final = Needs(width=WIDTH, per_second=0.5)


class Glances:
    """What is glanced at of a film: a frame every two seconds, and where the picture jumps.

    Frames may come in any order, each once.
    """

    pairs: Final = False

    def __init__(self, info: VideoInfo) -> None:
        self._wanted = sampler(NEEDS)
        self._by_fields = info.by_fields
        self._seen: dict[int, Glance] = {}

    def watch(self, frame: Frame, before: Frame | None, change: float) -> None:
        """Glance at a frame if it is due."""
        if self._wanted(frame, change):
            self.measure(frame, before)

    def measure(self, frame: Frame, before: Frame | None) -> None:
        """Glance at a frame."""
        self._seen[frame.index] = glance(frame.of_one_moment() if self._by_fields else frame)

    def lacks(self, start: int, end: int) -> bool:
        """Whether no frame of `[start, end)` was glanced at."""
        return not any(start <= index < end for index in self._seen)

    def gaps(self, start: int, end: int, timeline: Timeline) -> list[int]:
        """Frames of `[start, end)` to glance at too, so that a card is looked at often enough."""
        inside = [index for index in sorted(self._seen) if start <= index < end]
        wanted: list[int] = []
        for first, past in pairwise([start, *inside, end]):
            seconds = float(timeline.seconds(past) - timeline.seconds(first))
            parts = ceil(seconds / GAP_S)
            wanted += [first + (past - first) * part // parts for part in range(1, parts)]
        if len(inside) + len(wanted) < LEAST:
            wanted += [start + (end - start) * part // (LEAST + 1) for part in range(1, LEAST + 1)]
        return sorted(set(wanted) - self._seen.keys())

    def all(self) -> tuple[Glance, ...]:
        """Every glance, in the order of the film."""
        return tuple(self._seen[index] for index in sorted(self._seen))
