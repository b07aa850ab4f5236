"""Text and marks: what is lettered over a picture, and where.

A few stills of a shot tell what is laid over it from what is in the scene: laid over it stands
still with its own brightness while the ground just around it changes; in the scene it moves with
the picture, but credits move too: what goes straight up or down is not judged. Where neither is
seen, only where it stands may tell. Text is found, not read, but for timecode. A mark is found by
its letters; of one that merely stands the box is given, for it to be looked for in the film's other
shots. Thresholds were chosen on text drawn over the shared films; how they do is in
benchmarks/README.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.shots.lettering import edges_of
from curation.tags.faces import Box
from curation.tags.numbers import measured, middle, pick, unknown
from curation.tags.people import overlap
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag
from curation.tags.text_boxes import DETECTOR, Text, finder, missing
from curation.tags.timecode import RECOGNISER, timecode

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.models import Weights
    from curation.tags.protocol import Series

Grey = NDArray[np.uint8]

KEPT: Final = 6
"""Pieces of text of a still that are kept, the largest."""
SHOWN: Final = 3
"""Boxes of a shot's tag."""
GRID: Final = (160, 90)
"""Cells in which the share of the picture is counted."""
SMALL: Final = 320
"""Width in pixels at which edges are counted."""
EDGE: Final = 24
"""8-bit levels of an edge that counts."""
CARD: Final = 0.7
"""Share of a still's edges that lie in text from which on it shows nothing else…"""
CARD_SHARE: Final = 0.01
"""…if the text covers this share of it at least…"""
LINE: Final = 2.0
"""…and a line of it, so many times as wide as high and no mark: a ring drawn on black is none."""
GLANCE: Final = 1.0
"""Seconds of the longest shot that one still may say has no text."""

STANDS: Final = 0.01
"""Share of the picture's height by which the middle of a box that stands may seem to move, and of
its width its middle or one of its ends: first or last letters get lost."""
GROUND: Final = 10.0
"""Levels by which the ground around what is laid over a picture changes, on its middle side…"""
INK: Final = 20.0
"""…and by which its letters do not."""
MOVES: Final = 0.015
"""Share of the picture's width by which text moved, if it kept its size…"""
SIZE: Final = (0.12, 0.25)
"""…to these shares of its width and height."""

LOWER: Final = 0.68
"""Share of the height below which a subtitle stands, as custom has it…"""
CENTRED: Final = 0.025
"""…so near to the middle, in shares of the width…"""
LETTERED: Final = (0.02, 0.11)
"""…in lines of this height, as shares of the picture's…"""
BRIGHT: Final = 150.0
"""…of letters as bright…"""
WIDE: Final = 0.04
"""…and at least as long, in shares of the width."""

CORNER: Final = 0.22
"""A mark's middle lies so near to two edges, in shares of width and height…"""
MARK: Final = (0.2, 0.14)
"""…and is no larger."""
CLOCK: Final = 1.5
"""Seconds by which two timecodes may differ from what passed between them."""
EDGE_OF_PICTURE: Final = 0.25
"""Timecode stands so near to the top or the bottom."""
READ: Final = 2
"""Lines of a still that are read."""

NONE_CONFIDENCE: Final = 0.9
CARD_CONFIDENCE: Final = 0.9
SUBTITLE_CONFIDENCE: Final = {False: 0.7, True: 0.9}
OVERLAY_CONFIDENCE: Final = 0.8
SCENE_CONFIDENCE: Final = 0.7
MARK_CONFIDENCE: Final = 0.8
CLOCK_CONFIDENCE: Final = {False: 0.9, True: 0.99}
NO_CLOCK_CONFIDENCE: Final = 0.95
"""Rounded from labelled stills and drawn text (benchmarks/README.md): of a hundred stills in which
nothing is found 94 show nothing; of a subtitle whose ground does not change only the place is told,
and of one timecode alone that it reads like one."""

_EDGES: Final = ("left", "top", "right", "bottom")
_PARTS: Final = (*_EDGES, "score", "ink", *(f"ground_{side}" for side in _EDGES))


class Piece(NamedTuple):
    """Text of a still: its box, the luma of its letters, and of the ground on its four sides."""

    box: Box
    ink: float
    ground: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TextTagger:
    """Text over the picture or in it, a mark in a corner, burnt-in timecode."""

    name: ClassVar[str] = "text"
    label_version: ClassVar[str] = "2"
    needs: ClassVar[Needs] = Needs(width=640, per_shot=2)
    weights: ClassVar[tuple[Weights, ...]] = (DETECTOR, RECOGNISER)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "text",
            ("none", "card", "subtitle", "overlay", "scene", UNKNOWN),
            {
                "stills": "stills looked at",
                "text_share": "share of the stills that show text",
                "boxes": "pieces of text in the still that shows most",
                "share": "share of the picture that they cover",
                "lower_share": "share of the picture's lower third that they cover",
                "edges_in_text": "share of the picture's edges, median over stills with text",
                "subtitle_share": "share of the stills with a line where subtitles stand",
                "overlaid": "pieces that stand while the ground around them changes",
                "moved": "pieces that keep their size and move",
                "climbed": "of these, straight up or down, as credits roll",
                "lines": "lines of text that are no mark, in the still that shows most",
                **{
                    f"{edge}{k}": f"of the largest piece but {k - 1}; share of width or height"
                    for k in range(1, SHOWN + 1)
                    for edge in _EDGES
                },
            },
        ),
        Facet(
            "mark",
            ("lettered", UNKNOWN),
            {
                "mark_stands": "pairs of stills through which letters in a corner stand",
                "mark_overlaid": "of these, while the ground around them changes",
                **{f"mark_{edge}": "share of the width or height" for edge in _EDGES},
            },
        ),
        Facet(
            "timecode",
            ("burnt_in", "none", UNKNOWN),
            {
                "timecode_share": "share of the stills in which one is read",
                "timecode_s": "seconds since midnight it shows in the first of them",
                "timecode_agrees": "whether it goes on as time does from still to still: 0 or 1",
                "text_share": "share of the stills that show text",
            },
        ),
    )

    @property
    def version(self) -> str:
        """Of the measures; another one without a network, so that films are looked at with one."""
        return "2" if missing() is None else "2-without-network"

    def meter(self, video: VideoInfo) -> Meter:
        """A meter of the text of a frame. Raises `ModelUnavailableError` without a network."""
        finder()
        RECOGNISER.path()
        return _measures

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """What stands, what moves, and the boxes of the still that shows most text."""
        if not len(pts):
            return {}
        stills = [_pieces(series, k) for k in range(len(pts))]
        counts = series["boxes"]
        most = int(np.argmax(series["share"]))
        shown = np.flatnonzero(counts > 0)
        pairs = list(combinations(stills, 2))
        standing = [list(_standing(*pair)) for pair in pairs]
        overlaid = [
            sum(change >= GROUND and not _is_mark(piece.box) for piece, change in pair)
            for pair in standing
        ]
        marks = [one for pair in standing for one in pair if _is_mark(one[0].box)]
        marks.sort(key=lambda one: -one[1] if math.isfinite(one[1]) else 0.0)
        summary = {
            "stills": float(len(stills)),
            "text_share": len(shown) / len(stills),
            "boxes": float(counts[most]),
            "share": float(series["share"][most]),
            "lower_share": float(series["lower_share"][most]),
            "subtitle_share": sum(bool(_captions(still)) for still in stills) / len(stills),
            "overlaid": float(max(overlaid, default=0)),
            "moved": float(max((_moved(*pair) for pair in pairs), default=0)),
            "climbed": float(max((_climbed(*pair) for pair in pairs), default=0)),
            "lines": float(series["lines"][most]),
            "mark_stands": float(len(marks)),
            "mark_overlaid": float(sum(change >= GROUND for _, change in marks)),
            **_clock(series["timecode_s"], pts),
        }
        if len(shown):
            summary["edges_in_text"] = middle(series["edges_in_text"][shown])
        for k, piece in enumerate(stills[most][:SHOWN], start=1):
            summary |= {f"{e}{k}": v for e, v in zip(_EDGES, piece.box, strict=True)}
        if marks:
            summary |= {f"mark_{e}": v for e, v in zip(_EDGES, marks[0][0].box, strict=True)}
        return summary

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a facet."""
        return _text(measures), _mark(measures), _timecode(measures)


def _measures(frame: Frame, before: Frame | None) -> dict[str, float]:
    rgb = frame.rgb
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    found = finder().find(rgb)
    covered = _covered([text.box for text in found])
    values = {
        "boxes": float(len(found)),
        "share": float(covered.mean()),
        "lower_share": float(covered[GRID[1] * 2 // 3 :].mean()),
        "edges_in_text": _edges_in(grey, covered) if found else math.nan,
        "timecode_s": _read(rgb, found),
        "lines": float(sum(_is_line(text.box, grey.shape) for text in found)),
    }
    for k in range(KEPT):
        given = _described(grey, found[k]) if k < len(found) else (math.nan,) * len(_PARTS)
        values |= {f"box{k + 1}_{p}": v for p, v in zip(_PARTS, given, strict=True)}
    return values


def _covered(boxes: Sequence[Box]) -> Grey:
    """1 in the cells of the picture, shape (90, 160), that lie in a box."""
    cells = np.zeros(GRID[::-1], np.uint8)
    for box in boxes:
        box.pixels(cells)[:] = 1
    return cells


def _edges_in(grey: Grey, covered: Grey) -> float:
    """Share of a picture's edges in what is covered, and as near to it as letters reach."""
    high, wide = grey.shape
    size = SMALL, max(1, round(high * SMALL / wide))
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    strong = edges_of(small) > EDGE
    near = cv2.resize(cv2.dilate(covered, np.ones((3, 3), np.uint8)), size) > 0
    total = np.count_nonzero(strong)
    return float(np.count_nonzero(strong & near) / total) if total else math.nan


def _described(grey: Grey, text: Text) -> tuple[float, ...]:
    box = text.box
    thick, across = box.height / 2, box.height / 2 * grey.shape[0] / grey.shape[1]
    sides = (
        Box(box.left - across, box.top, box.left, box.bottom),
        Box(box.left, box.top - thick, box.right, box.top),
        Box(box.right, box.top, box.right + across, box.bottom),
        Box(box.left, box.bottom, box.right, box.bottom + thick),
    )
    ground = [
        float(side.pixels(grey).mean()) if min(side) >= 0 and max(side) <= 1 else math.nan
        for side in sides
    ]
    dark, light = np.percentile(box.pixels(grey), (4, 96)).tolist()
    level = middle(np.array(ground))
    ink = dark if math.isfinite(level) and level - dark > light - level else light
    return (*box, text.score, ink, *ground)


def _read(rgb: NDArray[np.uint8], found: Sequence[Text]) -> float:
    """The timecode of a still in seconds; NaN if none is read."""
    near = [
        text.box
        for text in found
        if text.box.bottom <= EDGE_OF_PICTURE or text.box.top >= 1 - EDGE_OF_PICTURE
    ]
    lines = [box for box in near if LETTERED[0] <= box.height <= LETTERED[1]]
    for box in sorted(lines, key=lambda box: box.width)[-READ:]:
        seconds = timecode(box.pixels(rgb))
        if seconds is not None:
            return seconds
    return math.nan


def _pieces(series: Series, still: int) -> list[Piece]:
    given = []
    for k in range(1, KEPT + 1):
        left, top, right, bottom, _, ink, *ground = (
            float(series[f"box{k}_{part}"][still]) for part in _PARTS
        )
        if math.isfinite(left):
            sides = (ground[0], ground[1], ground[2], ground[3])
            given.append(Piece(Box(left, top, right, bottom), ink, sides))
    return given


def _standing(one: Sequence[Piece], other: Sequence[Piece]) -> Iterator[tuple[Piece, float]]:
    """Pieces that two stills share, and how much the ground around each changes, in levels."""
    for here in one:
        for there in other:
            if _stands(here.box, there.box) and abs(here.ink - there.ink) <= INK:
                yield here, middle(np.abs(np.subtract(here.ground, there.ground)))


def _stands(one: Box, other: Box) -> bool:
    across, down = _shift(one, other)
    ends = abs(one.left - other.left), abs(one.right - other.right)
    alike = abs(one.width - other.width) <= SIZE[0] * max(one.width, other.width)
    return alike and max(down, min(across, *ends)) <= STANDS and overlap(one, other) > 0


def _moved(one: Sequence[Piece], other: Sequence[Piece]) -> int:
    """How many pieces of a still are in the other too, elsewhere."""
    return sum(any(_has_moved(here, there) for there in other) for here in one)


def _climbed(one: Sequence[Piece], other: Sequence[Piece]) -> int:
    """How many pieces of a still are in the other too, above or below."""
    return sum(
        any(_has_moved(here, there) and _is_above(here.box, there.box) for there in other)
        for here in one
    )


def _is_above(one: Box, other: Box) -> bool:
    """Whether a box lies straight above or below another: by its middle or by one of its ends."""
    ends = abs(one.left - other.left), abs(one.right - other.right)
    across, down = _shift(one, other)
    return min(across, *ends) <= STANDS < down


def _has_moved(here: Piece, there: Piece) -> bool:
    sizes = (here.box.width, there.box.width), (here.box.height, there.box.height)
    alike = all(abs(a - b) <= share * max(a, b) for (a, b), share in zip(sizes, SIZE, strict=True))
    moves = sum(_shift(here.box, there.box)) > MOVES and not _stands(here.box, there.box)
    return alike and moves and abs(here.ink - there.ink) <= INK


def _shift(one: Box, other: Box) -> tuple[float, float]:
    """How far the middles of two boxes lie apart, in shares of width and height."""
    across = abs(one.left + one.right - other.left - other.right) / 2
    return across, abs(one.top + one.bottom - other.top - other.bottom) / 2


def _captions(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces that stand where subtitles do and look like them."""
    return [
        piece
        for piece in pieces
        if piece.box.top >= LOWER
        and LETTERED[0] <= piece.box.height <= LETTERED[1]
        and piece.box.width >= WIDE
        and abs(piece.box.left + piece.box.right - 1) / 2 <= CENTRED
        and piece.ink >= BRIGHT
    ]


def _is_line(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a box in a picture of that height and width has the shape and place of a line."""
    wide, high = box.width * shape[1], box.height * shape[0]
    return wide >= LINE * high and not _is_mark(box)


def _is_mark(box: Box) -> bool:
    across = min(box.left + box.right, 2 - box.left - box.right) / 2
    down = min(box.top + box.bottom, 2 - box.top - box.bottom) / 2
    return across <= CORNER and down <= CORNER and box.width <= MARK[0] and box.height <= MARK[1]


def _clock(shown: NDArray[np.float64], pts: NDArray[np.float64]) -> dict[str, float]:
    read = np.flatnonzero(np.isfinite(shown))
    summary = {"timecode_share": len(read) / len(pts)}
    if len(read):
        summary["timecode_s"] = float(shown[read[0]])
    if len(read) > 1:
        drift = np.diff(shown[read]) - np.diff(pts[read])
        summary["timecode_agrees"] = float(np.abs(drift).max() <= CLOCK)
    return summary


def _text(measures: Mapping[str, float]) -> Tag:
    facet = TextTagger.facets[0]
    shown = pick(measures, *facet.measures)
    if not measured(pick(shown, "stills", "text_share")):
        return unknown("text", shown)
    if shown["text_share"] == 0:
        if shown["stills"] < 2 and not measures.get("seconds", math.nan) <= GLANCE:
            return unknown("text", shown)
        return Tag("text", "none", NONE_CONFIDENCE, shown)
    lettered = shown["share"] >= CARD_SHARE and shown["lines"] > 0
    if shown["edges_in_text"] >= CARD and lettered:
        return Tag("text", "card", CARD_CONFIDENCE, shown)
    if shown["subtitle_share"] > 0 and (shown["overlaid"] or not shown["moved"]):
        sure = SUBTITLE_CONFIDENCE[bool(shown["overlaid"])]
        return Tag("text", "subtitle", sure, shown)
    if shown["overlaid"]:
        return Tag("text", "overlay", OVERLAY_CONFIDENCE, shown)
    if shown["moved"] and shown["climbed"] == 0:
        return Tag("text", "scene", SCENE_CONFIDENCE, shown)
    return unknown("text", shown)


def _mark(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, *TextTagger.facets[1].measures)
    if not shown["mark_overlaid"] > 0:
        return unknown("mark", shown)
    return Tag("mark", "lettered", MARK_CONFIDENCE, shown)


def _timecode(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, *TextTagger.facets[2].measures)
    if shown["timecode_share"] > 0 and shown["timecode_agrees"] != 0:
        return Tag("timecode", "burnt_in", CLOCK_CONFIDENCE[shown["timecode_agrees"] == 1], shown)
    if shown["timecode_share"] == 0 and shown["text_share"] == 0:
        return Tag("timecode", "none", NO_CLOCK_CONFIDENCE, shown)
    return unknown("timecode", shown)
