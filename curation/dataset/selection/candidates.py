"""Every clip that could be made of the library, with what a recipe asks of it, and its works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from curation.dataset.columns import Column, column, columns
from curation.dataset.recipe import Recipe
from curation.dataset.recipe.bounds import broken_bounds
from curation.dataset.recipe.filters import condition, patience
from curation.dataset.selection.cropping import with_crop
from curation.dataset.selection.quotas import NO_VALUE, rules_of
from curation.dataset.selection.spans import clips_of
from curation.dataset.selection.split import groups_of, split_of, titles_of
from curation.dataset.sound import carried
from curation.rights import Rulebook

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DERIVED: Final = ("title", "franchise", "work", "film")
"""What quotas count besides columns of ``tagged_shots``: by id, from the catalog."""


def lay_out_clips(connection: DuckDBPyConnection, recipe: Recipe) -> None:
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
        if name in DERIVED:
            parts.append(f"'<{name}>'")
        else:
            value = column(name, known, "quotas").sql
            parts.append(f"coalesce(({value})::VARCHAR, '{NO_VALUE}')")
    return f"concat_ws(' / ', {', '.join(parts)})"


def lay_out_works(connection: DuckDBPyConnection, rulebook: Rulebook, recipe: Recipe) -> None:
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
