"""Technical quality: sharpness, exposure, motion, cadence, and whether there is a picture at all.

Every frame is measured, for motion and repeated frames need neighbours; it costs about 0.5 ms a
frame of 320x180. The thresholds are working conventions that no truth has been set against yet.
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
from curation.tags.numbers import measured, middle, pick, sureness, unknown
from curation.tags.protocol import UNKNOWN, Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.tags.protocol import Series

CRUSHED: Final = 4
CLIPPED: Final = 251
"""Luma codes at or beyond which a pixel holds no detail."""
REPEATED: Final = 0.35
"""Mean luma difference under which a frame repeats the one before, as pulldown does."""
FLOW_WIDTH: Final = 160
FLOW_LEAST: Final = 32
"""Pixels of the shorter side under which no flow is asked for: of OpenCV 5's it ends the process in
pictures of 100 by 24."""

SOFT: Final = 0.02
MIN_DEVIATION: Final = 8.0
"""Sharpness of less contrast than this says nothing."""
CRUSHED_SHARE: Final = 0.35
CLIPPED_SHARE: Final = 0.10
MOTION: Final = (("static", 0.01), ("low", 0.06), ("medium", 0.25), ("high", math.inf))
"""Least motion of the next label, in frame widths a second."""
CADENCE_PAIRS: Final = 5
CADENCE_MOTION: Final = 0.02
REPEATS_SHARE: Final = 0.12
"""Share of the frames of a moving shot that repeat the one before: one in four does where 24 frames
a second were pulled to 30 as whole frames, one in two in animation on twos."""
BLACK_MEAN: Final = 6.0
FLAT_DEVIATION: Final = 3.0

MEASURES: Final = (
    "sharpness",
    "crushed_share",
    "clipped_share",
    "mean_luma",
    "luma_deviation",
    "motion_widths_s",
    "repeated",
)
_PAIRED: Final = ("motion_widths_s", "repeated")


@dataclass(frozen=True, slots=True)
class QualityTagger:
    """Quality from luma and dense optical flow."""

    name: ClassVar[str] = "quality"
    version: ClassVar[str] = "5"
    label_version: ClassVar[str] = "2"
    needs: ClassVar[Needs] = Needs(width=320, per_second=1.0, pairs=True)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "sharpness",
            ("sharp", "soft", UNKNOWN),
            {
                "sharpness": "variance of the Laplacian over variance of luma",
                "luma_deviation": "8-bit luma",
            },
        ),
        Facet(
            "exposure",
            ("ok", "crushed", "clipped", UNKNOWN),
            {"crushed_share": "share of the picture", "clipped_share": "share of the picture"},
        ),
        Facet(
            "motion",
            ("static", "low", "medium", "high", UNKNOWN),
            {"motion_widths_s": "frame widths a second", "repeated": "share of the frames"},
        ),
        Facet(
            "cadence",
            ("repeats", UNKNOWN),
            {
                "repeated": "share of the frames",
                "moving_widths_s": "frame widths a second, of those that do not repeat",
                "pairs": "frames compared with the one shown before",
            },
        ),
        Facet(
            "content",
            ("picture", "black", "flat", UNKNOWN),
            {"mean_luma": "8-bit luma", "luma_deviation": "8-bit luma"},
        ),
    )

    def meter(self, video: VideoInfo) -> Meter:
        """A meter of a frame and of its difference to the one before."""
        return QualityMeter()

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """Medians over the samples; means of motion and repeats."""
        if not len(pts):
            return {}
        summary = {name: middle(series[name]) for name in MEASURES if name not in _PAIRED}
        for name in _PAIRED:
            within = series[name][np.isfinite(series[name])]
            summary[name] = float(within.mean()) if len(within) else math.nan
        repeats = series["repeated"]
        summary["pairs"] = float(np.isfinite(repeats).sum())
        moving = series["motion_widths_s"][repeats == 0]
        if len(moving):
            summary["moving_widths_s"] = float(moving.mean())
        return summary

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a facet."""
        return (
            _sharpness(measures),
            _exposure(measures),
            _motion(measures),
            _cadence(measures),
            _content(measures),
        )


class QualityMeter:
    """Measures of one frame and of its difference to the frame before.

    `sharpness` is the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in
    brightfield microscopy", ICPR 2000) over the variance of luma, so that contrast does not count.
    Motion is the mean length of dense inverse search flow (Kroeger et al., ECCV 2016) at 160
    wide, from presentation times, in widths of the picture. Bars are left out.
    """

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)

    def __call__(self, frame: Frame, before: Frame | None) -> dict[str, float]:
        whole = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        rows, columns = bars(whole)
        high, wide = whole.shape
        shares = rows.first / high, rows.past / high, columns.first / wide, columns.past / wide
        motion, repeated = self._change(frame, before, shares)
        grey = whole[rows.first : rows.past, columns.first : columns.past]
        levels = np.bincount(grey.ravel(), minlength=256) / grey.size
        mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(grey))
        edges = float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))[1][0, 0])
        return {
            "sharpness": edges**2 / deviation**2 if deviation > 0 else math.nan,
            "crushed_share": float(levels[: CRUSHED + 1].sum()),
            "clipped_share": float(levels[CLIPPED:].sum()),
            "mean_luma": mean,
            "luma_deviation": deviation,
            "motion_widths_s": motion,
            "repeated": repeated,
        }

    def _change(
        self, frame: Frame, before: Frame | None, shares: tuple[float, float, float, float]
    ) -> tuple[float, float]:
        if before is None or frame.pts <= before.pts:
            return math.nan, math.nan
        now, then = (
            np.asarray(cv2.cvtColor(each.sized(FLOW_WIDTH).rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
            for each in (frame, before)
        )
        top, bottom, left, right = (
            round(share * side) for share, side in zip(shares, np.repeat(now.shape, 2), strict=True)
        )
        now, then = (np.ascontiguousarray(each[top:bottom, left:right]) for each in (now, then))
        if float(cv2.absdiff(now, then).mean()) < REPEATED:
            return 0.0, 1.0
        if min(now.shape) < FLOW_LEAST:
            return math.nan, 0.0
        flow = self._flow.calc(then, now, np.zeros((*now.shape, 2), np.float32))
        length = float(cv2.magnitude(flow[..., 0], flow[..., 1]).mean())
        return length / now.shape[1] / float(frame.pts - before.pts), 0.0


def _sharpness(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "sharpness", "luma_deviation")
    if not measured(shown) or shown["luma_deviation"] < MIN_DEVIATION:
        return unknown("sharpness", shown)
    octaves = math.log2(max(shown["sharpness"], 1e-6) / SOFT)
    label = "sharp" if octaves > 0 else "soft"
    return Tag("sharpness", label, sureness(abs(octaves), 0.5), shown)


def _exposure(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "crushed_share", "clipped_share")
    if not measured(shown):
        return unknown("exposure", shown)
    crushed = (shown["crushed_share"] - CRUSHED_SHARE) / CRUSHED_SHARE
    clipped = (shown["clipped_share"] - CLIPPED_SHARE) / CLIPPED_SHARE
    worst = max(crushed, clipped)
    label = "ok" if worst <= 0 else "crushed" if crushed >= clipped else "clipped"
    return Tag("exposure", label, sureness(abs(worst), 0.3), shown)


def _motion(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "motion_widths_s", "repeated")
    if not measured(shown):
        return unknown("motion", shown)
    speed = shown["motion_widths_s"]
    label = next(name for name, limit in MOTION if speed < limit)
    limits = [limit for _, limit in MOTION[:-1]]
    octaves = min(abs(math.log2(max(speed, 1e-4) / limit)) for limit in limits)
    return Tag("motion", label, sureness(octaves, 0.5), shown)


def _cadence(measures: Mapping[str, float]) -> Tag:
    """That frames repeat can be told, but not that none does: a coarse look leaves frames out."""
    shown = pick(measures, "repeated", "moving_widths_s", "pairs")
    enough = shown["pairs"] >= CADENCE_PAIRS and shown["moving_widths_s"] >= CADENCE_MOTION
    if not enough or not shown["repeated"] >= REPEATS_SHARE:
        return unknown("cadence", shown)
    return Tag("cadence", "repeats", sureness(shown["repeated"] - REPEATS_SHARE, 0.05), shown)


def _content(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "mean_luma", "luma_deviation")
    if not measured(shown):
        return unknown("content", shown)
    structure = shown["luma_deviation"] - FLAT_DEVIATION
    if structure > 0:
        return Tag("content", "picture", sureness(structure, 1.0), shown)
    light = shown["mean_luma"] - BLACK_MEAN
    label = "black" if light <= 0 else "flat"
    return Tag("content", label, sureness(min(abs(light), -structure), 1.0), shown)
