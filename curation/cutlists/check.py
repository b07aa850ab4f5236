"""A list held against the picture: where do the two disagree?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from curation.shots import ShotSettings, Transition
from curation.shots.eye import mean_change

if TYPE_CHECKING:
    from curation.cutlists.cut_list import Placed
    from curation.cutlists.grid import Grid

NEAR: Final = 2
"""Frames by which a list and a detector may differ and still mean the same boundary."""
WINDOW: Final = 8
"""Frames on each side among which a change must stand out."""
STANDS_OUT: Final = 1.5
"""How many times the usual change around it the change at a listed cut must be."""
CLEAR_CHANGE: Final = 12.0
CLEAR_RATIO: Final = 4.0
"""Mean change of 8-bit R'G'B', and how many times the usual, of a cut that no list can overlook.

On the twelve reels with known truth (shared/shots) this doubts a right list only where the detector
takes light for a cut, 7 times in all. Cuts between dark pictures change less and go untold.
"""
CHANCE: Final = 0.01
"""How likely it may be that some shift of unrelated cuts meets as many as the one believed."""
SAME_SHARE: Final = 0.5
"""Two pictures are the same where they differ by less than this share of their contrast, too."""
MISFIT_LEAST: Final = 3
MISFIT_SHARE: Final = 0.5
"""A list is another film's where more than this share of its boundaries, and no fewer than so many,
are not to be seen."""
_MOST_PAIRS = 4_000_000

Thumbs = Mapping[int, NDArray[np.uint8]]


Kind = Literal["cut_not_seen", "transition_not_seen", "cut_not_listed"]
"""The first two are boundaries of the list of which the picture shows nothing."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where list and picture differ, at which frame of the film, and how, in words."""

    kind: Kind
    frame: int
    what: str


@dataclass(frozen=True, slots=True)
class Doubts:
    """Boundaries that only the list has, and cuts that only the detector has."""

    listed: tuple[Transition, ...]
    found: tuple[Transition, ...]

    def frames(self, frames: int) -> NDArray[np.bool_]:
        """Which frames of the film must be seen to settle them."""
        wanted = np.zeros(frames, np.bool_)
        for t in (*self.listed, *self.found):
            wanted[max(0, t.start - WINDOW - 1) : t.start + WINDOW + 1] = True
            wanted[max(0, t.end - WINDOW) : t.end + WINDOW + 2] = True
        return wanted


def doubts(listed: Sequence[Transition], found: Sequence[Transition], *, complete: bool) -> Doubts:
    """What one has and the other has not; of a list that is not complete, what it has alone."""
    alone = tuple(t for t in listed if not _any_near(t, found))
    unlisted = (t for t in found if t.type == "cut" and not _any_near(t, listed))
    return Doubts(alone, tuple(unlisted) if complete else ())


def disagreements(held: Doubts, thumbs: Thumbs) -> list[Disagreement]:
    """What the pictures say of the doubts; pictures that are missing settle nothing."""
    found = [
        Disagreement("transition_not_seen" if t.gradual else "cut_not_seen", t.start, said)
        for t in held.listed
        if (said := _unseen(t, thumbs)) is not None
    ]
    for t in held.found:
        change, usual = _change(t.start, thumbs), _usual(t.start, thumbs)
        if change is not None and change >= max(CLEAR_CHANGE, CLEAR_RATIO * usual):
            said = "a clear cut in the picture is not in the list"
            found.append(Disagreement("cut_not_listed", t.start, said))
    return sorted(found, key=lambda one: one.frame)


def beyond(t: Transition, put: Placed, frames: int) -> bool:
    """Whether a boundary lies where the list says nothing: before it begins or behind its end."""
    first, past = put.reach
    before = first > 0 and t.start <= first + NEAR
    return before or (past < frames - NEAR and t.end >= past - NEAR)


def misfit(put: Placed, found: Sequence[Disagreement], shift: int | None) -> str | None:
    """Why a list cannot be that of the film on which it was put; None where it can.

    `shift` is its `better_offset`. A right list with a slip here and there is none that does not
    fit: on the reels with known truth a right one has no boundary that is not to be seen.
    """
    first, past = put.reach
    if past <= first or put.late:
        behind = "all of it" if past <= first else f"{put.late} of its boundaries"
        return f"{behind} would lie behind the film's end"
    if shift is not None and abs(shift) > NEAR:
        side = "behind" if shift > 0 else "before"
        return f"most cuts of the picture lie {abs(shift)} frames {side} those of the list"
    unseen = sum(one.kind != "cut_not_listed" for one in found)
    if unseen >= MISFIT_LEAST and unseen > MISFIT_SHARE * len(put.transitions):
        return (
            f"at {unseen} of its {len(put.transitions)} boundaries nothing happens in the picture"
        )
    return None


def better_offset(
    listed: Sequence[Transition], found: Sequence[Transition], grid: Grid
) -> int | None:
    """Frames by which the list would have to be moved to meet the picture's cuts; None if it does.

    Only where it meets few cuts as it lies, and most elsewhere.
    """
    ours = [t.start for t in listed if t.type == "cut"]
    theirs = [t.start for t in found if t.type == "cut"]
    if len(ours) * len(theirs) > _MOST_PAIRS or not grid.uniform:
        return None
    shifts = Counter(b - a for a in ours for b in theirs)
    if not shifts:
        return None
    shift, count = max(shifts.items(), key=lambda item: (item[1], -abs(item[0])))
    enough = max(3, min(len(ours), len(theirs)) * 0.6)
    if not shift or count < enough or count <= 2 * shifts[0]:
        return None
    usual = len(ours) * len(theirs) / grid.frames
    return shift if 2 * grid.frames * _at_least(count, usual) < CHANCE else None


def _at_least(count: int, mean: float) -> float:
    """How likely so many or more are where their number is Poisson's with this mean."""
    term = exp(-mean)
    below = 0.0
    for number in range(count):
        below += term
        term *= mean / (number + 1)
    return max(0.0, 1 - below)


def _any_near(one: Transition, others: Sequence[Transition]) -> bool:
    return any(o.start - NEAR <= one.end and one.start <= o.end + NEAR for o in others)


def _unseen(t: Transition, thumbs: Thumbs) -> str | None:
    """Why a listed boundary is doubted; None where the picture bears it out."""
    settings = ShotSettings()
    if t.gradual:
        before = thumbs.get(t.start - 1, thumbs.get(t.start))
        behind = thumbs.get(t.end + 1, thumbs.get(t.end))
        if before is None or behind is None:
            return None
        most = min(settings.dissolve_change, SAME_SHARE * float(np.std(behind)))
        same = mean_change(before, behind) < most
        return (
            f"the list has a {t.type} and the picture is the same on both sides" if same else None
        )
    around = range(t.start - WINDOW, t.start + WINDOW + 1)
    changes = {frame: c for frame in around if (c := _change(frame, thumbs)) is not None}
    near = [changes[f] for f in range(t.start - NEAR, t.start + NEAR + 1) if f in changes]
    usual = _usual(t.start, thumbs)
    if not near or max(near) >= max(settings.least_change, STANDS_OUT * usual):
        return None
    peak = max(changes, key=lambda frame: changes[frame])
    said = "the list has a cut and the picture does not change"
    if changes[peak] >= max(CLEAR_CHANGE, CLEAR_RATIO * usual):
        side = "later" if peak > t.start else "earlier"
        return f"{said} here but {abs(peak - t.start)} frames {side}"
    return said


def _change(frame: int, thumbs: Thumbs) -> float | None:
    """How much a frame differs from the one before it."""
    if frame not in thumbs or frame - 1 not in thumbs:
        return None
    return mean_change(thumbs[frame - 1], thumbs[frame])


def _usual(frame: int, thumbs: Thumbs) -> float:
    """The median change around a frame, its own neighbourhood left out."""
    around = [*range(frame - WINDOW, frame - NEAR), *range(frame + NEAR + 1, frame + WINDOW + 1)]
    changes = [c for f in around if (c := _change(f, thumbs)) is not None]
    return float(np.median(changes)) if changes else 0.0
