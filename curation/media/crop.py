"""What of a film's picture a clip keeps, and proof that what is cut off is black."""

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter

from curation.media.errors import MediaCode, MediaError
from curation.media.frame import Samples
from curation.media.info import VideoInfo
from curation.media.planes import luma

LEVEL: Final = 20
"""Of 255, full range. A little above what the analysis takes for black (10), for single pixels of a
coded bar stray further than their mean, which is what it sees."""
LIT: Final = 0.03
"""A line with more than this share of its pixels above the level is no bar, as in the analysis."""
EDGE: Final = 1 / 90
"""Share of the picture's side beside the crop that is not judged: a bar's edge may be soft, and is
known to a line of the analysis's pictures, which have 180 lines."""


_SAID: Final = re.compile(r"([0-9]{1,6})x([0-9]{1,6})\+([0-9]{1,6})\+([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a film's picture as it is shown: upright, square pixels, all four numbers even."""

    x: int
    y: int
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}+{self.x}+{self.y}"

    @classmethod
    def parse(cls, text: str) -> "Crop":
        """The part that `str` gave. Raises ValueError."""
        found = _SAID.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no part of a picture; write 640x272+0+44")
        width, height, x, y = map(int, found.groups())
        return cls(x, y, width, height)

    def within(self, info: VideoInfo) -> "Crop":
        """The same of the picture as it is stored, turned upright; rounded inwards to even numbers.

        Raises ValueError where the part is not inside the picture.
        """
        shown = info.display_width, info.display_height
        if not (
            min(self.x, self.y) >= 0
            and min(self.width, self.height) >= 2
            and self.x + self.width <= shown[0]
            and self.y + self.height <= shown[1]
        ):
            raise ValueError(f"crop {self} of a picture of {shown[0]}x{shown[1]}")
        stored = (info.height, info.width) if info.rotation % 180 else (info.width, info.height)
        left, right = _inwards(self.x, self.x + self.width, stored[0], shown[0])
        top, bottom = _inwards(self.y, self.y + self.height, stored[1], shown[1])
        return Crop(left, top, right - left, bottom - top)


def _inwards(first: int, past: int, stored: int, shown: int) -> tuple[int, int]:
    low = -(-first * stored // (2 * shown)) * 2
    return low, max(low + 2, past * stored // (2 * shown) * 2)


class Bars:
    """Looks at what is cut off the pictures of one clip."""

    def __init__(self, info: VideoInfo, crop: Crop) -> None:
        self._crop = crop
        self._turns, self._mirrored = info.rotation // 90 % 4, info.mirrored
        self._inside = crop.within(info)
        self._colour = info.colour
        self._painter = VideoReformatter()

    def check(self, frame: VideoFrame) -> None:
        """Raise `MediaError` NOT_A_BAR where a part that is cut off is lit."""
        stored, black, white = luma(frame, self._colour) or (self._grey(frame), 0.0, 255.0)
        level = black + (white - black) * LEVEL / 255
        grey = np.rot90(stored[:, ::-1] if self._mirrored else stored, self._turns)
        box, (high, wide) = self._inside, grey.shape
        down, along = (max(2, math.ceil(side * EDGE)) for side in (high, wide))
        rows = slice(box.y, box.y + box.height)
        sides = {
            "above": grey[: max(0, box.y - down)],
            "below": grey[box.y + box.height + down :],
            "left": grey[rows, : max(0, box.x - along)].T,
            "right": grey[rows, box.x + box.width + along :].T,
        }
        for name, bar in sides.items():
            if _is_lit(bar, level):
                raise MediaError(
                    MediaCode.NOT_A_BAR,
                    f"the bar {name} the picture, cut off by crop {self._crop}, is lit at "
                    f"{float((frame.pts or 0) * (frame.time_base or 0)):.3f} s; leave that shot "
                    "out, or bars on",
                )

    def _grey(self, frame: VideoFrame) -> Samples:
        painted = self._painter.reformat(
            frame, format="gray", dst_color_range=ColorRange.JPEG, threads=1
        )
        return np.asarray(painted.to_ndarray(), np.uint8)


def _is_lit(bar: Samples, level: float) -> bool:
    """Whether a line (first axis) of a bar shows something."""
    if not bar.size or bar.max() <= level:
        return False
    return bool(((bar > level).mean(axis=1) > LIT).any())
