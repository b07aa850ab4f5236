"""Frame-accurate clips of a film, all from one decode of it, each proven to hold its shot."""

import contextlib
import hashlib
import itertools
import os
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from curation.media.audio import SoundReel, sound_reel
from curation.media.chain import Chain, upright
from curation.media.copying import closed, copy, keeps
from curation.media.decode import decoded
from curation.media.deinterlace import Deinterlacer
from curation.media.encoder import Encoder, Encoding
from curation.media.errors import MediaCode, MediaError
from curation.media.frame import Pixels
from curation.media.hdr import Mastering, is_hdr, mastering_of
from curation.media.info import VideoInfo, probe
from curation.media.mp4 import Sound
from curation.media.picture import Painter, Size, fit_height
from curation.media.plan import Mask
from curation.media.proof import Edges, Proof, prove
from curation.media.scan import scan_of
from curation.media.source import Source, cursor, name_of, opened, video_stream
from curation.media.sparse import can_be_sparse, natives, needed
from curation.media.timeline import Timeline, read_timeline
from curation.media.tone_map import METHOD, write_cube

_JPEG_QUALITY: Final = 90
_FINISHING: Final = 4
"""Clips that finish in the background at most: each holds some 50 frames."""
_SPARSE: Final = 0.9
"""Share of a film's packets above which all are decoded, on as many threads as there are."""


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """A clip to write: frames [start, end) of the film, to `path` (MP4) and its middle frame to
    `still` (JPEG), if wanted. `sound`: it may carry sound, if the encoding says so.
    """

    start: int
    end: int
    path: Path
    still: Path | None = None
    sound: bool = True


@dataclass(frozen=True, slots=True)
class ClipReport:
    """A clip as written. `frames` is end - start less the frames that did not decode.

    `start_pts` and `end_pts` are seconds of the film's clock; the clip's own clock starts at 0.
    `bytes` and `sha256` are those of the MP4. `deinterlaced` says how the film was scanned and what
    made its pictures whole, `tone_mapped` how HDR became SDR; they are empty where pictures are as
    the film has them. `copied`: the packets are the film's own.
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
    tone_mapped: str
    copied: bool
    proof: Proof


def write_clips(
    source: Source,
    clips: Sequence[ClipSpec],
    *,
    encode: Encoding,
    on_done: Callable[[ClipReport], None] | None = None,
    timeline: Timeline | None = None,
) -> list[ClipReport]:
    """Write `clips` of one film, decoding it once at most, up to the last frame wanted.

    `clips` are sorted by start; they may abut and overlap. Output is H.264 (HEVC for HDR that is
    kept) in MP4, the index first, upright, square pixels, every PTS exact and moved so that the
    clip starts at 0, colour tags explicit (also where the film's were guessed), the same bytes for
    the same input. A file appears under its name when it is complete and its first and last frame,
    decoded again, are the shot's (`prove`). A picture of two moments (`scan_of`) is made one of the
    first of them, every frame kept (`Deinterlacer`). `on_done` is called as clips are done: those
    of the film's own packets first, each kind in the order of `clips`.

    Raises `MediaError`: those of `read_timeline`; DECODE_FAILED when a clip gets no frame;
    ENCODE_FAILED; NOT_THE_SHOT. ValueError when `clips` are unsorted, empty or outside the film.
    """
    known = timeline or read_timeline(source)
    _check_specs(clips, len(known))
    info = probe(source)
    weave = Deinterlacer(scan_of(source, known, info), info.pix_fmt)
    reports: dict[Path, ClipReport] = {}
    with tempfile.TemporaryDirectory(prefix="curation-lut-") as folder:
        bench = _Bench(name_of(source), info, known, encode.of(info), weave.how, Path(folder))

        def done(found: Iterator[ClipReport]) -> None:
            for report in found:
                reports[report.path] = report
                if on_done is not None:
                    on_done(report)

        if _may_copy(bench):
            run = [spec for spec in clips if closed(known, spec.start, spec.end)]
            with _sound(source, bench) as reel:
                done(_copied(source, run, bench, reel))
        left = [spec for spec in clips if spec.path not in reports]
        if left and not weave.how and _is_sparse(known, left):
            with contextlib.suppress(MediaError):
                done(_encoded(source, left, bench, None))
            left = [spec for spec in clips if spec.path not in reports]
        if left:
            done(_encoded(source, left, bench, weave))
    return [reports[spec.path] for spec in clips]


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
    deinterlaced: str
    folder: Path

    @property
    def size(self) -> Size:
        return fit_height(self.info, self.encoding.height)

    @property
    def tone_mapped(self) -> str:
        return METHOD if self.encoding.tone_maps(self.info) else ""

    def chain(self, first: VideoFrame, mastering: Mastering | None) -> Chain:
        """The filters of a clip whose first frame is given."""
        return Chain(
            first,
            upright(self.info.rotation, mirrored=self.info.mirrored),
            self.size,
            self.info.colour,
            self.encoding.pixel_format,
            self.lut(mastering) if self.tone_mapped else None,
        )

    def rgb(self, frame: VideoFrame) -> Pixels:
        """A still (height, width, 3) of BT.709 or whatever SDR the film has."""
        info, size = self.info, self.size
        if not is_hdr(info):
            painter = Painter(size, info.colour, info.rotation, mirrored=info.mirrored)
            return painter.rgb(frame)
        steps = upright(info.rotation, mirrored=info.mirrored)
        lut = self.lut(mastering_of(frame))
        mapped = Chain(frame, steps, size, info.colour, "rgb24", lut)(frame)
        return np.asarray(mapped.to_ndarray(), np.uint8)

    def ticks(self, spec: ClipSpec) -> list[int]:
        """The times of a clip's frames and its end."""
        times = self.timeline.pts[spec.start : spec.end]
        return [*map(int, times), self.timeline.ticks(spec.end)]

    def lut(self, mastering: Mastering | None) -> Path:
        """The table that maps the film's pictures to BT.709."""
        path = self.folder / "bt709.cube"
        if not path.exists():
            most = mastering.luminance[1] if mastering and mastering.luminance else None
            write_cube(path, self.info.transfer, most)
        return path

    def sound(self, reel: SoundReel | None, spec: ClipSpec) -> Sound | None:
        if reel is None or not spec.sound:
            return None
        start, end = (self.timeline.seconds(i) for i in (spec.start, spec.end))
        return Sound(reel.cut(start, end), reel.rate, reel.layout)

    def report(
        self, spec: ClipSpec, written: Path, frames: int, proof: Proof, *, copied: bool = False
    ) -> ClipReport:
        """Put a clip in its place."""
        digest = hashlib.sha256()
        with written.open("rb") as clip:
            while chunk := clip.read(1 << 20):
                digest.update(chunk)
        size = written.stat().st_size
        written.replace(spec.path)
        return ClipReport(
            path=spec.path,
            frames=frames,
            start_pts=self.timeline.seconds(spec.start),
            end_pts=self.timeline.seconds(spec.end),
            width=self.size.width,
            height=self.size.height,
            bytes=size,
            sha256=digest.hexdigest(),
            deinterlaced=self.deinterlaced,
            tone_mapped=self.tone_mapped,
            copied=copied,
            proof=proof,
        )


@contextlib.contextmanager
def _sound(source: Source, bench: _Bench) -> Iterator[SoundReel | None]:
    if not bench.encoding.audio:
        yield None
        return
    with sound_reel(cursor(source)) as reel:
        yield reel


def _may_copy(bench: _Bench) -> bool:
    """Whether clips of this film may be of its own packets."""
    encoding = bench.encoding
    alike = keeps(bench.info, encoding.codec, encoding.pixel_format, bench.size)
    return encoding.stream_copy and alike and not bench.deinterlaced and not bench.tone_mapped


def _copied(
    source: Source, clips: Sequence[ClipSpec], bench: _Bench, reel: SoundReel | None
) -> Iterator[ClipReport]:
    """Clips of the film's own packets; those whose proof fails are left to be encoded."""
    by_path = {_beside(spec.path): spec for spec in clips}
    spans = [(spec.start, spec.end, path) for path, spec in by_path.items()]
    wanted = np.zeros(len(bench.timeline), np.bool_)
    for spec in clips:
        wanted[list(_seen(spec))] = True
    frames: dict[int, VideoFrame] = {}
    with contextlib.ExitStack() as stack:
        walk = natives(cursor(source), bench.timeline, wanted)
        stack.enter_context(contextlib.closing(walk))
        written = copy(
            cursor(source),
            bench.timeline,
            bench.info,
            spans,
            lambda path: bench.sound(reel, by_path[path]),
            bench.encoding.audio_bitrate,
        )
        stack.callback(_remove, list(by_path))
        stack.enter_context(contextlib.closing(written))
        pending = dict(by_path)
        for path in written:
            spec = pending.pop(path)
            first, middle, last = _seen(spec)
            try:
                while last not in frames:
                    index, frame = next(walk)
                    frames[index] = frame
                edges = Edges((frames[first],), (frames[last],))
                ticks = bench.ticks(spec)
                proof = prove(path, ticks[:-1], bench.timeline.time_base, edges, crf=0)
                if spec.still is not None:
                    _write_still(spec.still, bench.rgb(frames[middle]))
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


def _is_sparse(timeline: Timeline, clips: Sequence[ClipSpec]) -> bool:
    """Whether the frames of clips are had for clearly less than all of the film's."""
    if not can_be_sparse(timeline):
        return False
    return float(needed(timeline, _wanted(timeline, clips)).mean()) < _SPARSE


def _wanted(timeline: Timeline, clips: Sequence[ClipSpec]) -> Mask:
    wanted = np.zeros(len(timeline), np.bool_)
    for spec in clips:
        wanted[spec.start : spec.end] = True
    return wanted


def _encoded(
    source: Source, clips: Sequence[ClipSpec], bench: _Bench, weave: Deinterlacer | None
) -> Iterator[ClipReport]:
    """Clips encoded from one decode; without a `weave`, of no more frames than are needed."""
    with contextlib.ExitStack() as stack:
        reel = stack.enter_context(_sound(source, bench))
        frames: Iterator[tuple[int, VideoFrame]]
        if weave is None:
            frames = natives(cursor(source), bench.timeline, _wanted(bench.timeline, clips))
        else:
            picture = stack.enter_context(opened(cursor(source)))
            stream = video_stream(picture, bench.name)
            frames = weave.whole(decoded(picture, stream, bench.timeline, bench.name))
        yield from stack.enter_context(contextlib.closing(_cut(frames, clips, bench, reel)))


def _cut(
    frames: Iterator[tuple[int, VideoFrame]],
    clips: Sequence[ClipSpec],
    bench: _Bench,
    reel: SoundReel | None,
) -> Generator[ClipReport]:
    """Hand each frame to the clips it belongs to; reports come in the order of `clips`.

    A clip that has its frames finishes in the background while the next ones are fed.
    """
    waiting = deque(clips)
    jobs: deque[_Job] = deque()
    spare = min(_FINISHING, os.cpu_count() or 1)
    alike: _Alike | None = None
    try:
        while waiting or any(job.rolling for job in jobs):
            index, frame = next(frames, (len(bench.timeline), None))
            if frame is not None:
                alike = alike or _Alike(frame)
                frame = alike(frame)
                frame.pts = int(bench.timeline.pts[index])
                frame.time_base = bench.timeline.time_base
                while waiting and waiting[0].start <= index < waiting[0].end:
                    spec = waiting.popleft()
                    jobs.append(_Job(spec, bench, frame, bench.sound(reel, spec)))
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


class _Alike:
    """Frames in one format and size: the first frame's."""

    def __init__(self, first: VideoFrame) -> None:
        self._form = first.width, first.height, first.format.name
        self._converter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        return self._converter.reformat(frame, *self._form, threads=1)


class _Job:
    """One clip in the making."""

    def __init__(
        self, spec: ClipSpec, bench: _Bench, first: VideoFrame, sound: Sound | None
    ) -> None:
        self._spec = spec
        self._bench = bench
        self._partial = _beside(spec.path)
        self._count = 0
        self._last: VideoFrame | None = None
        self._still = spec.still
        self.rolling = True
        mastering = mastering_of(first)
        self._encoder = Encoder(
            self._partial,
            bench.chain(first, mastering),
            bench.ticks(spec),
            bench.timeline.time_base,
            bench.encoding,
            sound,
            mastering,
        )

    def take(self, index: int, frame: VideoFrame | None) -> None:
        """Encode frame `index`; one past the clip (or None, the film's end) completes it."""
        spec = self._spec
        if frame is not None and index < spec.end:
            self._encoder.write(frame)
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
        if self._still is not None and self._last is not None:
            _write_still(self._still, self._bench.rgb(self._last))
            self._still = None

    def finish(self) -> ClipReport:
        """Wait for the encoder and put the clip in its place."""
        proof = self._encoder.wait()
        return self._bench.report(self._spec, self._partial, self._count, proof)

    def abort(self) -> None:
        """Leave neither a thread nor a partial file."""
        self._encoder.kill()
        self._partial.unlink(missing_ok=True)


def _write_still(path: Path, rgb: Pixels) -> None:
    done, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not done:
        raise MediaError(MediaCode.ENCODE_FAILED, f"{path}: OpenCV wrote no JPEG")
    partial = _beside(path)
    partial.write_bytes(jpeg.tobytes())
    partial.replace(path)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.tmp")
