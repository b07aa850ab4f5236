"""Credits that roll: lines on a ground of their own that travel upward through a shot.

Their motion is measured from one picture to the next, and only of cards: a tilt over a scene moves
likewise. Lines that roll over a picture are not told from it, and remain `unknown`. Thresholds
were chosen on rolls drawn at known rates and on the cards of the shared films
(benchmarks/tags_marks.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.shots.glance import glance
from curation.tags.frame_bars import bars
from curation.tags.ground import MOSTLY, ground
from curation.tags.numbers import middle, pick, unknown
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.tags.protocol import Series

Grey = NDArray[np.uint8]

BANDS: Final = 8
"""Parts of each row whose means are compared with those of the picture before…"""
FIT: Final = 0.9
"""…their correlation if they are the same…"""
CLIMB: Final = 0.7
"""…and how fast they go up, in `SLOWEST`, before it is asked whether they are text."""
SLOWEST: Final = 0.03
STANDS: Final = 0.005
"""Picture heights a second from which lines roll, and up to which they stand."""
UNEVEN: Final = 0.25
"""Median deviation of the rates from their median, as a share of it, of lines that roll evenly."""
FEWEST: Final = 2
MOST: Final = 0.6
"""Share of the pairs of cards that roll, or stand."""
CONFIDENCE: Final = 0.9


@dataclass(frozen=True, slots=True)
class RollTagger:
    """Whether lines of text travel upward through a shot, and how fast."""

    name: ClassVar[str] = "text.roll"
    version: ClassVar[str] = "1"
    label_version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = Needs(width=320, per_second=0.5, pairs=True)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "roll",
            ("upward", "none", UNKNOWN),
            {
                "roll_heights_s": "picture heights a second, up; median over the pairs that roll",
                "roll_uneven": "median deviation of the rates, share of their median",
                "rolling": "pairs of pictures whose lines go up",
                "standing": "pairs whose lines stand",
                "cards": "pairs that are cards of text",
            },
        ),
    )

    def meter(self, video: VideoInfo) -> Meter:
        """A meter of the motion of cards from the picture before."""
        return _measures

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """How many cards roll or stand, and the rate of those that roll."""
        if not len(pts):
            return {}
        up = series["up"]
        rolls, stands = up >= SLOWEST, np.abs(up) <= STANDS
        summary = {
            "cards": float(np.isfinite(up).sum()),
            "rolling": float(rolls.sum()),
            "standing": float(stands.sum()),
        }
        if rolls.any():
            rate = middle(up[rolls])
            uneven = middle(np.abs(up[rolls] - rate)) / rate
            summary |= {"roll_heights_s": rate, "roll_uneven": uneven}
        return summary

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag."""
        shown = pick(measures, *self.facets[0].measures)
        enough = max(FEWEST, MOST * shown["cards"])
        if shown["rolling"] >= enough and shown["roll_uneven"] <= UNEVEN:
            return (Tag("roll", "upward", CONFIDENCE, shown),)
        if shown["standing"] >= enough and shown["rolling"] == 0:
            return (Tag("roll", "none", CONFIDENCE, shown),)
        return (unknown("roll", shown),)


def _measures(frame: Frame, before: Frame | None) -> dict[str, float]:
    """How fast a card of text goes up, in picture heights a second; NaN of what is no card."""
    nothing = {"up": math.nan}
    if before is None or frame.pts <= before.pts:
        return nothing
    seconds = float(frame.pts - before.pts)
    now, then = (
        np.asarray(cv2.cvtColor(each.rgb, cv2.COLOR_RGB2GRAY), np.uint8) for each in (frame, before)
    )
    rows, columns = bars(now)
    plain = ground(now[rows.first : rows.past, columns.first : columns.past]) >= MOSTLY
    climb = _climb(now, then, BANDS) / seconds
    if not (climb >= CLIMB * SLOWEST or (plain and abs(climb) <= CLIMB * SLOWEST)):
        return nothing
    seen = glance(frame)
    if seen.sight != "text" and not seen.listing:
        return nothing
    return {"up": _climb(now, then, now.shape[1]) / seconds}


def _climb(now: Grey, then: Grey, bands: int) -> float:
    """By how many heights rows lie higher than before; NaN where they are not those of before.

    Of each row the means of so many parts are compared.
    """
    high = len(now)
    reach = high // 8
    if reach < 2:
        return math.nan
    rows, old = (
        cv2.resize(grey, (bands, high), interpolation=cv2.INTER_AREA) for grey in (now, then)
    )
    part = rows[reach:-reach]
    if float(cv2.meanStdDev(part)[1][0, 0]) < 1:
        return math.nan
    fit = cv2.matchTemplate(old, part, cv2.TM_CCOEFF_NORMED).ravel()
    best = int(fit.argmax())
    if fit[best] < FIT or not 0 < best < len(fit) - 1:
        return math.nan
    below, here, above = fit[best - 1 : best + 2].tolist()
    bend = 2 * here - below - above
    return (best - reach + ((above - below) / (2 * bend) if bend > 0 else 0)) / high
