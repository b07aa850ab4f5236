"""The columns of every catalog table, and how text is read into each kind of field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from curation import strict_json
from curation.catalog.evidence import EVIDENCE
from curation.rights import TABLES, Field, FieldKind

ASSET_FIELDS = (
    Field("asset_path", FieldKind.TEXT, required=True),
    Field("work_id", FieldKind.TEXT, required=True),
    Field("sha256", FieldKind.TEXT),
    Field("note", FieldKind.TEXT),
    Field("cut_list", FieldKind.TEXT),
    Field("cut_list_offset", FieldKind.INTEGER),
    Field("recorded_at", FieldKind.INSTANT),
    Field("retired_at", FieldKind.INSTANT),
)

SEPARATOR = ";"
"""Between the items of a list in a text cell."""


def table_names() -> tuple[str, ...]:
    """Every table that a catalog may hold."""
    return ("assets", *EVIDENCE, *TABLES)


def fields_of(table: str) -> tuple[Field, ...]:
    """The fields of a catalog table."""
    if table == "assets":
        return ASSET_FIELDS
    return EVIDENCE[table] if table in EVIDENCE else TABLES[table].fields


def column_names(table: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields_of(table))


class CellError(ValueError):
    """Text that is no value of its field's kind."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def values_from_text(table: str, cells: Mapping[str, str]) -> dict[str, Any]:
    """The values that a row of text cells states; an empty cell states nothing.

    Lists are separated by ``;``, a span is ``first:past-last``, a map is ``name=value;…``, duties
    are ``code@phase@fulfilled_at;…`` (the last two optional). A cell may hold JSON instead.

    Raises:
        CellError: for text that its field cannot hold.
    """
    kinds = {field.name: field.kind for field in fields_of(table)}
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        if not cell:
            continue
        try:
            values[name] = _READERS.get(kinds[name], str)(cell)
        except ValueError as error:
            raise CellError(name, str(error)) from error
    return values


def _integer(cell: str) -> int:
    try:
        return int(cell)
    except ValueError as error:
        raise ValueError(f"{cell!r} is no whole number") from error


def _boolean(cell: str) -> bool:
    word = cell.lower()
    if word in ("true", "yes", "1"):
        return True
    if word in ("false", "no", "0"):
        return False
    raise ValueError(f"{cell!r} is neither true nor false")


def _span(cell: str) -> list[int]:
    found = re.fullmatch(r"\[?\s*(\d+)\s*[:,]\s*(\d+)\s*\]?", cell)
    if not found:
        raise ValueError(f"{cell!r} is no span of frames; write first:past-last, such as 0:240")
    return [int(found[1]), int(found[2])]


def _list(cell: str) -> Any:
    if cell.startswith("["):
        return _json(cell)
    if "," in cell and SEPARATOR not in cell:
        raise ValueError(
            f"{cell!r} may hold one item or several; separate items by {SEPARATOR}, or write a "
            'list in JSON, such as ["Acme, Inc."]'
        )
    return [item.strip() for item in cell.split(SEPARATOR) if item.strip()]


def _map(cell: str) -> Any:
    if cell.startswith("{"):
        return _json(cell)
    pairs = {}
    for item in cell.split(SEPARATOR):
        name, found, value = item.partition("=")
        if not found or not name.strip():
            raise ValueError(f"{item!r} is no name=value")
        pairs[name.strip()] = value.strip()
    return pairs


def _duties(cell: str) -> Any:
    if cell.startswith("["):
        return _json(cell)
    names = ("code", "phase", "fulfilled_at")
    duties = []
    for item in cell.split(SEPARATOR):
        parts = [part.strip() for part in item.split("@")]
        if len(parts) > len(names) or not parts[0]:
            raise ValueError(f"{item!r} is no duty; write code@phase@fulfilled_at")
        duties.append({n: part for n, part in zip(names, parts, strict=False) if part})
    return duties


def _json(cell: str) -> Any:
    try:
        return strict_json.loads(cell)
    except ValueError as error:
        raise ValueError(f"{cell!r} is not readable as JSON: {error}") from error


_READERS: Mapping[FieldKind, Callable[[str], Any]] = {
    FieldKind.INTEGER: _integer,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.SPAN: _span,
    FieldKind.LIST: _list,
    FieldKind.MAP: _map,
    FieldKind.INSTRUMENT: lambda cell: _map(cell) if "=" in cell or "{" in cell else cell,
    FieldKind.DUTIES: _duties,
}
