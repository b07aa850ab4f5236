"""A film's contact sheet: first, middle and last frame of each shot, for a person to look at.

Pages are drawn as frames come, one page in memory at a time, so a film may be of any length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from curation.cutlists import Conform
    from curation.media import Frame, VideoInfo
    from curation.shots import Shot, Transition

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

GROUND: Final[Colour] = (22, 22, 24)
PANEL: Final[Colour] = (34, 34, 37)
HOLE: Final[Colour] = (44, 44, 48)
BRIGHT: Final[Colour] = (232, 232, 234)
PLAIN: Final[Colour] = (168, 168, 174)
FAINT: Final[Colour] = (112, 112, 120)
KINDS: Final[Mapping[str, Colour]] = {
    "picture": (126, 132, 142),
    "title": (240, 178, 62),
    "credits": (186, 138, 244),
    "logo": (84, 170, 250),
    "bars": (94, 200, 130),
    "blank": (224, 222, 214),
    "black": (82, 84, 92),
}
"""R'G'B' of each kind's mark."""
REGULAR, BOLD = 400, 600
SMALL, LARGE = 13, 22

STILL_AREA: Final = 208 * 117
"""Pixels of one still, whatever its shape, so that tall and wide films fill a page alike."""
ROWS, COLUMNS = 12, 3
MARGIN, GAP, PAD, LINE, HEAD = 32, 16, 8, 20, 84


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes in pixels for stills of one film's shape."""

    width: int
    height: int

    @classmethod
    def of(cls, info: VideoInfo) -> Layout:
        """For a film's shape as it is shown: upright, in square pixels."""
        shape = info.display_width / info.display_height
        wide = round((STILL_AREA * min(4.0, max(0.25, shape))) ** 0.5)
        return cls(wide, max(2, round(wide / shape)))

    @property
    def card(self) -> tuple[int, int]:
        """Width and height of one shot's card."""
        stills = 3 * self.width + 2 * (PAD // 2)
        return max(stills, 420) + 2 * PAD, self.height + 2 * LINE + 2 * PAD

    @property
    def page(self) -> int:
        """Width of a page."""
        return 2 * MARGIN + COLUMNS * self.card[0] + (COLUMNS - 1) * GAP


def looked_at(shot: Shot) -> tuple[int, ...]:
    """First, middle and last frame of a shot alone, each once; of one that is all mixed, of all."""
    first, past = shot.clean_start, shot.clean_end
    if first >= past:
        first, past = shot.start, shot.end
    return tuple(sorted({first, (first + past - 1) // 2, past - 1}))


def page_count(film: Conform) -> int:
    """How many pages a film's shots fill."""
    return -(-len(film.shots) // (ROWS * COLUMNS))


def pages(film: Conform, layout: Layout, given: Iterable[Frame]) -> Iterator[Pixels]:
    """The sheet's pages, R'G'B' (height, width, 3).

    `given` are the frames that `looked_at` names of every shot, in order; a frame that is missing
    leaves its place empty.
    """
    each, count = ROWS * COLUMNS, page_count(film)
    coming = iter(given)
    waiting = next(coming, None)
    for page in range(count):
        shots = film.shots[page * each : (page + 1) * each]
        canvas = _blank(film, layout, len(shots), f"page {page + 1} of {count}")
        for place, shot in enumerate(shots):
            card = _card(canvas, layout, place)
            _caption(card, film, shot)
            for slot, index in enumerate(looked_at(shot)):
                while waiting is not None and waiting.index < index:
                    waiting = next(coming, None)
                same = waiting is not None and waiting.index == index
                _still(card, layout, slot, waiting.rgb if same and waiting is not None else None)
        yield canvas


def _blank(film: Conform, layout: Layout, shots: int, where: str) -> Pixels:
    rows = -(-shots // COLUMNS)
    height = HEAD + MARGIN + rows * (layout.card[1] + GAP)
    canvas = np.full((height, layout.page, 3), GROUND, np.uint8)
    right = layout.page - MARGIN
    write(canvas, film.name, (MARGIN, 40), BRIGHT, size=LARGE, weight=BOLD, until=right - 200)
    write(canvas, where, (right, 40), FAINT, right=True)
    at = MARGIN
    shown = "1 shot" if len(film.shots) == 1 else f"{len(film.shots)} shots"
    said = f"{shown}   {_clock(film.grid.seconds(film.grid.frames))}"
    at = write(canvas, said, (at, 66), PLAIN) + 28
    counted = Counter(shot.kind for shot in film.shots)
    for kind in sorted(counted, key=lambda kind: list(KINDS).index(kind)):
        cv2.rectangle(canvas, (at, 56), (at + 9, 65), KINDS[kind], cv2.FILLED)
        at = write(canvas, f"{kind} {counted[kind]}", (at + 16, 66), PLAIN) + 22
    return canvas


def _card(canvas: Pixels, layout: Layout, place: int) -> Pixels:
    """The part of a page where a shot is drawn; a view."""
    row, column = divmod(place, COLUMNS)
    wide, high = layout.card
    x, y = MARGIN + column * (wide + GAP), HEAD + row * (high + GAP)
    card = canvas[y : y + high, x : x + wide]
    card[:] = PANEL
    return card


def _caption(card: Pixels, film: Conform, shot: Shot) -> None:
    high, wide = card.shape[:2]
    colour = KINDS[shot.kind]
    card[:, :3] = colour
    first, last = PAD + 14, high - PAD - 5
    at = write(card, f"{shot.index}", (PAD + 4, first), BRIGHT, weight=BOLD) + 12
    write(card, _when(film, shot.start), (at, first), PLAIN)
    seconds = float(film.grid.seconds(shot.end) - film.grid.seconds(shot.start))
    write(card, f"{seconds:.2f} s", (wide // 2 + 60, first), FAINT, right=True)
    ink = PLAIN if shot.kind in ("picture", "black") else colour
    write(card, shot.kind, (wide - PAD, first), ink, weight=BOLD, right=True)
    write(card, _passage(shot.transition_in), (PAD + 4, last), PLAIN)
    write(card, _passage(shot.transition_out), (wide - PAD, last), PLAIN, right=True)
    spoken = f"{shot.start} - {shot.end - 1}"
    write(card, spoken, ((wide + _width(spoken)) // 2, last), FAINT, right=True)


def _still(card: Pixels, layout: Layout, slot: int, pixels: Pixels | None) -> None:
    x = PAD + slot * (layout.width + PAD // 2)
    y = PAD + LINE
    place = card[y : y + layout.height, x : x + layout.width]
    if pixels is None:
        place[:] = HOLE
        write(place, "no picture", (10, 24), FAINT)
    else:
        cv2.resize(pixels, (place.shape[1], place.shape[0]), place, interpolation=cv2.INTER_AREA)


def _when(film: Conform, frame: int) -> str:
    """Timecode; where the rate varies, the time since the first frame."""
    if film.grid.uniform:
        return film.timecode(frame)
    return _clock(film.grid.seconds(frame))


def _clock(seconds: Fraction) -> str:
    """Hours, minutes and seconds to a thousandth."""
    minutes, thousandths = divmod(int(seconds * 1000), 60_000)
    return f"{minutes // 60}:{minutes % 60:02}:{thousandths / 1000:06.3f}"


def _passage(transition: Transition) -> str:
    name = transition.type.replace("_", " ")
    return f"{name} {transition.end - transition.start + 1}" if transition.gradual else name


@cache
def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _width(text: str, size: int = SMALL, weight: int = REGULAR) -> int:
    box = cv2.getTextSize((1, 1), text, (0, 0), _face(), size, weight)
    return int(box[0] + box[2])


def write(
    canvas: Pixels,
    text: str,
    at: tuple[int, int],
    colour: Colour,
    *,
    size: int = SMALL,
    weight: int = REGULAR,
    right: bool = False,
    until: int | None = None,
) -> int:
    """Write on a baseline from `at` on, or up to it if `right`; gives the column behind the text.

    What would run beyond column `until` is cut.
    """
    x, y = at
    while until is not None and len(text) > 1 and x + _width(text, size, weight) > until:
        text = f"{text[:-2]}…"
    if right:
        x -= _width(text, size, weight)
    cv2.putText(canvas, text, (x, y), colour, _face(), size, weight)
    return x + _width(text, size, weight)
