"""Small pictures straight from a decoded frame's planes: shrink first, convert what is left.

A third of the cost of converting in the scaler at analysis size, a twentieth at the size of thumbs.
Chroma siting is not followed: that is at most half a stored pixel.
"""

import re

import cv2
import numpy as np
import numpy.typing as npt
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

from curation.media.colour import Colour
from curation.media.frame import Pixels, Samples, shrunk

_PLANAR = re.compile(r"yuv[aj]?4\d\dp(\d\dle)?|gray(\d\dle)?")
_TWO_PLANES = re.compile(r"nv12|p01[026]le")
_HIGH_BITS = re.compile(r"p01[026]le")

# Kr and Kb of ITU-T H.273, table 4.
_LUMA = {
    "bt709": (0.2126, 0.0722),
    "fcc": (0.30, 0.11),
    "bt470bg": (0.299, 0.114),
    "smpte170m": (0.299, 0.114),
    "smpte240m": (0.212, 0.087),
    "bt2020nc": (0.2627, 0.0593),
    "bt2020c": (0.2627, 0.0593),
}


def readable(pix_fmt: str, colour: Colour) -> bool:
    """Whether `Planes` understands a pixel format and its matrix."""
    planes = _PLANAR.fullmatch(pix_fmt) or _TWO_PLANES.fullmatch(pix_fmt)
    return bool(planes) and (colour.matrix in _LUMA or pix_fmt.startswith("gray"))


class Planes:
    """Makes small RGB pictures of frames of one pixel format.

    Raises `ValueError` where the format is not `readable`.
    """

    def __init__(self, pix_fmt: str, colour: Colour) -> None:
        if not readable(pix_fmt, colour):
            raise ValueError(f"{pix_fmt} with matrix {colour.matrix} is not read plane by plane")
        depth = max(component.bits for component in VideoFormat(pix_fmt).components)
        self._depth = 16 if _HIGH_BITS.fullmatch(pix_fmt) else depth
        self._grey = pix_fmt.startswith("gray")
        self._paired = _TWO_PLANES.fullmatch(pix_fmt) is not None
        self._matrix = _to_rgb(colour, self._depth, grey=self._grey)

    def rgb(self, frame: VideoFrame, width: int, height: int, *, one_field: bool = False) -> Pixels:
        """The frame as stored, at uint8 R'G'B' (height, width, 3).

        Of a frame of two moments `one_field` takes the first line and every other after it, which
        lie half a stored line higher than the whole.
        """

        def small(plane: VideoPlane, channels: int = 1) -> Samples:
            samples = _samples(plane, self._depth, channels)
            return shrunk(samples[::2] if one_field else samples, width, height)

        planes = frame.planes
        stack = [small(planes[0])]
        if self._paired:
            stack += [np.asarray(plane) for plane in cv2.split(small(planes[1], 2))]
        elif not self._grey:
            stack += [small(plane) for plane in planes[1:3]]
        samples = cv2.merge(stack)
        if self._depth <= 8:
            return np.asarray(cv2.transform(samples, self._matrix), dtype=np.uint8)
        light = cv2.transform(samples.astype(np.float32), self._matrix)
        return np.asarray(cv2.convertScaleAbs(np.maximum(light, 0)), dtype=np.uint8)


def luma(frame: VideoFrame, colour: Colour) -> tuple[Samples, float, float] | None:
    """The luma of a frame as stored (height, width), and its codes for black and white.

    None of formats that have no plane of it.
    """
    kind = frame.format.name
    if not _PLANAR.fullmatch(kind) and not _TWO_PLANES.fullmatch(kind):
        return None
    depth = 16 if _HIGH_BITS.fullmatch(kind) else frame.format.components[0].bits
    return _samples(frame.planes[0], depth, 1), *_reach(colour, depth)


def _reach(colour: Colour, depth: int) -> tuple[float, float]:
    """The codes for black and white of luma (ITU-T H.273, 8.3)."""
    unit = float(1 << (depth - 8))
    return (0.0, 2.0**depth - 1) if colour.range == "full" else (16 * unit, 235 * unit)


def _samples(plane: VideoPlane, depth: int, channels: int) -> Samples:
    kind = np.dtype(np.uint8) if depth <= 8 else np.dtype("<u2")
    values: Samples = np.frombuffer(memoryview(plane), dtype=kind)
    rows = values[: plane.height * plane.line_size // kind.itemsize].reshape(plane.height, -1)
    pixels = rows[:, : plane.width * channels]
    return pixels if channels == 1 else pixels.reshape(plane.height, plane.width, channels)


def _to_rgb(colour: Colour, depth: int, *, grey: bool) -> npt.NDArray[np.float32]:
    """The affine map (3, planes + 1) from samples to 8-bit R'G'B' (ITU-T H.273, 8.3)."""
    unit = float(1 << (depth - 8))
    black, white = _reach(colour, depth)
    gain = 255 / (white - black)
    if grey:
        return np.array([[gain, -gain * black]] * 3, np.float32)
    kr, kb = _LUMA[colour.matrix]
    kg = 1 - kr - kb
    chroma = 255 / (white if colour.range == "full" else 224 * unit)
    middle = 128 * unit
    u = np.array([0, -2 * (1 - kb) * kb / kg, 2 * (1 - kb)]) * chroma
    v = np.array([2 * (1 - kr), -2 * (1 - kr) * kr / kg, 0]) * chroma
    y = np.full(3, gain)
    return np.stack([y, u, v, -black * y - middle * (u + v)], axis=1).astype(np.float32)
