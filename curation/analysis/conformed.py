"""A film's shots as its editor's list has them, held against the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from curation.analysis.people import FoundShots

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.cutlists import Conform, CutList, Grid, ListFormat, Placed
    from curation.cutlists.check import Disagreement
    from curation.media import Source, Timeline, VideoInfo
    from curation.storage import Place


@dataclass(frozen=True)
class Conformed:
    """A film's shots with its list as the truth, and what is to be said of that.

    Attributes:
        format: the list's.
        notes: what was odd in reading it.
        misfit: why it cannot be this film's list; None where it can.
    """

    shots: FoundShots
    format: ListFormat
    notes: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]
    misfit: str | None = None


@dataclass(frozen=True)
class ListOnFilm:
    """A list as read, put on the frames of its film."""

    listed: CutList
    put: Placed
    grid: Grid
    offset: int


def conformed(film: Path, found: FoundShots, cut_list: Place, offset: int = 0) -> Conformed:
    """Take a list's word for a film's boundaries and say where the picture differs.

    The list's first frame is the film's frame `offset`. Raises `CutListError` and `StorageError`
    for a list that cannot be read.
    """
    listed = list_on_film(cut_list, found.info, found.timeline, offset)
    return believed(str(film), found, listed)


def list_on_film(cut_list: Place, info: VideoInfo, timeline: Timeline, offset: int) -> ListOnFilm:
    """Read a list and put it on its film, no picture of which is needed for that.

    Raises `CutListError` and `StorageError` for a list that cannot be read.
    """
    from curation.cutlists import grid_of, placed, read_cut_list

    grid = grid_of(timeline, info.average_rate)
    listed = read_cut_list(cut_list, grid.rate)
    return ListOnFilm(listed, placed(listed, grid, offset), grid, offset)


def believed(source: Source, found: FoundShots, given: ListOnFilm) -> Conformed:
    """The film's shots as the list has them, held against the picture.

    What was found stands where the list says nothing: before its beginning, behind its end, and
    within the parts of a list that names some boundaries only.
    """
    from curation.cutlists.check import better_offset, beyond, disagreements, doubts, misfit
    from curation.shots import assemble
    from curation.shots.kinds import name_shots

    listed, put, grid = given.listed, given.put, given.grid
    notes = list(put.notes)
    shift = better_offset(put.transitions, found.transitions, grid)
    if shift is not None:
        notes.append(
            f"its cuts would meet those of the picture if it began at frame {given.offset + shift} "
            f"and not at {given.offset}"
        )
    outside = [t for t in found.transitions if beyond(t, put, grid.frames)]
    inside = [t for t in found.transitions if not beyond(t, put, grid.frames)]
    held = doubts(put.transitions, inside, complete=listed.complete)
    thumbs = _thumbs(source, found.timeline, held.frames(grid.frames))
    differ = tuple(disagreements(held, thumbs))
    if not listed.complete:
        notes.append("the list names joins of finished films; cuts within them were found")
        outside = list(found.transitions)
    stands = doubts(outside, put.transitions, complete=True).listed
    transitions = sorted([*put.transitions, *stands], key=lambda t: (t.start, t.end))
    black = [(shot.start, shot.end) for shot in found.shots if shot.kind == "black"]
    shots = name_shots(assemble(transitions, grid.frames, black), found.glances)
    taken = replace(found, transitions=transitions, shots=shots)
    return Conformed(taken, listed.format, tuple(notes), differ, misfit(put, differ, shift))


def to_conform(film: Path | Source, found: FoundShots) -> Conform:
    """What a writer of lists needs of a film, with the timecode that its file carries."""
    from curation.cutlists import Clock, Conform, TimecodeError, grid_of
    from curation.media.source import name_of

    source = str(film.absolute()) if isinstance(film, Path) else film
    grid = grid_of(found.timeline, found.info.average_rate)
    uri = Path(source).as_uri() if isinstance(source, str) else name_of(source)
    plain = Conform(found.name, uri, found.shots, grid)
    said = _file_timecode(source)
    if said is None:
        return plain
    base = plain.clock.base
    try:
        clock = Clock(base, drop=";" in said)
        return replace(plain, start=clock.frame(said), drop=clock.drop)
    except TimecodeError:
        return plain


def _file_timecode(source: Source) -> str | None:
    """The timecode of the first frame as the container states it (QuickTime, MXF)."""
    from curation.media.source import opened

    with opened(source) as container:
        streams = [*container.streams.video, *container.streams.data]
        stated = [*(stream.metadata for stream in streams), container.metadata]
        return next((text for one in stated if (text := one.get("timecode"))), None)


def _thumbs(
    source: Source, timeline: Timeline, wanted: NDArray[np.bool_]
) -> dict[int, NDArray[np.uint8]]:
    from curation.media import MediaError, can_be_sparse, chosen, frames

    if not wanted.any():
        return {}
    seen: dict[int, NDArray[np.uint8]] = {}
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
