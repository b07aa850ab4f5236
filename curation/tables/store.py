"""Delta Lake tables under one store URL: staged by many tasks, committed by one.

Layout below the URL::

    tables/<name>/        Delta Lake tables
    staging/<plan>/       Parquet and files written by mapped tasks, removed after the commit
    releases/<id>/        published releases
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curation.storage import Place
from curation.tables.schemas import SCHEMA_VERSION, Schema, schemas

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

_VERSION_KEY = "curation.schemaVersion"


class StoreError(Exception):
    """The store cannot serve a request; the message names the table, the reason and the remedy."""


@dataclass(frozen=True)
class Store:
    """All state of the pipeline, under one URL."""

    place: Place

    @classmethod
    def at(cls, url: str | os.PathLike[str]) -> Store:
        return cls(Place.parse(url))

    def __str__(self) -> str:
        return str(self.place)

    def staging(self, plan: str) -> Place:
        return self.place / "staging" / plan

    def release(self, release_id: str) -> Place:
        return self.place / "releases" / release_id

    def table(self, name: str) -> DeltaTable | None:
        """The Delta table, or None while nothing was ever written to it.

        Raises:
            StoreError: for a name that no schema has, or a table of a newer schema version.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        _schema(name)
        try:
            table = DeltaTable(self._url(name), storage_options=_options(self.place))
        except TableNotFoundError:
            return None
        version = int(table.schema().fields[0].metadata.get(_VERSION_KEY, 0))
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"table {name} in {self} has schema version {version}; this code reads up to "
                f"{SCHEMA_VERSION}. Install the newer release that wrote it"
            )
        return table

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The whole table in memory; empty, with its columns, while it was never written."""
        import pyarrow as pa

        schema = _schema(name).arrow
        wanted = pa.schema([schema.field(c) for c in columns]) if columns else schema
        table = self.table(name)
        if table is None:
            return wanted.empty_table()
        stored = table.to_pyarrow_table()
        return _conform(stored, wanted)

    def append(self, name: str, rows: pa.Table | Iterable[Mapping[str, Any]]) -> int:
        """Add rows in one commit; returns how many. No commit for none."""
        from deltalake import write_deltalake

        table = self.arrow(name, rows)
        if table.num_rows:
            if self.place.is_local:
                self.place.local.mkdir(parents=True, exist_ok=True)
            write_deltalake(
                self._url(name),
                _stamped(table),
                mode="append",
                schema_mode="merge",
                name=name,
                description=_schema(name).what,
                storage_options=_options(self.place),
            )
        return int(table.num_rows)

    def replace(
        self, name: str, rows: pa.Table | Iterable[Mapping[str, Any]], *, column: str
    ) -> int:
        """Put these rows in the place of all that share a value of ``column``; one commit."""
        from deltalake import write_deltalake

        if self.table(name) is None:
            return self.append(name, rows)
        table = self.arrow(name, rows)
        values = sorted({str(v) for v in table.column(column).to_pylist()})
        if values:
            write_deltalake(
                self._url(name),
                _stamped(table),
                mode="overwrite",
                predicate=_among(column, values),
                storage_options=_options(self.place),
            )
        return int(table.num_rows)

    def remove(self, name: str, *, column: str, values: Iterable[str]) -> None:
        """Delete the rows whose ``column`` has one of these values, in one commit."""
        wanted = sorted(set(values))
        table = self.table(name)
        if table is not None and wanted:
            table.delete(_among(column, wanted))

    def set_instant(self, name: str, *, keys: Sequence[str], column: str, instant: str) -> None:
        """Write ``instant`` (ISO 8601, UTC) into ``column`` of open rows with these row keys."""
        table = self.table(name)
        if table is not None and keys:
            table.update(
                updates={
                    column: f"arrow_cast('{instant}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
                },
                predicate=f"{_among('row_key', sorted(keys))} AND {column} IS NULL",
            )

    def arrow(self, name: str, rows: pa.Table | Iterable[Mapping[str, Any]]) -> pa.Table:
        """Rows as an Arrow table with exactly the columns of the schema."""
        import pyarrow as pa

        schema = _schema(name).arrow
        if isinstance(rows, pa.Table):
            return _conform(rows, schema)
        return pa.Table.from_pylist(list(rows), schema=schema)

    def stage(self, plan: str, part: str, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Write the rows of one mapped task as Parquet, for the committing task to collect."""
        import pyarrow.parquet as pq

        table = self.arrow(name, rows)
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        (self.staging(plan) / name / f"{part}.parquet").write_bytes(buffer.getvalue())
        return int(table.num_rows)

    def staged(self, plan: str, name: str) -> pa.Table:
        """What all tasks of a plan staged for one table, in part order."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = _schema(name).arrow
        folder = self.staging(plan) / name
        parts = [
            pq.read_table(io.BytesIO((folder / entry.path).read_bytes()), schema=schema)
            for entry in folder.files()
            if entry.path.endswith(".parquet")
        ]
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def _url(self, name: str) -> str:
        return f"{self.place}/tables/{name}"


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Arrow rows as plain dictionaries, maps as dictionaries too."""
    return table.to_pylist(maps_as_pydicts="strict")  # type: ignore[no-any-return]


def canonical_json(value: object) -> str:
    """JSON with one spelling for one value: sorted keys, no spaces, UTF-8 kept."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _schema(name: str) -> Schema:
    from difflib import get_close_matches

    known = schemas()
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.0)
        raise StoreError(f"no table is called {name!r}; did you mean {near[0]!r}?")
    return known[name]


def _conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of ``schema`` in its order and types; a column that is absent is null."""
    import pyarrow as pa

    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _stamped(table: pa.Table) -> pa.Table:
    """Delta takes no table properties of ours, so the first column's metadata holds the version."""
    first = table.schema.field(0).with_metadata({_VERSION_KEY: str(SCHEMA_VERSION)})
    return table.cast(table.schema.set(0, first))


def _among(column: str, values: Sequence[str]) -> str:
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f'"{column}" IN ({quoted})'


def _options(place: Place) -> dict[str, str]:
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if place.url.startswith("s3://") and endpoint.startswith("http://"):
        return {"AWS_ALLOW_HTTP": "true"}
    return {}
