"""Which device decodes: the processor, or a CUDA card that has proved itself."""

import functools
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

import av
import av.error
from av.codec.context import CodecContext
from av.codec.hwaccel import HWAccel
from av.video.codeccontext import VideoCodecContext

from curation.media.errors import MediaCode, MediaError

Device = Literal["auto", "cpu", "cuda"]

_TINY = 256
_SCALING = {"h264_cuvid", "hevc_cuvid", "av1_cuvid", "vp9_cuvid"} & av.codecs_available
"""Decoders of FFmpeg's that have the card's own scaler (their option `resize`)."""


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """The device taken, "cpu" or "cuda", and why; `scales`: the card makes pictures small too."""

    device: Literal["cpu", "cuda"]
    reason: str
    scales: bool = False


def choose_device(requested: str = "auto") -> DeviceChoice:
    """Choose the decoding device; `auto` and `cuda` decode a tiny film on the card first.

    They then have the card decode it at half its size; where that fails the processor makes
    pictures small, and the reason says so. `auto` falls back to the processor and says why. Raises
    NO_CUDA when `cuda` was demanded in vain, ValueError for another word.
    """
    if requested == "cpu":
        return DeviceChoice("cpu", "requested")
    if requested not in ("auto", "cuda"):
        raise ValueError(f"device {requested!r}: choose auto, cpu or cuda")
    trouble = _cuda_trouble()
    if trouble is None:
        unscaled = _scaling_trouble()
        how = f"the processor makes it small ({unscaled})" if unscaled else "the card made it small"
        return DeviceChoice("cuda", f"NVDEC decoded a test film; {how}", scales=not unscaled)
    if requested == "cuda":
        raise MediaError(
            MediaCode.NO_CUDA,
            f"CUDA decoding is not to be had ({trouble}); install the driver or use device=auto",
        )
    return DeviceChoice("cpu", f"no CUDA decoding ({trouble})")


def accelerator(choice: DeviceChoice) -> HWAccel | None:
    """What `opened` needs to decode on the chosen device.

    A codec that the card cannot decode is decoded by the processor.
    """
    if choice.device == "cpu":
        return None
    return HWAccel("cuda", allow_software_fallback=True)


def scaling_decoder(like: VideoCodecContext, width: int, height: int) -> VideoCodecContext | None:
    """A decoder of the card's that gives pictures of that size; None for a codec it has none for.

    For the packets of a stream whose own decoder is `like`. Raises `av.error.FFmpegError` where
    the card does not take the stream, upon opening it or with its first packets.
    """
    name = f"{like.codec.canonical_name}_cuvid"
    if name not in _SCALING:
        return None
    decoder = cast("VideoCodecContext", CodecContext.create(name, "r"))
    decoder.extradata = like.extradata
    decoder.options = {"resize": f"{width}x{height}"}
    decoder.open()
    return decoder


@functools.cache
def _scaling_trouble() -> str | None:
    """Why the card does not make pictures small; None if it gave one of the size asked for."""
    size = _TINY // 2
    try:
        with av.open(io.BytesIO(_tiny_film()), "r") as film:
            stream = film.streams.video[0]
            decoder = scaling_decoder(stream.codec_context, size, size)
            if decoder is None:
                return "no h264_cuvid in this FFmpeg"
            for packet in film.demux(stream):
                for frame in decoder.decode(packet):
                    right = (frame.width, frame.height) == (size, size)
                    return None if right else f"{frame.width}x{frame.height} for {size}x{size}"
    except (av.error.FFmpegError, NotImplementedError, RuntimeError, ValueError) as error:
        return _words(error)
    return "the card decoded nothing"


@functools.cache
def _cuda_trouble() -> str | None:
    """Why NVDEC does not work here; None if it decoded a frame."""
    try:
        card = HWAccel("cuda", allow_software_fallback=False)
        with av.open(io.BytesIO(_tiny_film()), "r", hwaccel=card) as film:
            stream = film.streams.video[0]
            for _ in film.decode(stream):
                return None if stream.codec_context.is_hwaccel else "the card takes no H.264"
    except (av.error.FFmpegError, NotImplementedError, RuntimeError, ValueError) as error:
        return _words(error)
    return "the card decoded nothing"


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _tiny_film() -> bytes:
    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.width = stream.height = _TINY
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(_TINY, _TINY, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return memory.getvalue()
