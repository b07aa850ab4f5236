"""One film's frames in, its transitions out."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import AdaptiveDetector, FrameTimecode
from scenedetect.common import Timecode

from curation.shots.fades import find_fades
from curation.shots.mixes import drop_flashes, find_dissolves
from curation.shots.settings import ShotSettings
from curation.shots.transition import Transition

if TYPE_CHECKING:
    from curation.media import Frame

THUMB = (16, 9)
NOMINAL_RATE = Fraction(25)
"""PySceneDetect asks for a rate; with exact times and no minimum length nothing depends on it."""


class ShotDetector:
    """Finds the transitions of one film from its frames at analysis size.

    PySceneDetect's AdaptiveDetector finds the cuts, fed from the caller's decode; rules of our own
    find fades and dissolves and drop flashes. Transitions carry the frames' own indices. State
    grows by about 500 bytes a frame. Feed every frame once in presentation order, then call
    `finish` once.
    """

    def __init__(self, settings: ShotSettings | None = None) -> None:
        self._settings = settings or ShotSettings()
        self._adaptive = AdaptiveDetector(
            adaptive_threshold=self._settings.adaptive_threshold,
            min_content_val=self._settings.min_content,
            window_width=self._settings.window,
            min_scene_len=0,
        )
        self._recent: deque[Fraction] = deque(maxlen=2 * self._settings.window + 2)
        self._indices: list[int] = []
        self._pts: list[Fraction] = []
        self._cuts: list[int] = []
        self._luma: list[tuple[float, float]] = []
        self._thumbs: list[NDArray[np.uint8]] = []
        self._black: list[tuple[int, int]] = []
        self._finished = False

    def feed(self, frame: Frame) -> None:
        """Take the next frame: RGB uint8 of shape (height, width, 3), the same for the film.

        Indices may have gaps, for frames that could not be decoded. Raises `ValueError` when
        index or time does not grow, or `finish` was called.
        """
        if self._finished:
            raise ValueError("this detector has finished its film; make a new one for the next")
        if self._pts and (frame.index <= self._indices[-1] or frame.pts <= self._pts[-1]):
            raise ValueError(
                f"frame {frame.index} at {float(frame.pts)} s was fed after frame "
                f"{self._indices[-1]} at {float(self._pts[-1])} s; feed in presentation order"
            )
        self._indices.append(frame.index)
        self._pts.append(frame.pts)
        since = frame.pts - self._pts[0]
        self._recent.append(since)
        code = FrameTimecode(
            Timecode(since.numerator, Fraction(1, since.denominator)), fps=NOMINAL_RATE
        )
        bgr = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
        self._cuts += [self._index(found) for found in self._adaptive.process_frame(code, bgr)]
        mean, deviation = cv2.meanStdDev(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY))
        self._luma.append((float(mean[0, 0]), float(deviation[0, 0])))
        thumb = cv2.resize(frame.rgb, THUMB, interpolation=cv2.INTER_AREA)
        self._thumbs.append(np.asarray(thumb, dtype=np.uint8).reshape(-1))

    def finish(self) -> list[Transition]:
        """All transitions in order of their first frame; none for a film of one shot.

        A head or tail fade is among them, film start and end are not: `assemble` knows those.
        Raises `ValueError` when no frame was fed.
        """
        if not self._pts:
            raise ValueError("no frame was fed: a film without pictures has no shots")
        self._finished = True
        settings = self._settings
        thumbs = np.stack(self._thumbs)
        luma = np.array(self._luma)
        seconds = np.array([float(p - self._pts[0]) for p in self._pts])
        fades, black = find_fades(luma[:, 0], luma[:, 1], seconds, settings)
        at = self._indices
        self._black = [(at[start], at[end - 1] + 1) for start, end in black]
        spans = [(t.start, t.end) for t in fades]
        cuts = [c for c in self._cuts if not any(a - 1 <= c <= b + 1 for a, b in spans)]
        interval = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1.0
        reach = max(1, round(settings.flash_seconds / interval))
        cuts = drop_flashes(cuts, thumbs, reach, settings.flash_return)
        halves = sorted({max(3, round(s / interval)) for s in settings.dissolve_seconds})
        dissolves = find_dissolves(thumbs, halves, cuts, spans, settings)
        spans = [(t.start, t.end) for t in dissolves]
        cuts = [c for c in cuts if not any(a - 1 <= c <= b + 1 for a, b in spans)]
        hard = [Transition("cut", c, c, _jump(thumbs, c)) for c in cuts]
        found = sorted([*hard, *fades, *dissolves], key=lambda t: (t.start, t.end))
        return [replace(t, start=at[t.start], end=at[t.end]) for t in found]

    @property
    def black_spans(self) -> list[tuple[int, int]]:
        """Spans `[start, end)` of black frames, known after `finish`."""
        return list(self._black)

    @property
    def signals(self) -> dict[str, NDArray[np.uint8] | NDArray[np.float32]]:
        """What was measured of each frame fed, for storing.

        Luma `mean` and `deviation` (frames,), RGB `thumbs` (frames, 9, 16, 3); levels 0-255.
        """
        luma = np.array(self._luma, dtype=np.float32).reshape(-1, 2)
        thumbs = np.array(self._thumbs, dtype=np.uint8).reshape(-1, THUMB[1], THUMB[0], 3)
        return {"mean": luma[:, 0], "deviation": luma[:, 1], "thumbs": thumbs}

    def _index(self, found: FrameTimecode) -> int:
        behind = len(self._recent) - 1 - list(self._recent).index(found.pts * found.time_base)
        return len(self._pts) - 1 - behind


def _jump(thumbs: NDArray[np.uint8], cut: int) -> float:
    change = float(np.abs(thumbs[cut].astype(np.float32) - thumbs[cut - 1]).mean())
    return change / (change + 20.0)
