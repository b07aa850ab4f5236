"""Proof that a clip holds its shot: its first and last frame, decoded again, and every time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from curation.media.decode import decoded
from curation.media.errors import MediaCode, MediaError
from curation.media.source import opened, video_stream
from curation.media.sparse import can_be_sparse, natives
from curation.media.timeline import Timeline, read_timeline

MOST_DB: Final = 100.0
"""What is said of frames without any difference."""

UNEVEN: Final = 6
"""By so much the quantiser of a frame may lie above the rate factor, for the encoders raise it
where pictures move (macroblock tree, adaptive quantisation, B-frames). Fitted on first and last
frames of clips of films, drawn and filmed, clean and grainy, at rate factors from 2 to 40 and
presets from ultrafast to slow, x265 of ten bits among them: what an error amounts to never lay
above the rate factor itself."""


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """The samples of a frame, plane by plane, of so many bits."""

    planes: tuple[npt.NDArray[Any], ...]
    bits: int


@dataclass(frozen=True, slots=True)
class Edges:
    """The frames that a clip should begin and end with, as they went into its encoder.

    `first`: its first and second frame; `last`: the last but one and the last; one each of a clip
    of one frame.
    """

    first: tuple[VideoFrame, ...]
    last: tuple[VideoFrame, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found: `exact` when both frames are so bit for bit.

    `first_db` and `last_db` are the peak signal-to-noise ratio of each over all planes, in dB, and
    `MOST_DB` where there is no difference.
    """

    kind: Literal["exact", "lossy"]
    first_db: float
    last_db: float


def quantised(crf: float) -> float:
    """The greatest mean squared error of 8-bit samples that quantising with `crf` leaves.

    H.264 and HEVC double their step with each 6 (ITU-T H.264, 8.5.9; the step is 1 at 4), and x264
    rounds what it predicts down where it lies below 5/6 of a step; its transform keeps energy.
    """
    step = 2.0 ** ((min(crf, 51.0) - 4) / 6)
    return float((5 / 6 * step) ** 2)


def prove(clip: Path, ticks: Sequence[int], base: Fraction, edges: Edges, *, crf: float) -> Proof:
    """Decode a clip's first and last frame and hold them against what they should be.

    Frames must be as many as `ticks` (units of `base` seconds), and as far from each other in time.
    Each of the two must lie within the error of the quantiser (`quantised`, `UNEVEN` above the rate
    factor; with a rate factor of 0, none at all), and not nearer to its neighbour than to itself,
    unless the two are so alike that the quantiser cannot tell them apart.

    Raises `MediaError`: FRAME_COUNT, NOT_THE_SHOT, and those of reading.
    """
    timeline = read_timeline(str(clip))
    if len(timeline) != len(ticks):
        raise MediaError(
            MediaCode.FRAME_COUNT,
            f"{clip}: {len(timeline)} frames, not {len(ticks)}; write it again",
        )
    ratio = timeline.time_base / base
    found = (timeline.pts - timeline.pts[0]) * ratio.numerator
    if (found != (np.asarray(ticks, np.int64) - ticks[0]) * ratio.denominator).any():
        raise _refusal(clip, "its frames are not as far apart in time as the film's")
    errors = []
    ends = _ends(clip, timeline)
    for name, frame, sought in (
        ("first", ends[0], edges.first),
        ("last", ends[-1], edges.last[::-1]),
    ):
        shown, wanted = _picture(frame), [_picture(one) for one in sought]
        own = _error(shown, wanted[0])
        errors.append(own)
        if own > (quantised(crf + UNEVEN) if crf > 0 else 0):
            raise _refusal(clip, f"its {name} frame is not the shot's ({_db(own):.1f} dB)")
        if len(wanted) < 2:
            continue
        apart = _error(wanted[0], wanted[1])
        other = _error(shown, wanted[1])
        if other < own and apart > quantised(crf + UNEVEN / 2):
            raise _refusal(clip, f"its {name} frame is nearer to the shot's next to it")
    kind: Literal["exact", "lossy"] = "lossy" if any(errors) else "exact"
    return Proof(kind, *(round(_db(error), 2) for error in errors))


def _ends(clip: Path, timeline: Timeline) -> list[VideoFrame]:
    """The first and the last frame of a clip."""
    wanted = np.zeros(len(timeline), np.bool_)
    wanted[[0, -1]] = True
    frames: list[VideoFrame] = [f for i, f in _walk(clip, timeline, wanted) if wanted[i]]
    if len(frames) != wanted.sum():
        raise _refusal(clip, "its first and last frame do not both decode")
    return frames


def _walk(
    clip: Path, timeline: Timeline, wanted: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, VideoFrame]]:
    if can_be_sparse(timeline):
        yield from natives(str(clip), timeline, wanted)
        return
    with opened(str(clip)) as container:
        yield from decoded(container, video_stream(container, str(clip)), timeline, str(clip))


def _picture(frame: VideoFrame) -> _Picture:
    """The planes of a frame."""
    planes = []
    for plane, component in zip(frame.planes, frame.format.components, strict=False):
        kind = np.dtype("<u2") if component.bits > 8 else np.dtype("u1")
        rows = np.frombuffer(memoryview(plane), kind).reshape(plane.height, -1)
        planes.append(rows[:, : plane.width])
    return _Picture(tuple(planes), frame.format.components[0].bits)


def _error(one: _Picture, other: _Picture) -> float:
    """The mean squared difference of all samples, in 8-bit levels; beyond any bound where the
    shapes differ.
    """
    shapes = [[plane.shape for plane in picture.planes] for picture in (one, other)]
    if shapes[0] != shapes[1] or one.bits != other.bits:
        return 255.0**2
    pairs = zip(one.planes, other.planes, strict=True)
    total = sum(cv2.norm(a, b, cv2.NORM_L2SQR) for a, b in pairs)
    unit = 255 / ((1 << one.bits) - 1)
    return float(total * unit**2 / sum(plane.size for plane in one.planes))


def _db(error: float) -> float:
    return min(MOST_DB, 10 * float(np.log10(255**2 / error))) if error else MOST_DB


def _refusal(clip: Path, what: str) -> MediaError:
    return MediaError(MediaCode.NOT_THE_SHOT, f"{clip}: {what}; leave that shot out")
