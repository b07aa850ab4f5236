"""One pass over a film's sound, which feeds the taggers that hear; no picture is decoded.

To what a tagger measures in each block of 0.1 s come facts of the whole track: `tracks`, the audio
streams of the file, of which the first that can be decoded is heard, as clips carry it; `channels`
of that one, 0 where there is none; `lead` and `tail`, seconds by which it begins and ends after
the picture; `gaps`, jumps of its clock; `faults`, packets that do not decode.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from curation.analysis.measured import Series
from curation.isolation import Progress
from curation.media import MediaError, Source, Timeline
from curation.media.audio import BLOCK, SoundReel, sound_reel, sound_tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.media import VideoInfo
    from curation.tags import Tagger

LONGEST_S: Final = 24 * 3600
"""A film whose clock runs longer is not heard: its packets' times are wrong."""
LEAST_HZ: Final = 1000
"""A track of fewer samples a second is none: its header is wrong."""
_TOLD_S: Final = 0.1
"""Seconds between the ends of picture and sound of which the film's notes tell."""


@dataclass(frozen=True, eq=False)
class Heard:
    """What taggers measured of a film's sound, and what is to be said of it."""

    series: list[Series]
    notes: tuple[str, ...] = ()


def hear(source: Source, info: VideoInfo, timeline: Timeline, taggers: Sequence[Tagger]) -> Heard:
    """Let taggers hear a film's sound from its first frame to the end of its last.

    A film without sound has blocks too, which say so. Sound that cannot be read is told in the
    notes, and what follows is not measured; it never fails the film.

    Raises:
        TaggerFault: when a tagger fails.
    """
    series = [Series(tagger, info) for tagger in taggers]
    hearing = [each for each in series if each.missing is None]
    if not hearing:
        return Heard(series)
    if timeline.seconds(len(timeline)) - timeline.seconds(0) > LONGEST_S:
        return Heard(
            series, (f"its sound was not heard: the film's clock runs over {LONGEST_S} s",)
        )
    grid = _Grid(timeline)
    try:
        tracks = sound_tracks(source)
        with sound_reel(source) as found:
            reel = found if found is not None and found.rate >= LEAST_HZ else None
            if reel is not None:
                _heard(reel, grid, hearing)
            facts = _facts(reel, tracks, grid)
    except MediaError as fault:
        return Heard(series, (f"its sound was not heard to the end: {fault.message}",))
    for each in hearing:
        each.know(facts, grid.frames(0, len(grid)), grid.times(0, len(grid)))
    return Heard(series, tuple(_notes(facts)))


class _Grid:
    """The blocks of a film, from its first frame on."""

    def __init__(self, timeline: Timeline) -> None:
        self.start = timeline.seconds(0)
        self.end = timeline.seconds(len(timeline))
        self._shown = timeline.pts - timeline.pts[0]
        self._tick = timeline.time_base

    def __len__(self) -> int:
        return math.ceil((self.end - self.start) / BLOCK)

    def frames(self, first: int, past: int) -> list[int]:
        """The frame that is on screen at the middle of each block."""
        middles = (2 * np.arange(first, past) + 1) * self._tick.denominator
        ticks: NDArray[np.int64] = middles // (2 * int(1 / BLOCK) * self._tick.numerator)
        found: list[int] = (np.searchsorted(self._shown, ticks, side="right") - 1).tolist()
        return found

    def times(self, first: int, past: int) -> list[float]:
        """When each block begins, in seconds."""
        return [float(self.start + k * BLOCK) for k in range(first, past)]


def _heard(reel: SoundReel, grid: _Grid, hearing: Sequence[Series]) -> None:
    begin, progress = 0, Progress()
    for stretch in reel.stretches(grid.start, len(grid)):
        past = begin + len(stretch)
        frames, times = grid.frames(begin, past), grid.times(begin, past)
        for each in hearing:
            each.hear(stretch, frames, times)
        begin = past
        progress(f"heard {times[-1]:,.0f} s of {float(grid.end):,.0f}")
    reel.rest()


def _facts(reel: SoundReel | None, tracks: int, grid: _Grid) -> dict[str, float]:
    facts = {"tracks": float(tracks), "channels": 0.0, "gaps": 0.0, "faults": 0.0}
    facts |= {"lead": math.nan, "tail": math.nan}
    if reel is None:
        return facts
    facts |= {"channels": reel.channels, "gaps": reel.gaps, "faults": reel.faults}
    if reel.first is not None and reel.past is not None:
        facts["lead"] = float(Fraction(reel.first, reel.rate) - grid.start)
        facts["tail"] = float(Fraction(reel.past, reel.rate) - grid.end)
    return facts


def _notes(facts: dict[str, float]) -> list[str]:
    tracks, gaps, faults = (int(facts[name]) for name in ("tracks", "gaps", "faults"))
    if not tracks:
        return ["it has no sound"]
    if not facts["channels"]:
        return ["its sound is of no codec that can be decoded here"]
    if math.isnan(facts["lead"]):
        return ["of its sound nothing decodes" if faults else "its sound track is empty"]
    notes = []
    if tracks > 1:
        notes.append(f"of its {tracks} sound tracks the first that can be decoded was heard")
    for name, verb in (("lead", "begins"), ("tail", "ends")):
        if abs(facts[name]) > _TOLD_S:
            when = "after" if facts[name] > 0 else "before"
            notes.append(f"its sound {verb} {abs(facts[name]):.2f} s {when} the picture")
    if gaps:
        notes.append(f"the clock of its sound jumps {gaps} times")
    if faults:
        notes.append(f"{faults} packets of its sound do not decode")
    return notes
