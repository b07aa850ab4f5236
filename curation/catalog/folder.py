"""A folder with one CSV, JSON Lines or Parquet file a table, named after the table."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from curation import strict_json
from curation.catalog.evidence_files import NO_FILES
from curation.catalog.fields import column_names, table_names
from curation.catalog.reader import MALFORMED, CatalogError, Fault, RawRow
from curation.storage import Place

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = (".csv", ".jsonl", ".parquet")
_OTHER_FORMATS = frozenset(
    f".{name}"
    for name in "csv jsonl parquet json ndjson tsv txt xls xlsx xlsm ods xml pq gz zip".split()  # noqa: SIM905
)
"""Endings of files that may hold a table and are not read; the known ones in capitals too."""


class FolderReader:
    """Our own catalog: ``works.csv``, ``rules.jsonl``, ``consents.parquet``, …"""

    name = "folder"

    def reads(self, place: Place) -> bool:
        return place.is_folder()

    def files(self, place: Place) -> list[Place]:
        found = (PurePosixPath(entry.path) for entry in place.files())
        names = [name for name in found if not name.name.startswith(NO_FILES)]
        read = [name for name in names if name.suffix in FORMATS and len(name.parts) == 1]
        for name in names:
            if name not in read:
                _refuse_to_pass_over(name, place)
        if place.is_local:
            _refuse_what_is_no_file(place, {name.name for name in read})
        return [place / str(name) for name in read]

    def rows(self, place: Place) -> Iterator[RawRow]:
        seen: dict[str, str] = {}
        for found in self.files(place):
            file = PurePosixPath(found.name)
            table = _table(file, place)
            if table in seen:
                raise CatalogError(
                    f"{place}: {seen[table]} and {file.name} both hold {table}; keep one of them"
                )
            seen[table] = file.name
            data = found.read_bytes()
            if file.suffix == ".csv":
                yield from _csv_rows(table, file.name, data)
            elif file.suffix == ".jsonl":
                yield from _json_rows(table, file.name, data)
            else:
                yield from _parquet_rows(table, file.name, data)
        if not seen:
            raise CatalogError(
                f"{place} holds no table; put files such as works.csv and rules.csv there"
            )


def check_columns(source: str, table: str, columns: Sequence[str]) -> None:
    """Refuse a file whose header names a column that its table does not have.

    Raises:
        CatalogError: naming the nearest known column.
    """
    known = column_names(table)
    for column in columns:
        if column not in known:
            if any(mark in column for mark in (";", "\t", "|")):
                raise CatalogError(f"{source}: its header is one cell; separate cells by commas")
            near = get_close_matches(column, known, n=1, cutoff=0.0)[0]
            raise CatalogError(
                f"{source}: unknown column {column!r} in table {table}; did you mean {near!r}? "
                f"Known columns: {', '.join(known)}"
            )
    twice = sorted({c for c in columns if list(columns).count(c) > 1})
    if twice:
        raise CatalogError(f"{source}: the column {twice[0]!r} is there twice; keep one of them")


def _table(file: PurePosixPath, place: Place) -> str:
    names = table_names()
    if file.stem not in names:
        near = get_close_matches(file.stem, names, n=1, cutoff=0.0)[0]
        raise CatalogError(
            f"{place}: {file.name} is named after no table; did you mean {near}{file.suffix}? "
            f"Tables: {', '.join(names)}"
        )
    return file.stem


def _refuse_to_pass_over(file: PurePosixPath, place: Place) -> None:
    """A file named as a table is one to whoever put it there; its prohibitions must not be lost."""
    table = file.parts[0].partition(".")[0].casefold()
    endings = FORMATS if len(file.parts) > 1 else _OTHER_FORMATS
    if table in table_names() and file.suffix.casefold() in endings:
        raise CatalogError(
            f"{place}: {file} is not read; save {table} as one file in the folder itself, named "
            f"{' or '.join(f'{table}{ending}' for ending in FORMATS)}, or take it away"
        )


def _refuse_what_is_no_file(place: Place, read: set[str]) -> None:
    """A link that leads nowhere or to a folder, and a pipe, are in no listing of files."""
    names = sorted(set(os.listdir(place.local)) - read)  # noqa: PTH208 - names, not paths
    odd = [name for name in names if not (place.local / name).is_file()]
    for name in odd:
        table, _, ending = name.partition(".")
        is_link = (place.local / name).is_symlink()
        if table.casefold() in table_names() and (is_link or f".{ending.casefold()}" in FORMATS):
            raise CatalogError(
                f"{place}: {name} is no file (a link that leads nowhere or to a folder, a folder "
                f"or a pipe); put the file of {table.casefold()} itself there, or take it away"
            )


def _csv_rows(table: str, source: str, data: bytes) -> Iterator[RawRow]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogError(f"{source} is not UTF-8 at byte {error.start}; save it as UTF-8") from (
            error
        )
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    while True:
        line = lines.line_num + 1
        try:
            cells = next(lines)
        except StopIteration:
            break
        except csv.Error as error:
            fault = Fault("", MALFORMED, f"not readable as CSV: {error}; check its quotes")
            yield RawRow(table, source, line, {}, is_text=True, fault=fault)
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
            check_columns(source, table, header)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        values = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        blank = frozenset(name for name, cell in values.items() if not cell)
        damage = _damage(header, cells)
        yield RawRow(table, source, line, values, is_text=True, fault=damage, blank=blank)
    if header is None:
        raise CatalogError(f"{source} is empty; give it a header line or remove it")


def _damage(header: list[str], cells: list[str]) -> Fault | None:
    """What says that cells may not stand under their own columns."""
    if len(cells) != len(header):
        message = f"{len(cells)} cells under {len(header)} columns; quote cells that hold a comma"
        return Fault("", MALFORMED, message)
    broken = next((n for n, c in zip(header, cells, strict=True) if "\n" in c or "\r" in c), None)
    if broken is not None:
        message = f"{broken} runs over the end of the line; a stray quote may have swallowed rows"
        return Fault(broken, MALFORMED, message)
    return None


def _json_rows(table: str, source: str, data: bytes) -> Iterator[RawRow]:
    if b"\0" in data[:4]:
        raise CatalogError(f"{source} is not UTF-8 but UTF-16 or UTF-32; save it as UTF-8")
    for line, raw in enumerate(data.splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            values: Any = strict_json.loads(raw)
        except ValueError as error:
            fault = Fault("", MALFORMED, f"not readable as JSON: {error}")
            yield RawRow(table, source, line, {}, fault=fault)
            continue
        if isinstance(values, dict):
            yield RawRow(table, source, line, values)
        else:
            fault = Fault("", MALFORMED, "not a JSON object; write one object a line")
            yield RawRow(table, source, line, {}, fault=fault)


def _parquet_rows(table: str, source: str, data: bytes) -> Iterator[RawRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise CatalogError(f"{source} is not readable Parquet: {error}") from error
    check_columns(source, table, rows.column_names)
    for name in rows.column_names:
        if not _is_plain(rows.schema.field(name).type):
            raise CatalogError(
                f"{source}: column {name} holds {rows.schema.field(name).type}; write text, "
                "whole numbers, booleans, dates, or lists, structs and maps of them"
            )
    for line in range(rows.num_rows):
        try:
            (values,) = rows.slice(line, 1).to_pylist(maps_as_pydicts="strict")
        except (ValueError, KeyError, pa.ArrowException) as error:
            fault = Fault("", MALFORMED, f"not readable as a row: {error}")
            yield RawRow(table, source, line + 1, {}, fault=fault)
            continue
        stated = {name: _plain(value) for name, value in values.items() if value is not None}
        blank = frozenset(values.keys() - stated.keys())
        yield RawRow(table, source, line + 1, stated, blank=blank)


def _is_plain(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    if types.is_timestamp(kind):
        return bool(kind.unit != "ns")
    if types.is_list(kind) or types.is_large_list(kind):
        return _is_plain(kind.value_type)
    if types.is_map(kind):
        return _is_plain(kind.key_type) and _is_plain(kind.item_type)
    if types.is_struct(kind):
        return all(_is_plain(kind.field(i).type) for i in range(kind.num_fields))
    wanted = (types.is_string, types.is_large_string, types.is_integer, types.is_boolean)
    return any(test(kind) for test in (*wanted, types.is_date, types.is_null))


def _plain(value: object) -> object:
    """Dates and times of Parquet in the spelling of the other formats."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
