"""A film and its shots as a list is to name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.cutlists.timecode import Clock, clock_of

if TYPE_CHECKING:
    from curation.cutlists.grid import Grid
    from curation.shots import Shot, Transition


@dataclass(frozen=True, slots=True)
class Conform:
    """What a writer of lists is given.

    `name` is the film's file name and `uri` where it lies. `start` is the timecode that the file
    itself gives its first frame, counted in frames; 0 where it gives none. `drop`: whether that
    leaves out numbers; None where the rate decides.
    """

    name: str
    uri: str
    shots: Sequence[Shot]
    grid: Grid
    start: int = 0
    drop: bool | None = None

    @property
    def clock(self) -> Clock:
        """The clock by which the film's frames are named."""
        usual = clock_of(self.grid.rate)
        return usual if self.drop is None else Clock(usual.base, self.drop)

    def timecode(self, frame: int) -> str:
        """The timecode of a frame of the film; that of its end for the number of frames."""
        clock = self.clock
        return clock.text((self.start + self.grid.slots[frame]) % clock.frames_a_day)

    def transitions(self) -> list[Transition]:
        """What the shots hold of transitions: each passage between two, and fades at the ends."""
        found = [shot.transition_in for shot in self.shots if shot.transition_in.type != "start"]
        last = self.shots[-1].transition_out
        return [*found, last] if last.gradual else found
