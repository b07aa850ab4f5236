"""Hard cuts, found by PySceneDetect from the thumbs that it is fed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import cv2
from scenedetect import AdaptiveDetector, FrameTimecode

from curation.shots.relight import only_light
from curation.shots.settings import ShotSettings

if TYPE_CHECKING:
    from curation.media import Frame

Span = tuple[int, int]

NOMINAL_RATE: Final = 25.0
"""PySceneDetect asks for a rate; without a minimum length of scenes nothing depends on it."""


class CutFinder:
    """AdaptiveDetector where a cut is possible.

    It compares a frame's change with that of `window` neighbours on each side, so that frames
    where nothing changes within its reach need not be shown to it. `found` holds the frames before
    and behind each cut, between which others may have been left out, and `lights` those of them
    where the light alone changed; one is judged once `window` more frames have come.
    """

    def __init__(self, settings: ShotSettings) -> None:
        self._settings = settings
        self._reach = settings.window + 1
        self._waiting: deque[Frame] = deque(maxlen=self._reach)
        self._left = 0
        self._run: _Run | None = None
        self.found: list[Span] = []
        self.lights: set[int] = set()
        """Frames behind them."""

    def feed(self, frame: Frame, change: float) -> None:
        """Take the next frame and its mean change of 8-bit R'G'B' from the one before."""
        missing = bool(self._waiting) and frame.index != self._waiting[-1].index + 1
        if missing and change < self._settings.least_change:
            self._bridge(frame)
            change = 0.0
        if change >= self._settings.least_change:
            self._left = self._reach
            if self._run is None:
                self._run = _Run(self._settings)
                for earlier in self._waiting:
                    self._run.feed(earlier)
        if self._run is not None:
            self._find(self._run, frame)
            self._left -= 1
            if self._left <= 0:
                self._run = None
        self._waiting.append(frame)

    def finish(self) -> None:
        """Judge the last frames as if nothing happened behind them."""
        if self._run is not None:
            for _ in range(self._settings.window):
                self._find(self._run, self._waiting[-1])
            self._run = None

    def _find(self, run: _Run, frame: Frame) -> None:
        for around in run.feed(frame):
            _, before, behind, _ = around
            self.found.append((before.index, behind.index))
            if only_light([each.thumb for each in around], self._settings.light_alike):
                self.lights.add(behind.index)

    def _bridge(self, frame: Frame) -> None:
        """Begin anew behind frames that were left out and were like their neighbours."""
        self.finish()
        self._waiting.clear()
        self._waiting.extend([frame] * self._reach)


class _Run:
    """AdaptiveDetector over successive frames."""

    def __init__(self, settings: ShotSettings) -> None:
        self._adaptive = AdaptiveDetector(
            adaptive_threshold=settings.adaptive_threshold,
            min_content_val=settings.min_content,
            window_width=settings.window,
            min_scene_len=0,
        )
        self._near: deque[Frame] = deque(maxlen=settings.window + 3)
        self._fed = 0

    def feed(self, frame: Frame) -> list[tuple[Frame, Frame, Frame, Frame]]:
        """Take the next frame; gives two before and two behind each cut that is now certain."""
        code = FrameTimecode(self._fed, fps=NOMINAL_RATE)
        self._fed += 1
        self._near.append(frame)
        bgr = cv2.cvtColor(frame.thumb, cv2.COLOR_RGB2BGR)
        cuts = [cut.frame_num for cut in self._adaptive.process_frame(code, bgr)]
        return [self._around(cut - self._fed) for cut in cuts]

    def _around(self, cut: int) -> tuple[Frame, Frame, Frame, Frame]:
        """Frames around a cut, which is counted from the last that was taken."""
        near = self._near
        first = near[max(cut - 2, -len(near))]
        return first, near[cut - 1], near[cut], near[cut + 1]
