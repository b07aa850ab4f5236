"""The decision: one request against one rulebook, with every reason and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterable

from curation.rights.actions import PerformerGate
from curation.rights.case import open_case
from curation.rights.decision import Decision
from curation.rights.request import Request
from curation.rights.rulebook import Rulebook
from curation.rights.spans import Span


def decide(
    rulebook: Rulebook,
    request: Request,
    *,
    performer_gate: PerformerGate = PerformerGate.ALL_TRAINING,
    faces: Iterable[Span] = (),
) -> Decision:
    """Decide the request, default-deny, in the order of evaluation of the rights model.

    Every step is taken even after one has denied, so that all reasons are reported.

    Args:
        faces: frames of the work in which a face was detected; no appearance there is REVIEW.

    Raises:
        WindowError: a row that never went through the rulebook's checks has unreadable dates.
    """
    case = open_case(rulebook, request, performer_gate=performer_gate, faces=faces)
    return case.decide(request.span)
