"""Decisions asked again: what a release says of a sample, the rulebook of then must still say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curation.dataset.fault import Fault
from curation.dataset.manifest import MANIFEST, Manifest
from curation.rights import (
    ENGINE_VERSION,
    Decision,
    Outcome,
    PerformerGate,
    Request,
    clear_spans,
)

if TYPE_CHECKING:
    from curation.catalog.knowledge import Knowledge

_FACE_LABELS = frozenset({None, "none", "unknown"})
"""Of the people tagger, where it saw no face for sure."""


def same_rulebook(manifest: Manifest, knowledge: Knowledge) -> Iterator[Fault]:
    """Whether the store still knows what was known when the release was planned."""
    stated, found = manifest.data["rulebook_sha256"], knowledge.rulebook.sha256
    if stated != found:
        at = knowledge.known_at.isoformat()
        yield Fault(MANIFEST, f"its rulebook is {stated}; as known at {at} the store's is {found}")


def reproduce(
    path: str, manifest: Manifest, rows: Sequence[Mapping[str, Any]], knowledge: Knowledge
) -> Iterator[Fault]:
    """Ask the gate about the very frames of each sample, as known when the release was planned.

    The answer must be ALLOW, from the same grants and rows and with the same duties; those are not
    compared where another version of the engine answered then.

    Args:
        path: of the rows' file.
        rows: of one shard, well shaped.
    """
    by_question: dict[tuple[str, tuple[str, ...]], list[Mapping[str, Any]]] = {}
    for row in rows:
        components = tuple(row["rights"].get("components") or ())
        by_question.setdefault((row["work_id"], components), []).append(row)
    for (work, components), same in by_question.items():
        try:
            decisions = _decide(manifest, work, components, same, knowledge)
        except (ValueError, KeyError, TypeError) as error:
            what = f"its decision cannot be asked again: {error}"
            yield from (Fault(path, what, row["key"]) for row in same)
            continue
        for row, decision in zip(same, decisions, strict=True):
            if work in knowledge.withheld:
                yield Fault(path, f"its work is withheld: {knowledge.withheld[work]}", row["key"])
            yield from (Fault(path, what, row["key"]) for what in _other(row["rights"], decision))


def _other(stated: Mapping[str, Any], decision: Decision) -> Iterator[str]:
    """In what an answer is not the one that a sample bears."""
    if decision.outcome is not Outcome.ALLOW:
        reasons = ", ".join(decision.reasons)
        yield f"its decision is {decision.outcome} when asked again: {reasons}"
        return
    if stated.get("engine_version") != ENGINE_VERSION:
        return
    again = {
        "grants": list(decision.grants),
        "rows": list(decision.rows),
        "duties": [f"{duty.code}@{duty.phase}" for duty in decision.duties],
    }
    for name, value in again.items():
        if stated.get(name) != value:
            yield f"its {name} are {stated.get(name)}, when asked again {value}"


def _decide(
    manifest: Manifest,
    work: str,
    components: tuple[str, ...],
    rows: Sequence[Mapping[str, Any]],
    knowledge: Knowledge,
) -> list[Decision]:
    asked = ("licensee", "action", "territories", "use_from", "use_until", "commercial")
    request = Request.from_json(
        {
            **{name: manifest.request[name] for name in asked},
            "components": list(components),
            "work_id": work,
            "known_at": manifest.data["known_at"],
        }
    )
    answers = clear_spans(
        knowledge.rulebook,
        request,
        {work: [_span(row) for row in rows]},
        performer_gate=PerformerGate(manifest.data["performer_gate"]),
        faces={work: [_span(row) for row in rows if _shows_a_face(row)]},
    )
    return [decision for _, _, decision in answers]


def _span(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["clean_start"], row["clean_end"]


def _shows_a_face(row: Mapping[str, Any]) -> bool:
    """Whether the sample's own tags say so; the gate was told of that face then."""
    faces = (row.get("people") or {}).get("faces") or {}
    return faces.get("label") not in _FACE_LABELS
