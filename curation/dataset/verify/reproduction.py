"""Decisions asked again: what a release says of a sample, the rulebook of then must still say."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
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

Row = Mapping[str, Any]

_FACE_LABELS = frozenset({None, "none", "unknown"})
"""Of the people tagger, where it saw no face for sure."""


def same_rulebook(manifest: Manifest, knowledge: Knowledge) -> Iterator[Fault]:
    """Whether the store still knows what was known when the release was planned."""
    stated, found = manifest.data["rulebook_sha256"], knowledge.rulebook.sha256
    if stated != found:
        at = knowledge.known_at.isoformat()
        yield Fault(MANIFEST, f"its rulebook is {stated}; as known at {at} the store's is {found}")


def reproduce(
    path: str, manifest: Manifest, rows: Sequence[Row], knowledge: Knowledge
) -> Iterator[Fault]:
    """Ask the gate about the very frames of each sample, as known when the release was planned.

    The answer must be ALLOW, from the same grants and rows and with the same duties; those are not
    compared where another version of the engine answered then.

    Args:
        path: of the rows' file.
        rows: of one shard, well shaped.
    """
    for question, same in questions(rows).items():
        try:
            request = request_of(manifest, *question, known_at=manifest.data["known_at"])
            decisions = ask(manifest, request, same, knowledge)
        except (ValueError, KeyError, TypeError) as error:
            what = f"its decision cannot be asked again: {error}"
            yield from (Fault(path, what, row["key"]) for row in same)
            continue
        work, _ = question
        for row, decision in zip(same, decisions, strict=True):
            if work in knowledge.withheld:
                yield Fault(path, f"its work is withheld: {knowledge.withheld[work]}", row["key"])
            yield from (Fault(path, what, row["key"]) for what in _other(row["rights"], decision))


def questions(rows: Iterable[Row]) -> dict[tuple[str, tuple[str, ...]], list[Row]]:
    """Rows that differ in their frames alone: by work and components."""
    found: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        components = tuple(row["rights"].get("components") or ())
        found.setdefault((row["work_id"], components), []).append(row)
    return found


def request_of(
    manifest: Manifest, work: str, components: tuple[str, ...], *, known_at: str
) -> Request:
    """What a release asked of the gate about some components of a work, put at an instant.

    Raises:
        RequestError: for a request that cannot be put.
        KeyError: when the manifest's lacks a part.
    """
    asked = ("licensee", "action", "territories", "use_from", "use_until", "commercial")
    return Request.from_json(
        {
            **{name: manifest.request[name] for name in asked},
            "components": list(components),
            "work_id": work,
            "known_at": known_at,
        }
    )


def ask(
    manifest: Manifest,
    request: Request,
    rows: Sequence[Row],
    knowledge: Knowledge,
    faces: Container[str] = (),
) -> list[Decision]:
    """The gate's answer about the frames of each row.

    Args:
        rows: of the request's work.
        faces: shots in which a face was detected, besides those whose own tags say so.
    """
    work = request.work_id
    answers = clear_spans(
        knowledge.rulebook,
        request,
        {work: [span_of(row) for row in rows]},
        performer_gate=gate_of(manifest),
        faces={work: [span_of(row) for row in rows if shows_a_face(row, faces)]},
    )
    return [decision for _, _, decision in answers]


def gate_of(manifest: Manifest) -> PerformerGate:
    """The studio's setting under which a release was made."""
    return PerformerGate(manifest.data["performer_gate"])


def span_of(row: Row) -> tuple[int, int]:
    """The frames of a sample."""
    return row["clean_start"], row["clean_end"]


def shows_a_face(row: Row, faces: Container[str]) -> bool:
    """Whether the sample's own tags say so, of which the gate was told then, or others do."""
    own = (row.get("people") or {}).get("faces") or {}
    source = row.get("source_shot_id") or row["shot_id"]
    return own.get("label") not in _FACE_LABELS or source in faces


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
