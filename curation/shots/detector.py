"""One film's frames in, its transitions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curation.shots.cuts import CutFinder
from curation.shots.fades import find_fades
from curation.shots.mixes import drop_flashes, find_dissolves
from curation.shots.settings import ShotSettings
from curation.shots.signals import Film, Signals
from curation.shots.transition import Transition
from curation.shots.wipes import find_wipes

if TYPE_CHECKING:
    from curation.media import Frame

Span = tuple[int, int]


class ShotDetector:
    """Finds the transitions of one film from its frames' thumbs.

    PySceneDetect's AdaptiveDetector finds the cuts, fed from the caller's decode; rules of our own
    find fades and dissolves and drop flashes. Transitions carry the frames' own indices. State
    grows by about 500 bytes a frame.

    Feed the frames there are, each once, in presentation order; then call `finish` once. Frames
    that were left out lie between their neighbours, and no cut is found there.
    """

    def __init__(self, settings: ShotSettings | None = None) -> None:
        self._settings = settings or ShotSettings()
        self._signals = Signals()
        self._finder = CutFinder(self._settings)
        self._last: tuple[int, float] | None = None
        self._black: list[Span] = []
        self._finished = False

    def feed(self, frame: Frame) -> float:
        """Take the next frame; gives its mean change of 8-bit R'G'B' from the one before.

        Raises `ValueError` when index or time does not grow, or `finish` was called.
        """
        if self._finished:
            raise ValueError("this detector has finished its film; make a new one for the next")
        now = frame.index, float(frame.pts)
        if self._last is not None and (now[0] <= self._last[0] or now[1] <= self._last[1]):
            raise ValueError(
                f"frame {now[0]} at {now[1]} s was fed after frame {self._last[0]} at "
                f"{self._last[1]} s; feed in presentation order"
            )
        self._last = now
        change = self._signals.add(frame)
        self._finder.feed(frame, change)
        return change

    def finish(self) -> list[Transition]:
        """All transitions in order of their first frame; none for a film of one shot.

        A head or tail fade is among them, film start and end are not: `assemble` knows those.
        Raises `ValueError` when no frame was fed.
        """
        film = self._signals.film()
        self._finished = True
        found, self._black = _transitions(film, self._finder.found, self._settings)
        return found

    @property
    def black_spans(self) -> list[Span]:
        """Spans `[start, end)` of black frames, known after `finish`."""
        return list(self._black)


def _transitions(
    film: Film, cuts: Sequence[int], settings: ShotSettings
) -> tuple[list[Transition], list[Span]]:
    """All transitions given where the cuts may be, and the spans of black."""
    fades, black = find_fades(film.mean, film.deviation, film.seconds, settings)
    spans = [(t.start, t.end) for t in fades]
    cuts = _outside(cuts, spans)
    interval = float(np.median(np.diff(film.seconds))) if len(film.seconds) > 1 else 1.0
    reach = max(1, round(settings.flash_seconds / interval))
    cuts = drop_flashes(cuts, film.thumbs, reach, settings.flash_return)
    # An interlaced frame can hold both shots: the one behind it is the first that is new alone.
    cuts = [cut for cut in cuts if cut + 1 not in cuts]
    halves = sorted({max(3, round(s / interval)) for s in settings.dissolve_seconds})
    dissolves = find_dissolves(film.thumbs, halves, cuts, spans, settings)
    cuts = _outside(cuts, [(t.start, t.end) for t in dissolves])
    spans += [(t.start, t.end) for t in dissolves]
    wipes = find_wipes(
        film.thumbs,
        halves,
        cuts,
        spans,
        max(1, round(settings.wipe_return_seconds / interval)),
        settings,
    )
    cuts = _outside(cuts, [(t.start, t.end) for t in wipes])
    hard = [Transition("cut", c, c, _jump(film.thumbs, c)) for c in cuts]
    return sorted([*hard, *fades, *dissolves, *wipes], key=lambda t: (t.start, t.end)), black


def _outside(cuts: Sequence[int], spans: Sequence[Span]) -> list[int]:
    return [c for c in cuts if not any(a - 1 <= c <= b + 1 for a, b in spans)]


def _jump(thumbs: NDArray[np.uint8], cut: int) -> float:
    change = float(np.abs(thumbs[cut].astype(np.float32) - thumbs[cut - 1]).mean())
    return change / (change + 20.0)
