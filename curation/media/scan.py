"""How a film's pictures were scanned: whole, by fields, or by fields pulled down from 24 a second.

Decided from decoded pictures, for flags lie both ways: broadcasts flag whole pictures as fields,
and editors let fields pass for whole pictures. After FFmpeg's idet, the lines of a picture are laid
between those of its neighbour. Of whole pictures it makes no odds which field comes from which
neighbour. Of fields one weave is of fields next to each other in time and the other of fields three
steps apart; the first is the smoother, and tells the order.
"""

import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import av.error
import cv2
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from curation.media.info import VideoInfo
from curation.media.source import Source, name_of, opened, packets, video_stream
from curation.media.timeline import Timeline

Kind = Literal["progressive", "interlaced", "telecined", "unknown"]
Order = Literal["tff", "bff"]
Lines = npt.NDArray[np.uint8]

RUN: Final = 12
"""Neighbouring frames looked at in one place: two turns of a pulldown's cycle and a bit."""
PLACES: Final = 5
FEWEST: Final = 2
SHARE: Final = 0.01
"""Of a film's frames are looked at, if that makes between FEWEST and PLACES runs."""
PACKETS: Final = 200
"""Packets read in one place at most, where little of it decodes."""
COLUMNS: Final = 240
"""Columns of a picture that are compared, evenly spread; all of its lines are."""
BLOCK: Final = (16, 8)
"""Columns and lines of a field over which differences are averaged."""
MOVES: Final = 4.0
"""Mean change of 8-bit luma from a field to the next of its kind in a block where something
moves."""
LEAST_MOVING: Final = 0.02
"""Share of the blocks that must move for a frame to say something."""
CUT: Final = 4.0
"""So many times the usual change of its run: a cut, which says nothing."""
UNEVEN: Final = 1.2
"""Ratio of the two weaves from which a picture is of two moments. It lies between 0.88 and 1.13 in
99 of 100 moving frames of every progressive film in shared/films and shared/shots (21, to 2,500
frames each), and beyond 1.4 in 99 of 100 of the interlaced reel's. Of 1,249 pairs of runs there
that are progressive none was judged otherwise; of the 72 of the reel of fields all, and of the 87
pulled down 85, were judged to be of fields."""
COMBED: Final = 0.25
"""…and its own fields differ by this share of the rougher weave."""
REPEATS: Final = 0.4
"""Change of one field over that of the other under which it is the same field once more."""
ENOUGH: Final = 4
"""Moving frames without which nothing is decided."""
COMBED_FRAMES: Final = 3
"""Frames that comb in one order more than in the other, at least: lines of text that roll comb now
and then by chance."""
COMBED_SHARE: Final = 0.15
"""Share of the moving frames that comb in one order, less those that seem to in the other, in a
film of fields, for films mix material."""
STEP: Final = 5
"""Frames of a turn of a pulldown."""
IN_STEP: Final = 0.85
"""Share of a run's moving frames that keep the step of a pulldown."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How a film was scanned.

    `cadence` of a telecined film is in how many fields each picture stays, "2:3" or "2:3:3:2".
    `combed` is the share of the frames with motion whose two fields are of different moments;
    `moving` of the `frames` looked at had motion. `flagged` is what the file says: "progressive",
    "interlaced", "interlaced tff" or "interlaced bff". `kind` is "unknown" where too little moves.
    """

    kind: Kind
    order: Order | None
    cadence: str | None
    combed: float
    flagged: str
    frames: int
    moving: int

    @property
    def by_fields(self) -> bool:
        """Whether a picture shows two moments, so that only one field of it is a picture."""
        return self.kind in ("interlaced", "telecined")

    @property
    def text(self) -> str:
        """As films are listed: "progressive", "interlaced tff", "telecined 2:3 tff", "unknown"."""
        return " ".join(word for word in (self.kind, self.cadence, self.order) if word)

    @property
    def note(self) -> str | None:
        """What is to be said where pictures and flags disagree."""
        told = self.flagged.split()
        order = self.order and len(told) > 1 and told[1] != self.order
        if self.kind == "unknown" or (self.by_fields == (told[0] == "interlaced") and not order):
            return None
        return (
            f"flagged {self.flagged}, but its pictures are {self.text} "
            f"({self.combed:.0%} of {self.moving} frames with motion comb)"
        )


def scan_of(source: Source, timeline: Timeline, info: VideoInfo) -> Scan:
    """Decide how a film was scanned, from no more than 60 of its frames.

    They lie behind key frames, in every part of the film where packets are largest for long, for
    there something moves. What does not decode is
    passed over. Raises `MediaError`: those of `probe`.
    """
    runs, flags = [], []
    name, grey = name_of(source), VideoReformatter()
    with opened(source) as container:
        stream = video_stream(container, name)
        stream.codec_context.thread_count = 1
        for place in places(timeline):
            lines = []
            for frame in _run(container, stream, int(timeline.pts[place]), name):
                flags.append(frame.interlaced_frame)
                lines.append(_lines(frame, grey))
            runs.append([_compared(*pair) for pair in itertools.pairwise(lines)])
    return _judged([_without_cuts(run) for run in runs], _flagged(flags, info), len(flags))


def places(timeline: Timeline) -> list[int]:
    """Frames where runs begin, ascending: the liveliest key frame of each part of the film."""
    frames = len(timeline)
    count = max(FEWEST, min(PLACES, round(SHARE * frames / RUN)))
    keys = np.flatnonzero(timeline.key)
    keys = keys[keys + RUN <= frames]
    if not len(keys):
        return [0]
    life = np.median(timeline.size[keys[:, None] + np.arange(1, RUN)], axis=1)
    found: list[int] = []
    for part in range(count):
        inside = (keys >= frames * part // count) & (keys < frames * (part + 1) // count)
        inside &= keys >= (found[-1] + RUN if found else 0)
        if inside.any():
            found.append(int(keys[np.where(inside, life, -1).argmax()]))
    return found


def _run(
    container: InputContainer, stream: VideoStream, pts: int, name: str
) -> Iterator[VideoFrame]:
    """Neighbouring frames from the key frame at `pts` on, or from one near it."""
    try:
        container.seek(pts, stream=stream, backward=True)
    except av.error.FFmpegError:
        return
    left = RUN
    for count, packet in enumerate(packets(container, stream, name)):
        try:
            batch = packet.decode()
        except (av.error.FFmpegError, MemoryError):
            continue
        for frame in batch:
            if left and not frame.is_corrupt:
                left -= 1
                yield frame
        if not left or count >= PACKETS:
            return


def _lines(frame: VideoFrame, grey: VideoReformatter) -> Lines:
    """Luma (lines, columns): every line of the frame, some of its columns."""
    luma = memoryview(grey.reformat(frame, format="gray", threads=1).planes[0])
    pixels = np.frombuffer(luma, np.uint8).reshape(frame.height, -1)[:, : frame.width]
    return np.ascontiguousarray(pixels[: frame.height // 2 * 2, :: max(1, frame.width // COLUMNS)])


@dataclass(frozen=True, slots=True)
class _Pair:
    """A frame beside the one before it, in what moves: shares are of the blocks of the picture.

    `own` is how rough it is as it stands, `top` how rough its top lines are between the bottom
    lines of the frame before, `bottom` the reverse. `top_change` and `bottom_change` are what
    changed in each field.
    """

    moving: float
    change: float
    own: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    top_change: float = 0.0
    bottom_change: float = 0.0

    @property
    def order(self) -> Order | None:
        """The order of fields if the two weaves are uneven."""
        if self.bottom > UNEVEN * self.top:
            return "tff"
        return "bff" if self.top > UNEVEN * self.bottom else None

    @property
    def combed(self) -> bool:
        return self.order is not None and self.own > COMBED * max(self.top, self.bottom)

    @property
    def repeats(self) -> str:
        """Which field is the one before once more: "t", "b" or "-"."""
        if self.top_change < REPEATS * self.bottom_change:
            return "t"
        return "b" if self.bottom_change < REPEATS * self.top_change else "-"


def _compared(before: Lines, now: Lines) -> _Pair:
    least = BLOCK[1] + 1, BLOCK[0]
    if before.shape != now.shape or now.shape[0] < 2 * least[0] or now.shape[1] < least[1]:
        return _Pair(0.0, 0.0)
    top, bottom, old_top, old_bottom = now[::2], now[1::2], before[::2], before[1::2]
    kinds = (top[:-1], old_top[:-1]), (bottom[:-1], old_bottom[:-1])
    changes = [_averaged(cv2.absdiff(*fields)) for fields in kinds]
    moving = np.maximum(*changes) > MOVES
    change = float(np.mean(changes))
    share = float(moving.mean())
    if share < LEAST_MOVING:
        return _Pair(share, change)
    weaves = ((top, bottom), (top, old_bottom), (old_top, bottom))
    roughness = [_averaged(_rough(*weave)) for weave in weaves]
    own, tops, bottoms, *rest = (float(values[moving].mean()) for values in (*roughness, *changes))
    return _Pair(share, change, own, tops, bottoms, *rest)


def _rough(top: Lines, bottom: Lines) -> Lines:
    """How far each bottom line lies off the mean of the top lines around it."""
    around = cv2.addWeighted(top[:-1], 0.5, top[1:], 0.5, 0)
    return np.asarray(cv2.absdiff(around, bottom[:-1]), np.uint8)


def _averaged(values: "Lines | cv2.typing.MatLike") -> Lines:
    """Means over whole blocks."""
    across, down = values.shape[1] // BLOCK[0], values.shape[0] // BLOCK[1]
    whole = np.asarray(values)[: down * BLOCK[1], : across * BLOCK[0]]
    return np.asarray(cv2.resize(whole, (across, down), interpolation=cv2.INTER_AREA), np.uint8)


def _without_cuts(run: Sequence[_Pair]) -> list[_Pair | None]:
    """The pairs of a run that say something, None for the others."""
    usual = float(np.median([pair.change for pair in run])) if run else 0.0
    limit = CUT * max(usual, MOVES)
    return [p if p.moving >= LEAST_MOVING and p.change < limit else None for p in run]


def _judged(runs: Sequence[Sequence[_Pair | None]], flagged: str, frames: int) -> Scan:
    moving = [pair for run in runs for pair in run if pair is not None]
    first, second = (sum(p.combed and p.order == o for p in moving) for o in ("tff", "bff"))
    share = abs(first - second) / len(moving) if moving else 0.0
    order: Order | None = "tff" if first > second else "bff"
    steps = [step for run in runs if (step := _pulldown(run)) and step[1] == order]
    uneven = sum(any(pair is not None and pair.combed for pair in run) for run in runs)
    kind: Kind
    cadence: str | None = None
    if len(moving) < ENOUGH:
        kind, order = "unknown", None
    elif steps and 2 * len(steps) >= uneven:
        kind, cadence = "telecined", statistics.mode(steps)[0]
    elif share >= COMBED_SHARE and abs(first - second) >= COMBED_FRAMES:
        kind = "interlaced"
    else:
        kind, order = "progressive", None
    return Scan(kind, order, cadence, round(share, 3), flagged, frames, len(moving))


def _pulldown(run: Sequence[_Pair | None]) -> tuple[str, Order] | None:
    """Cadence and order of a run in which 24 pictures a second fill 60 fields.

    Of every five frames one repeats the first field of the one before it, and the second after it
    (2:3) or the first (2:3:3:2) repeats the second field.
    """
    seen = [(k, pair.repeats) for k, pair in enumerate(run) if pair is not None]
    if len(seen) <= STEP:
        return None
    best, found = IN_STEP, None
    for (cadence, later), (order, pair), phase in itertools.product(
        _CADENCES, _ORDERS, range(STEP)
    ):
        due = {phase: pair[0], (phase + later) % STEP: pair[1]}
        kept = [what for k, what in seen if what == due.get(k % STEP, "-")]
        if len(kept) >= best * len(seen) and {"t", "b"} <= set(kept):
            best, found = len(kept) / len(seen), (cadence, order)
    return found


def _flagged(flags: Sequence[bool], info: VideoInfo) -> str:
    """What the frames looked at and the stream's header say."""
    by_fields = 2 * sum(flags) > len(flags) if flags else info.field_order not in _WHOLE
    if not by_fields:
        return "progressive"
    order = {"tt": " tff", "bt": " tff", "bb": " bff", "tb": " bff"}.get(info.field_order, "")
    return f"interlaced{order}"


_CADENCES: Final = (("2:3", 2), ("2:3:3:2", 1))
_ORDERS: Final[tuple[tuple[Order, str], ...]] = (("tff", "tb"), ("bff", "bt"))
_WHOLE: Final = frozenset({"progressive", "unknown"})
