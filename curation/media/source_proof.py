"""Proof from the film itself: frames at both ends of clips, decoded once more and compared."""

import contextlib
import tempfile
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame

from curation.media.bench import Bench, ClipSpec
from curation.media.decode import decoded
from curation.media.deinterlace import Deinterlacer
from curation.media.encoder import Encoding
from curation.media.errors import MediaCode, MediaError
from curation.media.hdr import mastering_of
from curation.media.info import probe
from curation.media.job import Alike
from curation.media.plan import Mask
from curation.media.proof import Edges, Proof, prove
from curation.media.scan import scan_of
from curation.media.source import Source, cursor, name_of, opened, video_stream
from curation.media.sparse import can_be_sparse, natives
from curation.media.timeline import read_timeline

Ends = tuple[tuple[int, ...], tuple[int, ...]]


def prove_from_film(
    source: Source,
    clips: Mapping[ClipSpec, float],
    *,
    encode: Encoding,
) -> Iterator[tuple[ClipSpec, Proof | MediaError]]:
    """Hold clips that lie at their paths against their film, as `prove` does when they are written.

    What was written is not asked: the film's own frames at both ends of each clip are found by
    their times, decoded on their own, made pictures of the clip's form and compared with its own
    first and last frame; the clip's times are compared with the film's. A film whose frames must be
    made whole from fields is decoded to the end.

    `clips`: each with the rate factor that it was encoded with, 0 where it must be the film's own
    picture bit for bit. Yields each with its proof, or with what is wrong with it.

    Raises `MediaError`: those of reading the film. ValueError for a clip outside it.
    """
    timeline = read_timeline(source)
    info = probe(source)
    weave = Deinterlacer(scan_of(source, timeline, info), info.pix_fmt)
    with tempfile.TemporaryDirectory(prefix="curation-lut-") as folder:
        bench = Bench(name_of(source), info, timeline, encode.of(info), weave.how, Path(folder))
        waiting = {spec: _ends(bench, spec) for spec in clips}
        wanted = np.zeros(len(timeline), np.bool_)
        for first, last in waiting.values():
            wanted[[*first, *last]] = True
        held: dict[int, VideoFrame] = {}
        with contextlib.closing(_frames(source, bench, weave, wanted)) as frames:
            for index, frame in frames:
                held[index] = frame
                for spec in [s for s, (_, last) in waiting.items() if last[-1] <= index]:
                    yield spec, _proof(bench, spec, waiting.pop(spec), held, clips[spec])
                if not waiting:
                    return
                needed = min(first[0] for first, _ in waiting.values())
                held = {i: f for i, f in held.items() if i >= needed}
        for spec, ends in waiting.items():
            yield spec, _proof(bench, spec, ends, held, clips[spec])


def _ends(bench: Bench, spec: ClipSpec) -> Ends:
    """The film's frames at both ends of a clip, each with its neighbour in it."""
    frames = bench.cadence(spec).frames
    return frames[:2], frames[-2:]


def _frames(
    source: Source, bench: Bench, weave: Deinterlacer, wanted: Mask
) -> Generator[tuple[int, VideoFrame]]:
    with contextlib.ExitStack() as stack:
        walk: Iterator[tuple[int, VideoFrame]]
        if can_be_sparse(bench.timeline) and not weave.how:
            sparse = natives(cursor(source), bench.timeline, wanted)
            walk = stack.enter_context(contextlib.closing(sparse))
        else:
            picture = stack.enter_context(opened(cursor(source)))
            stream = video_stream(picture, bench.name)
            walk = weave.whole(decoded(picture, stream, bench.timeline, bench.name))
        alike: Alike | None = None
        for index, frame in walk:
            if wanted[index]:
                alike = alike or Alike(frame)
                yield index, alike(frame)


def _proof(
    bench: Bench,
    spec: ClipSpec,
    ends: Ends,
    held: Mapping[int, VideoFrame],
    crf: float,
) -> Proof | MediaError:
    missing = [i for end in ends for i in end if i not in held]
    if missing:
        what = f"{bench.name}: frame {missing[0]} does not decode; nothing can be said of its clip"
        return MediaError(MediaCode.DECODE_FAILED, what)
    first = held[ends[0][0]]
    chain = bench.chain(first, spec.crop, mastering_of(first))
    cadence = bench.cadence(spec)
    edges = Edges(*(tuple(chain(held[index]) for index in end) for end in ends))
    try:
        return prove(spec.path, cadence.ticks[:-1], cadence.base, edges, crf=crf)
    except MediaError as error:
        return error
