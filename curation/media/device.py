"""Which device decodes: the processor, or a CUDA card that has proved itself."""

import functools
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
import av.error
from av.codec.hwaccel import HWAccel

from curation.media.errors import MediaCode, MediaError

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """The device taken, "cpu" or "cuda", and why."""

    device: Literal["cpu", "cuda"]
    reason: str


def choose_device(requested: str = "auto") -> DeviceChoice:
    """Choose the decoding device; `auto` and `cuda` decode a tiny film on the card first.

    `auto` falls back to the processor and says why. Raises NO_CUDA when `cuda` was demanded in
    vain, ValueError for another word.
    """
    if requested == "cpu":
        return DeviceChoice("cpu", "requested")
    if requested not in ("auto", "cuda"):
        raise ValueError(f"device {requested!r}: choose auto, cpu or cuda")
    trouble = _cuda_trouble()
    if trouble is None:
        return DeviceChoice("cuda", "NVDEC decoded a test film")
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
        return str(getattr(error, "strerror", None) or error) or type(error).__name__
    return "the card decoded nothing"


def _tiny_film() -> bytes:
    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.width = stream.height = 256
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(256, 256, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return memory.getvalue()
