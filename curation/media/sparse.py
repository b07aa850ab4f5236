"""Some frames of a film, at a fraction of what decoding all of them costs."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Protocol

import av.error
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from curation.media.errors import MediaCode, MediaError
from curation.media.frame import Frame
from curation.media.info import probe
from curation.media.picture import Easel
from curation.media.plan import Mask, Plan, plan_of
from curation.media.source import Source, cursor, name_of, opened, packets, video_stream
from curation.media.timeline import Timeline


class Eye(Protocol):
    """Judges pictures, so that a coarse look knows when it has seen enough."""

    def same(self, frame: Frame, entry: Frame, *, hinted: bool) -> bool:
        """Whether a frame shows what a later entry shows.

        `hinted`: the entry lies where the encoder saw a change, and not where one lies anyway.
        """

    def quiet(self, before: Frame, frame: Frame) -> bool:
        """Whether so little happens from one frame to the next that every other will do."""


Shown = Callable[[int, VideoFrame], Frame]

CALM = 4
"""So many frames in a row must show what the next entry shows before the rest is left out, so that
what comes of a change is seen."""

_NO_FILTER = frozenset({"h264"})
"""Codecs whose loop filter is worth leaving out: a fifth of the time for H.264, whose unfiltered
pictures stay within 0.2 levels for a second behind a key frame; little for HEVC, at 1 level."""


_CAN_SKIP = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4"})
"""Decoders that leave out single frames when asked; others must have all of a group of pictures."""


def can_be_sparse(timeline: Timeline) -> bool:
    """Whether frames can be told apart without decoding those before them."""
    return not timeline.by_order and not timeline.truncated and len(timeline.order) > 0


def coarse(source: Source, timeline: Timeline, *, width: int, eye: Eye) -> Iterator[Frame]:
    """Enough frames of a film to know what happens in it, in presentation order.

    All entries (key frames) come. Between two of them come all frames while something happens, and
    those that others refer to while the eye finds it quiet and nothing hints at a change; but none
    once some in a row show what the next entry shows and no surge in packet size lies between.
    Entries are exact; other frames of H.264 are decoded without the loop filter.

    On one thread, for many films are looked at side by side. Raises `MediaError`: DECODE_FAILED at
    the first fault, upon which the film is for `frames`; those of `probe`. ValueError where not
    `can_be_sparse`.
    """
    if not can_be_sparse(timeline):
        raise ValueError(f"{name_of(source)}: its frames cannot be told apart by their times")
    name, plan, easel = name_of(source), plan_of(timeline), Easel(probe(source))
    with ExitStack() as stack:
        entries = _entries(source, timeline, plan, stack, name)
        container = stack.enter_context(opened(cursor(source)))
        reader = _Reader(video_stream(container, name), timeline, name, filtered=False)
        walk = packets(container, reader.stream, name)

        def shown(index: int, native: VideoFrame) -> Frame:
            return Frame(index, timeline.seconds(index), easel.picture(native), width)

        known = (shown(index, native) for index, native in entries)
        yield from _Look(plan, timeline, reader, eye, known).walk(walk, shown)


def chosen(
    source: Source, timeline: Timeline, wanted: Mask, *, width: int, exact: bool = True
) -> Iterator[Frame]:
    """The frames of a film where `wanted` (frames,) is true, in presentation order.

    Each group of pictures is decoded only as far as needed, on one thread. `exact` frames are those
    of `frames`, others those of `coarse`. Raises `MediaError`: DECODE_FAILED at the first fault;
    those of `probe`. ValueError where not `can_be_sparse`.
    """
    easel = Easel(probe(source))
    for index, native in natives(source, timeline, wanted, exact=exact):
        yield Frame(index, timeline.seconds(index), easel.picture(native), width)


def natives(
    source: Source, timeline: Timeline, wanted: Mask, *, exact: bool = True
) -> Generator[tuple[int, VideoFrame]]:
    """As `chosen`, as the decoder gives them, each with its index."""
    if not can_be_sparse(timeline):
        raise ValueError(f"{name_of(source)}: its frames cannot be told apart by their times")
    if not wanted.any():
        return
    name, needs = name_of(source), needed(timeline, wanted)
    with opened(source) as container:
        reader = _Reader(video_stream(container, name), timeline, name, filtered=exact)
        at = -1
        for packet in packets(container, reader.stream, name):
            found: list[tuple[int, VideoFrame]]
            if packet.size == 0:
                found = reader.drain()
            elif packet.is_discard:
                # Hidden frames are there for those around them to refer to.
                around = needs[max(0, at) : at + 2].any()
                found = reader.send(packet, whole=False) if around else []
            else:
                at += 1
                if not needs[at]:
                    found = reader.drain()
                else:
                    found = reader.send(packet, whole=bool(wanted[timeline.order[at]]))
            yield from ((index, native) for index, native in found if wanted[index])


def needed(timeline: Timeline, wanted: Mask) -> Mask:
    """For each packet in file order, whether decoding the wanted frames needs it."""
    order = timeline.order
    at = np.arange(len(order))
    key = timeline.key[order]
    before = np.maximum.accumulate(np.where(key, at, 0))
    needed = np.zeros(len(order), np.bool_)
    for k in np.flatnonzero(wanted[order]):
        first = before[k]
        # A frame shown before the key frame that it is stored behind refers to the group before.
        if first > 0 and order[k] < order[first]:
            first = before[first - 1]
        needed[first : k + 1] = True
    return needed


def _entries(
    source: Source, timeline: Timeline, plan: Plan, stack: ExitStack, name: str
) -> Iterator[tuple[int, VideoFrame]]:
    """Each entry by itself, the decoder emptied behind it."""
    container = stack.enter_context(opened(cursor(source)))
    reader = _Reader(video_stream(container, name), timeline, name, filtered=True)
    wanted = np.zeros(len(timeline), np.bool_)
    wanted[plan.entries] = timeline.key[plan.entries]
    at = -1
    for packet in packets(container, reader.stream, name):
        if packet.size == 0 or packet.is_discard:
            continue
        at += 1
        if wanted[timeline.order[at]]:
            index = int(timeline.order[at])
            found = [*reader.send(packet, whole=True), *reader.drain()]
            yield from ((i, native) for i, native in found if i == index)


class _Reader:
    """A decoder that can leave packets out."""

    def __init__(
        self, stream: VideoStream, timeline: Timeline, name: str, *, filtered: bool
    ) -> None:
        self.stream = stream
        self._timeline = timeline
        self._name = name
        self._context = stream.codec_context
        self._context.thread_count = 1
        if not filtered and self._context.name in _NO_FILTER:
            self._context.options = {"skip_loop_filter": "nokey"}
        self._whole: bool | None = None
        self._empty = True

    def send(self, packet: "Packet[VideoStream]", *, whole: bool) -> list[tuple[int, VideoFrame]]:
        """Decode a packet; one that no other refers to only if `whole`."""
        if whole is not self._whole and self._context.name in _CAN_SKIP:
            self._context.skip_frame = "DEFAULT" if whole else "NONREF"
            self._whole = whole
        self._empty = False
        return self._placed(packet)

    def drain(self) -> list[tuple[int, VideoFrame]]:
        """What the decoder still holds; it then needs an entry."""
        if self._empty:
            return []
        found = self._placed(None)
        self._context.flush_buffers()
        self._empty = True
        return found

    def _placed(self, packet: "Packet[VideoStream] | None") -> list[tuple[int, VideoFrame]]:
        try:
            natives = self._context.decode(packet)
        except (av.error.FFmpegError, MemoryError) as error:
            raise self._fault(str(error)) from error
        found = []
        for native in natives:
            if native.is_corrupt:
                raise self._fault("a frame is damaged")
            if native.pts is None:
                continue
            index = self._timeline.index_at(native.pts)
            if int(self._timeline.pts[index]) == native.pts:
                found.append((index, native))
        return found

    def _fault(self, what: str) -> MediaError:
        return MediaError(
            MediaCode.DECODE_FAILED, f"{self._name}: {what}; look at every frame to know more"
        )


class _Look:
    """The course of a coarse look: which packets are sent, and which frames come out, in order.

    Between two entries lies an interval; one that has settled is looked at no further.
    """

    def __init__(
        self,
        plan: Plan,
        timeline: Timeline,
        reader: _Reader,
        eye: Eye,
        entries: Iterator[Frame],
    ) -> None:
        self._plan = plan
        self._timeline = timeline
        self._reader = reader
        self._eye = eye
        self._entries = entries
        self._pictures: dict[int, Frame] = {}
        self._fetched = self._emitted = -1
        self._settled = np.zeros(len(plan.entries), np.bool_)
        self._calm = 0
        self._busy = True
        self._last: Frame | None = None
        frames = np.arange(len(timeline))
        self._interval = np.searchsorted(plan.entries, frames, side="right") - 1
        self._leads = np.zeros(len(plan.entries) + 1, np.bool_)
        self._leads[self._interval[plan.leads] + 1] = True

    def walk(self, packets: "Iterator[Packet[VideoStream]]", shown: Shown) -> Iterator[Frame]:
        """Send what is needed and give what comes out, entries among it."""
        at = -1
        for packet in packets:
            if packet.size == 0:
                break
            if packet.is_discard:
                yield from self._ordered(self._reader.send(packet, whole=False), shown)
                continue
            at += 1
            index = int(self._timeline.order[at])
            if self._wants(index):
                found = self._reader.send(packet, whole=self._busy or bool(self._plan.dense[index]))
                yield from self._ordered(found, shown)
            elif not self._plan.leads[index]:
                yield from self._ordered(self._reader.drain(), shown)
                start = self._plan.entries[self._interval[index]]
                yield from self._entries_before(int(start) + 1)
        yield from self._ordered(self._reader.drain(), shown)
        yield from self._entries_before(len(self._timeline))

    def _next(self, interval: int) -> int:
        entries = self._plan.entries
        return int(entries[interval + 1]) if interval + 1 < len(entries) else len(self._timeline)

    def _wants(self, index: int) -> bool:
        interval = int(self._interval[index])
        if index != self._plan.entries[interval]:
            return not self._settled[interval]
        now, then = self._picture(index), self._picture(self._next(interval))
        calm = self._plan.intra or (interval > 0 and bool(self._settled[interval - 1]))
        self._settled[interval] = calm and self._still(now, then)
        self._calm = 0
        if self._plan.intra:
            return now is None
        leads = self._leads[interval] and interval > 0 and not self._settled[interval - 1]
        return bool(leads or not self._settled[interval])

    def _still(self, now: Frame | None, then: Frame | None) -> bool:
        """Whether nothing happens from one frame to the entry that follows it."""
        if now is None or then is None:
            return False
        if self._plan.surge[now.index + 1] < then.index:
            return False
        hinted = not self._plan.regular[self._interval[then.index]]
        return self._eye.same(now, then, hinted=hinted)

    def _picture(self, entry: int) -> Frame | None:
        while self._fetched < entry < len(self._timeline):
            frame = next(self._entries, None)
            if frame is None:
                self._fetched = len(self._timeline)
                break
            self._fetched = frame.index
            self._pictures[frame.index] = frame
        return self._pictures.get(entry)

    def _ordered(self, found: list[tuple[int, VideoFrame]], shown: Shown) -> Iterator[Frame]:
        for index, native in found:
            yield from self._entries_before(index)
            interval = int(self._interval[index])
            if index <= self._emitted or self._settled[interval]:
                continue
            frame = self._pictures.get(index) or shown(index, native)
            still = self._still(frame, self._picture(self._next(interval)))
            self._calm = self._calm + 1 if still else 0
            self._settled[interval] = self._calm >= CALM
            yield self._emit(frame)

    def _entries_before(self, index: int) -> Iterator[Frame]:
        """Entries that are due; those that the walk gives as well come from here too."""
        first = int(np.searchsorted(self._plan.entries, self._emitted, side="right"))
        for entry in self._plan.entries[first:]:
            if entry >= index:
                return
            frame = self._picture(int(entry))
            if frame is not None:
                yield self._emit(frame)

    def _emit(self, frame: Frame) -> Frame:
        self._busy = self._last is None or not self._eye.quiet(self._last, frame)
        self._last = frame
        self._emitted = frame.index
        for entry in [e for e in self._pictures if e < frame.index]:
            del self._pictures[entry]
        return frame
