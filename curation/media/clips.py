"""Frame-accurate clips of a film, all from one decode of it, each proven to hold its shot."""

import contextlib
import itertools
import os
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

from av.video.frame import VideoFrame

from curation.media.audio import SoundReel, sound_reel
from curation.media.bench import Bench, ClipReport, ClipSpec
from curation.media.copying import closed, copied, keeps
from curation.media.decode import decoded
from curation.media.deinterlace import Deinterlacer
from curation.media.encoder import Encoding
from curation.media.errors import MediaCode, MediaError
from curation.media.info import probe
from curation.media.job import Alike, Job
from curation.media.scan import scan_of
from curation.media.source import Source, cursor, name_of, opened, video_stream
from curation.media.sparse import can_be_sparse, natives, needed
from curation.media.timeline import Timeline, read_timeline

__all__ = ["ClipReport", "ClipSpec", "write_clips"]

_FINISHING: Final = 4
"""Clips that finish in the background at most: each holds some 50 frames."""
_SPARSE: Final = 0.9
"""Share of a film's packets above which all are decoded, on as many threads as there are."""


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
    decoded again, are the shot's (`prove`), of a constant rate those that it shows. A picture of
    two moments (`scan_of`) is made one of the first of them, every frame kept (`Deinterlacer`).
    Clips that nothing is to be changed of may be of the film's own packets; none is that is cropped
    or of a constant rate. `on_done` is called as clips are done: those of the film's own packets
    first, each kind in the order of `clips`.

    Raises `MediaError`: those of `read_timeline`; DECODE_FAILED when a clip gets no frame;
    ENCODE_FAILED; NOT_THE_SHOT; NOT_A_BAR where what a crop cuts off holds picture. ValueError when
    `clips` are unsorted, empty or outside the film, or a crop is outside its picture.
    """
    known = timeline or read_timeline(source)
    _check_specs(clips, len(known))
    info = probe(source)
    for spec in clips:
        if spec.crop is not None:
            spec.crop.within(info)
    weave = Deinterlacer(scan_of(source, known, info), info.pix_fmt)
    reports: dict[Path, ClipReport] = {}
    with tempfile.TemporaryDirectory(prefix="curation-lut-") as folder:
        bench = Bench(name_of(source), info, known, encode.of(info), weave.how, Path(folder))

        def done(found: Iterator[ClipReport]) -> None:
            for report in found:
                reports[report.path] = report
                if on_done is not None:
                    on_done(report)

        if _may_copy(bench):
            whole = (spec for spec in clips if spec.crop is None)
            run = [spec for spec in whole if closed(known, spec.start, spec.end)]
            with _sound(source, bench) as reel:
                done(copied(source, run, bench, reel))
        left = [spec for spec in clips if spec.path not in reports]
        if left and not weave.how and _is_sparse(bench, left):
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


@contextlib.contextmanager
def _sound(source: Source, bench: Bench) -> Iterator[SoundReel | None]:
    if not bench.encoding.audio:
        yield None
        return
    with sound_reel(cursor(source)) as reel:
        yield reel


def _may_copy(bench: Bench) -> bool:
    """Whether clips of this film that are not cropped may be of its own packets."""
    encoding = bench.encoding
    alike = keeps(bench.info, encoding.codec, encoding.pixel_format, bench.size())
    changed = bench.deinterlaced or bench.tone_mapped or encoding.fps is not None
    return encoding.stream_copy and alike and not changed


def _is_sparse(bench: Bench, clips: Sequence[ClipSpec]) -> bool:
    """Whether the frames of clips are had for clearly less than all of the film's."""
    if not can_be_sparse(bench.timeline):
        return False
    return float(needed(bench.timeline, bench.wanted(clips)).mean()) < _SPARSE


def _encoded(
    source: Source, clips: Sequence[ClipSpec], bench: Bench, weave: Deinterlacer | None
) -> Iterator[ClipReport]:
    """Clips encoded from one decode; without a `weave`, of no more frames than are needed."""
    with contextlib.ExitStack() as stack:
        reel = stack.enter_context(_sound(source, bench))
        frames: Iterator[tuple[int, VideoFrame]]
        if weave is None:
            frames = natives(cursor(source), bench.timeline, bench.wanted(clips))
        else:
            picture = stack.enter_context(opened(cursor(source)))
            stream = video_stream(picture, bench.name)
            frames = weave.whole(decoded(picture, stream, bench.timeline, bench.name))
        yield from stack.enter_context(contextlib.closing(_cut(frames, clips, bench, reel)))


def _cut(
    frames: Iterator[tuple[int, VideoFrame]],
    clips: Sequence[ClipSpec],
    bench: Bench,
    reel: SoundReel | None,
) -> Generator[ClipReport]:
    """Hand each frame to the clips it belongs to; reports come in the order of `clips`.

    A clip that has its frames finishes in the background while the next ones are fed.
    """
    waiting = deque(clips)
    jobs: deque[Job] = deque()
    spare = min(_FINISHING, os.cpu_count() or 1)
    alike: Alike | None = None
    try:
        while waiting or any(job.rolling for job in jobs):
            index, frame = next(frames, (len(bench.timeline), None))
            if frame is not None:
                alike = alike or Alike(frame)
                frame = alike(frame)
                frame.pts = int(bench.timeline.pts[index])
                frame.time_base = bench.timeline.time_base
                while waiting and waiting[0].start <= index < waiting[0].end:
                    spec = waiting.popleft()
                    jobs.append(Job(spec, bench, frame, bench.sound(reel, spec)))
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
