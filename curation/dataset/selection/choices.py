"""Which clips are in: the first station that leaves each out, copies, quotas, shards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from curation.dataset import buckets
from curation.dataset.recipe import Recipe
from curation.dataset.selection.candidates import DERIVED
from curation.dataset.selection.duplicates import worse_copies
from curation.dataset.selection.quotas import apply_quotas as leave_out
from curation.dataset.selection.quotas import rules_of
from curation.dataset.selection.spans import NO_CLEAN_FRAME, frames_sql
from curation.dataset.selection.split import lot_sql
from curation.dataset.selection.stations import (
    AUDIO,
    BOUNDS,
    CUT,
    DUPLICATE,
    DUPLICATES,
    FILTER,
    KIND,
    LENGTH,
    QUOTA,
    RIGHTS,
    SOUND_NOT_KEPT,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def judge(connection: DuckDBPyConnection, recipe: Recipe) -> None:
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
    for name in set(per) & set(DERIVED):
        key = f"replace({key}, '<{name}>', {named.get(name, 'asset_sha256')})"
    return key


def leave_worse_copies(connection: DuckDBPyConnection, recipe: Recipe) -> None:
    if recipe.duplicates != "keep_best":
        return
    import pyarrow as pa

    worse = worse_copies(connection)
    connection.register("plan_worse", pa.table({"shot_id": pa.array(worse, pa.string())}))
    connection.execute(
        f"UPDATE plan_choices SET station = '{DUPLICATES}', reasons = ['{DUPLICATE}'] "  # noqa: S608
        "WHERE station IS NULL AND shot_id IN (SELECT shot_id FROM plan_worse)"
    )


def apply_quotas(connection: DuckDBPyConnection, recipe: Recipe) -> list[str]:
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
    remarks = leave_out(connection, recipe.quotas)
    connection.execute(
        f"UPDATE plan_choices SET station = '{QUOTA}', reasons = [quota] "  # noqa: S608
        "FROM plan_pool WHERE plan_pool.clip_id = plan_choices.clip_id AND quota IS NOT NULL"
    )
    return remarks


def place(connection: DuckDBPyConnection, recipe: Recipe) -> None:
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
