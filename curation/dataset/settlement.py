"""What became of each clip of a plan once all were cut, and what is asked of them again.

All of it is SQL over sets, so that a release of millions of clips is settled without an object of
Python for each; the rights gate alone is asked clip by clip, in batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from curation.dataset.clips import clips_of
from curation.dataset.plan import Plan, ReleaseError, read_samples
from curation.dataset.selection.clearance import Span
from curation.dataset.selection.stations import CUT, STATIONS
from curation.dataset.streams import BATCH
from curation.papers.left_out import LeftOut
from curation.papers.left_out import table_of as left_out_table
from curation.tables.store import Store

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

NOT_CUT = "NOT_CUT"
"""Nobody knows what became of a clip."""
_ORDER = {station: position for position, station in enumerate(STATIONS)}
_OF_SAMPLES = (
    *("shot_id", "source_shot_id", "asset_sha256", "work_id", "clean_start", "clean_end"),
)

_ASKED = """
    shot_id, request->>'work_id' AS work_id, (request->'span'->>0)::BIGINT AS first,
    (request->'span'->>1)::BIGINT AS past,
    from_json(request->'components', '["VARCHAR"]') AS components
"""
"""What the gate was asked about a clip, from the request that was written down."""


@dataclass(frozen=True)
class Settlement:
    """The clips of a plan in the table ``settled``: the columns of ``selections``."""

    release_id: str
    connection: DuckDBPyConnection

    @property
    def released(self) -> int:
        """Clips that were chosen and cut."""
        query = "SELECT count(*) FROM settled WHERE status = 'released'"
        return int(self.connection.execute(query).fetchall()[0][0])

    def failures(self) -> dict[str, int]:
        """Why clips could not be cut, the commonest first."""
        return dict(
            self.connection.execute(
                f"SELECT reasons[1], count(*) AS clips FROM settled WHERE station = '{CUT}' "  # noqa: S608
                "GROUP BY ALL ORDER BY clips DESC, 1"
            ).fetchall()
        )

    def selections(self) -> pa.Table:
        """The rows of the table ``selections``."""
        return self.connection.sql("SELECT * FROM settled ORDER BY shot_id").to_arrow_table()

    def sources(self) -> list[tuple[str, str]]:
        """Films that something is released of, by content, each with its work."""
        return self.connection.execute(
            "SELECT DISTINCT asset_sha256, work_id FROM settled WHERE status = 'released' "
            "ORDER BY ALL"
        ).fetchall()

    def left_out(self) -> list[tuple[str, str, int]]:
        """Clips left out by station and first reason: in the stations' order, the most first."""
        rows = self.connection.execute(
            "SELECT station, reasons[1], count(*) FROM settled WHERE status <> 'released' "
            "GROUP BY ALL"
        ).fetchall()
        return sorted(rows, key=lambda row: (_ORDER[row[0]], -row[2], row[1]))

    def negative(self, films: Iterable[LeftOut]) -> pa.Table:
        """All that is not in the release, in the order of `curation.papers.left_out`.

        Args:
            films: those that were never cut into shots.
        """
        self.connection.register("left_films", left_out_table(films))
        return self.connection.sql(
            """
            SELECT * FROM (
                SELECT shot_id, asset_sha256, work_id, first_frame, past_last_frame, station,
                    reasons
                FROM settled WHERE status <> 'released' UNION ALL FROM left_films
            ) ORDER BY work_id, asset_sha256, coalesce(first_frame, 0), coalesce(shot_id, '')
            """
        ).to_arrow_table()

    def spans(self, works: Mapping[str, str]) -> Iterator[Span]:
        """The spans that were cut, work by work, each proven to be the one that was cleared.

        The connection may not be used for anything else before the last.

        Args:
            works: the work of each film now, by content.

        Raises:
            ReleaseError: for a sample that is not, or whose film is another work by now.
        """
        cursor = self.connection.execute(
            """
            SELECT settled.shot_id, samples.source_shot_id, samples.asset_sha256, samples.work_id,
                clean_start, clean_end, asked.work_id, asked.first, asked.past, asked.components
            FROM settled LEFT JOIN samples USING (shot_id) LEFT JOIN asked USING (shot_id)
            WHERE status = 'released' ORDER BY samples.work_id, settled.shot_id
            """
        )
        while page := cursor.fetchmany(BATCH):
            for shot_id, source, asset, work, start, end, *asked, components in page:
                if work is None or [work, start, end] != asked:
                    raise ReleaseError(
                        f"sample {shot_id} is not what was cleared; plan the release again"
                    )
                if works.get(asset) != work:
                    raise ReleaseError(
                        f"the film of sample {shot_id} is no longer listed as {work}; "
                        "plan the release again"
                    )
                yield Span(shot_id, work, start, end, source, tuple(components))


@contextmanager
def settle(store: Store, plan: Plan) -> Iterator[Settlement]:
    """Settle what was planned by what was cut: a clip that failed is out, with its reason.

    Raises:
        StorageError: when what was staged cannot be read.
    """
    import duckdb

    with duckdb.connect() as connection:
        _take(connection, "asked", store.staged(plan.release_id, "decisions"), _ASKED)
        _take(connection, "samples", read_samples(store, plan.release_id, _OF_SAMPLES))
        connection.register("cut", _cut(store, plan))
        connection.register("staged", store.staged(plan.release_id, "selections"))
        connection.execute(
            f"""
            CREATE TEMP TABLE settled AS
            SELECT * EXCLUDE (lost, key, sha256, failure) REPLACE (
                if(lost, 'failed', status) AS status,
                if(lost, '{CUT}', station) AS station,
                if(lost, [coalesce(failure, '{NOT_CUT}')], reasons) AS reasons,
                if(lost, NULL, split) AS split,
                if(lost, NULL, shard) AS shard,
                if(lost, NULL, sample_key) AS sample_key,
                if(lost, NULL, sha256) AS clip_sha256
            )
            FROM (
                SELECT *, status = 'released' AND (sha256 IS NULL OR failure IS NOT NULL) AS lost
                FROM staged LEFT JOIN cut ON cut.key = staged.sample_key
            )
            """  # noqa: S608
        )
        connection.unregister("staged")
        connection.unregister("cut")
        yield Settlement(plan.release_id, connection)


def _take(connection: DuckDBPyConnection, name: str, rows: pa.Table, columns: str = "*") -> None:
    """Some columns of rows as a table of the database, which holds them in less space."""
    connection.register("taken", rows)
    connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {columns} FROM taken")  # noqa: S608
    connection.unregister("taken")


def _cut(store: Store, plan: Plan) -> pa.Table:
    """What became of each clip, film by film: key, content and failure."""
    import pyarrow as pa

    schema = pa.schema([(name, pa.string()) for name in ("key", "sha256", "failure")])
    tables = [schema.empty_table()]
    for asset, place in plan.films.items():
        clips = clips_of(store, replace(plan, films={asset: place})).values()
        columns = [
            pa.array([clip.key for clip in clips], pa.string()),
            pa.array([clip.sha256 for clip in clips], pa.string()),
            pa.array([clip.failure for clip in clips], pa.string()),
        ]
        tables.append(pa.Table.from_arrays(columns, schema=schema))
    return pa.concat_tables(tables)
