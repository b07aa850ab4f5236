"""Frames of a film, in presentation order, from one decode."""

from collections.abc import Iterator

import av.error
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from curation.media.device import DeviceChoice, accelerator, choose_device, scaling_decoder
from curation.media.errors import MediaCode, MediaError
from curation.media.frame import Frame
from curation.media.info import probe
from curation.media.picture import Easel, Size, stored_size
from curation.media.source import Source, check_size, name_of, opened, packets, video_stream
from curation.media.timeline import Timeline, read_timeline

_TAIL = 16
"""Frames that a decoder may hold back: fewer missing at the end are no failure of the film."""


def frames(
    source: Source,
    *,
    width: int = 320,
    device: str = "auto",
    timeline: Timeline | None = None,
    fields: bool = False,
) -> Iterator[Frame]:
    """Decode a film once, at analysis size: at most `width` wide, never enlarged, even height.

    `index` and `pts` are those of `read_timeline` (pass `timeline` to spare reading it again). A
    frame that does not decode is left out, so indices may have gaps. `fields`: pictures of one
    field will be asked for, so that a card must not make them small. Raises `MediaError`: those
    of `read_timeline` at the first step; after the last frame that can be had, TRUNCATED or
    DECODE_FAILED; NO_CUDA.
    """
    if width < 2:
        raise ValueError(f"width {width}: at least 2 pixels")
    info = probe(source)
    known = timeline or read_timeline(source)
    choice = choose_device(device)
    easel = Easel(info)
    small = stored_size(info, width) if choice.scales and not fields else None
    for index, frame in _decoded(source, known, choice, small):
        yield Frame(index, known.seconds(index), easel.picture(frame), width)
    if known.truncated:
        raise MediaError(
            MediaCode.TRUNCATED,
            f"{name_of(source)}: ends before it says itself, after {len(known)} frames; fetch it "
            "again",
        )


def _decoded(
    source: Source, timeline: Timeline, choice: DeviceChoice, small: Size | None
) -> Iterator[tuple[int, VideoFrame]]:
    """Frames from the chosen device, made small there if a size is given and the card takes it."""
    name = name_of(source)
    if small is not None:
        count = 0
        try:
            with opened(source) as container:
                stream = video_stream(container, name)
                decoder = scaling_decoder(stream.codec_context, small.width, small.height)
                if decoder is not None:
                    for one in decoded(container, stream, timeline, name, decoder):
                        count += 1
                        yield one
                    return
        except MediaError as fault:
            # Of ten bits or with full chroma the card takes less than its codec may hold.
            if count or fault.code is not MediaCode.DECODE_FAILED:
                raise
    with opened(source, hwaccel=accelerator(choice)) as container:
        yield from decoded(container, video_stream(container, name), timeline, name)


def decoded(
    container: InputContainer,
    stream: VideoStream,
    timeline: Timeline,
    name: str,
    decoder: VideoCodecContext | None = None,
) -> Iterator[tuple[int, VideoFrame]]:
    """Native frames with their index on `timeline`, strictly increasing, by the stream's decoder
    or another.

    Goes on past damage, leaving out what it spoilt. Raises DECODE_FAILED after the last frame when
    errors cost the film's end or all of it.
    """
    stream.thread_type = "AUTO"
    last = -1
    trouble: Exception | None = None
    for packet in packets(container, stream, name):
        try:
            batch = (decoder or stream.codec_context).decode(packet)
        except (av.error.FFmpegError, MemoryError) as error:
            trouble = error
            continue
        for frame in batch:
            index = _index(timeline, frame, last)
            if index is None:
                continue
            check_size(frame.width, frame.height, name)
            last = index
            if frame.is_corrupt:
                trouble = av.error.InvalidDataError(0, "a damaged frame")
                continue
            yield index, frame
    if last < 0 or (trouble is not None and last < len(timeline) - _TAIL):
        raise MediaError(
            MediaCode.DECODE_FAILED,
            f"{name}: decodes up to frame {last + 1} of {len(timeline)} "
            f"({trouble or 'no error told'}); fetch or transcode it again",
        )


def _index(timeline: Timeline, frame: VideoFrame, last: int) -> int | None:
    if timeline.by_order:
        return last + 1 if last + 1 < len(timeline) else None
    if frame.pts is None:
        return None
    expected = last + 1
    if expected < len(timeline) and int(timeline.pts[expected]) == frame.pts:
        return expected
    index = timeline.index_at(frame.pts)
    return index if index > last and int(timeline.pts[index]) == frame.pts else None
