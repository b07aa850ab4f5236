"""A fingerprint of pictures: bits that copies of a picture share, whatever their size or encoding.

The bits are the signs of the lowest frequencies of the picture inside its bars, by the discrete
cosine transform (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions",
2010, section 3.2.1). The mean is left out, so that brightness and contrast hardly count. The bits
of two parts of the picture are taken too, which copies of other shapes share: its middle, which is
left where its sides were cut off for television, and the strip that is left where it was matted for
the cinema. It gives no label: `curation.dataset.selection.duplicates` compares what is stored.
About 0.1 ms a frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.frame_bars import bars
from curation.tags.protocol import Facet, Meter, Needs, Tag

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.tags.protocol import Series

SIDE: Final = 32
"""Pixels a side of the picture that is transformed."""
WORD: Final = 16
"""Bits a measure: a number of five digits holds them exactly."""
WORDS: Final = tuple(f"word_{number}" for number in range(8))
"""Measures that hold the bits, lowest frequencies first."""
MIDDLE: Final = tuple(f"middle_{number}" for number in range(8))
"""As `WORDS`, of the picture's middle, 4:3; of all of it where it is no wider."""
STRIP: Final = tuple(f"strip_{number}" for number in range(8))
"""As `WORDS`, of the strip across its middle, 2.39:1; of all of it where it is no taller."""
SHAPE: Final = "shape"
"""Measure: the picture's width over its height, without bars."""
NARROW, WIDE = 4 / 3, 2.39
EDGE: Final = 2
EVEN: Final = 1.5
LIFTED: Final = 64.0
"""Lines at an edge, their deviation and mean in 8-bit luma, that may be a bar made grey."""
DETAIL: Final = "detail"
"""Measure: the picture's deviation in 8-bit luma; a flat one has no bits worth comparing."""


@dataclass(frozen=True, slots=True)
class FingerprintTagger:
    """128 bits of each sampled frame, of its middle and of the strip across it."""

    name: ClassVar[str] = "fingerprint"
    version: ClassVar[str] = "3"
    label_version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = Needs(width=320, per_second=4.0)
    facets: ClassVar[tuple[Facet, ...]] = ()

    def meter(self, video: VideoInfo) -> Meter:
        """A meter of one frame by itself."""
        return fingerprint

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """Nothing but the detail: bits have no mean."""
        return {DETAIL: float(np.median(series[DETAIL]))} if len(pts) else {}

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """No tags."""
        return ()


def fingerprint(frame: Frame, before: Frame | None = None) -> dict[str, float]:
    """The bits of a frame as `WORDS` of `WORD` bits, highest bit first, those of its `MIDDLE` and
    its `STRIP`, its `SHAPE` and its `DETAIL`: none of a picture too small to have these parts."""
    whole = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    lift = np.uint8(_lift(whole))
    rows, columns = bars(np.maximum(whole, lift) - lift)
    picture = whole[rows.first : rows.past, columns.first : columns.past]
    high, wide = picture.shape
    sides = max(0, round((wide - NARROW * high) / 2))
    edges = max(0, round((high - wide / WIDE) / 2))
    middle, strip = picture[:, sides : wide - sides], picture[edges : high - edges]
    small = _small(picture)
    detail = float(small.std())
    if not (middle.size and strip.size):
        middle, strip, detail = picture, picture, 0.0
    said = dict(zip(WORDS, _words(small), strict=True))
    said |= zip(MIDDLE, _words(_small(middle)), strict=True)
    said |= zip(STRIP, _words(_small(strip)), strict=True)
    return said | {SHAPE: wide / high, DETAIL: detail}


def _small(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)


def _words(small: NDArray[np.float32]) -> list[float]:
    """The signs of the lowest frequencies, `WORD` to a number."""
    down, across = _lowest()
    signs = (cv2.dct(small)[down, across] > 0).reshape(len(WORDS), WORD)
    values: list[float] = (signs @ (1 << np.arange(WORD - 1, -1, -1))).tolist()
    return values


def _lift(grey: NDArray[np.uint8]) -> float:
    """Luma of bars that a grade has lifted off black: of the darkest edge of even grey."""
    edges = (grey[:EDGE], grey[-EDGE:], grey[:, :EDGE], grey[:, -EDGE:])
    even = [float(edge.mean()) for edge in edges if edge.std() < EVEN]
    level = min(even, default=0.0)
    return level if level <= LIFTED else 0.0


@cache
def _lowest() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the lowest frequencies but the mean, by the sum of both."""
    places = [(u + v, u, v) for u in range(SIDE) for v in range(SIDE)]
    chosen = np.array(sorted(places)[1 : 1 + len(WORDS) * WORD], np.intp)
    return chosen[:, 1], chosen[:, 2]
