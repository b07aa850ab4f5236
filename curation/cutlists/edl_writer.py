"""Shots as an edit decision list in the form of CMX 3600."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from curation.cutlists.cmx3600 import LABEL, RATE

if TYPE_CHECKING:
    from curation.cutlists.conform import Conform
    from curation.shots import Shot, Transition

FILM: Final = "AX"
"""The reel of a file without a tape."""
BLACK: Final = "BL"
_WIPES: Final = {"wipe": "W001", "iris": "W119"}


@dataclass(frozen=True, slots=True)
class _Leg:
    """What comes at frame `start` of the film: by a cut, or mixed with `before` until `mixed`."""

    start: int
    reel: str
    effect: str = "C"
    mixed: int = 0
    before: str = FILM
    label: str = ""


def to_edl(film: Conform) -> str:
    """A list of the film's shots, recorded as the film stands.

    Source and record times are both those of the film. Dissolves are D, wipes W001, irises W119;
    fades go to BL and come from it. A comment names the exact type of each transition. Where the
    rate varies, comments say how frames stand at the nominal one, and which an event holds.
    """
    grid = film.grid
    mode = "DROP" if film.clock.drop else "NON-DROP"
    lines = [f"TITLE: {_plain(film.name)}", f"FCM: {mode} FRAME"]
    # Some readers take remarks behind an event only.
    remarks = [f"* {RATE} {grid.rate.numerator}/{grid.rate.denominator}"]
    if not grid.uniform:
        remarks += [
            "* VARIABLE FRAME RATE; THE RATE ABOVE IS NOMINAL, CHOSEN BY THE FRAMES' TIMES.",
            "* A FRAME SHOWN T SECONDS AFTER THE FIRST STANDS AT T X RATE, ROUNDED.",
            f"* THE FILM HAS {grid.frames} FRAMES; THIS LIST COUNTS {grid.slots[-1]}.",
        ]
    legs = [*_legs(film), _Leg(grid.frames, BLACK)]
    events = [(leg, then.start) for leg, then in pairwise(legs) if leg.start < then.start]
    for number, (leg, end) in enumerate(events, start=1):
        if leg.mixed:
            lines.append(_line(film, number, _Leg(leg.start, leg.before), leg.start))
        lines.append(_line(film, number, leg, end))
        if FILM in (leg.reel, leg.before if leg.mixed else leg.reel):
            lines.append(f"* FROM CLIP NAME: {_plain(film.name)}")
        if leg.mixed:
            if leg.reel == FILM:
                lines.append(f"* TO CLIP NAME: {_plain(film.name)}")
            lines.append(f"* {LABEL} {leg.label.upper()}")
        if not grid.uniform:
            lines.append(f"* FILM FRAMES: {leg.start} TO {end - 1}")
        lines += remarks if number == 1 else []
    return "\n".join(lines) + "\n"


def _legs(film: Conform) -> Iterator[_Leg]:
    shots = film.shots
    yield _Leg(0, _reel(shots[0]))
    for shot in shots:
        yield from _of(shot.transition_in, _reel(shot))
    if (last := shots[-1].transition_out).gradual:
        yield from _of(last, BLACK)


def _of(t: Transition, reel: str) -> Iterator[_Leg]:
    """What a transition puts into the list, where `reel` is what it leads to."""
    past = t.end + 1
    match t.type:
        case "start" | "end":
            return
        case "cut":
            yield _Leg(t.start, reel)
        case "fade_out":
            yield _Leg(t.start, BLACK, "D", past, label=t.type)
            yield _Leg(past, reel)
        case "fade_in":
            yield _Leg(t.start, FILM, "D", past, BLACK, t.type)
        case "fade_through_black" if past - t.start > 1:
            middle = (t.start + past + 1) // 2
            yield _Leg(t.start, BLACK, "D", middle, label=t.type)
            yield _Leg(middle, FILM, "D", past, BLACK, t.type)
        case _:
            yield _Leg(t.start, FILM, _WIPES.get(t.type, "D"), past, label=t.type)


def _reel(shot: Shot) -> str:
    return BLACK if shot.kind == "black" else FILM


def _line(film: Conform, number: int, leg: _Leg, end: int) -> str:
    slots = film.grid.slots
    length = f"{slots[leg.mixed] - slots[leg.start]:03}" if leg.mixed else ""
    record = film.timecode(leg.start), film.timecode(end)
    if leg.reel == BLACK:
        clock = film.clock
        source = clock.text(0), clock.text(slots[end] - slots[leg.start])
    else:
        source = record
    times = " ".join((*source, *record))
    return f"{number:03}  {leg.reel:<8} V     {leg.effect:<4} {length:3} {times}"


def _plain(text: str) -> str:
    return " ".join(text.split())
