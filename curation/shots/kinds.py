"""What kind of thing each shot shows: a picture, or a card that is no picture.

What one still shows is told by a glance at it, while the film is decoded; what a shot is follows
from the glances inside it and from its place in the film, without the film.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from curation.shots.assemble import Shot, ShotKind
from curation.shots.lettering import MANY_LINES

if TYPE_CHECKING:
    from curation.shots.glance import Glance, Sight

MOST: Final = 0.5
"""Share of the stills that decides what a shot is."""
BLANK_SHARE: Final = 0.9
EMBLEM_SHARE: Final = 0.6
LISTING_SHARE: Final = 0.2
"""Least share of such stills in the last shot of a film that is its credits over a picture."""


def name_shots(shots: Sequence[Shot], glances: Iterable[Glance]) -> list[Shot]:
    """The shots of a whole film with their kinds, from glances at any of its frames.

    A shot is what it shows for most of the time that it shows anything, and black if it never does;
    one that was not glanced at keeps its kind. Cards are `credits` where they end the film in
    series, or list many names in its second half; else `title`. An emblem alone is weak evidence:
    it is a `logo` only where nothing but cards and black lies between it and one of the film's
    ends.
    """
    ordered = sorted(glances, key=lambda seen: seen.index)
    places = np.array([seen.index for seen in ordered], np.int64)
    views = []
    for shot in shots:
        first, past = shot.clean_start, shot.clean_end
        if first >= past:
            first, past = shot.start, shot.end
        a, b = np.searchsorted(places, [first, past])
        views.append(_viewed(shot.kind, ordered[a:b], _spans(places[a:b], first, past)))
    kinds = [view.kind for view in views]
    if any(view.kind == "picture" and not view.emblem for view in views):
        for order in (range(len(views)), range(len(views) - 1, -1, -1)):
            for k in takewhile(lambda k: kinds[k] != "picture" or views[k].emblem, order):
                kinds[k] = "logo" if views[k].emblem else kinds[k]
    for k in _credits(shots, views, kinds):
        kinds[k] = "credits"
    return [replace(shot, kind=kind) for shot, kind in zip(shots, kinds, strict=True)]


def _spans(places: NDArray[np.int64], first: int, past: int) -> NDArray[np.float64]:
    """How many frames of `[first, past)` each still stands for: those that it is nearest to."""
    between = (places[:-1] + places[1:]) / 2
    return np.diff(np.concatenate(([first], between, [past])))


@dataclass(frozen=True, slots=True)
class _View:
    """What a shot's stills say together.

    `emblem`: a picture that may be a logo. `lines` of its fullest card; `listing`: the share of it
    that lists names.
    """

    kind: ShotKind
    emblem: bool = False
    lines: int = 0
    listing: float = 0.0


def _viewed(known: ShotKind, seen: Sequence[Glance], spans: NDArray[np.float64]) -> _View:
    if not seen:
        return _View(known)
    sights = {one.sight for one in seen}
    if sights <= {"black", "faint"}:
        return _View("black" if sights == {"black"} else "picture")
    lit = [(one, n) for one, n in zip(seen, spans, strict=True) if one.sight != "black"]
    total = sum(n for _, n in lit)

    def share(*those: Sight) -> float:
        return float(sum(n for one, n in lit if one.sight in those) / total)

    lines = max((one.lines for one, _ in lit if one.sight == "text"), default=0)
    listing = sum(n for one, n in lit if one.listing) / total
    if share("text") >= MOST:
        return _View("title", lines=lines, listing=listing)
    if share("bars", "leader") >= MOST:
        return _View("bars")
    if share("blank") >= BLANK_SHARE:
        return _View("blank")
    return _View("picture", share("emblem", "text") >= EMBLEM_SHARE, lines, listing)


def _credits(shots: Sequence[Shot], views: Sequence[_View], kinds: Sequence[ShotKind]) -> list[int]:
    """Which shots are end credits."""
    half = shots[-1].end / 2
    tail = len(kinds) - sum(1 for _ in takewhile(lambda kind: kind != "picture", reversed(kinds)))
    ending = [k for k in range(tail, len(kinds)) if kinds[k] in ("title", "logo")]
    found = []
    for k, (shot, view) in enumerate(zip(shots, views, strict=True)):
        late = shot.start >= half or shot.end == shots[-1].end
        many = view.lines >= MANY_LINES
        if kinds[k] in ("title", "logo") and view.lines:
            series = len(ending) > 1 and k >= tail and (k != ending[0] or view.lines > 2)
            if (many and late) or (series and kinds[k] == "title"):
                found.append(k)
        elif kinds[k] == "picture" and late and view.listing >= LISTING_SHARE:
            after = kinds[k + 1 :].count("picture")
            if after <= 1:
                found.append(k)
    return found
