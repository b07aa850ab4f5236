"""Clips of the film's own packets: shots that begin at a key frame and need no change."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import av.error
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from curation.media.audio import SoundReel
from curation.media.bench import Bench, ClipReport, ClipSpec, beside, write_still
from curation.media.colour import codes
from curation.media.errors import MediaError
from curation.media.info import VideoInfo
from curation.media.mp4 import Mp4, Sound
from curation.media.picture import Size, fit_height, size_of
from curation.media.proof import Edges, prove
from curation.media.source import Source, cursor, name_of, opened, packets, video_stream
from curation.media.sparse import can_be_sparse, natives
from curation.media.timeline import Timeline

_CODECS: Final = {"libx264": "h264", "libx265": "hevc"}
"""By encoder, the codec whose packets may stand in for what it would write."""

Span = tuple[int, int, Path]


def keeps(info: VideoInfo, codec: str, pixel_format: str, size: Size) -> bool:
    """Whether a film's pictures are what its clips' would be, in codec, format, size and turn."""
    return (
        info.codec == _CODECS.get(codec)
        and info.pix_fmt == pixel_format
        and size == fit_height(size_of(info), None)
        and (size.width, size.height) == (info.width, info.height)
        and info.rotation == 0
        and not info.mirrored
        and info.sample_aspect_ratio == 1
    )


def closed(timeline: Timeline, start: int, end: int) -> bool:
    """Whether frames [start, end) are a run of packets that begins at a key frame.

    What is shown before a key frame and stored behind it (an open group of pictures), and a last
    frame that refers to one shown after it, break the run.
    """
    if not can_be_sparse(timeline) or not timeline.key[start]:
        return False
    first = int(np.flatnonzero(timeline.order == start)[0])
    run = timeline.order[first : first + end - start]
    return len(run) == end - start and bool((np.sort(run) == np.arange(start, end)).all())


def copied(
    source: Source, clips: Sequence[ClipSpec], bench: Bench, reel: SoundReel | None
) -> Iterator[ClipReport]:
    """Clips of the film's own packets; those whose proof fails are left to be encoded."""
    by_path = {beside(spec.path): spec for spec in clips}
    spans = [(spec.start, spec.end, path) for path, spec in by_path.items()]
    wanted = np.zeros(len(bench.timeline), np.bool_)
    for spec in clips:
        wanted[list(_seen(spec))] = True
    frames: dict[int, VideoFrame] = {}
    with ExitStack() as stack:
        walk = natives(cursor(source), bench.timeline, wanted)
        stack.enter_context(closing(walk))
        written = _written(
            cursor(source),
            bench.timeline,
            bench.info,
            spans,
            lambda path: bench.sound(reel, by_path[path]),
            bench.encoding.audio_bitrate,
        )
        stack.callback(_remove, list(by_path))
        stack.enter_context(closing(written))
        pending = dict(by_path)
        for path in written:
            spec = pending.pop(path)
            first, middle, last = _seen(spec)
            try:
                while last not in frames:
                    index, frame = next(walk)
                    frames[index] = frame
                edges = Edges((frames[first],), (frames[last],))
                cadence = bench.cadence(spec)
                proof = prove(path, cadence.ticks[:-1], cadence.base, edges, crf=0)
                if spec.still is not None:
                    write_still(spec.still, bench.rgb(frames[middle], None))
            except (MediaError, KeyError, StopIteration):
                continue
            yield bench.report(spec, path, spec.end - spec.start, proof, copied=True)
            needed_from = min((s.start for s in pending.values()), default=len(bench.timeline))
            frames = {i: f for i, f in frames.items() if i >= needed_from}


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _seen(spec: ClipSpec) -> tuple[int, int, int]:
    """The frames of a copied clip that are looked at: first, middle, last."""
    return spec.start, (spec.start + spec.end) // 2, spec.end - 1


def _written(
    source: Source,
    timeline: Timeline,
    info: VideoInfo,
    spans: Sequence[Span],
    sound: Callable[[Path], Sound | None],
    bit_rate: int,
) -> Generator[Path]:
    """Write each span (start, end, path), all `closed` and sorted, reading the film once.

    Times, colour tags and `sound` (asked for in order) are written as those of
    encoded clips are. Paths come as they are done; a span that the film's container does not let
    copy is left out. Raises `MediaError`.
    """
    name = name_of(source)
    places = {int(index): at for at, index in enumerate(timeline.order)}
    waiting = deque(spans)
    with opened(source) as container, ExitStack() as stack:
        stream = video_stream(container, name)
        shown = (p for p in packets(container, stream, name) if p.size and not p.is_discard)
        rolling: list[_Copy] = []
        for at, packet in enumerate(shown):
            while waiting and places[waiting[0][0]] == at:
                span = waiting.popleft()
                rolling.append(_Copy(stream, timeline, info, span, sound(span[2]), bit_rate))
                stack.callback(rolling[-1].abort)
            for job in rolling:
                job.take(packet)
            yield from (job.path for job in rolling if job.is_done)
            rolling = [job for job in rolling if job.is_open]
            if not waiting and not rolling:
                return


class _Copy:
    """One clip in the making."""

    def __init__(
        self,
        stream: VideoStream,
        timeline: Timeline,
        info: VideoInfo,
        span: Span,
        sound: Sound | None,
        bit_rate: int,
    ) -> None:
        start, end, self.path = span
        self.is_open, self.is_done = True, False
        self._left = end - start
        ticks = [
            *map(int, timeline.pts[start:end]),
            int(timeline.seconds(end) / timeline.time_base),
        ]
        self._file = Mp4(self.path, timeline.time_base, ticks)
        self._stream = self._file.file.add_stream_from_template(stream)
        if info.codec == "hevc":
            self._stream.codec_context.codec_tag = "hvc1"
        said = codes(info.colour)
        self._tags = BitStreamFilterContext(f"{info.codec}_metadata={said}", stream, self._stream)
        if sound is not None:
            self._file.add_sound(sound, bit_rate)

    def take(self, packet: "Packet[VideoStream]") -> None:
        self._left -= 1
        try:
            if packet.pts is None or packet.dts is None:
                raise ValueError("a packet carries no time")
            own = Packet(bytes(packet))
            own.pts, own.dts, own.duration = packet.pts, packet.dts, packet.duration
            own.time_base, own.is_keyframe = self._file.base, packet.is_keyframe
            self._file.sound_until(packet.dts)
            self._write(self._tags.filter(own))
            if not self._left:
                self._write(self._tags.filter(None))
                self._file.sound_until(None)
                self._file.close()
                self.is_open, self.is_done = False, True
        except (av.error.FFmpegError, ValueError, OSError):
            self.abort()

    def _write(self, filtered: "list[Packet[VideoStream]]") -> None:
        for packet in filtered:
            packet.stream = self._stream
            self._file.picture(packet)

    def abort(self) -> None:
        """Let go of a clip that is not finished."""
        if self.is_open:
            self.is_open = False
            try:
                self._file.close()
            except (av.error.FFmpegError, ValueError, OSError):
                return
