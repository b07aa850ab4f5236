"""What is remembered of each frame for finding transitions."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.shots.eye import mean_change

if TYPE_CHECKING:
    from curation.media import Frame

SMALL: Final = (16, 9)
"""Width and height of the picture that is remembered of each frame."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Film:
    """One row for every frame of a film of n frames.

    `seconds` (n,) since the first frame; `mean` and `deviation` (n,) of 8-bit luma; `thumbs`
    (n, 432) R'G'B' of 16x9. Frames that were not looked at lie on the line between those that were.
    """

    seconds: Floats
    mean: Floats
    deviation: Floats
    thumbs: NDArray[np.uint8]


class Signals:
    """Gathers the signals of one film, about 500 bytes a frame."""

    def __init__(self) -> None:
        self._at = array("q")
        self._seconds = array("d")
        self._luma = array("d")
        self._thumbs = bytearray()
        self._before: NDArray[np.uint8] | None = None

    def add(self, frame: Frame) -> float:
        """Remember a frame; gives its mean change of 8-bit R'G'B' from the one added before.

        Frames may be added late, out of order, each once.
        """
        thumb = frame.thumb
        mean, deviation = cv2.meanStdDev(cv2.cvtColor(thumb, cv2.COLOR_RGB2GRAY))
        self._at.append(frame.index)
        self._seconds.append(float(frame.pts))
        self._luma.extend((float(mean[0, 0]), float(deviation[0, 0])))
        small = cv2.resize(thumb, SMALL, interpolation=cv2.INTER_AREA)
        self._thumbs += np.asarray(small, dtype=np.uint8).tobytes()
        change = 0.0 if self._before is None else mean_change(thumb, self._before)
        self._before = thumb
        return change

    def film(self) -> Film:
        """Every frame of the film up to the last that was added.

        Raises `ValueError` without frames.
        """
        if not self._at:
            raise ValueError("no frame was fed: a film without pictures has no shots")
        at = np.array(self._at, np.int64)
        seconds, luma = np.array(self._seconds), np.array(self._luma).reshape(-1, 2)
        thumbs = np.frombuffer(self._thumbs, np.uint8).reshape(len(at), -1)
        if (np.diff(at) < 0).any():
            order = np.argsort(at)
            at, seconds, luma, thumbs = at[order], seconds[order], luma[order], thumbs[order]
        every = np.arange(int(at[-1]) + 1)
        return Film(
            seconds=np.interp(every, at, seconds - seconds[0]),
            mean=np.interp(every, at, luma[:, 0]),
            deviation=np.interp(every, at, luma[:, 1]),
            thumbs=_between(thumbs, at),
        )


def _between(thumbs: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.uint8]:
    if len(at) == at[-1] + 1:
        return thumbs
    filled = np.empty((int(at[-1]) + 1, thumbs.shape[1]), np.uint8)
    filled[: at[0]] = thumbs[0]
    filled[at] = thumbs
    for gap in np.flatnonzero(np.diff(at) > 1):
        start, end = int(at[gap]), int(at[gap + 1])
        weight = np.linspace(0, 1, end - start + 1)[1:-1, None]
        mixed = (1 - weight) * filled[start] + weight * filled[end]
        filled[start + 1 : end] = np.rint(mixed).astype(np.uint8)
    return filled
