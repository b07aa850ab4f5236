"""One clip's encoder, on a thread of its own: frames in, an MP4 out that is proven to hold them."""

import contextlib
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

import av.error
import cv2
import numpy as np
from av.codec.context import Flags
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from curation.media.chain import Chain
from curation.media.errors import MediaCode, MediaError
from curation.media.hdr import Mastering, is_hdr
from curation.media.info import VideoInfo
from curation.media.mp4 import Mp4, Sound
from curation.media.proof import Edges, Proof, prove

_AHEAD: Final = 8
"""Frames that wait for an encoder at most."""


_AVX_512F: Final = 13
"""OpenCV's CV_CPU_AVX_512F, which its Python has no name for."""
_UP_TO_AVX2: Final = "MMX2,SSE2,SSSE3,SSE4.2,AVX,FMA3,BMI2,AVX2"
"""What x264 may use of a processor with AVX-512 where a row has no multiple of `_STEP` macroblocks.
Its macroblock tree spreads costs eight at a time without a bound (`mbtree_propagate_list_internal`
in common/x86/mc-a2.asm, x264 164 and 165), past the row's end and, in the last row, past what was
ever written: other bytes each time. No option turns off that function alone."""
_STEP: Final = 8
_MACROBLOCK: Final = 16


@dataclass(frozen=True, slots=True)
class Encoding:
    """How clips are encoded.

    `height`: at most so many lines, never enlarged, aspect kept, both sides even; None keeps the
    film's. `crf`: x264's constant quality (0 lossless, 18 visually close). `gop`: frames from
    one key frame to the next at most; None leaves it to the codec. `audio`: carry the film's
    first audio stream as AAC at `audio_bitrate` bits a second. `hdr`: pictures of PQ or HLG are
    kept, as HEVC of ten bits, or mapped to BT.709. `stream_copy`: a clip that begins at a key frame
    and needs no other change may keep the film's own packets.
    """

    height: int | None = None
    codec: str = "libx264"
    crf: int = 18
    preset: str = "medium"
    pixel_format: str = "yuv420p"
    gop: int | None = None
    audio: bool = False
    audio_bitrate: int = 128_000
    hdr: Literal["keep", "tone_map"] = "tone_map"
    stream_copy: bool = False
    fps: Fraction | None = None

    def of(self, info: VideoInfo) -> "Encoding":
        """The encoding of one film's clips."""
        if is_hdr(info) and self.hdr == "keep":
            return replace(self, codec="libx265", pixel_format="yuv420p10le")
        return self

    def tone_maps(self, info: VideoInfo) -> bool:
        """Whether a film's pictures are mapped to BT.709."""
        return is_hdr(info) and self.hdr == "tone_map"


@dataclass(slots=True)
class _Ends:
    """The frames at both ends of a clip as its encoder saw them, neighbours among them."""

    first: list[VideoFrame] = field(default_factory=list)
    last: list[VideoFrame] = field(default_factory=list)

    def add(self, frame: VideoFrame) -> None:
        if len(self.first) < 2:
            self.first.append(frame)
        self.last = [*self.last[-1:], frame]


class Encoder:
    """A running encoder. `write` each frame, `close`, then `wait`; or `kill` at any time.

    `ticks` are the times of the clip's frames and its end, in units of `base` seconds. `write` and
    `wait` raise every failure, as a `MediaError`.
    """

    def __init__(
        self,
        output: Path,
        chain: Chain,
        ticks: Sequence[int],
        base: Fraction,
        encoding: Encoding,
        sound: Sound | None,
        mastering: Mastering | None,
    ) -> None:
        self._output = output
        self._chain = chain
        self._ticks = ticks
        self._base = base
        self._encoding = encoding
        self._sound = sound
        self._mastering = mastering
        self._ends = _Ends()
        self._error: Exception | None = None
        self._killed = False
        self._proof: Proof | None = None
        self._frames: queue.Queue[tuple[int, VideoFrame] | None] = queue.Queue(_AHEAD)
        self._coming = iter(self._frames.get, None)
        self._thread = threading.Thread(target=self._run, name=f"encode {output.name}", daemon=True)
        self._thread.start()

    def write(self, frame: VideoFrame, tick: int) -> None:
        """Feed a frame that is shown at `tick`."""
        if self._error is not None:
            raise self._failure(self._error)
        self._frames.put((tick, frame))

    def close(self) -> None:
        """Tell the encoder that it has all its frames; it finishes on its own."""
        self._frames.put(None)

    def wait(self) -> Proof:
        """Wait for the output to be complete and proven."""
        self._thread.join()
        if self._error is not None:
            raise self._failure(self._error)
        assert self._proof is not None  # noqa: S101
        return self._proof

    def kill(self) -> None:
        """End the thread, whatever it does; harmless when it has ended."""
        self._killed = True
        while self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._frames.put_nowait(None)
            self._thread.join(0.01)

    def _run(self) -> None:
        try:
            written = self._encode()
            if not self._killed:
                self._proof = self._proven(written)
        except Exception as error:  # noqa: BLE001 - raised where the thread is waited for
            self._error = error
            # Whoever writes must not wait; after the closing None there is nothing more to take.
            for _ in self._coming:
                pass

    def _proven(self, written: list[int]) -> Proof:
        edges = Edges(tuple(self._ends.first), tuple(self._ends.last))
        try:
            return prove(self._output, written, self._base, edges, crf=self._encoding.crf)
        except MediaError as error:
            if error.code in (MediaCode.FRAME_COUNT, MediaCode.NOT_THE_SHOT):
                raise
            raise MediaError(
                MediaCode.ENCODE_FAILED,
                f"what was written cannot be read back: {error}; check the disk, or leave that "
                "shot out",
            ) from error

    def _encode(self) -> list[int]:
        """Encode what comes; the times of the frames that came."""
        written: list[int] = []
        file = Mp4(self._output, self._base, self._ticks)
        stream: VideoStream | None = None
        with file.file:
            for tick, frame in self._coming:
                if self._killed:
                    break
                picture = self._chain(frame)
                if stream is None:
                    stream = self._stream(file, picture)
                picture.pts, picture.time_base = tick, self._base
                picture.pict_type = PictureType.NONE
                written.append(tick)
                self._ends.add(picture)
                file.sound_until(tick)
                for packet in stream.encode(picture):
                    file.picture(packet)
            if stream is not None and not self._killed:
                for packet in stream.encode(None):
                    file.picture(packet)
                file.sound_until(None)
        return written

    def _stream(self, file: Mp4, first: VideoFrame) -> VideoStream:
        encoding = self._encoding
        step = int(np.median(np.diff(self._ticks)))
        rate = (1 / (max(1, step) * self._base)).limit_denominator(1_000_000)
        options = {"preset": encoding.preset, "crf": str(encoding.crf)}
        if encoding.codec == "libx265":
            options["x265-params"] = _x265(self._mastering)
        elif encoding.codec == "libx264" and _reads_beyond(first.width):
            options["x264-params"] = f"asm={_UP_TO_AVX2}"
        stream = file.file.add_stream(encoding.codec, rate=rate, options=options)
        assert isinstance(stream, VideoStream)  # noqa: S101
        context = stream.codec_context
        context.width, context.height = first.width, first.height
        context.pix_fmt = first.format.name
        context.sample_aspect_ratio = Fraction(1)
        context.time_base = self._base
        context.colorspace, context.color_range = first.colorspace, first.color_range
        context.color_primaries, context.color_trc = first.color_primaries, first.color_trc
        context.thread_count = 1
        context.flags |= Flags.bitexact
        if encoding.codec == "libx265":
            context.codec_tag = "hvc1"
        if encoding.gop is not None:
            context.gop_size = encoding.gop
        if self._sound is not None:
            file.add_sound(self._sound, encoding.audio_bitrate)
        return stream

    def _failure(self, error: Exception) -> MediaError:
        if isinstance(error, MediaError):
            return error
        if not isinstance(error, (av.error.FFmpegError, OSError, ValueError, MemoryError)):
            raise error
        return MediaError(
            MediaCode.ENCODE_FAILED,
            f"{self._output}: {error}; check the encoding's codec ({self._encoding.codec}) and "
            "pixel format, and the disk",
        )


def _reads_beyond(width: int) -> bool:
    """Whether x264, as it comes, would read what was never written."""
    macroblocks = -(-width // _MACROBLOCK)
    return bool(macroblocks % _STEP and cv2.checkHardwareSupport(_AVX_512F))


def _x265(mastering: Mastering | None) -> str:
    """Parameters of x265: one thread, so that the bytes are the same; what HDR10 says of itself."""
    said = ["log-level=none", "pools=none", "frame-threads=1", "repeat-headers=1"]
    if mastering is not None:
        said += ["hdr10=1", *mastering.x265]
    return ":".join(said)
