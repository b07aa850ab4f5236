"""The rights gate's answer about every clip, in a table; equal answers are one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from curation.dataset.recipe import Recipe
from curation.dataset.selection.clearance import Clearance, Span, clear, shots_with_faces
from curation.dataset.selection.spans import NO_CLEAN_FRAME
from curation.dataset.sound import to_ask
from curation.dataset.streams import BATCH, in_batches
from curation.rights import Decision, PerformerGate, Rulebook

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def answer(
    connection: DuckDBPyConnection,
    rulebook: Rulebook,
    recipe: Recipe,
    *,
    known_at: datetime,
    performer_gate: PerformerGate,
    withheld: Mapping[str, str],
) -> tuple[Decision, ...]:
    """Ask the gate about every clip for what it would carry, and again without its sound where that
    is denied and may be muted: ``plan_cleared``."""
    how: dict[str, Any] = {
        "known_at": known_at,
        "performer_gate": performer_gate,
        "withheld": withheld,
        "faces": shots_with_faces(connection),
    }
    decisions: dict[int, tuple[int, Decision]] = {}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE plan_cleared "
        "(clip_id VARCHAR, decision INTEGER, outcome VARCHAR, rights_reasons VARCHAR[], "
        "components VARCHAR[])"
    )
    spans = f"""
        SELECT clip_id, work_id, first, past, shot_id, {to_ask(recipe)} AS components
        FROM plan_clips WHERE length_reason IS DISTINCT FROM '{NO_CLEAN_FRAME}'
    """  # noqa: S608
    for batch in in_batches(spans_of(connection, spans)):
        found = list(clear(rulebook, recipe, batch, **how))
        if recipe.audio.otherwise == "mute":
            found = list(_muted(found, rulebook, recipe, how))
        _keep(connection, found, decisions)
    return tuple(decision for _, decision in decisions.values())


def _muted(
    found: Iterable[Clearance], rulebook: Rulebook, recipe: Recipe, how: Mapping[str, Any]
) -> Iterator[Clearance]:
    again = []
    for one in found:
        if one.allowed or one.span.components == ("picture",):
            yield one
        else:
            span = one.span
            picture = Span(
                *(span.shot_id, span.work_id, span.start, span.end, span.source_id), ("picture",)
            )
            again.append(picture)
    if again:
        yield from clear(rulebook, recipe, again, **how)


def _keep(
    connection: DuckDBPyConnection,
    found: Iterable[Clearance],
    decisions: dict[int, tuple[int, Decision]],
) -> None:
    """Store answers in ``plan_cleared``; equal decisions of a work are one object, kept once."""
    import pyarrow as pa

    rows: dict[str, list[Any]] = {
        name: [] for name in ("clip_id", "decision", "outcome", "rights_reasons", "components")
    }
    for one in found:
        number, _ = decisions.setdefault(id(one.decision), (len(decisions), one.decision))
        rows["clip_id"].append(one.span.shot_id)
        rows["decision"].append(number)
        rows["outcome"].append(str(one.outcome))
        rows["rights_reasons"].append(one.reasons)
        rows["components"].append(one.span.components)
    texts = pa.list_(pa.string())
    table = pa.table(rows).cast(
        pa.schema(
            [
                ("clip_id", pa.string()),
                ("decision", pa.int32()),
                ("outcome", pa.string()),
                ("rights_reasons", texts),
                ("components", texts),
            ]
        )
    )
    connection.register("plan_answers", table)
    connection.execute("INSERT INTO plan_cleared SELECT * FROM plan_answers")
    connection.unregister("plan_answers")


def spans_of(connection: DuckDBPyConnection, query: str) -> Iterator[Span]:
    """Spans work by work, from rows (id, work, first, past, shot, components).

    They are put down first and then read by pages, so that the connection may be used between.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE plan_spans AS {query} ORDER BY work_id, clip_id"
    )
    for start in count(0, BATCH):
        page = connection.execute(
            f"SELECT * FROM plan_spans WHERE rowid >= {start} AND rowid < {start + BATCH} "  # noqa: S608
            "ORDER BY rowid"
        ).fetchall()
        for clip_id, work_id, first, past, shot_id, components in page:
            source = None if shot_id == clip_id else shot_id
            yield Span(clip_id, work_id, first, past, source, tuple(components))
        if len(page) < BATCH:
            return
