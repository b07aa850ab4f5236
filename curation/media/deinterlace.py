"""Whole pictures out of those that show two moments, one for one, each at its own time."""

from collections.abc import Iterator
from fractions import Fraction

import av.error
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from curation.media.errors import MediaError
from curation.media.scan import Scan

Numbered = tuple[int, VideoFrame]

_MATCHED = frozenset({"yuv420p", "yuv422p", "yuv444p", "yuv411p"})
"""What FFmpeg's fieldmatch reads; it would turn others into one of these in silence."""


class Deinterlacer:
    """How the pictures of one film are made whole; `how` is what is kept of it with a clip.

    Fields of two moments: the first one is filled up between its lines and in time (FFmpeg's
    bwdif). Fields pulled down from 24 pictures a second: each frame is put together again from
    fields of one picture (fieldmatch), so that of five frames two show the same; what still combs
    is filled up. No frame is left out or moved in time.
    """

    def __init__(self, scan: Scan, pix_fmt: str) -> None:
        self.how = ""
        self._chain: list[tuple[str, str]] = []
        if not scan.by_fields:
            return
        fill = f"mode=send_frame:parity={scan.order}:deint="
        if scan.kind == "telecined" and pix_fmt in _MATCHED:
            self._chain = [("fieldmatch", f"order={scan.order}"), ("bwdif", f"{fill}interlaced")]
        else:
            self._chain = [("bwdif", f"{fill}all")]
        self.how = f"{scan.text}: {', '.join(name for name, _ in self._chain)}"

    def whole(self, frames: Iterator[Numbered]) -> Iterator[Numbered]:
        """Give `frames` made whole, in the order and with the numbers that they came in.

        Pictures depend on their neighbours, so the same film gives the same ones however it is
        cut. When `frames` end in a `MediaError`, what came before is given, then it is raised.
        """
        return self._filtered(frames) if self._chain else frames

    def _filtered(self, frames: Iterator[Numbered]) -> Iterator[Numbered]:
        graph: Graph | None = None
        form = (0, 0, "")
        shaper = VideoReformatter()
        end: MediaError | None = None
        try:
            for index, frame in frames:
                if graph is None:
                    form = frame.width, frame.height, frame.format.name
                    graph = self._graph(*form)
                alike = shaper.reformat(frame, *form, threads=1)
                alike.pts, alike.time_base = index, Fraction(1)
                graph.vpush(alike)
                yield from _ready(graph)
        except MediaError as error:
            end = error
        if graph is not None:
            graph.vpush(None)
            yield from _ready(graph)
        if end is not None:
            raise end

    def _graph(self, width: int, height: int, pix_fmt: str) -> Graph:
        graph = Graph()
        graph.threads = 1
        last = graph.add_buffer(
            width=width, height=height, format=VideoFormat(pix_fmt), time_base=Fraction(1)
        )
        for name, arguments in [*self._chain, ("buffersink", "")]:
            step = graph.add(name, arguments or None)
            last.link_to(step)
            last = step
        graph.configure()
        return graph


def _ready(graph: Graph) -> Iterator[Numbered]:
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if frame.pts is not None and frame.time_base is not None:
            yield int(frame.pts * frame.time_base), frame
