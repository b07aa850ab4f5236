"""The second gate: may this licensee use this span of this film for this purpose?

Asked shot by shot, over the frames that would ship. Only ALLOW passes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curation.dataset.recipe import Recipe
from curation.rights import Decision, Outcome, PerformerGate, Request, Rulebook, clear_spans
from curation.tables.store import canonical_json

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Span:
    """Frames [start, end) of a work that would ship under an id.

    ``source_id`` is the shot that they are part of, where that has another id; ``components`` what
    a clip of them would carry, all that the recipe asks for where it is None.
    """

    shot_id: str
    work_id: str
    start: int
    end: int
    source_id: str | None = None
    components: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Clearance:
    """A span and what the gate said of it."""

    span: Span
    recipe: Recipe
    known_at: datetime
    outcome: Outcome
    reasons: tuple[str, ...]
    decision: Decision

    @property
    def request(self) -> Request:
        """What was asked."""
        return request_for(self.recipe, self.span, self.known_at)

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOW

    def to_row(self, release_id: str, known_at: datetime) -> dict[str, Any]:
        """The row of ``decisions``."""
        return {
            "release_id": release_id,
            "shot_id": self.span.shot_id,
            "work_id": self.span.work_id,
            "outcome": str(self.outcome),
            "reasons": list(self.reasons),
            "rows": list(self.decision.rows),
            "duties": [f"{duty.code}@{duty.phase}" for duty in self.decision.duties],
            "request": canonical_json(self.request.to_json()),
            "rulebook_sha256": self.decision.rulebook_sha256,
            "engine_version": self.decision.engine_version,
            "known_at": known_at,
        }


def shots_with_faces(connection: DuckDBPyConnection) -> frozenset[str]:
    """Shots in which the people tagger is sure of a face; none where it has not looked."""
    rows = connection.execute(
        "SELECT shot_id FROM tags WHERE tagger = 'people' AND facet = 'faces' "
        "AND label NOT IN ('none', 'unknown')"
    ).fetchall()
    return frozenset(row[0] for row in rows)


def unwatched(connection: DuckDBPyConnection, shots: str) -> int:
    """How many of a relation's `shot_id` nobody looked at for faces: the gate had their survey
    alone to go by."""
    (count,) = connection.execute(
        f"SELECT count(DISTINCT shot_id) FROM {shots} WHERE shot_id NOT IN "  # noqa: S608
        "(SELECT shot_id FROM tags WHERE tagger = 'people' AND facet = 'faces' "
        "AND label <> 'unknown')"
    ).fetchall()[0]
    return int(count)


def request_for(recipe: Recipe, span: Span, known_at: datetime) -> Request:
    """The recipe's request, put to a span."""
    asked = recipe.request
    return Request(
        work_id=span.work_id,
        span=(span.start, span.end),
        components=span.components or asked.components,
        action=asked.action,
        licensee=asked.licensee,
        territories=asked.territories,
        use_from=asked.use_from,
        use_until=asked.use_until,
        known_at=known_at,
        commercial=asked.commercial,
    )


def clear(
    rulebook: Rulebook,
    recipe: Recipe,
    spans: Iterable[Span],
    *,
    known_at: datetime,
    performer_gate: PerformerGate,
    withheld: Mapping[str, str],
    faces: Container[str],
) -> Iterator[Clearance]:
    """Ask the gate about each span; answers come by what clips carry, and of that work by work.

    Args:
        withheld: works that nobody may use whatever the rulebook says, each with the reason why.
        faces: shots in which a face was detected; one that no appearance records is REVIEW.
    """
    by_components: dict[tuple[str, ...], dict[str, list[Span]]] = {}
    for span in spans:
        by_work = by_components.setdefault(span.components or recipe.request.components, {})
        by_work.setdefault(span.work_id, []).append(span)
    for by_work in by_components.values():
        asked = [one for ones in by_work.values() for one in ones]
        decided = clear_spans(
            rulebook,
            request_for(recipe, asked[0], known_at),
            {work: [(one.start, one.end) for one in ones] for work, ones in by_work.items()},
            performer_gate=performer_gate,
            faces={
                work: [
                    (one.start, one.end) for one in ones if (one.source_id or one.shot_id) in faces
                ]
                for work, ones in by_work.items()
            },
        )
        for span, (_, _, decision) in zip(asked, decided, strict=True):
            outcome, reasons = decision.outcome, decision.reasons
            if span.work_id in withheld:
                reasons = tuple(dict.fromkeys((*reasons, withheld[span.work_id])))
                outcome = Outcome.REVIEW if outcome is Outcome.ALLOW else outcome
            yield Clearance(span, recipe, known_at, outcome, reasons, decision)
