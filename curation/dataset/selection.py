"""Which clips go into a release, and for each of the others at which station it was left out.

All of it is SQL over sets in DuckDB's temporary tables, so that tens of millions of shots are
planned in one process; only the rights gate is asked in Python, clip by clip, in batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from curation.dataset import buckets
from curation.dataset.bounds import broken_bounds
from curation.dataset.clearance import Clearance, Span, clear, shots_with_faces
from curation.dataset.columns import Column, column, columns
from curation.dataset.cropping import not_as_asked, with_crop
from curation.dataset.duplicates import worse_copies
from curation.dataset.filters import condition, patience
from curation.dataset.quotas import NO_VALUE, Minimum, apply_quotas, minima, rules_of
from curation.dataset.recipe import Recipe
from curation.dataset.remarks import remarks_on
from curation.dataset.sound import carried, to_ask
from curation.dataset.spans import NO_CLEAN_FRAME, clips_of, frames_sql
from curation.dataset.split import groups_of, lot_sql, split_of, titles_of
from curation.dataset.streams import BATCH, batches, in_batches
from curation.rights import Decision, PerformerGate, Rulebook

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

RIGHTS, KIND, LENGTH, AUDIO, FILTER, BOUNDS, DUPLICATES, QUOTA, CUT = STATIONS = (
    *("rights", "kind", "length", "audio", "filter", "bounds", "duplicates", "quota", "cut"),
)
"""Stations of a release at which a clip can be left out, in order."""

DUPLICATE, SOUND_NOT_KEPT = "DUPLICATE", "SOUND_NOT_KEPT"
_DERIVED = ("title", "franchise", "work", "film")
"""What quotas count besides columns of ``tagged_shots``: by id, from the catalog."""


@dataclass(frozen=True)
class Selection:
    """Every clip of the library with its choice, in the temporary table ``plan_choices``.

    Columns: ``clip_id``, ``shot_id`` (of which the clip is the whole or a part), ``asset_sha256``,
    ``work_id``, ``title_id``, ``group_id``, ``first`` and ``past`` (frames), ``clip_seconds``,
    ``crop``, ``sound``, ``decision`` (index into ``decisions``; null where nothing was asked),
    ``outcome``, ``rights_reasons``, ``components``, ``station`` and ``reasons`` (null and empty
    where it is in), ``split``, ``shard``, ``position``.

    Attributes:
        decisions: the rights engine's answers, each once.
        minima: what the recipe wants at least, and what there is.
        remarks: what is to be said of it; it travels with the release.
    """

    connection: DuckDBPyConnection
    decisions: tuple[Decision, ...] = ()
    minima: tuple[Minimum, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return self._number("SELECT count(*) FROM plan_choices")

    @property
    def chosen(self) -> int:
        """How many clips are in."""
        return self._number("SELECT count(*) FROM plan_choices WHERE station IS NULL")

    def left_out(self) -> Counter[tuple[str, str]]:
        """Clips left out by (station, first reason); with those chosen they add up to all."""
        rows = self.connection.execute(
            "SELECT station, reasons[1], count(*) FROM plan_choices WHERE station IS NOT NULL "
            "GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        return Counter({(station, reason): count for station, reason, count in rows})

    def spans(self) -> Iterator[Span]:
        """The spans of the clips that are in."""
        return _spans(
            self.connection,
            "SELECT clip_id, work_id, first, past, shot_id, components FROM plan_choices "
            "WHERE station IS NULL",
        )

    def sources(self) -> list[str]:
        """The shots of which something is in."""
        return self._texts(
            "SELECT DISTINCT shot_id FROM plan_choices WHERE station IS NULL ORDER BY 1"
        )

    def shards(self) -> list[str]:
        """Names of the shards (`curation.dataset.buckets.name_of`)."""
        return self._texts(
            "SELECT DISTINCT shard FROM plan_choices WHERE station IS NULL ORDER BY 1"
        )

    def rows(self, release_id: str) -> Iterator[pa.Table]:
        """The rows of ``selections``, in the order of their ids."""
        return batches(
            self.connection,
            f"""
            SELECT ? AS release_id, clip_id AS shot_id, asset_sha256, work_id,
                CASE WHEN station IS NULL THEN 'released'
                     WHEN station = '{CUT}' THEN 'failed' ELSE 'excluded' END AS status,
                station, reasons, split, shard,
                if(station IS NULL, clip_id, NULL) AS sample_key,
                nullif(shot_id, clip_id) AS source_shot_id,
                if(first < past, first, clean_start) AS first_frame,
                if(first < past, past, clean_end) AS past_last_frame
            FROM plan_choices ORDER BY clip_id
            """,  # noqa: S608
            [release_id],
        )

    def _number(self, query: str) -> int:
        return int(self.connection.execute(query).fetchall()[0][0])

    def _texts(self, query: str) -> list[str]:
        return [text for (text,) in self.connection.execute(query).fetchall()]


def select(
    connection: DuckDBPyConnection,
    rulebook: Rulebook,
    recipe: Recipe,
    *,
    known_at: datetime,
    performer_gate: PerformerGate,
    withheld: Mapping[str, str],
    unreachable: Mapping[str, str] = MappingProxyType({}),
    duplicates: pa.Table | None = None,
) -> Selection:
    """Choose the clips of a release: rights first, then what the recipe asks, in `STATIONS`' order.

    A shot of another kind than the recipe names, or of a kind that is not known, stays out as
    ``KIND_TITLE``, ``KIND_BLACK``, ``KIND_UNKNOWN`` and so on.

    Args:
        withheld: works that nobody may use, each with the reason why.
        unreachable: films that cannot be cut, by content, each with the reason why.
        duplicates: rows of the table ``duplicates``; those of the store where it is None.

    Raises:
        RecipeError: for a filter, a bound or a quota that cannot be asked.
    """
    import pyarrow as pa

    if duplicates is None:
        duplicates = connection.sql("SELECT * FROM duplicates").to_arrow_table()
    connection.register("plan_duplicates", duplicates)
    _ask(connection, recipe)
    _group(connection, rulebook, recipe)
    decisions = _clear(
        connection,
        rulebook,
        recipe,
        known_at=known_at,
        performer_gate=performer_gate,
        withheld=withheld,
    )
    lost = pa.table(
        {
            "asset_sha256": pa.array(unreachable.keys(), pa.string()),
            "reason": pa.array(unreachable.values(), pa.string()),
        }
    )
    connection.register("plan_unreachable", lost)
    _judge(connection, recipe)
    _leave_worse_copies(connection, recipe)
    unmet = _apply_quotas(connection, recipe)
    taken = "(SELECT * FROM plan_choices WHERE station IS NULL)"
    met = minima(connection, recipe.quotas, taken, "plan_choices")
    _place(connection, recipe)
    said = remarks_on(connection, rulebook, recipe, performer_gate, met)
    said += tuple(not_as_asked(connection, recipe))
    return Selection(connection, decisions, tuple(met), (*unmet, *said))


def _ask(connection: DuckDBPyConnection, recipe: Recipe) -> None:
    """Everything that the recipe asks of the shots, in one pass over their tags: ``plan_clips``."""
    known = columns(connection)
    asked = ", ".join(
        f"if({condition(connection, one)}, NULL, '{one.name}')" for one in recipe.filters
    )
    keys = "".join(
        f", {_key(per, known)} AS key_{number}"
        for number, per in enumerate(rules_of(recipe.quotas))
    )
    shots = f"""(
        SELECT shot_id, asset_sha256, work_id, kind, clean_start, clean_end,
            clean_start_s, clean_end_s, seconds, variable_rate,
            transition_in.type AS transition_in, transition_out.type AS transition_out,
            list_filter([{asked}]::VARCHAR[], lambda name: name IS NOT NULL) AS refused,
            {broken_bounds(recipe, known)} AS out_of_bounds,
            {carried(known)} AS carried, crop{keys}
        FROM {with_crop("tagged_shots", recipe.clip, known)}
    )"""  # noqa: S608
    with patience(connection):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE plan_clips AS {clips_of(shots, recipe.clip)}"
        )


def _key(per: Iterable[str], known: Mapping[str, Column]) -> str:
    """SQL for the joined values of some columns; what the catalog derives is put in later."""
    parts = []
    for name in per:
        if name in _DERIVED:
            parts.append(f"'<{name}>'")
        else:
            value = column(name, known, "quotas").sql
            parts.append(f"coalesce(({value})::VARCHAR, '{NO_VALUE}')")
    return f"concat_ws(' / ', {', '.join(parts)})"


def _group(connection: DuckDBPyConnection, rulebook: Rulebook, recipe: Recipe) -> None:
    """The title, group and split of each work that has shots: ``plan_works``."""
    import pyarrow as pa

    works = [
        work for (work,) in connection.execute("SELECT DISTINCT work_id FROM plan_clips").fetchall()
    ]
    alike = connection.execute(
        """
        SELECT DISTINCT one.work_id, other.work_id FROM plan_duplicates
        JOIN plan_clips AS one ON one.shot_id = plan_duplicates.shot_id
        JOIN plan_clips AS other ON other.shot_id = plan_duplicates.twin_id
        WHERE list_contains(?, one.kind) AND list_contains(?, other.kind)
        """,
        [list(recipe.kinds)] * 2,
    ).fetchall()
    groups = groups_of(rulebook, works, together=recipe.split.together, alike=alike)
    titles = titles_of(rulebook)
    table = pa.table(
        {
            "work_id": pa.array(works, pa.string()),
            "title_id": pa.array([titles.get(work, work) for work in works], pa.string()),
            "group_id": pa.array([groups[work] for work in works], pa.string()),
            "group_split": pa.array(
                [split_of(groups[work], recipe.seed, recipe.split) for work in works], pa.string()
            ),
        }
    )
    connection.register("plan_works", table)


def _clear(
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
    for batch in in_batches(_spans(connection, spans)):
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


def _judge(connection: DuckDBPyConnection, recipe: Recipe) -> None:
    """The first station that leaves each clip out, with its reasons there: ``plan_choices``."""
    kinds = ", ".join(f"'{kind}'" for kind in recipe.kinds)
    keys = "".join(
        f", {_derived(per, f'key_{number}')} AS key_{number}"
        for number, per in enumerate(rules_of(recipe.quotas))
    )
    plain = ", ".join(f"key_{number}" for number, _ in enumerate(rules_of(recipe.quotas)))
    drop = recipe.kept_sound and recipe.audio.otherwise == "drop"
    kept = "[" + ", ".join(f"'{name}'" for name in sorted(recipe.kept_sound)) + "]::VARCHAR[]"
    not_kept = f"NOT list_has_all({kept}, carried)" if drop else "false"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE plan_choices AS
        WITH judged AS (
            SELECT * EXCLUDE (group_split{", " + plain if plain else ""}){keys},
                CASE
                    WHEN length_reason = '{NO_CLEAN_FRAME}' THEN '{LENGTH}'
                    WHEN outcome IS DISTINCT FROM 'ALLOW' THEN '{RIGHTS}'
                    WHEN kind IS NULL OR kind NOT IN ({kinds}) THEN '{KIND}'
                    WHEN length_reason IS NOT NULL THEN '{LENGTH}'
                    WHEN {not_kept} THEN '{AUDIO}'
                    WHEN len(refused) > 0 THEN '{FILTER}'
                    WHEN len(out_of_bounds) > 0 THEN '{BOUNDS}'
                    WHEN reason IS NOT NULL THEN '{CUT}'
                END AS station,
                len(components) > 1 AS sound,
                group_split AS split
            FROM plan_clips JOIN plan_works USING (work_id) LEFT JOIN plan_cleared USING (clip_id)
            LEFT JOIN plan_unreachable USING (asset_sha256)
        )
        SELECT * EXCLUDE (refused, out_of_bounds, reason, length_reason, split),
            CASE station
                WHEN '{RIGHTS}' THEN rights_reasons
                WHEN '{KIND}' THEN [concat('KIND_', upper(coalesce(kind, 'unknown')))]
                WHEN '{LENGTH}' THEN [length_reason]
                WHEN '{AUDIO}' THEN ['{SOUND_NOT_KEPT}']
                WHEN '{FILTER}' THEN refused
                WHEN '{BOUNDS}' THEN out_of_bounds
                WHEN '{CUT}' THEN [reason]
                ELSE []
            END AS reasons,
            split, NULL::VARCHAR AS shard, NULL::BIGINT AS position
        FROM judged
        """  # noqa: S608
    )


def _derived(per: Iterable[str], key: str) -> str:
    """SQL that puts the ids that the catalog gives into a key."""
    named = {"title": "title_id", "franchise": "group_id", "work": "work_id"}
    for name in set(per) & set(_DERIVED):
        key = f"replace({key}, '<{name}>', {named.get(name, 'asset_sha256')})"
    return key


def _leave_worse_copies(connection: DuckDBPyConnection, recipe: Recipe) -> None:
    if recipe.duplicates != "keep_best":
        return
    import pyarrow as pa

    worse = worse_copies(connection)
    connection.register("plan_worse", pa.table({"shot_id": pa.array(worse, pa.string())}))
    connection.execute(
        f"UPDATE plan_choices SET station = '{DUPLICATES}', reasons = ['{DUPLICATE}'] "  # noqa: S608
        "WHERE station IS NULL AND shot_id IN (SELECT shot_id FROM plan_worse)"
    )


def _apply_quotas(connection: DuckDBPyConnection, recipe: Recipe) -> list[str]:
    if recipe.quotas == type(recipe.quotas)():
        return []
    keys = "".join(f", key_{number}" for number, _ in enumerate(rules_of(recipe.quotas)))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE plan_pool AS
        SELECT clip_id, clip_seconds{keys}, {lot_sql(recipe.seed, "clip_id")} AS lot,
            false AS reserved, NULL::VARCHAR AS quota
        FROM plan_choices WHERE station IS NULL
        """  # noqa: S608
    )
    remarks = apply_quotas(connection, recipe.quotas)
    connection.execute(
        f"UPDATE plan_choices SET station = '{QUOTA}', reasons = [quota] "  # noqa: S608
        "FROM plan_pool WHERE plan_pool.clip_id = plan_choices.clip_id AND quota IS NOT NULL"
    )
    return remarks


def _place(connection: DuckDBPyConnection, recipe: Recipe) -> None:
    """The shard and position of each clip that is in.

    A bucket's clips are in an order drawn by lot, so that a shard mixes titles.
    """
    bucket = buckets.sql(recipe.shard.buckets, recipe.clip.height)
    connection.execute(
        f"""
        UPDATE plan_choices SET shard = placed.shard, position = placed.position FROM (
            SELECT clip_id,
                concat_ws('-', split, nullif(bucket, '{buckets.ALL}'), printf('%06d',
                    (row_number() OVER (PARTITION BY split, bucket ORDER BY lot, clip_id) - 1)
                    // {recipe.shard.samples})) AS shard,
                row_number() OVER (ORDER BY split, bucket, lot, clip_id) - 1 AS position
            FROM (
                SELECT clip_id, split, {bucket} AS bucket, {lot_sql(recipe.seed, "clip_id")} AS lot
                FROM (
                    SELECT clip_id, split, {frames_sql(recipe.clip)} AS frames,
                        coalesce(crop.width, width) AS width,
                        coalesce(crop.height, height) AS height
                    FROM plan_choices JOIN films USING (asset_sha256)
                    WHERE station IS NULL AND films.status = 'analysed'
                )
            )
        ) AS placed WHERE placed.clip_id = plan_choices.clip_id
        """  # noqa: S608
    )
    connection.execute("UPDATE plan_choices SET split = NULL WHERE station IS NOT NULL")


def _spans(connection: DuckDBPyConnection, query: str) -> Iterator[Span]:
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
