"""How the light of a shot changes while it lasts, told from every frame that is looked at.

Light is told from motion by three marks of a change from one frame to the next: most of the
picture changes, nearly all of it in one direction, and its structure stays. A pan, a person who
crosses the lens, a whip or a cut that was missed lack one of them. Changes with all three add up
to a curve of the light, in stops, whose swings are judged; what is too slow to show between two
frames is told by all parts of the picture drifting together.

Labels (an eye's, as in benchmarks/labels):

- `strobe`: a regular or rapid series of abrupt pulses, three or more, from 2 Hz on. Seizures are
  provoked from 3 Hz on (WCAG 2.2, 2.3.1); police beacons flash at 1 to 4 Hz (SAE J845: 60 to 240
  a minute), stage strobes at up to 25 Hz, of which film shows 12 at most.
- `flash`: single or few pulses in a shot that is dark for most of its time: lightning, whose
  strokes last 0.1 to 1 s (Rakov & Uman 2003), guns, cameras, explosions.
- `flicker`: continuous and irregular, or regular and shallow: flames at 1 to 10 Hz (Cetegen &
  Ahmed 1993: 1.5 / sqrt(diameter in m) Hz), failing tubes, screens.
- `change`: another light than before: switched, faded, swept, clouded over.
- `steady`: none of these. `unknown`: shots of less than half a second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.shots.relight import AGREEMENT, COVER, Relight, relight, stops_of
from curation.tags.lighting.card import unlearned
from curation.tags.numbers import pick, sureness, unknown
from curation.tags.photometry import light_of
from curation.tags.protocol import UNKNOWN, Card, Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.tags.photometry import Light
    from curation.tags.protocol import Series

Floats = NDArray[np.float64]
Plane = NDArray[np.float32]

PARTS: Final = (3, 2)
"""Columns and rows of the parts whose level is kept."""

ALIKE: Final = 0.05
LEAST_STOPS: Final = 0.025
"""Within a shot a change is of the light where any of the structure stays, by so many stops."""
SURELY_ALIKE: Final = 0.6
"""Structure that is kept where a lamp is switched: 36 of 36 rendered switches keep so much, and of
416 true cuts (films and reels) none that otherwise looks like light."""
CUT_ALIKE: Final = 0.35
CUT_STOPS: Final = 0.25
"""A change that keeps less of the structure, by more on average, is a cut or a whip."""

SWING_STOPS: Final = 0.2
"""Swings of the light below are grain, gate weave and moving subjects."""
EVEN_AND_COHERENT: Final = ((0.6, 0.2), (0.3, 0.3), (0.0, 0.75))
"""A drift is of the light where all parts share in it, the less so the stiller the picture is."""
SHORTEST_S: Final = 0.5
SUREST: Final = 0.97
"""Of 486 rendered clips, those of the surest labels are right in so many cases; `steady` after some
swing or drift in two of three."""

_CHANGES: Final = tuple(field.name for field in fields(Relight))
_CELLS: Final = tuple(f"cell_{y}{x}" for y in range(PARTS[1]) for x in range(PARTS[0]))


@dataclass(frozen=True, slots=True)
class DynamicsTagger:
    """Whether the light of a shot is steady, changes, flickers, strobes or flashes."""

    name: ClassVar[str] = "lighting.dynamics"
    version: ClassVar[str] = "1"
    label_version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = Needs(width=64, per_second=None, pairs=True)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "dynamics",
            ("steady", "change", "flicker", "strobe", "flash", UNKNOWN),
            {
                "amplitude_stops": "stops, of the largest swing or of the drift",
                "hz": "swings up and down a second, while it swings",
                "onsets": "times that the light rises",
                "regularity": "share of the intervals alike",
                "bright_share": "share of the time in the upper half of the swing",
            },
        ),
    )

    @property
    def card(self) -> Card:
        """How the labels did on rendered clips of other scenes than they were chosen on."""
        what = "rendered clips of known light, each as one shot"
        return Card({"what": what}, {"dynamics": unlearned("dynamics")})

    def meter(self, video: VideoInfo) -> Meter:
        """A meter that reads light as the film's transfer says."""
        return DynamicsMeter(light_of(video))

    def summarise(self, series: Series, pts: Floats) -> dict[str, float]:
        """Swings of the light curve, and the drift of the picture's parts."""
        if not len(pts):
            return {}
        lit, cut = _of_light(series)
        sure = lit[np.nan_to_num(series["alike"]) >= SURELY_ALIKE]
        return {
            "samples": float(len(pts)),
            "net_stops": float(sure.sum()),
            **_swings(np.cumsum(lit), lit, series["covered"], pts),
            **_drift(series, cut),
        }

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """The dynamics; unknown of a shot too short to show any."""
        m = {name: measures.get(name, math.nan) for name in _SUMMARY}
        if not measures.get("seconds", 0.0) >= SHORTEST_S or not math.isfinite(m["drift_stops"]):
            return (unknown("dynamics", pick({}, *self.facets[0].measures)),)
        label, sure = _judged(m)
        confidence = min(sure, SUREST)
        amplitude = m["drift_stops"] if label in ("steady", "change") else 0.0
        shown = {
            "amplitude_stops": max(amplitude, m["swing_stops"]),
            "onsets": m["onsets"],
            "hz": m["hz"],
            "regularity": m["regularity"],
            "bright_share": m["bright_share"],
        }
        return (Tag("dynamics", label, confidence, shown),)


_SUMMARY: Final = (
    "swings",
    "onsets",
    "swing_stops",
    "lit_stops",
    "spread",
    "regularity",
    "gap_spread",
    "hz",
    "bright_share",
    "pulse_s",
    "abruptness",
    "net_stops",
    "drift_stops",
    "evenness",
    "coherence",
)


class DynamicsMeter:
    """Levels of the picture's parts in stops, and what changed from the one before: `Relight`."""

    def __init__(self, light: Light) -> None:
        self._stops = stops_of(light.grey, light.slope)

    def __call__(self, frame: Frame, before: Frame | None) -> dict[str, float]:
        now = self._read(frame)
        cells = np.asarray(cv2.resize(now, PARTS, interpolation=cv2.INTER_AREA))
        values = dict(zip(_CELLS, cells.ravel().tolist(), strict=True))
        if before is None:
            return values | dict.fromkeys(_CHANGES, math.nan)
        changed = relight(now, self._read(before), float(self._stops[0]))
        return values | {name: getattr(changed, name) for name in _CHANGES}

    def _read(self, frame: Frame) -> Plane:
        grey = cv2.cvtColor(frame.thumb, cv2.COLOR_RGB2GRAY)
        return np.asarray(cv2.LUT(grey, self._stops), np.float32)


def _of_light(series: Series) -> tuple[Floats, NDArray[np.bool_]]:
    """Changes of the light (samples,) in stops, 0 elsewhere; and where the picture is another."""
    change, stir = np.nan_to_num(series["change"]), np.nan_to_num(series["stir"])
    alike = np.nan_to_num(series["alike"], nan=1.0)
    inside = np.arange(len(change)) > 0  # The first frame's change is from the shot before.
    is_light = (
        (np.abs(change) >= np.maximum(LEAST_STOPS, AGREEMENT * stir))
        & (np.nan_to_num(series["covered"]) >= COVER)
        & (alike >= ALIKE)
    )
    is_cut = (alike < CUT_ALIKE) & (stir > CUT_STOPS)
    return np.where(is_light & inside, change, 0.0), is_cut & inside


def _turns(curve: Floats) -> list[int]:
    """Where a curve turns, its ends included, by swings of at least `SWING_STOPS`."""
    low = high = 0
    turns: list[int] = []
    rising: bool | None = None
    for at, value in enumerate(curve.tolist()):
        high = at if value > curve[high] else high
        low = at if value < curve[low] else low
        if rising is not False and curve[high] - value >= SWING_STOPS:
            turns.append(high)
            rising, low = False, at
        elif rising is not True and value - curve[low] >= SWING_STOPS:
            turns.append(low)
            rising, high = True, at
    if rising is not None:
        turns.append(high if rising else low)
    return turns


def _swings(curve: Floats, lit: Floats, covered: Floats, pts: Floats) -> dict[str, float]:
    """The swings of the light curve, their size, rate, regularity and shape."""
    turns = _turns(curve)
    sizes = np.diff(curve[turns]) if turns else np.zeros(0)
    if not len(sizes):
        return {"swings": 0.0, "onsets": 0.0, "swing_stops": 0.0}
    crossed = np.array([_middle_of(curve, pts, a, b) for a, b in pairwise(turns)])
    up = sizes > 0
    onsets, ends = crossed[up], crossed[~up]
    gaps = np.diff(onsets if len(onsets) >= len(ends) else ends)
    step = float(np.median(np.diff(pts)))
    tolerance = max(1.05 * step, 0.15 * float(np.median(gaps))) if len(gaps) else 0.0
    span = float(crossed[-1] - crossed[0])
    largest = int(np.abs(lit).argmax())
    pulses = [ends[ends > onset][0] - onset for onset in onsets if (ends > onset).any()]
    held = np.diff(pts, append=pts[-1] + step)
    usual = float(np.median(np.abs(sizes)))
    bright = curve > (curve.min() + curve.max()) / 2
    return {
        "swings": float(len(sizes)),
        "onsets": float(len(onsets)),
        "swing_stops": float(np.abs(sizes).max()),
        "lit_stops": float(abs(lit[largest]) / max(covered[largest], COVER)),
        "spread": float(np.median(np.abs(np.abs(sizes) - usual)) / usual),
        "regularity": float((np.abs(gaps - np.median(gaps)) <= tolerance).mean())
        if len(gaps) > 1
        else math.nan,
        "gap_spread": float(gaps.std() / gaps.mean()) if len(gaps) > 1 else math.nan,
        "hz": (len(sizes) - 1) / 2 / span if span > 0 else 0.0,
        "bright_share": float(held[bright].sum() / held.sum()),
        "pulse_s": float(np.median(pulses)) if pulses else math.nan,
        "abruptness": float(np.abs(lit).max() / np.abs(sizes).max()),
    }


def _middle_of(curve: Floats, pts: Floats, first: int, last: int) -> float:
    """When the curve is half-way from one turn to the next."""
    part = np.abs(curve[first : last + 1] - curve[first])
    return float(pts[first + int(np.argmax(part >= part[-1] / 2))])


def _drift(series: Series, cut: NDArray[np.bool_]) -> dict[str, float]:
    """How far the parts drift between the shot's darkest and brightest tenth, cuts left out.

    `evenness`: of the part that drifts least over the mean. `coherence`: of all change, the share
    that goes in one direction.
    """
    cells = np.stack([series[name] for name in _CELLS], axis=1)
    steps = np.diff(cells, axis=0, prepend=cells[:1])
    steps[cut] = 0.0
    cells = np.cumsum(steps, axis=0)
    order = np.argsort(cells.mean(axis=1), kind="stable")
    tenth = max(1, len(order) // 10)
    drift = cells[order[-tenth:]].mean(axis=0) - cells[order[:tenth]].mean(axis=0)
    known = ~cut & np.isfinite(series["change"])
    known[0] = False
    stir = float(series["stir"][known].sum())
    mean = float(drift.mean())
    return {
        "drift_stops": mean,
        "evenness": float(drift.min()) / mean if mean > 0 else 0.0,
        "coherence": float(np.abs(series["change"][known]).sum()) / stir if stir > 0 else 0.0,
    }


def _judged(m: Mapping[str, float]) -> tuple[str, float]:
    """The label of a shot's numbers, and how sure it is."""
    swings, stops, hz = m["swings"], m["swing_stops"], m["hz"]
    if swings >= 2 and m["onsets"] >= 1:
        if _is_series(m):
            return "strobe", sureness(stops - 0.6, 0.3)
        if _is_pulsed(m):
            return "flash", sureness(stops - 0.5, 0.25)
        often = (swings >= 5 and hz >= 0.7) or (swings >= 3 and hz >= 1.2 and m["abruptness"] > 0.3)
        if often and m["evenness"] > -2:
            return "flicker", sureness(swings - 3, 1.5)
    net = abs(m["net_stops"])
    if swings and net >= 0.5 and m["abruptness"] >= 0.3 and m["evenness"] >= -0.5:
        return "change", sureness(net - 0.3, 0.2)
    if _drifts(m):
        return "change", sureness(m["drift_stops"] - 0.3, 0.2)
    quiet = swings == 0 and m["drift_stops"] < 0.45
    return "steady", SUREST if quiet else 0.67


def _is_series(m: Mapping[str, float]) -> bool:
    deep = m["lit_stops"] >= 0.85 or m["lit_stops"] + m["swing_stops"] >= 1.8
    if not deep or m["swing_stops"] < 0.6 or m["hz"] < 2 or m["swings"] < 5:
        return False
    abrupt = m["abruptness"] >= 0.85 and m["hz"] >= 3
    # Two gaps that are alike prove nothing. Beacons with two lamps swing unequally, in time.
    even = m["spread"] <= (0.25 if m["swings"] < 9 else 0.45) or m["gap_spread"] <= 0.12
    regular = m["swings"] >= 7 and m["regularity"] >= 0.8 and even
    # A camera shows a fast series at uneven gaps, now and then missing a pulse.
    beating = abrupt and m["gap_spread"] <= 0.42 and m["swings"] >= 12
    dark = abrupt and m["bright_share"] <= 0.65 and m["swings"] >= 8
    return regular or beating or dark


def _is_pulsed(m: Mapping[str, float]) -> bool:
    return (
        m["swing_stops"] >= 0.5
        and m["abruptness"] >= 0.5
        and m["bright_share"] <= 0.35
        and m["pulse_s"] <= 0.4
    )


def _drifts(m: Mapping[str, float]) -> bool:
    if m["drift_stops"] < 0.45 or m["drift_stops"] * m["coherence"] < 0.28:
        return False
    return any(
        m["evenness"] >= evenness and m["coherence"] >= coherence
        for evenness, coherence in EVEN_AND_COHERENT
    )
