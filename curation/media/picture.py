"""Pictures out of decoded frames: size, uprightness and colour-correct RGB."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from curation.media.colour import Colour, is_rgb
from curation.media.frame import THUMB_HEIGHT, THUMB_WIDTH, Painted, Picture, Pixels, shrunk
from curation.media.info import VideoInfo
from curation.media.planes import Planes, readable

_MATRICES = {
    "bt709": Colorspace.ITU709,
    "fcc": Colorspace.FCC,
    "bt470bg": Colorspace.ITU601,
    "smpte170m": Colorspace.ITU601,
    "smpte240m": Colorspace.SMPTE240M,
    "bt2020nc": Colorspace.BT2020,
    "bt2020c": Colorspace.BT2020,
}
# Area averaging is the anti-aliased choice for shrinking; bicubic where nothing is averaged away.
_EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in square pixels, upright."""

    width: int
    height: int


def size_of(info: VideoInfo) -> Size:
    """The size of a film's pictures."""
    return Size(info.display_width, info.display_height)


def fit_width(info: VideoInfo, width: int) -> Size:
    """The analysis size: at most `width` wide, never enlarged, even height."""
    wide = min(width, info.display_width)
    return Size(wide, _even(info.display_height * wide / info.display_width, info.display_height))


def stored_size(info: VideoInfo, width: int) -> Size | None:
    """The analysis size of a picture as it is stored, before it is turned; None if not smaller."""
    size = fit_width(info, width)
    stored = Size(size.height, size.width) if info.rotation % 180 else size
    return stored if stored.width < info.width and stored.height < info.height else None


def fit_height(shown: Size, height: int | None) -> Size:
    """The size of a clip of pictures of a size: at most `height` high, never enlarged, both sides
    even.
    """
    limit = shown.height if height is None else min(height, shown.height)
    high = _even(limit, limit)
    return Size(_even(shown.width * high / shown.height, shown.width), high)


def _even(value: float, limit: int) -> int:
    """The even number nearest to `value` within `limit`, at least 2."""
    return max(2, min(round(value / 2) * 2, limit // 2 * 2))


class Painter:
    """Turns decoded frames into upright RGB pictures of one size.

    Holds swscale's prepared state, which is what makes a frame cheap.
    """

    def __init__(
        self, size: Size, colour: Colour, rotation: int, *, mirrored: bool = False
    ) -> None:
        self._turns = rotation // 90 % 4
        self._mirrored = mirrored
        turned = self._turns % 2 == 1
        self._width = size.height if turned else size.width
        self._height = size.width if turned else size.height
        self._matrix = _MATRICES.get(colour.matrix)
        self._range = ColorRange.JPEG if colour.range == "full" else ColorRange.MPEG
        self._scaler = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> Pixels:
        """The frame as uint8 (height, width, 3), contiguous."""
        shrinks = self._width < frame.width and self._height < frame.height
        painted = self._scaler.reformat(
            frame,
            width=self._width,
            height=self._height,
            format="rgb24",
            src_colorspace=None if is_rgb(frame.format.name) else self._matrix,
            src_color_range=None if is_rgb(frame.format.name) else self._range,
            dst_color_range=ColorRange.JPEG,
            interpolation=_EXACT | (Interpolation.AREA if shrinks else Interpolation.BICUBIC),
            threads=1,
        )
        return _upright(painted.to_ndarray(), self._turns, mirrored=self._mirrored)


def _upright(pixels: npt.NDArray[Any], turns: int, *, mirrored: bool) -> Pixels:
    """A stored picture as it is to be seen."""
    if mirrored:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(np.rot90(pixels, turns), dtype=np.uint8)


class Easel:
    """Makes the small pictures of one film's frames, at the sizes that are asked for."""

    def __init__(self, info: VideoInfo) -> None:
        self._info = info
        self._painters: dict[Size, Painter] = {}
        self._planes: dict[str, Planes | None] = {}

    def picture(self, frame: VideoFrame) -> Picture:
        """The pictures of a frame; they hold it."""
        return Painted(
            lambda width, one_field: self._rgb(frame, width, one_field=one_field),
            lambda: self._thumb(frame),
        )

    def _rgb(self, frame: VideoFrame, width: int | None, *, one_field: bool) -> Pixels:
        info = self._info
        size = fit_width(info, info.display_width if width is None else width)
        turns = info.rotation // 90 % 4
        stored = Size(size.height, size.width) if turns % 2 else size
        planes = self._reader(frame)
        if planes is not None and (
            one_field or (stored.width <= frame.width and stored.height <= frame.height)
        ):
            pixels = planes.rgb(frame, stored.width, stored.height, one_field=one_field)
        elif one_field:
            whole = self._painter(Size(frame.width, frame.height)).rgb(frame)
            pixels = np.asarray(shrunk(whole[::2], stored.width, stored.height), np.uint8)
        else:
            pixels = self._painter(stored).rgb(frame)
        return _upright(pixels, turns, mirrored=info.mirrored)

    def _thumb(self, frame: VideoFrame) -> Pixels:
        planes = self._reader(frame)
        if planes is None:
            return self._painter(Size(THUMB_WIDTH, THUMB_HEIGHT)).rgb(frame)
        return planes.rgb(frame, THUMB_WIDTH, THUMB_HEIGHT)

    def _reader(self, frame: VideoFrame) -> Planes | None:
        kind = frame.format.name
        if kind not in self._planes:
            known = readable(kind, self._info.colour)
            self._planes[kind] = Planes(kind, self._info.colour) if known else None
        return self._planes[kind]

    def _painter(self, stored: Size) -> Painter:
        if stored not in self._painters:
            self._painters[stored] = Painter(stored, self._info.colour, 0)
        return self._painters[stored]
