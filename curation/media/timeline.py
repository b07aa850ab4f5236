"""Exact presentation times of all frames of a film, from packets alone."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from curation.media.errors import MediaCode, MediaError
from curation.media.fields import SecondFields
from curation.media.info import time_base
from curation.media.source import MAX_PACKETS, Source, name_of, opened, packets, video_stream
from curation.media.start import first_pts
from curation.media.structure import ends_early, holes
from curation.media.untimed import filled

# Containers whose packets carry decoding times only; FFmpeg makes up the rest.
_ORDER_ONLY = frozenset({"avi"})

_MOST_HOLES = 0.1
_FINEST = Fraction(1, 1_000_000_000)
"""Matroska's finest tick in seconds; other containers' clocks are coarser."""
_FARTHEST = 10**10
"""Seconds, some 300 years: clocks that count from 1970 are films' clocks too."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """When each frame of a film is shown.

    `pts` (int64, one per frame, strictly increasing) and `end` (past-last) count ticks of
    `time_base` seconds, with the stream's own offset. `key[i]` says that frame i is coded as a
    key frame, `size[i]` in how many bytes. `order[k]` is the frame of the k-th packet that is
    shown, in the order of the file (of two frames at one PTS both packets name the first); it is
    empty where some packet is no frame of its own. `by_order`: times are reconstructed, so decoded
    frames are matched by their order and not by their PTS, and `key`, `size` and `order` are not
    exact where frames are reordered. `truncated`: the file ends before its index or header says.
    `notes` records everything that was repaired.
    """

    time_base: Fraction
    pts: npt.NDArray[np.int64]
    end: int
    key: npt.NDArray[np.bool_]
    size: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    notes: tuple[str, ...] = ()
    by_order: bool = False
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.pts)

    def seconds(self, index: int) -> Fraction:
        """PTS of frame `index` in seconds; `index == len(self)` gives the end."""
        return self.ticks(index) * self.time_base

    def ticks(self, index: int) -> int:
        """PTS of frame `index` in ticks; `index == len(self)` gives the end."""
        if not 0 <= index <= len(self.pts):
            raise IndexError(f"frame {index} of a film of {len(self.pts)} frames")
        return self.end if index == len(self.pts) else int(self.pts[index])

    def index_at(self, pts_ticks: int) -> int:
        """The frame on screen at `pts_ticks`: the last that starts at or before it, at least 0."""
        return max(0, int(np.searchsorted(self.pts, pts_ticks, side="right")) - 1)

    @property
    def is_variable(self) -> bool:
        """Whether frame steps differ by more than the container's rounding (one tick)."""
        steps = np.diff(self.pts)
        return bool(len(steps) and int(steps.max()) - int(steps.min()) > 1)


def read_timeline(source: Source) -> Timeline:
    """Read every frame's PTS without decoding.

    Drops what the container marks as not shown (edit lists) and, for which alone it decodes a
    first frame, what comes before a first group of pictures and refers beyond the beginning;
    repairs and notes missing and repeated times, decoding times in place of presentation times,
    fields, and clocks that jump back. Raises `MediaError`: those of `probe`, NO_FRAMES,
    NO_TIMESTAMPS.
    """
    name = name_of(source)
    with opened(source) as container:
        stream = video_stream(container, name)
        _check_clock(container, stream, name)
        walk = packets(container, stream, name)
        shown, hidden, seconds = _collect(walk, stream)
        truncated = _ends_early(container, stream, len(shown) + hidden + seconds, shown)
        hidden += _unlisted(container, stream)
        by_order = container.format.name in _ORDER_ONLY
        reorders = stream.codec_context.has_b_frames
        # A stream is FFmpeg's memory, gone with its container.
        base, rate = time_base(stream), stream.average_rate
    if not shown:
        raise MediaError(MediaCode.NO_FRAMES, f"{name}: no frame is shown; deliver it again")
    if (share := holes(source)) > _MOST_HOLES:
        raise MediaError(
            MediaCode.DECODE_FAILED,
            f"{name}: {share:.0%} of it is no MPEG stream but noise; fetch it again",
        )
    timeline = _assemble(
        shown,
        name=name,
        hidden=hidden,
        seconds=seconds,
        by_order=by_order,
        reorders=reorders,
        truncated=truncated or ends_early(source),
        base=base,
        rate=rate,
    )
    entry = next((p.pts for p in shown if p.key), None)
    if timeline.by_order or entry is None or timeline.pts[0] == entry:
        return timeline
    start = first_pts(source)
    return timeline if start is None or start > entry else _from(timeline, start)


def _from(timeline: Timeline, start: int) -> Timeline:
    """`timeline` without the frames before `start`, whose references the film lacks.

    It has such frames where it begins inside a group of pictures, or with an open one.
    """
    lost = int(np.searchsorted(timeline.pts, start))
    if not lost:
        return timeline
    return replace(
        timeline,
        pts=timeline.pts[lost:],
        key=timeline.key[lost:],
        size=timeline.size[lost:],
        order=timeline.order[:0],
        notes=(*timeline.notes, f"{lost} frames refer to others before the film's beginning"),
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    pts: int | None
    dts: int | None
    duration: int
    key: bool
    size: int


def _collect(
    walk: "Iterator[Packet[VideoStream]]", stream: VideoStream
) -> tuple[list[_Shown], int, int]:
    """Frames that are shown, and how many packets are hidden or second fields of a frame."""
    shown: list[_Shown] = []
    hidden = seconds = 0
    context = stream.codec_context
    fields = SecondFields(context.extradata) if context.name == "h264" else None
    for packet in walk:
        if packet.size == 0:
            continue
        if packet.is_discard:
            hidden += 1
            continue
        told = _Shown(packet.pts, packet.dts, packet.duration or 0, packet.is_keyframe, packet.size)
        if fields is not None and fields.has(memoryview(packet)) and shown:
            seconds += 1
            first = shown[-1]
            shown[-1] = replace(
                first, duration=first.duration + told.duration, size=first.size + told.size
            )
        else:
            shown.append(told)
    return shown, hidden, seconds


def _check_clock(container: InputContainer, stream: VideoStream, name: str) -> None:
    base = time_base(stream)
    # FFmpeg says one second where an MP4's header says zero ticks a second. Others' count of
    # frames is a guess that their writers often leave unset.
    broken = "mp4" in container.format.name and (base == 1 or stream.frames > MAX_PACKETS)
    if broken or base < _FINEST:
        raise MediaError(
            MediaCode.ABSURD_HEADER,
            f"{name}: {stream.frames} frames, or ticks of {base} s, are those of no film; "
            "check the header or deliver it again",
        )


def _unlisted(container: InputContainer, stream: VideoStream) -> int:
    """Packets of an MP4 that FFmpeg leaves out of its index because no edit needs them."""
    if "mp4" not in container.format.name:
        return 0
    return max(0, stream.frames - len(stream.index_entries))


def _ends_early(
    container: InputContainer, stream: VideoStream, count: int, shown: list[_Shown]
) -> bool:
    kind = container.format.name
    if "mp4" in kind:
        return count < len(stream.index_entries)
    if "matroska" not in kind or not container.duration or not shown:
        return False
    # Matroska's header gives the duration of the longest track, and sound may run on after
    # the picture: only with picture alone, or a great gap, does a shortfall prove anything.
    last = max((p.pts or 0) + p.duration for p in shown) * time_base(stream)
    missing = Fraction(container.duration, 1_000_000) - last
    slack = (
        max(Fraction(1), last / 50) if len(container.streams) == 1 else max(Fraction(5), last / 5)
    )
    return missing > slack


def _assemble(
    shown: list[_Shown],
    *,
    name: str,
    hidden: int,
    seconds: int,
    by_order: bool,
    reorders: bool,
    truncated: bool,
    base: Fraction,
    rate: Fraction | None,
) -> Timeline:
    notes: list[str] = []
    if hidden:
        notes.append(f"{hidden} packets are not shown (edit list)")
    if seconds:
        notes.append(f"{seconds} frames are stored as two fields")
    if by_order:
        notes.append("the container stores no presentation times; decoding order gives them")
    times = [p.pts for p in shown]
    if all(t is None for t in times):
        times = [p.dts for p in shown]
        by_order = True
        notes.append("no packet carries a PTS; decoding times stand in")
    elif reorders and not by_order and _in_coding_order(shown):
        # As H.264 in MXF without temporal offsets, and what was remuxed from it or from AVI.
        by_order = True
        notes.append("the times do not follow the reordering of frames; decoding order gives them")
    if absent := times.count(None):
        by_order = True
        notes.append(f"{absent} packets carry no PTS; steps of the frame rate stand in")
    told = filled(times, _usual_step(shown, base, rate), base) if absent else times
    if told is None:
        raise MediaError(
            MediaCode.NO_TIMESTAMPS,
            f"{name}: {absent} of {len(shown)} frames carry no presentation time, and the others "
            "do not give it away; remux it into MP4 or Matroska with its frame rate",
        )
    ticks = np.array(told, dtype=np.int64)
    duration = np.array([p.duration for p in shown], dtype=np.int64)
    key = np.array([p.key for p in shown], dtype=np.bool_)
    size = np.array([p.size for p in shown], dtype=np.int64)
    farthest = max(abs(int(ticks.min())), abs(int(ticks.max()))) * base
    if farthest > _FARTHEST:
        raise MediaError(
            MediaCode.ABSURD_HEADER,
            f"{name}: a frame at {float(farthest):.3g} s, which no film's clock shows; remux it or "
            "deliver it again",
        )
    shift, jumps = _unwind(shown, ticks, duration)
    if jumps:
        by_order = True
        ticks = ticks + shift
        notes.append(f"the clock jumps back {jumps} times; later parts were moved on")
    ticks, first, order = np.unique(ticks, return_index=True, return_inverse=True)
    if len(ticks) < len(shown):
        notes.append(f"{len(shown) - len(ticks)} frames repeat a PTS and were left out")
    duration, key, size = duration[first], key[first], size[first]
    order = order[:0] if seconds else order
    if truncated:
        notes.append("the file ends before its index or header says")
    # Of a field's duration some containers say the frame's.
    last = _step(ticks, base, rate) if seconds else int(duration[-1])
    if last <= 0:
        notes.append("the last frame has no duration; the median step stands in")
        last = _step(ticks, base, rate)
    end = int(ticks[-1]) + last
    return Timeline(base, ticks, end, key, size, order, tuple(notes), by_order, truncated)


def _in_coding_order(shown: list[_Shown]) -> bool:
    times = [p.pts for p in shown if p.pts is not None]
    if len(times) < len(shown) or all(p.key for p in shown):
        return False
    return all(a < b for a, b in itertools.pairwise(times))


def _usual_step(shown: list[_Shown], base: Fraction, rate: Fraction | None) -> int:
    stated = [p.duration for p in shown if p.duration > 0]
    return int(np.median(stated)) if stated else round(1 / rate / base) if rate else 0


def _step(ticks: npt.NDArray[np.int64], base: Fraction, rate: Fraction | None) -> int:
    if len(ticks) > 1:
        return max(1, int(np.median(np.diff(ticks))))
    return max(1, round(1 / rate / base)) if rate else 1


def _unwind(
    shown: list[_Shown], ticks: npt.NDArray[np.int64], duration: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], int]:
    """Offsets that carry each stretch of a clock that went back on from the stretch before."""
    shift = np.zeros(len(shown), dtype=np.int64)
    jumps = start = 0
    previous: int | None = None
    reach = 0
    for i in range(len(shown) + 1):
        dts = shown[i].dts if i < len(shown) else None
        back = dts is not None and previous is not None and dts < previous
        if back or i == len(shown):
            stretch = ticks[start:i]
            if jumps:
                shift[start:i] = reach - int(stretch.min())
            reach = int((stretch + duration[start:i]).max()) + int(shift[start])
            start, jumps = i, jumps + back
        if dts is not None:
            previous = dts
    return shift, jumps
