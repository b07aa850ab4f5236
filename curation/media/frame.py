"""A decoded frame, whose pictures are made when somebody asks for them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.integer[Any] | np.floating[Any]]

THUMB_WIDTH, THUMB_HEIGHT = 64, 36
"""Of every film alike, whatever its shape: what shot detectors compare."""


class Picture(Protocol):
    """Where a frame's pictures come from; each is made once."""

    def rgb(self, width: int | None, *, one_field: bool = False) -> Pixels:
        """Upright RGB (height, width, 3) with square pixels, at most `width` wide if given.

        `one_field`: from every other line alone, where a picture's lines are of two moments.
        """

    def thumb(self) -> Pixels:
        """RGB (THUMB_HEIGHT, THUMB_WIDTH, 3), as stored: neither turned nor made square."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded frame: `index` in presentation order, `pts` in seconds of the stream's own clock.

    Its pictures are uint8 RGB in the film's own primaries and transfer, and may be read as long
    as the frame is held. A frame holds the decoder's memory: keep the pictures, not the frame.
    """

    index: int
    pts: Fraction
    picture: Picture
    width: int | None = None
    one_field: bool = False

    @property
    def rgb(self) -> Pixels:
        """The picture (height, width, 3), upright, square pixels, at most `width` wide."""
        return self.picture.rgb(self.width, one_field=self.one_field)

    @property
    def thumb(self) -> Pixels:
        """The picture as (36, 64, 3), for comparing frames of one film."""
        return self.picture.thumb()

    def sized(self, width: int) -> "Frame":
        """The same frame for somebody who wants a picture at most `width` wide.

        Who wants the same width shares the same pixels: they are not to be written to.
        """
        return replace(self, width=width)

    def of_one_moment(self) -> "Frame":
        """The same frame for somebody who must not see what moves twice (`Scan.by_fields`)."""
        return replace(self, one_field=True)


class Still:
    """A picture given as pixels, of one moment."""

    def __init__(self, pixels: Pixels) -> None:
        self._sizes: dict[int | None, Pixels] = {None: pixels}
        self._thumb: Pixels | None = None

    def rgb(self, width: int | None, *, one_field: bool = False) -> Pixels:
        whole = self._sizes[None]
        if width is None or width >= whole.shape[1]:
            return whole
        if width not in self._sizes:
            height = max(2, round(whole.shape[0] * width / whole.shape[1] / 2) * 2)
            self._sizes[width] = np.asarray(shrunk(whole, width, height), np.uint8)
        return self._sizes[width]

    def thumb(self) -> Pixels:
        if self._thumb is None:
            small = shrunk(self._sizes[None], THUMB_WIDTH, THUMB_HEIGHT)
            self._thumb = np.asarray(small, np.uint8)
        return self._thumb


class Painted:
    """A picture that is painted at each size that is asked for, once."""

    def __init__(
        self, paint: Callable[[int | None, bool], Pixels], thumb: Callable[[], Pixels]
    ) -> None:
        self._paint = paint
        self._make_thumb = thumb
        self._sizes: dict[tuple[int | None, bool], Pixels] = {}
        self._thumb: Pixels | None = None

    def rgb(self, width: int | None, *, one_field: bool = False) -> Pixels:
        if (width, one_field) not in self._sizes:
            self._sizes[width, one_field] = self._paint(width, one_field)
        return self._sizes[width, one_field]

    def thumb(self) -> Pixels:
        if self._thumb is None:
            self._thumb = self._make_thumb()
        return self._thumb


def shrunk(plane: Samples, width: int, height: int) -> Samples:
    """An array (rows, columns[, channels]) at `width` by `height`.

    Each side is averaged by halves as far as they go, which the vision library does 20 times as
    fast as in one step, then interpolated by less than a half; an odd last row or column is left
    out.
    """
    while (across := plane.shape[1] >= 2 * width) | (down := plane.shape[0] >= 2 * height):
        x, y = 1 + across, 1 + down
        plane = plane[: plane.shape[0] // y * y, : plane.shape[1] // x * x]
        part = plane.shape[1] // x, plane.shape[0] // y
        plane = np.asarray(cv2.resize(plane, part, interpolation=cv2.INTER_AREA))
    if plane.shape[:2] != (height, width):
        plane = np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR))
    return plane
