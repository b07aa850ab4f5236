"""What a film file is: streams, geometry, colour, rates. Reads headers and one frame."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import cast

import av.error
from av.audio.stream import AudioStream
from av.buffer import Buffer
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from curation.media.colour import Colour, resolve
from curation.media.source import Source, name_of, opened, packets, video_stream
from curation.media.structure import crop

_FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
_PROBE_PACKETS = 64


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """One audio stream. `sample_rate` in hertz; `layout` as FFmpeg names it ("stereo", "5.1")."""

    codec: str
    sample_rate: int
    channels: int
    layout: str


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The film's picture and what travels with it.

    `width` and `height` are stored pixels; `display_width` and `display_height` are square pixels,
    upright: after sample aspect ratio and `rotation` (degrees counter-clockwise that the
    picture must be turned, 0, 90, 180 or 270, left and right exchanged before if `mirrored`).
    `duration` is in seconds. `guessed` names the colour fields that the file left unspecified.
    `field_order` is what the file says: "progressive", "tt", "bb", "tb", "bt" or "unknown".
    `crop` is what the container has cut off, in stored pixels at the top, bottom, left and right;
    it is not applied: pictures are whole. `by_fields` is no header's to say but `scan_of`'s: a
    picture shows two moments, line by line.
    """

    container: str
    codec: str
    profile: str | None
    width: int
    height: int
    display_width: int
    display_height: int
    sample_aspect_ratio: Fraction
    rotation: int
    mirrored: bool
    pix_fmt: str
    bit_depth: int
    matrix: str
    primaries: str
    transfer: str
    colour_range: str
    guessed: tuple[str, ...]
    average_rate: Fraction | None
    time_base: Fraction
    duration: Fraction | None
    field_order: str
    audio: tuple[AudioInfo, ...]
    video_streams: int
    crop: tuple[int, int, int, int] | None = None
    by_fields: bool = False

    @property
    def colour(self) -> Colour:
        """The colour fields as one value."""
        return Colour(self.matrix, self.primaries, self.transfer, self.colour_range, self.guessed)


def probe(source: Source) -> VideoInfo:
    """Describe `source` from its headers and its first frame that decodes.

    Raises `MediaError`: CANNOT_OPEN, EMPTY_FILE, NO_VIDEO, UNSUPPORTED_CODEC, ENCRYPTED,
    ABSURD_HEADER, DECODE_FAILED.
    """
    name = name_of(source)
    with opened(source) as container:
        stream = video_stream(container, name)
        info = _describe(container, stream, _first_frame(container, stream, name))
    return replace(info, crop=crop(source))


def _first_frame(container: InputContainer, stream: VideoStream, name: str) -> VideoFrame | None:
    for count, packet in enumerate(packets(container, stream, name)):
        try:
            for frame in packet.decode():
                return frame
        except av.error.FFmpegError:
            continue
        if count == _PROBE_PACKETS:
            break
    return None


def _describe(
    container: InputContainer, stream: VideoStream, frame: VideoFrame | None
) -> VideoInfo:
    context = stream.codec_context
    width, height = context.width, context.height
    pix_fmt = frame.format.name if frame else context.pix_fmt or "unknown"
    rotation, mirrored = _uprighting(frame)
    aspect = stream.sample_aspect_ratio or Fraction(1)
    if not Fraction(1, 16) < aspect < 16:
        aspect = Fraction(1)
    display = max(1, round(width * aspect)), height
    if rotation % 180:
        display = display[1], display[0]
    colour = resolve(
        matrix=context.colorspace,
        primaries=context.color_primaries,
        transfer=context.color_trc,
        colour_range=context.color_range,
        pix_fmt=pix_fmt,
        height=height,
    )
    return VideoInfo(
        container=container.format.name,
        codec=context.codec.canonical_name,
        profile=stream.profile,
        width=width,
        height=height,
        display_width=display[0],
        display_height=display[1],
        sample_aspect_ratio=aspect,
        rotation=rotation,
        mirrored=mirrored,
        pix_fmt=pix_fmt,
        bit_depth=_depth(frame),
        matrix=colour.matrix,
        primaries=colour.primaries,
        transfer=colour.transfer,
        colour_range=colour.range,
        guessed=colour.guessed,
        average_rate=stream.average_rate or None,
        time_base=time_base(stream),
        duration=_duration(container, stream),
        field_order=_FIELD_ORDERS.get(context.field_order, "unknown"),
        audio=tuple(_audio(s) for s in container.streams.audio if s.codec_context is not None),
        video_streams=len(container.streams.video),
    )


def _uprighting(frame: VideoFrame | None) -> tuple[int, bool]:
    """Degrees counter-clockwise, and whether to mirror before, of a frame's display matrix."""
    try:
        data = cast("Mapping[str, Buffer]", frame.side_data if frame else {})
    except ValueError:
        # PyAV 18.1 does not list what goes with a picture that has Exif data.
        return frame.rotation % 360 if frame else 0, False
    matrix = data.get("DISPLAYMATRIX")
    if matrix is None:
        return 0, False
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    return round(-math.degrees(math.atan2(b, a)) / 90) * 90 % 360, mirrored


def time_base(stream: VideoStream | AudioStream) -> Fraction:
    """Seconds per PTS tick of a stream."""
    return stream.time_base or Fraction(1, 90_000)


def _depth(frame: VideoFrame | None) -> int:
    return max((c.bits for c in frame.format.components), default=8) if frame else 8


def _duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration is not None and stream.duration > 0:
        return stream.duration * time_base(stream)
    if container.duration is not None and container.duration > 0:
        return Fraction(container.duration, 1_000_000)
    return None


def _audio(stream: AudioStream) -> AudioInfo:
    context = stream.codec_context
    return AudioInfo(
        context.codec.canonical_name, context.sample_rate, context.channels, context.layout.name
    )
