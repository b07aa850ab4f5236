"""What the camera does in a shot: whether it stands, which way it moves, and whether it shakes.

Told from the motion of the whole picture, eight times a second (`motion`), and from the path that
it adds up to (`travel`). From pictures this small some moves are one: `pan` and `tilt` are also a
camera that travels sideways or up, and `zoom` is also one that comes nearer or draws back.
`handheld` wanders and goes nowhere; whether a move is shaken is told beside it, by `camera_shake`.

Motion is taken for the camera's only where more of the picture's area is explained by it than by a
camera that stands still: who walks before a wall pans nothing. Where neither explains the picture,
nothing is said.

Thresholds were chosen on clips whose camera is known because they were made so
(benchmarks/camera_clips.py) and on our demo films; films of others were labelled by eye before, and
no threshold is any one film's (benchmarks/README.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.frame_bars import bars
from curation.tags.ground import MOSTLY, ground
from curation.tags.motion import global_motion
from curation.tags.numbers import pick, sureness, unknown
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag
from curation.tags.travel import AXES, BANDS, REACH, travel

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.tags.protocol import Series

WAYS: Final = (("right", "left"), ("up", "down"), ("in", "out"), ("clockwise", "anticlockwise"))
"""What a number of an axis above and below 0 means."""
PULL: Final = np.array([1.0, 1.0, 0.92, 0.92 * math.pi / 180])
"""What one of each axis weighs where they are compared: a zoom about a point within 0.77 widths of
the middle is a zoom, one about a point beyond 1.1 a pan."""

SHORTEST_S: Final = 0.4
SEEN: Final = 0.7
"""Share of the time in which the motion must be seen…"""
LOST_S: Final = 0.26
LOST_STILL_S: Final = 0.07
"""…and seconds that it may be lost for: of a camera that stands none, for a whip is lost first."""
LOOKED_AT: Final = 0.35
"""Share of the shot that must have been looked at. A coarse look leaves out what it takes to stand
still, slow moves among it…"""
LOCKED: Final = 0.002
LOCKED_SHAKE: Final = 0.0001
"""…so that of less only a camera that is locked off is believed: frame widths."""
STILL: Final = 0.012
STILL_SWAY: Final = 0.006
TRAVEL: Final = 0.02
"""Frame widths: a camera that goes less far stands, even if it sways, and one that goes farther
moves. Between the two nothing is said."""
STEADY: Final = 0.0004
SHAKEN: Final = 0.0007
WOVEN: Final = 0.002
"""Shake in frame widths: less is none, more is some; what jumps without wandering may be the film's
own weave (0.1 to 0.2 % of the width) up to the third."""
WEAVE: Final = 0.15
SWAY: Final = 0.3
"""Correlation of speeds an eighth of a second apart: less is weave, more is a hand's."""
SWAYED: Final = 0.004
SWAY_SHAKE: Final = 0.00015
"""Frame widths that a hand takes back, with so little shake."""
WANDER: Final = 12
"""Times its shake or what it takes back: whoever goes farther goes somewhere."""
CLEAR: Final = 25
"""Times its shake that a move goes."""
ONE_WAY: Final = 0.4
"""Share of the way that a move may take back."""
ALONE: Final = 1.2
SLANT: Final = 1.6
"""Times another kind of move that one weighs; times its tilt that a pan goes, or the reverse."""
WHIP: Final = 1.5
WHIP_TRAVEL: Final = 0.15
"""Frame widths a second, and how far: the frame is smeared over a thirtieth of its width."""
ABRUPT: Final = 0.5
BURST: Final = 3.0
"""A pan at so many widths a second, and at so many times its mean speed, may be a whip or a cut."""
VOTE: Final = 0.25
AGAINST: Final = -0.25
NUDGED: Final = 0.05
"""Of the area, as `travel` counts: less speaks for no move; if it speaks against, what moves by so
many widths are people."""
TOLD: Final = 0.7
"""Share of the area with structure: of a picture with less, or of letters that are `MOSTLY` ground,
it may be said that it stands, not that it moves."""
ROLLED: Final = 0.35
"""Share of the picture of one level from which a tilt may be credits that roll: drawn ones have
0.38 to 0.82 in pictures this small, tilts in films and our own up to 0.25."""
LEAST: Final = 0.7
SUREST: Final = 0.9
"""A label less sure is not said; of 94 generated clips with the surest, 84 are right."""

_MEASURES: Final = (*AXES, "agree", "better", "worse", "told", "ground", "step_s")


@dataclass(frozen=True, slots=True)
class CameraTagger:
    """The camera's move, its direction, and its shake."""

    name: ClassVar[str] = "camera"
    version: ClassVar[str] = "2"
    label_version: ClassVar[str] = "2"
    needs: ClassVar[Needs] = Needs(width=64, per_second=8, pairs=True)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "camera_move",
            ("static", "pan", "tilt", "zoom", "roll", "handheld", "whip", "mixed", UNKNOWN),
            {
                "pan": "frame widths, to the right; the longest way in one direction",
                "tilt": "frame widths, up",
                "zoom": "natural logarithm of scale, in",
                "roll": "degrees, clockwise",
                "speed": "frame widths a second that points of the picture move in the mean",
                "peak_speed": "frame widths a second, of pan and tilt",
                "vote": "area that speaks for the motion less what speaks against, share of both",
                "measured_s": "seconds in which the motion was seen",
            },
        ),
        Facet("camera_direction", (*(way for ways in WAYS for way in ways), "none", UNKNOWN)),
        Facet(
            "camera_shake",
            ("steady", "shaky", UNKNOWN),
            {
                "shake": "median distance from the smoothed path, frame widths",
                **dict.fromkeys(BANDS, "root mean square in that band, frame widths"),
            },
        ),
    )

    def meter(self, video: VideoInfo) -> Meter:
        """A meter of the motion of the picture as it is seen upright."""
        aspect = video.display_width / video.display_height
        return CameraMeter(aspect, video.rotation // 90 % 4, mirrored=video.mirrored)

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """The way on each axis, what of it was taken back, its shake and its fastest moment."""
        return travel(series, pts) if len(pts) else {}

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a facet."""
        move, sure, axis = _judged(measures)
        confidence = min(sure, SUREST)
        shown = pick(measures, *AXES, "speed", "peak_speed", "vote", "measured_s")
        if confidence < LEAST:
            said = unknown("camera_move", shown), unknown("camera_direction", {})
        else:
            way = "none" if move == "static" else _way(measures, axis)
            said = (
                Tag("camera_move", move, confidence, shown),
                Tag("camera_direction", way, 0.0 if way == UNKNOWN else confidence),
            )
        return *said, _shake(measures, sways=said[0].label == "handheld")


class CameraMeter:
    """Speeds from one frame to the next, and how far they can be believed.

    Thumbs are as stored: of a film that is shown turned or mirrored, they are made upright here.
    """

    def __init__(self, aspect: float, turns: int = 0, *, mirrored: bool = False) -> None:
        self._aspect = aspect
        self._turns = turns
        self._mirrored = mirrored

    def __call__(self, frame: Frame, before: Frame | None) -> dict[str, float]:
        measures = dict.fromkeys(_MEASURES, math.nan)
        if before is None or frame.pts <= before.pts:
            return measures
        seconds = float(frame.pts - before.pts)
        measures["step_s"] = seconds
        grey = self._grey(frame)
        found = global_motion(grey, self._grey(before), self._aspect)
        if found is None:
            return measures
        rows, columns = bars(grey)
        # The picture moves against the camera.
        return measures | {
            "pan": -found.right / seconds,
            "tilt": found.down / seconds,
            "zoom": found.grow / seconds,
            "roll": -math.degrees(found.turn) / seconds,
            "agree": found.agree,
            "better": found.better,
            "worse": found.worse,
            "told": found.told,
            "ground": ground(grey[rows.first : rows.past, columns.first : columns.past]),
        }

    def _grey(self, frame: Frame) -> NDArray[np.uint8]:
        grey = np.asarray(cv2.cvtColor(frame.thumb, cv2.COLOR_RGB2GRAY), np.uint8)
        if self._mirrored:
            grey = grey[:, ::-1]
        return np.ascontiguousarray(np.rot90(grey, self._turns))


_NOTHING: Final = (UNKNOWN, 0.0, None)


def _judged(m: Mapping[str, float]) -> tuple[str, float, int | None]:
    """The move, how sure it is, and the axis that it is on if it has one."""
    if "shake" not in m or m["measured_s"] < max(SHORTEST_S, SEEN * m["tried_s"]):
        return _NOTHING
    far = float((np.abs(_along(m)) * REACH).max())
    if m["tried_s"] < LOOKED_AT * m.get("seconds", 0.0):
        locked = far < LOCKED and m["shake"] < LOCKED_SHAKE
        return ("static", 0.8, None) if locked else _NOTHING
    if _stands(m, far):
        return "static", sureness(1 - far / STILL, 0.25), None
    if m["vote"] < AGAINST and far < NUDGED:
        return "static", 0.8, None
    if m["vote"] < VOTE or m["told"] < TOLD or m["ground"] >= MOSTLY:
        return _NOTHING
    move = _moves(m, far)
    rolls = move[2] == AXES.index("tilt") and m["ground"] >= ROLLED
    return _NOTHING if rolls else move


def _stands(m: Mapping[str, float], far: float) -> bool:
    weave = m["smoothness"] < WEAVE
    wandering = m["vote"] >= VOTE and m["smoothness"] >= SWAY and far >= STILL_SWAY
    return (
        far < STILL
        and m["shake"] < (WOVEN if weave else STEADY)
        and m["lost_s"] <= LOST_STILL_S
        and not wandering
    )


def _moves(m: Mapping[str, float], far: float) -> tuple[str, float, int | None]:
    """Of a camera that does not stand."""
    ways, backs = np.abs(_along(m)), _along(m, "_back")
    votes = sureness(m["vote"] - VOTE, 0.12)
    shift = int(ways[:2].argmax())
    one_way = backs <= ONE_WAY * ways
    if m["peak_speed"] >= WHIP and ways[shift] >= WHIP_TRAVEL and one_way[shift]:
        return "whip", votes, shift
    mean = ways[shift] / m["measured_s"]
    if m["lost_s"] > LOST_S or m["peak_speed"] >= max(ABRUPT, BURST * mean):
        return _NOTHING
    axis, alone = _main(ways)
    reach = float(ways[axis] * REACH[axis])
    if one_way[axis] and reach >= max(TRAVEL, CLEAR * m["shake"]):
        sure = votes * sureness(math.log2(reach / TRAVEL), 0.5)
        if m["shake"] > SHAKEN:
            sure *= sureness(math.log2(reach / CLEAR / m["shake"]), 0.5)
        return (AXES[axis], sure, axis) if alone else ("mixed", 0.8 * sure, None)
    back = float((backs * REACH).max())
    sways = back >= SWAYED and m["shake"] > SWAY_SHAKE
    if m["smoothness"] < WEAVE or not (m["shake"] >= SHAKEN or sways):
        return _NOTHING
    if far > WANDER * max(m["shake"], back):
        return _NOTHING
    return "handheld", votes * sureness(max(m["shake"] / SHAKEN, back / SWAYED) - 0.5, 0.5), None


def _main(ways: NDArray[np.float64]) -> tuple[int, bool]:
    """The axis of the weightiest move, and whether it outweighs the others."""
    pulls = ways * PULL
    kinds = np.array([math.hypot(*pulls[:2]), *pulls[2:]])
    kind = int(kinds.argmax())
    rival = ALONE * float(np.delete(kinds, kind).max())
    if kind:
        return kind + 1, bool(kinds[kind] >= rival)
    axis = int(pulls[:2].argmax())
    return axis, bool(pulls[axis] >= max(rival, SLANT * pulls[1 - axis]))


def _along(m: Mapping[str, float], what: str = "") -> NDArray[np.float64]:
    return np.array([m[name + what] for name in AXES])


def _way(m: Mapping[str, float], axis: int | None) -> str:
    if axis is None:
        return UNKNOWN
    ahead, behind = WAYS[axis]
    return ahead if m[AXES[axis]] > 0 else behind


def _shake(m: Mapping[str, float], *, sways: bool) -> Tag:
    shown = pick(m, "shake", *BANDS)
    if "shake" not in m or m["measured_s"] < max(1.0, SEEN * m["tried_s"]):
        return unknown("camera_shake", shown)
    octaves = math.log2(max(m["shake"], 1e-6) / STEADY)
    if octaves < 0 and not sways:
        return Tag("camera_shake", "steady", min(SUREST, sureness(-octaves, 0.7)), shown)
    # A fast pan that starts and stops leaves its smoothed path too.
    octaves = math.log2(m["shake"] / (SHAKEN + 0.012 * m["peak_speed"]))
    if octaves > 0 and m["vote"] >= VOTE:
        return Tag("camera_shake", "shaky", min(SUREST, sureness(octaves, 0.7)), shown)
    return unknown("camera_shake", shown)
