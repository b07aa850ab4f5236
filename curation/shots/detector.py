"""One film's frames in, its transitions out."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curation.shots.cuts import CutFinder
from curation.shots.doubt import Doubts, Network, believed, confirmed
from curation.shots.eye import mean_change
from curation.shots.fades import find_fades
from curation.shots.mixes import drop_captions, drop_flashes, find_dissolves
from curation.shots.relight import only_light
from curation.shots.settings import ShotSettings
from curation.shots.signals import Film, Signals
from curation.shots.transition import Transition
from curation.shots.wipes import find_wipes

if TYPE_CHECKING:
    from curation.media import Frame

Span = tuple[int, int]


class ShotDetector:
    """Finds the transitions of one film from its frames' thumbs.

    PySceneDetect's AdaptiveDetector finds the cuts, fed from the caller's decode, and `network`, if
    there is one, those that are in doubt: it is shown at most `share` of the frames, dissolves in
    doubt among them. Rules of our own find fades, dissolves and wipes and drop flashes. Transitions
    carry the frames' own indices. State grows by about 500 bytes a frame, and by 4 KB for each that
    the network may be shown.

    Feed the frames there are, each once, in presentation order; show it those between that are
    `unsure`, if any were left out; then call `finish` once.
    """

    def __init__(
        self,
        settings: ShotSettings | None = None,
        network: Network | None = None,
        share: float = 1.0,
    ) -> None:
        self._settings = settings or ShotSettings()
        self._signals = Signals()
        self._finder = CutFinder(self._settings)
        self._network = network
        self._share = share
        self._asked = 0
        self._doubts = Doubts(self._settings, share, self._finder.found) if network else None
        self._cuts: list[int] | None = None
        self._unsure: list[Span] = []
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
        if self._doubts is not None:
            self._doubts.feed(frame, change)
        return change

    @property
    def unsure(self) -> list[Span]:
        """Once all frames were fed: spans with a cut whose place only frames left out can tell.

        First and last, which were fed, and between them those that `look_again` asks for.
        """
        self._settle()
        return list(self._unsure)

    def look_again(self, frames: Iterable[Frame]) -> None:
        """Take all frames of the `unsure` spans, first and last among them, in order.

        A cut is where the picture changes most, if that is half of the whole change at least; else
        it moved there.
        """
        spans, cuts = self.unsure, self._cuts or []
        shown: dict[int, Frame] = {}
        for frame in frames:
            shown[frame.index] = frame
        for first, last in spans:
            run = [shown[k] for k in range(first, last + 1) if k in shown]
            if len(run) < 2:
                continue
            steps = [mean_change(a.thumb, b.thumb) for a, b in pairwise(run)]
            cuts.remove(last)
            if max(steps) >= mean_change(run[0].thumb, run[-1].thumb) / 2:
                at = steps.index(max(steps))
                cuts.append(run[at + 1].index)
                around = [run[min(max(k, 0), len(run) - 1)].thumb for k in range(at - 1, at + 3)]
                if only_light(around, self._settings.light_alike):
                    self._finder.lights.add(run[at + 1].index)
            for frame in run[1:-1]:
                self._signals.add(frame)
        self._unsure = []

    def _settle(self) -> None:
        """Decide where there are cuts, once."""
        if self._cuts is not None:
            return
        self._finder.finish()
        spans = list(self._finder.found)
        if self._doubts is not None and self._network is not None:
            doubts = self._doubts.finish()
            self._asked = sum(len(doubt.pictures) for doubt in doubts)
            spans += confirmed(doubts, self._network, self._settings)
        self._cuts = [last for _, last in spans]
        lights = self._finder.lights
        self._unsure = [(a, b) for a, b in spans if b > a + 1 and b not in lights]

    def finish(self) -> list[Transition]:
        """All transitions in order of their first frame; none for a film of one shot.

        A head or tail fade is among them, film start and end are not: `assemble` knows those.
        Raises `ValueError` when no frame was fed.
        """
        film = self._signals.film()
        self._settle()
        self._finished = True
        left = int(self._share * len(film.thumbs)) - self._asked
        found, self._black = _transitions(
            film,
            sorted(self._cuts or ()),
            self._finder.lights,
            self._settings,
            self._network,
            left,
        )
        return found

    @property
    def black_spans(self) -> list[Span]:
        """Spans `[start, end)` of black frames, known after `finish`."""
        return list(self._black)


def _transitions(
    film: Film,
    cuts: Sequence[int],
    lights: Container[int],
    settings: ShotSettings,
    network: Network | None = None,
    left: int = 0,
) -> tuple[list[Transition], list[Span]]:
    """All transitions given where the cuts may be and where the light changes, and spans of black.

    The network may be shown `left` frames more.
    """
    fades, black = find_fades(film.mean, film.deviation, film.seconds, settings)
    spans = [(t.start, t.end) for t in fades]
    cuts = _outside(cuts, spans)
    interval = float(np.median(np.diff(film.seconds))) if len(film.seconds) > 1 else 1.0
    reach = max(1, round(settings.flash_seconds / interval))
    cuts = drop_flashes(cuts, film.thumbs, reach, settings.flash_return)
    cuts = [cut for cut in cuts if cut not in lights]
    cuts = drop_captions(cuts, film.thumbs, settings)
    # An interlaced frame can hold both shots: the one behind it is the first that is new alone.
    cuts = [cut for cut in cuts if cut + 1 not in cuts]
    halves = sorted({max(3, round(s / interval)) for s in settings.dissolve_seconds})
    dissolves = find_dissolves(film.thumbs, halves, cuts, spans, settings)
    if network is not None:
        dissolves = believed(dissolves, film, network, settings, left)
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
