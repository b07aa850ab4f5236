"""What an editor's list says happens in a film, and the protocol of those who read lists."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args

from curation.shots.transition import GRADUAL, Transition, TransitionType

if TYPE_CHECKING:
    from curation.cutlists.grid import Grid
    from curation.storage import Place

ListFormat = Literal["edl", "otio", "imf_cpl"]

HOLD: Final = Fraction(2)
"""Seconds: black shorter than this between two fades is part of one transition."""
MAX_EDITS: Final = 1_000_000
"""More than any film has; a list that claims more is not read on."""


class CutListError(Exception):
    """A cut list that is not read; the message names file, line, reason and remedy."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One boundary as a list states it, in seconds since the list's beginning.

    `end` is past-last and equals `start` for a cut. `where` names the place in the list.
    """

    type: TransitionType
    start: Fraction
    end: Fraction
    where: str


@dataclass(frozen=True, slots=True)
class CutList:
    """A list as read. `rate`: frames a second in which it counts; `seconds`: its length.

    `complete` says whether it names all boundaries of the film; one that joins finished films
    names some. `notes` tell what in it was odd.
    """

    format: ListFormat
    rate: Fraction
    seconds: Fraction
    edits: tuple[Edit, ...]
    complete: bool = True
    notes: tuple[str, ...] = ()


class CutListReader(Protocol):
    """Reads one format of cut lists."""

    name: str

    def reads(self, file: Place, head: bytes) -> bool:
        """Whether a file is of this format, by its name and its first bytes."""
        ...

    def read(self, file: Place, rate: Fraction) -> CutList:
        """Read a list; `rate` is the film's, for a list that does not say its own.

        Raises:
            CutListError: when the list cannot be understood.
        """
        ...


@dataclass(frozen=True, slots=True)
class Placed:
    """A list's boundaries in a film's own frames, in order, and what did not fit.

    `reach` holds the frames `[first, past-last)` of which the list speaks; `late` counts its
    boundaries behind the film's end.
    """

    transitions: tuple[Transition, ...]
    notes: tuple[str, ...]
    reach: tuple[int, int]
    late: int = 0


def placed(listed: CutList, grid: Grid, offset: int = 0) -> Placed:
    """Put a list on a film; the list's first frame is the film's frame `offset`.

    Frame for frame where both count alike (24 is counted like 24000/1001) or are equally long;
    otherwise by time. What lies outside the film is left out, with a note, and so is a cut in, at
    the beginning of or right behind a gradual transition: it belongs to that.
    """
    notes = list(listed.notes)
    length = round(listed.seconds * listed.rate)
    alike = round(listed.rate) == round(grid.rate) or length == grid.frames
    counted = grid.uniform and alike
    shift = grid.seconds(offset) if 0 <= offset <= grid.frames else offset / grid.rate

    def frame(seconds: Fraction) -> int:
        """Frame of the film; below 0 or above its length for what lies outside it."""
        if counted:
            return round(seconds * listed.rate) + offset
        at = seconds + shift
        if at < 0 or at > grid.seconds(grid.frames) + 1 / grid.rate:
            return -1 if at < 0 else grid.frames + 1
        return grid.frame_at(at)

    found: list[Transition] = []
    outside: list[Edit] = []
    for edit in listed.edits:
        start, end = frame(edit.start), frame(edit.end)
        gradual = edit.type in GRADUAL
        if start >= grid.frames or (end if gradual else start) <= 0:
            outside.append(edit)
        elif gradual:
            last = min(grid.frames, max(end, start + 1)) - 1
            found.append(Transition(edit.type, max(0, start), last))
        else:
            found.append(Transition("cut", start, start))
    if outside:
        notes.append(
            f"{len(outside)} of its boundaries lie outside the film, first {outside[0].where}"
        )
    begins, ends = frame(Fraction(0)), frame(listed.seconds)
    over = ends - grid.frames
    if over:
        notes.append(
            f"the list ends {abs(over)} frames {'behind' if over > 0 else 'before'} the film's end"
            if counted
            else "the list and the film are not equally long"
        )
    if not counted and grid.uniform:
        notes.append(
            f"the list counts {float(listed.rate):g} frames a second and the film "
            f"{float(grid.rate):g}; it is placed by time"
        )
    reach = min(max(0, begins), grid.frames), min(max(0, ends), grid.frames)
    late = sum(frame(edit.start) > grid.frames for edit in outside)
    return Placed(tuple(_tidy(found)), tuple(notes), reach, late)


def _tidy(found: list[Transition]) -> list[Transition]:
    """In order, without repeated cuts and cuts that belong to a gradual transition."""
    graduals = [t for t in found if t.gradual]
    covered = {frame for t in graduals for frame in range(t.start, t.end + 2)}
    cuts = {t.start: t for t in found if not t.gradual and t.start not in covered}
    return sorted([*graduals, *cuts.values()], key=lambda t: (t.start, t.end))


def gradual_type(word: object) -> TransitionType | None:
    """The type of gradual transition that a word names, if it names one."""
    known: tuple[TransitionType, ...] = get_args(TransitionType)
    return next((one for one in known if one == word and one in GRADUAL), None)


def joined_fades(edits: list[Edit], apart: Container[str] = ()) -> list[Edit]:
    """Fades out that a fade in follows within `HOLD`, with nothing between, as one transition.

    Those whose place is in `apart` stay what they are.
    """
    joined: list[Edit] = []
    for edit in edits:
        last = joined[-1] if joined else None
        if (
            last is not None
            and (last.type, edit.type) == ("fade_out", "fade_in")
            and last.where not in apart
            and edit.where not in apart
            and edit.start - last.end < HOLD
        ):
            joined[-1] = Edit("fade_through_black", last.start, edit.end, last.where)
        else:
            joined.append(edit)
    return joined
