"""Delta Lake tables under one store URL: staged by many tasks, committed by one.

Layout below the URL::

    tables/<name>/        Delta Lake tables
    staging/<plan>/       Parquet and files written by mapped tasks, removed after the commit
    releases/<id>/        published releases
    locks/<name>.lock     what keeps two commits of one machine apart; only where the store is local
"""

from __future__ import annotations

import functools
import io
import json
import operator
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curation.storage import Place
from curation.tables.schemas import SCHEMA_VERSION, Schema, schemas

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds
    from deltalake import DeltaTable

_VERSION_KEY = "curation.schemaVersion"
_ATTEMPTS = 8
_MARKS = re.compile("\x1b\\[[0-9;]*m|↳")
_LINES = 3
_PATIENCE_S = 3.0
"""Seconds of waiting for a lock before it is told."""


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
            StoreError: for a name that no schema has, a table of a newer schema version, or a
                store that cannot be reached.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        _schema(name)
        with self._in_words(name):
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

    def read(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """The table in memory; empty, with its columns, while it was never written.

        ``where``: only rows whose columns have these values; files without any are not read.
        """
        import pyarrow as pa

        schema = _schema(name).arrow
        wanted = pa.schema([schema.field(c) for c in columns]) if columns else schema
        data = self.dataset(name)
        if data is None:
            return wanted.empty_table()
        chosen = _equal(where) if where else None
        with self._in_words(name):
            stored = data.to_table(
                columns=[c for c in wanted.names if c in data.schema.names], filter=chosen
            )
        return _conform(stored, wanted)

    def dataset(self, name: str) -> ds.Dataset | None:
        """The table as a dataset whose files are read when asked; None while it was never written.

        It reads through pyarrow's own file systems. Through deltalake's, which is Python, threads
        of pyarrow that still run while the interpreter ends would abort the process.
        """
        from pyarrow.fs import SubTreeFileSystem

        table = self.table(name)
        if table is None:
            return None
        place = self.place / "tables" / name
        with self._in_words(name):
            return table.to_pyarrow_dataset(
                filesystem=SubTreeFileSystem(place.path, place.filesystem)
            )

    def append(self, name: str, rows: pa.Table | Iterable[Mapping[str, Any]]) -> int:
        """Add rows in one commit; returns how many. No commit for none.

        Raises:
            StoreError: when they cannot be committed.
        """
        from deltalake import write_deltalake

        table = self.arrow(name, rows)
        if table.num_rows:
            self._create(name)
            self._commit(
                name,
                lambda: write_deltalake(
                    self._url(name),
                    _stamped(table),
                    mode="append",
                    schema_mode="merge",
                    storage_options=_options(self.place),
                ),
            )
        return int(table.num_rows)

    def replace(
        self, name: str, rows: pa.Table | Iterable[Mapping[str, Any]], *, column: str
    ) -> int:
        """Put these rows in the place of all that share a value of ``column``; one commit.

        Two that replace the same values at once end as if one had followed the other.

        Raises:
            StoreError: when they cannot be committed.
        """
        table = self.arrow(name, rows)
        values = sorted(str(value) for value in table.column(column).unique().to_pylist())
        if values:
            # On a table that is not there, an overwrite would be a blind append: two at once
            # would both succeed, and each value would be there twice.
            self._create(name)
            self._overwrite(name, table, _among(column, values))
        return int(table.num_rows)

    def remove(self, name: str, *, column: str, values: Iterable[str]) -> None:
        """Delete the rows whose ``column`` has one of these values, in one commit.

        They are overwritten by none: Delta's own deletion leaves text as ``string_view``, which
        Arrow cannot compare with the ``string`` of the table's schema.

        Raises:
            StoreError: when that cannot be committed.
        """
        wanted = sorted(set(values))
        if wanted and self.table(name) is not None:
            self._overwrite(name, self.arrow(name, ()), _among(column, wanted))

    def set_instant(self, name: str, *, keys: Sequence[str], column: str, instant: str) -> None:
        """Write ``instant`` (ISO 8601, UTC) into ``column`` of open rows with these row keys.

        Raises:
            StoreError: when that cannot be committed.
        """
        if keys and (table := self.table(name)) is not None:

            def update() -> None:
                table.update_incremental()
                table.update(
                    updates={
                        column: f"arrow_cast('{instant}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
                    },
                    predicate=f"{_among('row_key', sorted(keys))} AND {column} IS NULL",
                )

            self._commit(name, update)

    @contextmanager
    def lock(self, name: str, *, tell: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Keep others on this machine out of a block until it is left or its process dies.

        Waits for whoever holds the lock, and says so through ``tell`` after some seconds. Not to be
        taken twice by one thread. On an object store it locks nothing: there Delta's detection of
        conflicts keeps each table whole, and a scheduler has to keep two runs apart.
        """
        if not self.place.is_local:
            yield
            return
        import fcntl

        path = self.place.local / "locks" / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            began, is_told = time.monotonic(), False
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not is_told and time.monotonic() - began > _PATIENCE_S:
                        tell(f"waiting for another run, which holds {path}; end it to go on")
                        is_told = True
                    time.sleep(0.05)
            yield

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
        self._part(plan, name, part).write_bytes(buffer.getvalue())
        return int(table.num_rows)

    def staged(self, plan: str, name: str, parts: Iterable[str] | None = None) -> pa.Table:
        """What the tasks of a plan staged for one table, in part order; of all parts if None.

        Raises:
            StorageError: when one of ``parts`` is not there.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = _schema(name).arrow
        wanted = self.staged_parts(plan, name) if parts is None else parts
        tables = [
            pq.read_table(
                io.BytesIO(self._part(plan, name, part).read_bytes()),
                schema=schema,
                partitioning=None,
            )
            for part in sorted(wanted)
        ]
        return pa.concat_tables(tables) if tables else schema.empty_table()

    def staged_parts(self, plan: str, name: str) -> set[str]:
        """The parts of a plan that staged rows, or the lack of any, for one table."""
        return {
            entry.path.removesuffix(".parquet")
            for entry in (self.staging(plan) / name).files()
            if entry.path.endswith(".parquet")
        }

    def unstage(self, plan: str, name: str, part: str) -> None:
        """Remove what a part staged for one table; nothing happens where nothing is."""
        self._part(plan, name, part).delete()

    def _part(self, plan: str, name: str, part: str) -> Place:
        return self.staging(plan) / name / f"{part}.parquet"

    def _create(self, name: str) -> None:
        """Make the table, empty, unless it is there."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if self.table(name) is not None:
            return
        if self.place.is_local:
            self.place.local.mkdir(parents=True, exist_ok=True)
        schema = _schema(name)
        with self._in_words(name):
            try:
                DeltaTable.create(
                    self._url(name),
                    _stamped(schema.arrow.empty_table()).schema,
                    mode="ignore",
                    name=name,
                    description=schema.what,
                    storage_options=_options(self.place),
                )
            except DeltaError:
                if self.table(name) is None:
                    raise

    def _overwrite(self, name: str, table: pa.Table, predicate: str) -> None:
        """Put rows in the place of those of which a predicate is true, in one commit."""
        from deltalake import write_deltalake

        self._commit(
            name,
            lambda: write_deltalake(
                self._url(name),
                _stamped(table),
                mode="overwrite",
                schema_mode="merge",
                predicate=predicate,
                storage_options=_options(self.place),
            ),
        )

    def _commit(self, name: str, write: Callable[[], object]) -> None:
        """Commit, again where another commit came between."""
        from deltalake.exceptions import CommitFailedError

        with self._in_words(name):
            for attempt in range(_ATTEMPTS):
                try:
                    write()
                    return
                except CommitFailedError:
                    if attempt + 1 == _ATTEMPTS:
                        raise
                    time.sleep(0.05 * 2**attempt)

    @contextmanager
    def _in_words(self, name: str) -> Iterator[None]:
        from deltalake.exceptions import CommitFailedError, DeltaError

        try:
            yield
        except CommitFailedError as error:
            raise StoreError(
                f"table {name} in {self}: other commits kept coming between ({_gist(error)}); "
                "let one run end, then run this again"
            ) from error
        except (DeltaError, OSError) as error:
            raise StoreError(
                f"table {name} in {self} cannot be read or written: {_gist(error)}; check the "
                "place, and for an object store the endpoint and the credentials"
            ) from error

    def _url(self, name: str) -> str:
        return f"{self.place}/tables/{name}"


def _gist(error: Exception) -> str:
    """An error in one line; deltalake tells causes in coloured lines, the deepest last."""
    lines = [_MARKS.sub("", line).strip() for line in str(error).strip().splitlines()]
    said = lines if len(lines) < _LINES else [lines[0], lines[-1]]
    return ": ".join(said)[:300] or type(error).__name__


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


def _equal(where: Mapping[str, str]) -> ds.Expression:
    import pyarrow.dataset as ds

    return functools.reduce(
        operator.and_, (ds.field(column) == value for column, value in where.items())
    )


def _among(column: str, values: Sequence[str]) -> str:
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f'"{column}" IN ({quoted})'


def _options(place: Place) -> dict[str, str]:
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if place.url.startswith("s3://") and endpoint.startswith("http://"):
        return {"AWS_ALLOW_HTTP": "true"}
    return {}
