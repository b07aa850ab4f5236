"""Frame-accurate clips of a film, all from one decode of it."""

import contextlib
import hashlib
import itertools
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from curation.media.audio import SoundReel, sound_reel
from curation.media.decode import decoded
from curation.media.deinterlace import Deinterlacer
from curation.media.encoder import Encoder, Encoding, Raw, Sound
from curation.media.errors import MediaCode, MediaError
from curation.media.info import VideoInfo, probe
from curation.media.picture import Painter, fit_height, pipeable
from curation.media.scan import scan_of
from curation.media.source import Source, cursor, name_of, opened, video_stream
from curation.media.timeline import Timeline, read_timeline

_JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """A clip to write: frames [start, end) of the film, to `path` (MP4) and its middle frame to
    `still` (JPEG), if wanted.
    """

    start: int
    end: int
    path: Path
    still: Path | None = None


@dataclass(frozen=True, slots=True)
class ClipReport:
    """A clip as written. `frames` is end - start less the frames that did not decode.

    `start_pts` and `end_pts` are seconds of the film's clock; the clip's own clock starts at 0.
    `bytes` and `sha256` are those of the MP4. `deinterlaced` says how the film was scanned and what
    made its pictures whole; it is empty where they are as the film has them.
    """

    path: Path
    frames: int
    start_pts: Fraction
    end_pts: Fraction
    width: int
    height: int
    bytes: int
    sha256: str
    deinterlaced: str


def write_clips(
    source: Source,
    clips: Sequence[ClipSpec],
    *,
    encode: Encoding,
    on_done: Callable[[ClipReport], None] | None = None,
    timeline: Timeline | None = None,
) -> list[ClipReport]:
    """Write `clips` of one film, decoding it once, up to the last frame wanted.

    `clips` are sorted by start; they may abut and overlap. Output is H.264 in MP4, the index
    first, upright, square pixels, every PTS exact and moved so that the clip starts at 0, colour
    tags explicit (also where the film's were guessed), the same bytes for the same input. A
    file appears under its name when it is complete. A picture of two moments (`scan_of`) is made
    one of the first of them, every frame kept (`Deinterlacer`). `on_done` is called in the order
    of `clips`.

    Raises `MediaError`: those of `read_timeline`; DECODE_FAILED when a clip gets no frame;
    ENCODE_FAILED. ValueError when `clips` are unsorted, empty or outside the film.
    """
    known = timeline or read_timeline(source)
    _check_specs(clips, len(known))
    info = probe(source)
    name = name_of(source)
    weave = Deinterlacer(scan_of(source, known, info), info.pix_fmt)
    reports: list[ClipReport] = []
    with contextlib.ExitStack() as stack:
        reel = stack.enter_context(sound_reel(cursor(source))) if encode.audio else None
        picture = stack.enter_context(opened(cursor(source)))
        frames = weave.whole(decoded(picture, video_stream(picture, name), known, name))
        bench = _Bench(name, info, known, encode, reel, weave.how)
        for report in stack.enter_context(contextlib.closing(_cut(frames, clips, bench))):
            reports.append(report)
            if on_done is not None:
                on_done(report)
    return reports


def _check_specs(clips: Sequence[ClipSpec], frames: int) -> None:
    for spec in clips:
        if not 0 <= spec.start < spec.end <= frames:
            raise ValueError(
                f"clip {spec.path}: frames {spec.start} to {spec.end} of a film of {frames}"
            )
    if any(a.start > b.start for a, b in itertools.pairwise(clips)):
        raise ValueError("clips must be sorted by their start")
    outputs = [p for spec in clips for p in (spec.path, spec.still) if p is not None]
    if len(set(outputs)) < len(outputs):
        raise ValueError("two clips have the same path")


@dataclass(frozen=True, slots=True)
class _Bench:
    """What all clips of a film share."""

    name: str
    info: VideoInfo
    timeline: Timeline
    encoding: Encoding
    reel: SoundReel | None
    deinterlaced: str


def _cut(
    frames: Iterator[tuple[int, VideoFrame]], clips: Sequence[ClipSpec], bench: _Bench
) -> Generator[ClipReport]:
    """Hand each frame to the clips it belongs to; reports come in the order of `clips`.

    A clip that has its frames finishes in the background while the next ones are fed, as many
    at once as there are processors.
    """
    waiting = deque(clips)
    jobs: deque[_Job] = deque()
    spare = os.cpu_count() or 1
    to_raw: _RawFrames | None = None
    try:
        while waiting or any(job.rolling for job in jobs):
            index, frame = next(frames, (len(bench.timeline), None))
            if frame is not None:
                to_raw = to_raw or _RawFrames(frame)
                while waiting and waiting[0].start <= index < waiting[0].end:
                    spec = waiting.popleft()
                    jobs.append(_Job(spec, bench, to_raw.shape(bench, spec)))
                frame = to_raw(frame)
            if waiting and waiting[0].end <= index:
                raise MediaError(
                    MediaCode.DECODE_FAILED,
                    f"{bench.name}: no frame of {waiting[0].path} decodes; leave that shot out",
                )
            for job in jobs:
                if job.rolling:
                    job.take(index, frame)
            while jobs and not jobs[0].rolling and sum(not j.rolling for j in jobs) > spare:
                yield jobs[0].finish()
                jobs.popleft()
        while jobs:
            yield jobs[0].finish()
            jobs.popleft()
    finally:
        for job in jobs:
            job.abort()


class _RawFrames:
    """Frames in the one format and size that the pipes carry: the first frame's, or its nearest."""

    def __init__(self, first: VideoFrame) -> None:
        self._format = pipeable(first.format.name)
        self._width, self._height = first.width, first.height
        self._converter = VideoReformatter()

    def shape(self, bench: _Bench, spec: ClipSpec) -> Raw:
        info, timeline = bench.info, bench.timeline
        last = timeline.seconds(spec.end) - timeline.seconds(spec.end - 1)
        return Raw(
            self._format,
            self._width,
            self._height,
            info.rotation,
            info.mirrored,
            info.colour,
            timeline.time_base,
            int(last / timeline.time_base),
        )

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        return self._converter.reformat(frame, self._width, self._height, self._format, threads=1)


class _Job:
    """One clip in the making."""

    def __init__(self, spec: ClipSpec, bench: _Bench, raw: Raw) -> None:
        self._spec = spec
        self._timeline = bench.timeline
        self._deinterlaced = bench.deinterlaced
        self._size = fit_height(bench.info, bench.encoding.height)
        self._painter = Painter(
            self._size, bench.info.colour, bench.info.rotation, mirrored=bench.info.mirrored
        )
        self._partial = _beside(spec.path, ".tmp")
        self._count = 0
        self._last: VideoFrame | None = None
        self._still = spec.still
        self.rolling = True
        sound = self._sound(bench.reel)
        try:
            self._encoder = Encoder(self._partial, raw, self._size, bench.encoding, sound)
        except BaseException:
            self._clear()
            raise

    def _sound(self, reel: SoundReel | None) -> Sound | None:
        if reel is None:
            return None
        start, end = (self._timeline.seconds(i) for i in (self._spec.start, self._spec.end))
        path = _beside(self._spec.path, ".pcm")
        reel.cut(start, end).astype("<f4").tofile(path)
        return Sound(path, reel.rate, reel.layout, reel.channels)

    def take(self, index: int, frame: VideoFrame | None) -> None:
        """Encode frame `index`; one past the clip (or None, the film's end) completes it."""
        spec, pts = self._spec, self._timeline.pts
        if frame is not None and index < spec.end:
            self._encoder.write(frame, int(pts[index] - pts[spec.start]))
            self._count += 1
            self._last = frame
            if index >= (spec.start + spec.end) // 2:
                self._write_still()
        if index + 1 >= spec.end:
            self.rolling = False
            self._write_still()
            self._last = None
            self._encoder.close()

    def _write_still(self) -> None:
        if self._still is None or self._last is None:
            return
        rgb = self._painter.rgb(self._last)
        done, jpeg = cv2.imencode(
            ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        )
        if not done:
            raise MediaError(MediaCode.ENCODE_FAILED, f"{self._still}: OpenCV wrote no JPEG")
        partial = _beside(self._still, ".tmp")
        partial.write_bytes(jpeg.tobytes())
        partial.replace(self._still)
        self._still = None

    def finish(self) -> ClipReport:
        """Wait for the encoder and put the clip in its place."""
        self._encoder.wait()
        digest = hashlib.sha256()
        with self._partial.open("rb") as clip:
            while chunk := clip.read(1 << 20):
                digest.update(chunk)
        size = self._partial.stat().st_size
        self._partial.replace(self._spec.path)
        self._clear()
        return ClipReport(
            path=self._spec.path,
            frames=self._count,
            start_pts=self._timeline.seconds(self._spec.start),
            end_pts=self._timeline.seconds(self._spec.end),
            width=self._size.width,
            height=self._size.height,
            bytes=size,
            sha256=digest.hexdigest(),
            deinterlaced=self._deinterlaced,
        )

    def abort(self) -> None:
        """Leave neither a process nor a partial file."""
        self._encoder.kill()
        self._clear()

    def _clear(self) -> None:
        for suffix in (".tmp", ".pcm"):
            _beside(self._spec.path, suffix).unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
