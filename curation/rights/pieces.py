"""Clearance of whole works and of many spans: an interval join instead of a question a shot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from curation.rights.actions import PerformerGate
from curation.rights.case import Case, open_case
from curation.rights.decision import Decision
from curation.rights.request import Request
from curation.rights.rulebook import Rulebook
from curation.rights.spans import Span


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames `[first, past_last)` in which every span has this decision; None is the work's end."""

    first: int
    past_last: int | None
    decision: Decision


def clear_work(
    rulebook: Rulebook,
    work_id: str,
    request: Request,
    *,
    frames: int | None = None,
    performer_gate: PerformerGate = PerformerGate.ALL_TRAINING,
) -> tuple[Piece, ...]:
    """The work from its first frame to its last in ordered, gap-free pieces.

    A piece lies between neighbouring first and past-last frames of the rows that count, so that
    `decide` says the same of every span inside it. A span across pieces is a question of its
    own (two grants side by side are no grant of both): ask `clear_spans`.

    Args:
        request: the use; its own work and span are left aside.
        frames: the work's length; without it the last piece is open.

    Raises:
        ValueError: `frames` is not positive.
    """
    if frames is not None and frames <= 0:
        raise ValueError(f"frames is {frames}; give the number of frames of {work_id}, or None")
    case = _open(rulebook, work_id, request, performer_gate)
    inner = [frame for frame in case.boundaries() if frame > 0]
    cuts = [0, *(frame for frame in inner if frames is None or frame < frames)]
    ends: list[int | None] = [*cuts[1:], frames]
    return tuple(
        Piece(first, past_last, case.decide((first, past_last or first + 1)))
        for first, past_last in zip(cuts, ends, strict=True)
    )


def clear_spans(
    rulebook: Rulebook,
    request: Request,
    spans_by_work: Mapping[str, Iterable[Span | None]],
    *,
    performer_gate: PerformerGate = PerformerGate.ALL_TRAINING,
    faces: Mapping[str, Iterable[Span]] = MappingProxyType({}),
) -> Iterator[tuple[str, Span | None, Decision]]:
    """Each span's decision, exactly that of `decide`, work by work and in the order given.

    What no frame changes is worked out once a work. Equal decisions of a work are one object.

    Args:
        request: the use; its own work and span are left aside.
        faces: frames in which a face was detected, by work.

    Raises:
        RequestError: a span is not `[first, past-last)` from frame 0.
    """
    for work_id, asked in spans_by_work.items():
        case = _open(rulebook, work_id, request, performer_gate, faces.get(work_id, ()))
        for span in asked:
            if span is not None and not 0 <= span[0] < span[1]:
                replace(request, work_id=work_id, span=span)
            yield work_id, span, case.decide(span)


def _open(
    rulebook: Rulebook,
    work_id: str,
    request: Request,
    gate: PerformerGate,
    faces: Iterable[Span] = (),
) -> Case:
    asked = replace(request, work_id=work_id, span=None)
    return open_case(rulebook, asked, performer_gate=gate, faces=faces)
