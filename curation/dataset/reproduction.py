"""Decisions asked again: what a release says of a sample, the rulebook of then must still say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curation.dataset.fault import Fault
from curation.dataset.manifest import MANIFEST, Manifest
from curation.rights import ENGINE_VERSION, Outcome, PerformerGate, Request, clear_spans

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
    for row in rows:
        try:
            decision = _decide(manifest, row, knowledge)
        except (ValueError, KeyError, TypeError) as error:
            yield Fault(path, f"its decision cannot be asked again: {error}", row["key"])
            continue
        stated = row["rights"]
        if row["work_id"] in knowledge.withheld:
            what = f"its work is withheld: {knowledge.withheld[row['work_id']]}"
            yield Fault(path, what, row["key"])
        if decision.outcome is not Outcome.ALLOW:
            reasons = ", ".join(decision.reasons)
            what = f"its decision is {decision.outcome} when asked again: {reasons}"
            yield Fault(path, what, row["key"])
        elif stated.get("engine_version") == ENGINE_VERSION:
            again = {
                "grants": list(decision.grants),
                "rows": list(decision.rows),
                "duties": [f"{duty.code}@{duty.phase}" for duty in decision.duties],
            }
            for name, value in again.items():
                if stated.get(name) != value:
                    what = f"its {name} are {stated.get(name)}, when asked again {value}"
                    yield Fault(path, what, row["key"])


def _decide(manifest: Manifest, row: Mapping[str, Any], knowledge: Knowledge) -> Any:
    asked = {name: manifest.request[name] for name in ("licensee", "action", "territories")}
    times = {name: manifest.request[name] for name in ("use_from", "use_until", "commercial")}
    span = (row["clean_start"], row["clean_end"])
    request = Request.from_json(
        {
            **asked,
            **times,
            "components": row["rights"].get("components"),
            "work_id": row["work_id"],
            "span": list(span),
            "known_at": manifest.data["known_at"],
        }
    )
    answers = clear_spans(
        knowledge.rulebook,
        request,
        {row["work_id"]: [span]},
        performer_gate=PerformerGate(manifest.data["performer_gate"]),
        faces={row["work_id"]: [span] if _shows_a_face(row) else []},
    )
    return next(answers)[2]


def _shows_a_face(row: Mapping[str, Any]) -> bool:
    """Whether the sample's own tags say so; the gate was told of that face then."""
    faces = (row.get("people") or {}).get("faces") or {}
    return faces.get("label") not in _FACE_LABELS
