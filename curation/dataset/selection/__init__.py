"""Which clips go into a release, and for each of the others at which station it was left out.

All of it is SQL over sets in DuckDB's temporary tables, so that tens of millions of shots are
planned in one process; only the rights gate is asked in Python, clip by clip, in batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from curation.dataset.recipe import Recipe
from curation.dataset.selection.answers import answer, spans_of
from curation.dataset.selection.candidates import lay_out_clips, lay_out_works
from curation.dataset.selection.choices import apply_quotas, judge, leave_worse_copies, place
from curation.dataset.selection.clearance import Span
from curation.dataset.selection.quotas import Minimum, minima
from curation.dataset.selection.remarks import remarks_on
from curation.dataset.selection.stations import CUT
from curation.dataset.streams import batches
from curation.rights import Decision, PerformerGate, Rulebook

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection


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
        return spans_of(
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
    lay_out_clips(connection, recipe)
    lay_out_works(connection, rulebook, recipe)
    decisions = answer(
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
    judge(connection, recipe)
    leave_worse_copies(connection, recipe)
    unmet = apply_quotas(connection, recipe)
    taken = "(SELECT * FROM plan_choices WHERE station IS NULL)"
    met = minima(connection, recipe.quotas, taken, "plan_choices")
    place(connection, recipe)
    said = remarks_on(connection, rulebook, recipe, performer_gate, met)
    return Selection(connection, decisions, tuple(met), (*unmet, *said))
