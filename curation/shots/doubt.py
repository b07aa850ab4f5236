"""What the cheap signals leave in doubt, and what a network makes of it.

A frame that changes much, but not much more than its neighbours, is a cut in a fight as often as it
is motion. The pictures around it are kept while the film goes by, so that nothing is decoded twice,
and the network is asked about the likeliest of them, as many as its share of the film allows.

A flame that grows or dies mixes pictures as a short dissolve does; of those it is asked as well.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from curation.shots.relight import only_light
from curation.shots.settings import ShotSettings
from curation.shots.signals import SMALL, Film
from curation.shots.transition import Transition
from curation.shots.transnet import HEIGHT, WIDTH

if TYPE_CHECKING:
    from curation.media import Frame
    from curation.media.frame import Pixels

Span = tuple[int, int]

HALF: Final = 8
"""Frames on each side of a cut that the network is shown. Of 185 cuts and other changes in the
shared reels and films it tells with 8 as with its own 50: area under the curve .971 and .980, cuts
found at one half .939 and .939."""

MOST: Final = 1024
"""Doubts of one film that are kept, which take 64 MB."""
SHORTEST: Final = 3
"""Frames of a dissolve below which the network may see no transition in it."""
NEAR: Final = 2
"""Frames from a cut within which there is no other."""


class Network(Protocol):
    """Tells of each picture (n, 27, 48, 3) R'G'B' how probably a shot ends there: (n,)."""

    def window(self, pictures: Pixels) -> npt.NDArray[np.float32]: ...


@dataclass(order=True, frozen=True)
class Doubt:
    """A change between two frames that were looked at, one after the other."""

    ratio: float
    """To the mean change of two neighbours on each side: the likelier a cut, the greater."""
    span: Span
    """Frames before and behind it."""
    pictures: Pixels = field(compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class _Seen:
    index: int
    thumb: Pixels
    change: float


class Doubts:
    """Gathers the doubts of one film: at most `share` of its frames, the likeliest cuts first.

    `cuts` are those found so far, as spans like a doubt's own; where one lies near is no doubt.
    """

    def __init__(self, settings: ShotSettings, share: float, cuts: Sequence[Span]) -> None:
        self._settings = settings
        self._share = share
        self._cuts = cuts
        self._near: deque[_Seen] = deque(maxlen=2 * HALF + 1)
        self._kept: list[Doubt] = []
        self._fed = 0

    def feed(self, frame: Frame, change: float) -> None:
        """Take the next frame and its mean change of 8-bit R'G'B' from the one before.

        What lies beyond the film's ends may have changed in any way.
        """
        seen = _Seen(frame.index, frame.thumb, change)
        if not self._near:
            seen = replace(seen, change=inf)
            self._near.extend([seen] * HALF)
        self._fed += 1
        self._take(seen)

    def finish(self) -> list[Doubt]:
        """All of them in order."""
        for _ in range(HALF if self._near else 0):
            self._take(replace(self._near[-1], change=inf))
        self._near.clear()
        return sorted(self._kept, key=lambda doubt: doubt.span)

    def _take(self, seen: _Seen) -> None:
        self._near.append(seen)
        if len(self._near) <= 2 * HALF:
            return
        changes = [each.change for each in self._near]
        change = changes[HALF]
        if not self._settings.doubtful_change <= change < inf:
            return
        around = changes[HALF - 2 : HALF] + changes[HALF + 1 : HALF + 3]
        ratio = 4 * change / max(sum(around), 1.0)
        if ratio < self._settings.doubtful_ratio:
            return
        span = self._near[HALF - 1].index, self._near[HALF].index
        if any(first - NEAR <= span[1] <= last + NEAR for first, last in self._cuts[-2 * HALF :]):
            return
        middle = [self._near[k].thumb for k in range(HALF - 2, HALF + 2)]
        if only_light(middle, self._settings.light_alike):
            return
        heapq.heappush(self._kept, Doubt(ratio, span, self._pictures(span[1])))
        may = int(self._share * self._fed) // (2 * HALF)
        while len(self._kept) > min(MOST, max(1, may)):
            heapq.heappop(self._kept)

    def _pictures(self, cut: int) -> Pixels:
        """The frames around a cut; one that was not looked at is like the one before it."""
        at = [each.index for each in self._near]
        behind = np.searchsorted(at, np.arange(cut - HALF, cut + HALF), side="right") - 1
        small = {
            k: cv2.resize(self._near[k].thumb, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            for k in {max(0, int(k)) for k in behind}
        }
        return np.stack([small[max(0, int(k))] for k in behind]).astype(np.uint8)


def confirmed(doubts: Iterable[Doubt], network: Network, settings: ShotSettings) -> list[Span]:
    """The spans of those that the network takes for cuts."""
    least = settings.network_probability
    return [each.span for each in doubts if network.window(each.pictures)[HALF - 1] >= least]


def believed(
    dissolves: Sequence[Transition],
    film: Film,
    network: Network,
    settings: ShotSettings,
    left: int,
) -> list[Transition]:
    """The dissolves but for short ones that the network takes for none, the worst asked first.

    It is shown at most `left` frames, or those of one dissolve.

    It knows too little of long ones and of dark pictures. Here the 16x9 that are remembered of each
    frame do, enlarged: of 55 short dissolves in the shared reels and films it doubts three, in the
    dark or of a frame or two, where it doubts three at full size.
    """
    open_ = [
        each
        for each in dissolves
        if SHORTEST <= each.end - each.start + 1 <= 2 * HALF
        and film.mean[each.start - 1 : each.end + 2].mean() >= settings.network_light
    ]
    asked = sorted(open_, key=lambda each: each.score)[: max(1, left // (4 * HALF))]
    least = settings.network_dissolve
    refused = [each for each in asked if _likely(each, film, network) < least]
    return [each for each in dissolves if each not in refused]


def _likely(dissolve: Transition, film: Film, network: Network) -> float:
    """The greatest probability inside a dissolve, of twice as many frames as around a cut."""
    first = dissolve.boundary - 2 * HALF
    at = np.arange(first, first + 4 * HALF).clip(0, len(film.thumbs) - 1)
    small = film.thumbs[at].reshape(len(at), *SMALL[::-1], 3)
    pictures = [cv2.resize(each, (WIDTH, HEIGHT)) for each in small]
    likely = network.window(np.stack(pictures).astype(np.uint8))
    return float(likely[dissolve.start - 1 - first : dissolve.end + 1 - first].max())
