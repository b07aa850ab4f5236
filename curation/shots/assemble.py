"""Transitions to shots: a partition of the film."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from curation.shots.transition import Transition

ShotKind = Literal["picture", "title", "credits", "black", "blank", "bars", "logo"]
"""`title`: a card of text, wherever it stands; `credits`: end credits; `bars`: colour bars, test
patterns and countdowns; `logo`: a company's emblem at one of the film's ends; `blank`: one colour
that is not black."""

KINDS_VERSION: Final = "2"
"""Changes when the same film would give other kinds."""


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames `[start, end)` in presentation order, with the transitions at both ends."""

    index: int
    start: int
    end: int
    transition_in: Transition
    transition_out: Transition
    kind: ShotKind = "picture"

    @property
    def clean_start(self) -> int:
        """First frame of this shot alone; equal to `clean_end` where every frame is mixed."""
        into = self.transition_in
        return min(max(self.start, into.end + 1), self.end) if into.gradual else self.start

    @property
    def clean_end(self) -> int:
        """Past the last frame of this shot alone; never before `clean_start`."""
        out = self.transition_out
        last = min(self.end, out.start) if out.gradual else self.end
        return max(last, self.clean_start)


def assemble(
    transitions: Iterable[Transition],
    frames: int,
    black: Sequence[tuple[int, int]] | None = None,
) -> list[Shot]:
    """Partition `[0, frames)` into shots.

    Whatever is handed in, the shots are not empty, follow each other without a gap, and do not
    depend on the order of `transitions`. Of two graduals that overlap, the one with the higher
    score stays, then the longer; a cut inside or at the edge of a gradual belongs to it; of two
    cuts on one frame the better stays. A fade out that turns at once into what follows is one fade
    through black with it. A gradual clipped by the film's ends that leaves no frame
    on one side is kept as the way in or out of the first or last shot. `start` and `end` entries
    are ignored: the film's ends are known.

    `black` holds the spans `[start, end)` of black that were measured: a shot whose clean frames
    lie in one has the kind `black`. Where nothing was measured, one that runs from a fade out to a
    fade in has it. `name_shots` knows the other kinds.

    Raises `ValueError` when `frames` is not positive.
    """
    if frames <= 0:
        raise ValueError(f"a film of {frames} frames has no shots")
    inside = [t for t in transitions if t.type not in ("start", "end") and t.start < frames]
    kept = _turning(_resolve(inside))
    inner: dict[int, Transition] = {}
    head, tail = Transition("start", 0, 0), Transition("end", frames, frames)
    for transition in kept:
        at = transition.boundary
        if 0 < at < frames:
            inner.setdefault(at, transition)
        elif transition.gradual:
            head, tail = (transition, tail) if at <= 0 else (head, transition)
    edges = [(0, head), *sorted(inner.items()), (frames, tail)]
    shots: list[Shot] = []
    for (start, into), (end, out) in pairwise(edges):
        shot = Shot(len(shots), start, end, into, out)
        if _is_black(shot, black):
            shot = Shot(shot.index, start, end, into, out, "black")
        shots.append(shot)
    return shots


def _resolve(transitions: list[Transition]) -> list[Transition]:
    best_first = sorted(
        transitions,
        key=lambda t: (not t.gradual, -t.score, t.start - t.end, t.start, t.end, t.type),
    )
    kept: list[Transition] = []
    for transition in best_first:
        if not any(_clash(transition, other) for other in kept):
            kept.append(transition)
    return sorted(kept, key=lambda t: (t.start, t.end))


def _turning(kept: Iterable[Transition]) -> list[Transition]:
    """Fades out joined with the gradual that begins a shot where they end one, of which no frame
    would be left between the two."""
    joined: list[Transition] = []
    for one in kept:
        last = joined[-1] if joined else None
        turns = last is not None and last.type == "fade_out" and last.boundary == one.boundary
        if last is not None and turns:
            score = max(last.score, one.score)
            joined[-1] = Transition("fade_through_black", last.start, one.end, score)
        else:
            joined.append(one)
    return joined


def _clash(one: Transition, kept: Transition) -> bool:
    if one.gradual:
        return one.start <= kept.end and kept.start <= one.end
    if kept.gradual:
        return kept.start <= one.start <= kept.end + 1
    return one.start == kept.start


def _is_black(shot: Shot, black: Sequence[tuple[int, int]] | None) -> bool:
    if black is None:
        return shot.transition_in.type == "fade_out" and shot.transition_out.type == "fade_in"
    first, last = shot.clean_start, shot.clean_end
    return first < last and any(a <= first and last <= b for a, b in black)
