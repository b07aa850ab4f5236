"""One encoder process: raw frames in through a pipe, one MP4 out."""

import subprocess
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import av.error
import ffmpeg
import imageio_ffmpeg
from av.video.frame import VideoFrame

from curation.media.colour import Colour, is_rgb
from curation.media.errors import MediaCode, MediaError
from curation.media.picture import Size

_PATIENCE = 900
"""Seconds an encoder may take to finish once it has all its frames."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How clips are encoded.

    `height`: at most so many lines, never enlarged, aspect kept, both sides even; None keeps the
    film's. `crf`: x264's constant quality (0 lossless, 18 visually close). `gop`: frames from
    one key frame to the next at most; None leaves it to the codec. `audio`: carry the film's
    first audio stream as AAC at `audio_bitrate`.
    """

    height: int | None = None
    codec: str = "libx264"
    crf: int = 18
    preset: str = "medium"
    pixel_format: str = "yuv420p"
    gop: int | None = None
    audio: bool = False
    audio_bitrate: str = "128k"


@dataclass(frozen=True, slots=True)
class Raw:
    """The raw frames that go in: pixel format and stored size, and how they are to be shown."""

    pix_fmt: str
    width: int
    height: int
    rotation: int
    mirrored: bool
    colour: Colour
    time_base: Fraction
    last_step: int
    """Ticks that the last frame stays."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A file of little-endian float32 samples, interleaved."""

    path: Path
    rate: int
    layout: str
    channels: int


def _command(
    raw: Raw, size: Size, encoding: Encoding, sound: Sound | None, output: Path
) -> list[str]:
    """The ffmpeg command line: deterministic to the byte, timestamps untouched."""
    picture = ffmpeg.input("pipe:0", format="nut", threads=1).video
    picture = picture.filter("setparams", **_tags(raw.colour))
    for name, kwargs in _upright(raw.rotation, mirrored=raw.mirrored):
        picture = picture.filter(name, **kwargs)
    scaling = {"flags": "lanczos+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"}
    if is_rgb(raw.pix_fmt):
        scaling |= {"out_color_matrix": "bt709", "out_range": "limited"}
    picture = picture.filter("scale", size.width, size.height, **scaling).filter("setsar", "1")
    streams = [picture]
    options: dict[str, Any] = {
        "c:v": encoding.codec,
        "crf": encoding.crf,
        "preset": encoding.preset,
        "pix_fmt": encoding.pixel_format,
        "threads": 1,
        "fps_mode": "passthrough",
        "enc_time_base": f"{raw.time_base.numerator}:{raw.time_base.denominator}",
        "video_track_timescale": raw.time_base.denominator,
        "movie_timescale": raw.time_base.denominator,
        "map_metadata": -1,
        "map_chapters": -1,
        "fflags": "+bitexact",
        "flags:v": "+bitexact",
        "movflags": "+faststart",
        "format": "mp4",
    }
    if encoding.gop is not None:
        options["g"] = encoding.gop
    if sound is not None:
        streams.append(
            ffmpeg.input(
                str(sound.path), format="f32le", ar=sound.rate, ch_layout=sound.layout
            ).audio
        )
        options |= {"c:a": "aac", "b:a": encoding.audio_bitrate, "flags:a": "+bitexact"}
    line = (
        ffmpeg.output(*streams, f"file:{output}", **options)
        .global_args("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error")
        .global_args("-filter_threads", "1", "-filter_complex_threads", "1")
        .compile(cmd=imageio_ffmpeg.get_ffmpeg_exe(), overwrite_output=True)
    )
    return [str(word) for word in line]


def _tags(colour: Colour) -> dict[str, str]:
    return {
        "range": colour.range,
        "colorspace": colour.matrix,
        "color_primaries": colour.primaries,
        "color_trc": colour.transfer,
    }


def _upright(rotation: int, *, mirrored: bool) -> list[tuple[str, dict[str, str]]]:
    """Filters that turn a picture counter-clockwise by `rotation` degrees, mirrored before."""
    turns: dict[int, list[tuple[str, dict[str, str]]]] = {
        90: [("transpose", {"dir": "cclock"})],
        180: [("hflip", {}), ("vflip", {})],
        270: [("transpose", {"dir": "clock"})],
    }
    return [("hflip", {})] * mirrored + turns.get(rotation, [])


class Encoder:
    """A running encoder. `write` each frame, `close`, then `wait`; or `kill` at any time.

    What ffmpeg says goes to an unnamed file, so its pipe cannot fill and stall it.
    Every failure is a `MediaError` ENCODE_FAILED.
    """

    def __init__(
        self,
        output: Path,
        raw: Raw,
        size: Size,
        encoding: Encoding,
        sound: Sound | None,
    ) -> None:
        self._output = output
        self._base = raw.time_base
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            _command(raw, size, encoding, sound, output),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            pipesize=1 << 20,
        )
        try:
            self._pipe = av.open(self._process.stdin, "w", format="nut", buffer_size=1 << 18)
            # NUT stores no durations; ffmpeg takes the rate for the one that no next frame tells.
            self._stream = self._pipe.add_stream(
                "rawvideo", rate=1 / (raw.last_step * raw.time_base)
            )
            self._stream.width, self._stream.height = raw.width, raw.height
            self._stream.pix_fmt = raw.pix_fmt
            self._stream.codec_context.time_base = raw.time_base
        except OverflowError as error:
            self.kill()
            seconds = float(raw.last_step * raw.time_base)
            raise MediaError(
                MediaCode.ENCODE_FAILED,
                f"{output}: its last frame stays {seconds:.0f} s, more than a file can say; "
                "leave that shot out or mend the film's time stamps",
            ) from error
        except BaseException:
            self.kill()
            raise

    def write(self, frame: VideoFrame, pts: int) -> None:
        """Feed a frame with its time in ticks."""
        frame.pts, frame.time_base = pts, self._base
        try:
            self._pipe.mux(self._stream.encode(frame))
        except (av.error.FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Tell the encoder that it has all its frames; it finishes on its own."""
        try:
            self._pipe.mux(self._stream.encode(None))
            self._pipe.close()
            self._stdin().close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def wait(self) -> None:
        """Wait for the output to be complete."""
        try:
            status = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise self._failure(error) from error
        if status != 0:
            raise self._failure(RuntimeError(f"exit status {status}"))
        self._said.close()

    def kill(self) -> None:
        """End the process, whatever it does; harmless when it has ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for leftover in (self._pipe_or_none(), self._process.stdin):
            if leftover is not None:
                try:
                    leftover.close()
                except (av.error.FFmpegError, OSError):
                    continue
        self._said.close()

    def _pipe_or_none(self) -> Any:
        return getattr(self, "_pipe", None)

    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101
        return self._process.stdin

    def _failure(self, error: Exception) -> MediaError:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._said.seek(0)
        tail = self._said.read()[-1500:].decode(errors="replace").strip()
        return MediaError(
            MediaCode.ENCODE_FAILED,
            f"{self._output}: {error}; ffmpeg said: {tail or 'nothing'}; "
            "check the encoding's codec and pixel format, and the disk",
        )
