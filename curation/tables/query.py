"""SQL over the store: DuckDB views of what holds now, and ``history`` of what ever held.

Main schema: every table of the store (catalog tables as they stand at ``known_at``), and
``tagged_shots``, one row a shot with its film, its work and one struct column a family of taggers
(``lighting`` holds what ``lighting`` and ``lighting.dynamics`` say; ``frames`` and ``seconds`` are
those of its clean span), so that
``lighting.key_style.label = 'low_key' AND quality.sharpness.gradient > 5`` reads as it is meant.
``newest_release`` is the release published last, ``left_out`` every film and shot that it does not
hold, with station and reasons. ``linked_evidence`` names the studio's work that an avail or a claim
is about, by its id or by its EIDR. ``unsurveyed_faces`` are the shots in which a face was detected
and which no survey of appearances accounts for.
Schema ``history``: the same tables with every version of every row, and ``readings``: when the last
reading of each scope finished (the studio's own catalog has none).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from curation.tables.schemas import Schema, schemas
from curation.tables.store import Store
from curation.tags import family

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyarrow.dataset import Dataset, Fragment

_ENVELOPE = (
    "row_key",
    "row_sha256",
    "row_json",
    "withdrawn_from_catalog_at",
    "retired_at",
    "scope",
)


def connect(store: Store, known_at: datetime | None = None) -> DuckDBPyConnection:
    """A DuckDB connection over the store, in memory: queries cannot change the store's tables.

    Leave it by ``with``, which closes it and lets go of the files that it reads.

    Args:
        known_at: catalog tables show the rows known at this instant; now where it is None.

    Raises:
        StoreError: when a table is of a newer schema version than this code.
    """
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(_NO_LATE_ROWS)
    connection.execute("CREATE SCHEMA history")
    for schema in schemas().values():
        stored = store.dataset(schema.name)
        data = schema.arrow.empty_table() if stored is None else _readable(stored)
        registered = f"_{schema.name}"
        connection.register(registered, data)
        columns = ", ".join(
            _quoted(c) if stored is None or c in data.schema.names else f"NULL AS {_quoted(c)}"
            for c in schema.arrow.names
        )
        connection.execute(
            f"CREATE VIEW history.{schema.name} AS SELECT {columns} FROM {registered}"  # noqa: S608
        )
    connection.execute(_READINGS)
    instant = (known_at or datetime.now(UTC)).isoformat()
    for schema in schemas().values():
        connection.execute(_current(schema, instant))
    connection.execute(_tagged_shots(connection))
    connection.execute(_NEWEST_RELEASE)
    connection.execute(_LEFT_OUT)
    connection.execute(_EIDR_KEY)
    connection.execute(_linked_evidence(instant))
    connection.execute(_unsurveyed_faces(instant))
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _readable(whole: Dataset) -> Dataset:
    """The table's files as Arrow reads them, those with view types converted in memory.

    Delta's own rewriting (updates, deletions) leaves text as ``string_view``, against which Arrow
    26 cannot compare the ``string`` that the table's schema promises.
    """
    import pyarrow as pa
    import pyarrow.dataset as ds

    plain: list[Fragment] = []
    rewritten: list[Fragment] = []
    for fragment in whole.get_fragments():
        types = {str(field.type) for field in fragment.physical_schema}
        (rewritten if any("view" in name for name in types) else plain).append(fragment)
    if not rewritten:
        return whole
    tables = [fragment.to_table(schema=whole.schema) for fragment in rewritten]
    parts = [ds.dataset(pa.concat_tables(tables).cast(whole.schema))]
    if plain:
        parts.append(ds.FileSystemDataset(plain, whole.schema, whole.format, whole.filesystem))
    return ds.dataset(parts)


def visible(known_at: str) -> str:
    """The predicate that keeps the catalog rows known at an instant (ISO 8601).

    Rows of a reading that has not finished do not count, so half a reading is never seen, whatever
    reading of another scope finished after it.
    """
    at = f"TIMESTAMPTZ '{known_at}'"
    return (
        f"{read_by(known_at)} AND recorded_at <= {at} AND (retired_at IS NULL OR retired_at > {at})"
    )


def read_by(known_at: str) -> str:
    """As ``visible``, with the rows that were retired by then or are recorded only later."""
    finished = (
        "(SELECT finished_at FROM history.readings WHERE reading_of IS NOT DISTINCT FROM scope)"
    )
    return (
        f"ingested_at <= {finished} AND (withdrawn_from_catalog_at IS NULL "
        f"OR withdrawn_from_catalog_at > least(TIMESTAMPTZ '{known_at}', {finished}))"
    )


def _current(schema: Schema, instant: str) -> str:
    source = f"history.{schema.name}"
    if not schema.bitemporal:
        return f"CREATE VIEW {schema.name} AS SELECT * FROM {source}"  # noqa: S608
    own_first = (
        " QUALIFY row_number() OVER (PARTITION BY work_id ORDER BY scope NULLS FIRST, row_key) = 1"
        if schema.name == "works"
        else ""
    )
    hidden = ", ".join(c for c in _ENVELOPE if c in schema.arrow.names)
    return (
        f"CREATE VIEW {schema.name} AS SELECT * EXCLUDE ({hidden}) "  # noqa: S608
        f"FROM {source} WHERE {visible(instant)}{own_first}"
    )


_NO_LATE_ROWS = "SET late_materialization_max_rows = 0"
"""DuckDB 2.0.0 fails at ORDER BY … LIMIT with a condition on a field of a struct, over Parquet,
when it fetches the other columns last."""

_READINGS = """
    CREATE VIEW history.readings AS
    SELECT if(content_sha256 IS NULL OR library_sha256 IS NOT NULL, NULL, catalog) AS reading_of,
           max(ingested_at) AS finished_at
    FROM history.ingests GROUP BY reading_of
"""

_NEWEST_RELEASE = """
    CREATE VIEW newest_release AS
    SELECT release_id, url, published_at FROM releases
    ORDER BY published_at DESC, release_id LIMIT 1
"""

_LEFT_OUT = """
    CREATE VIEW left_out AS
    WITH listed AS (SELECT DISTINCT asset_sha256, asset_path, work_id FROM assets)
    SELECT newest_release.release_id, works.title, work_id, asset_path, shot_id, station, reasons
    FROM selections JOIN newest_release USING (release_id)
    LEFT JOIN listed USING (asset_sha256, work_id) LEFT JOIN works USING (work_id)
    WHERE status <> 'released'
    UNION ALL
    SELECT (SELECT release_id FROM newest_release), works.title, work_id, asset_path, NULL,
           if(status = 'excluded', 'may we analyse', 'analysis'), reasons
    FROM listed JOIN films USING (asset_sha256) LEFT JOIN works USING (work_id)
    WHERE status <> 'analysed'
"""


_EIDR_KEY = """
    CREATE MACRO eidr_key(id) AS lower(nullif(concat(
        replace(regexp_extract(
            id, '(?i)([0-9A-F]{4}(-?[0-9A-F]{4}){4})(-?[0-9A-Z])?(:.+)?$', 1
        ), '-', ''),
        regexp_extract(id, '(?i)eidr-x:[^:]+(:.+)$', 1)
    ), ''))
"""
"""As ``curation.rights.eidr.eidr_key``: what two spellings of one EIDR share."""


def _linked_evidence(instant: str) -> str:
    return f"""
        CREATE VIEW linked_evidence AS
        WITH own AS (
            SELECT work_id, any_value(title) AS title, any_value(eidr) AS eidr
            FROM history.works WHERE scope IS NULL AND {visible(instant)} GROUP BY work_id
        ),
        names AS (
            SELECT work_id, title, work_id AS name, 'work_id' AS linked_by FROM own
            UNION
            SELECT work_id, title, eidr_key(coalesce(eidr, work_id)), 'eidr' FROM own
        ),
        said AS (
            SELECT 'avails' AS evidence, avail_key AS evidence_key, work_id AS stated_work_id,
                   source, unnest(list_concat([work_id], eidrs)) AS id FROM avails
            UNION ALL
            SELECT 'claims', claim_id, work_id, source, work_id FROM claims
        ),
        called AS (
            SELECT *, id AS name FROM said UNION ALL SELECT *, eidr_key(id) FROM said
        )
        SELECT names.work_id, names.title, evidence, evidence_key, stated_work_id, source,
               max(linked_by) AS linked_by
        FROM called JOIN names USING (name) GROUP BY ALL
    """  # noqa: S608


def _unsurveyed_faces(instant: str) -> str:
    """Shots with a face, or what may be one, that the catalog knows nothing of, and why.

    ``APPEARANCE_NOT_SURVEYED``: no complete survey speaks for the work, as the rights gate finds.
    ``FACE_WITHOUT_APPEARANCE``: one does, and no row of ``appearances`` names a face in the shot.
    The gate reviews those of the second reason whose label is a count; the others may be no face.
    What is not listed may still show people: no face was detected.
    """
    return f"""
        CREATE VIEW unsurveyed_faces AS
        WITH RECURSIVE line AS (
            SELECT work_id, work_id AS above, parent_id, TRUE AS speaks FROM works
            UNION
            SELECT line.work_id, works.work_id, works.parent_id,
                   works.level IN ('edit', 'manifestation')
            FROM line JOIN works ON works.work_id = line.parent_id
        ),
        surveyed AS (
            SELECT DISTINCT line.work_id FROM line JOIN surveys ON surveys.work_id = line.above
            WHERE speaks AND kind = 'APPEARANCE'
              AND try_cast(completed_at AS TIMESTAMPTZ) <= TIMESTAMPTZ '{instant}'
        ),
        recorded AS (
            SELECT line.work_id, span
            FROM line JOIN appearances ON appearances.work_id = line.above WHERE facet = 'FACE'
        ),
        seen AS (
            SELECT shot_id, label, confidence, measures['score'] AS score FROM tags
            WHERE tagger = 'people' AND facet = 'faces' AND measures['score'] IS NOT NULL
        ),
        held AS (
            SELECT asset_sha256, work_id, min(asset_path) AS asset_path FROM assets GROUP BY ALL
        )
        SELECT held.work_id, works.title, held.asset_path, shots.shot_id, shots.start_frame,
               shots.end_frame, shots.start_s, shots.end_s,
               seen.label AS faces, seen.confidence, seen.score,
               if(surveyed.work_id IS NULL,
                  'APPEARANCE_NOT_SURVEYED', 'FACE_WITHOUT_APPEARANCE') AS reason
        FROM seen JOIN shots USING (shot_id) JOIN held USING (asset_sha256)
        LEFT JOIN works ON works.work_id = held.work_id
        LEFT JOIN surveyed ON surveyed.work_id = held.work_id
        WHERE surveyed.work_id IS NULL OR NOT EXISTS (
            SELECT 1 FROM recorded
            WHERE recorded.work_id = held.work_id
              AND (span IS NULL OR span[1] < shots.clean_end AND span[2] > shots.clean_start)
        )
    """  # noqa: S608


def _tagged_shots(connection: DuckDBPyConnection) -> str:
    facets = connection.execute(
        "SELECT tagger, facet, list_sort(list_distinct(flatten(list(map_keys(measures))))) "
        "FROM tags GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    families: dict[str, list[str]] = {}
    for tagger, facet, measures in facets:
        this = f"tagger = {_text(tagger)} AND facet = {_text(facet)}"
        fields = [("label", "label"), ("confidence", "confidence")]
        fields += [(m, f"measures[{_text(m)}]") for m in measures or ()]
        struct = ", ".join(
            f"{_quoted(name)} := any_value({value}) FILTER (WHERE {this})" for name, value in fields
        )
        packed = f"{_quoted(facet)} := struct_pack({struct})"
        families.setdefault(family(tagger), []).append(packed)
    columns = "".join(
        f", struct_pack({', '.join(packed)}) AS {_quoted(name)}"
        for name, packed in families.items()
    )
    return f"""
        CREATE VIEW tagged_shots AS
        WITH described AS (SELECT shot_id{columns} FROM tags GROUP BY shot_id),
        held AS (
            SELECT asset_sha256, min_by(asset_path, asset_path) AS asset_path,
                   min_by(work_id, asset_path) AS work_id
            FROM assets GROUP BY asset_sha256
        )
        SELECT shots.*, shots.clean_end_s - shots.clean_start_s AS seconds,
               shots.clean_end - shots.clean_start AS frames,
               held.asset_path, held.work_id, works.title,
               films.width, films.height, films.codec, films.variable_rate,
               described.* EXCLUDE (shot_id)
        FROM shots
        JOIN held USING (asset_sha256)
        JOIN films ON films.asset_sha256 = shots.asset_sha256 AND films.status = 'analysed'
        LEFT JOIN works USING (work_id)
        LEFT JOIN described USING (shot_id)
    """  # noqa: S608


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
