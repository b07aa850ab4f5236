"""The gate's answers as rows: of the table ``decisions``, and of what travels with each sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from curation.dataset.recipe import Recipe
from curation.dataset.selection import Selection
from curation.dataset.selection.clearance import Span, request_for
from curation.dataset.streams import batches
from curation.rights import Decision, Rulebook

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.dataset.plan import Plan

_VARYING = {
    "components": "components",
    "span": "[first, past]",
    "work_id": "work_id",
    "redacted_components": "[]::VARCHAR[]",
}
"""Parts of a request that differ from clip to clip, or that SQL cannot tell the type of."""


def decision_rows(selection: Selection, plan: Plan) -> Iterator[pa.Table]:
    """The rows of ``decisions``, in the order of their ids: every clip that was asked about."""
    import pyarrow as pa

    said = [
        {
            "decision": number,
            "rows": list(decision.rows),
            "duties": _duties(decision),
            "rulebook_sha256": decision.rulebook_sha256,
            "engine_version": decision.engine_version,
        }
        for number, decision in enumerate(selection.decisions)
    ]
    texts = pa.list_(pa.string())
    schema = pa.schema(
        [("decision", pa.int32()), ("rows", texts), ("duties", texts)]
        + [(name, pa.string()) for name in ("rulebook_sha256", "engine_version")]
    )
    connection = selection.connection
    connection.register("plan_decisions", pa.Table.from_pylist(said, schema=schema))
    probe = request_for(plan.recipe, Span("-", "-", 0, 1), plan.known_at).to_json()
    fixed = {name: value for name, value in probe.items() if name not in _VARYING}
    parts = ", ".join(f'"{name}" := {_VARYING.get(name, "$" + name)}' for name in sorted(probe))
    return batches(
        connection,
        f"""
        SELECT $release_id AS release_id, clip_id AS shot_id, work_id, outcome,
            rights_reasons AS reasons, rows, duties,
            to_json(struct_pack({parts}))::VARCHAR AS request,
            rulebook_sha256, engine_version, $at::TIMESTAMPTZ AS known_at
        FROM plan_choices JOIN plan_decisions USING (decision) ORDER BY clip_id
        """,  # noqa: S608
        {**fixed, "release_id": plan.release_id, "at": plan.known_at},
    )


def register_rights(selection: Selection, recipe: Recipe, rulebook: Rulebook) -> None:
    """Make a view ``plan_rights`` of what each chosen clip's decision says, by decision and
    components."""
    import pyarrow as pa

    licences = {rule.rule_id: rule.licence for rule in rulebook.rules if rule.licence}
    asked = recipe.request.model_dump(mode="json")
    pairs = selection.connection.execute(
        "SELECT DISTINCT decision, components FROM plan_choices WHERE station IS NULL ORDER BY ALL"
    ).fetchall()
    rows = [
        {
            "decision": number,
            "components": components,
            "rights": _rights(selection.decisions[number], licences)
            | asked
            | {"components": components},
        }
        for number, components in pairs
    ]
    selection.connection.register("plan_rights", pa.Table.from_pylist(rows))


def _rights(decision: Decision, licences: Mapping[str, str]) -> dict[str, Any]:
    return {
        "outcome": str(decision.outcome),
        "grants": list(decision.grants),
        "licences": sorted({licences[rule] for rule in decision.grants if rule in licences}),
        "rows": list(decision.rows),
        "duties": _duties(decision),
        "rulebook_sha256": decision.rulebook_sha256,
        "engine_version": decision.engine_version,
    }


def _duties(decision: Decision) -> list[str]:
    return [f"{duty.code}@{duty.phase}" for duty in decision.duties]
