"""A film's shots as its editor's list has them, held against the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from curation.analysis.people import FoundShots

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.cutlists import Conform
    from curation.cutlists.check import Disagreement
    from curation.media import Timeline
    from curation.storage import Place


@dataclass(frozen=True)
class Conformed:
    """`shots`: the film's with the list as the truth. `notes`: what was odd in reading it."""

    shots: FoundShots
    notes: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]


def conformed(film: Path, found: FoundShots, cut_list: Place, offset: int = 0) -> Conformed:
    """Take a list's word for a film's boundaries and say where the picture differs.

    The list's first frame is the film's frame `offset`. A list that names some boundaries only
    leaves the found ones beside its own. Raises `CutListError` and `StorageError` for a list that
    cannot be read.
    """
    from curation.cutlists import grid_of, placed, read_cut_list
    from curation.cutlists.check import better_offset, disagreements, doubts
    from curation.shots import assemble

    grid = grid_of(found.timeline, found.info.average_rate)
    listed = read_cut_list(cut_list, grid.rate)
    put = placed(listed, grid, offset)
    notes = list(put.notes)
    shift = better_offset(put.transitions, found.transitions, grid)
    if shift is not None:
        side = "behind" if shift > 0 else "before"
        notes.append(
            f"most cuts of the picture lie {abs(shift)} frames {side} those of the list; if that "
            f"is where the film begins, give --cut-list-offset {offset + shift}"
        )
    held = doubts(put.transitions, found.transitions, complete=listed.complete)
    thumbs = _thumbs(film, found.timeline, held.frames(grid.frames))
    transitions = list(put.transitions)
    if not listed.complete:
        notes.append(
            f"the {listed.format} names joins of finished films; cuts within them were found"
        )
        known = doubts(found.transitions, put.transitions, complete=True)
        transitions = sorted([*transitions, *known.listed], key=lambda t: (t.start, t.end))
    black = [(shot.start, shot.end) for shot in found.shots if shot.kind == "black"]
    shots = assemble(transitions, grid.frames, black)
    taken = replace(found, transitions=transitions, shots=shots)
    return Conformed(taken, tuple(notes), tuple(disagreements(held, thumbs)))


def to_conform(film: Path, found: FoundShots) -> Conform:
    """What a writer of lists needs of a film, with the timecode that its file carries."""
    from curation.cutlists import Clock, Conform, TimecodeError, grid_of

    grid = grid_of(found.timeline, found.info.average_rate)
    plain = Conform(film.name, film.absolute().as_uri(), found.shots, grid)
    said = _file_timecode(film)
    if said is None:
        return plain
    base = plain.clock.base
    try:
        clock = Clock(base, drop=";" in said)
        return replace(plain, start=clock.frame(said), drop=clock.drop)
    except TimecodeError:
        return plain


def _file_timecode(film: Path) -> str | None:
    """The timecode of the first frame as the container states it (QuickTime, MXF)."""
    from curation.media.source import opened

    with opened(str(film)) as container:
        streams = [*container.streams.video, *container.streams.data]
        stated = [*(stream.metadata for stream in streams), container.metadata]
        return next((text for one in stated if (text := one.get("timecode"))), None)


def _thumbs(
    film: Path, timeline: Timeline, wanted: NDArray[np.bool_]
) -> dict[int, NDArray[np.uint8]]:
    from curation.media import MediaError, can_be_sparse, chosen, frames

    if not wanted.any():
        return {}
    source, seen = str(film), dict[int, "NDArray[np.uint8]"]()
    if can_be_sparse(timeline):
        try:
            for frame in chosen(source, timeline, wanted, width=64, exact=False):
                seen[frame.index] = frame.thumb
            return seen
        except MediaError:
            seen.clear()
    try:
        for frame in frames(source, width=64, timeline=timeline, device="cpu"):
            if wanted[frame.index]:
                seen[frame.index] = frame.thumb
    except MediaError:
        # A damaged end: the frames that there are were looked at.
        pass
    return seen
