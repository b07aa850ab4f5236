"""Rows from JSON objects and back, driven by the declared tables."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from curation.rights.names import SEVERAL
from curation.rights.row_checks import complaints
from curation.rights.row_types import TABLES, Duty, Field, FieldKind, Row, fields_of
from curation.rights.windows import WindowError, format_instant, parse_instant

_DUTY_FIELDS = fields_of(Duty)
_FIELDS: Mapping[type[Row], tuple[Field, ...]] = {
    table.row_type: table.fields for table in TABLES.values()
}


class RowError(ValueError):
    """A row that cannot be taken, naming the table, the row, the field and the remedy."""

    def __init__(self, table: str, row_id: str, field: str, reason: str) -> None:
        self.table = table
        self.row_id = row_id
        self.field = field
        self.reason = reason
        super().__init__(f"{table} {row_id}: {field} {reason}")


class _BadValueError(ValueError):
    pass


def parse_row(table: str, data: Mapping[str, object]) -> Row:
    """One row from its JSON object; fields that are null count as absent.

    Raises:
        RowError: an unknown table or field, a required field missing, a value of the wrong kind
            or outside its choices, an unreadable date, zone, territory or span. The first one met.
    """
    if table not in TABLES:
        raise RowError(table, "?", "table", f"is unknown{nearest(table, TABLES)}")
    spec = TABLES[table]
    row_id = _readable(data, spec.key)

    def fail(field: str, reason: str) -> RowError:
        return RowError(table, row_id, field, reason)

    values = _values(data, spec.fields, fail)
    row = cast("Callable[..., Row]", spec.row_type)(**values)
    for field, reason in complaints(row):
        raise fail(field, reason)
    return row


def row_to_json(row: Row) -> dict[str, object]:
    """The row's JSON object without its absent fields; `parse_row` reads it back equal."""
    return _to_json(row, _FIELDS[type(row)])


def row_name(row: Row, *, table: str | None = None) -> str:
    """The row's id, or for a row without one a readable name such as `surveys[edit:T EMBEDDED]`."""
    spec = TABLES[table] if table else next(t for t in TABLES.values() if t.row_type is type(row))
    data = {name: getattr(row, name) for name in spec.key}
    return _readable(data, spec.key, prefix=spec.name)


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known name, else the known names."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(names)}"


def _readable(data: Mapping[str, object], key: Sequence[str], prefix: str = "") -> str:
    if len(key) == 1:
        return str(data.get(key[0], "?"))
    parts = []
    for name in key:
        value = data.get(name)
        if value is None or value == ():
            continue
        if name == "span" and isinstance(value, tuple | list) and len(value) == 2:
            parts.append(f"{value[0]}-{value[1]}")
        elif isinstance(value, tuple | list):
            parts.append(",".join(map(str, value)))
        else:
            parts.append(str(value))
    return f"{prefix}[{' '.join(parts)}]"


def _values(
    data: Mapping[str, object],
    fields: Sequence[Field],
    fail: Callable[[str, str], RowError],
) -> dict[str, Any]:
    names = [field.name for field in fields]
    for name in data:
        if name not in names:
            raise fail(str(name), f"is unknown{nearest(str(name), names)}")
    values: dict[str, Any] = {}
    for field in fields:
        value = data.get(field.name)
        if value is None or value == "":
            if field.required:
                raise fail(field.name, "is missing; this field is required")
            continue
        try:
            values[field.name] = _READERS[field.kind](value, field)
        except _BadValueError as error:
            raise fail(field.name, str(error)) from error
    return values


def _text(value: object, field: Field) -> str:
    if not isinstance(value, str):
        raise _BadValueError(f"{value!r} is not text; write a string")
    _choice(value, field)
    return value


def _choice(value: str, field: Field) -> None:
    if field.choices and value not in field.choices:
        raise _BadValueError(f"{value!r} is unknown{nearest(value, field.choices)}")


def _integer(value: object, _field: Field) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _BadValueError(f"{value!r} is not a whole number; write digits without quotes")
    return value


def _boolean(value: object, _field: Field) -> bool:
    if not isinstance(value, bool):
        raise _BadValueError(f"{value!r} is not a boolean; write true or false")
    return value


def _instant(value: object, _field: Field) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = format_instant(value)
    if not isinstance(value, str):
        raise _BadValueError(f"{value!r} is not an instant; write 2026-11-10T08:00:00Z")
    try:
        return parse_instant(value)
    except WindowError as error:
        raise _BadValueError(str(error)) from error


def _span(value: object, field: Field) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise _BadValueError(f"{value!r} is not a span; write [first, past-last)")
    return _integer(value[0], field), _integer(value[1], field)


def _list(value: object, field: Field) -> tuple[str, ...]:
    if isinstance(value, str) and SEVERAL.search(value):
        raise _BadValueError(f"{value!r} is one text that may hold several; write a list of text")
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise _BadValueError(f"{value!r} is not a list; write a list of text")
    for item in items:
        if not isinstance(item, str) or not item:
            raise _BadValueError(f"holds {item!r}, which is not text; write a list of text")
        _choice(item, field)
    if not items and field.choices:
        raise _BadValueError("is an empty list, which says nothing; name its items or leave it out")
    return tuple(items)


def _map(value: object, field: Field) -> tuple[tuple[str, str], ...]:
    """Flat text: an object as a value keeps its `use` under the key, the rest under `key.name`."""
    if not isinstance(value, Mapping):
        raise _BadValueError(f"{value!r} is not an object; write names and values")
    if field.required and not value:
        raise _BadValueError("is an empty object, which says nothing; write names and values")
    flat: list[tuple[str, str]] = []
    for name, item in value.items():
        if isinstance(item, Mapping):
            for inner, inner_item in item.items():
                key = name if inner == "use" else f"{name}.{inner}"
                flat.append((key, _scalar(name, inner_item)))
        else:
            flat.append((name, _scalar(name, item)))
    names = [name for name, _ in flat]
    for name in names:
        if names.count(name) > 1:
            raise _BadValueError(f"says {name!r} twice; say it once")
    return tuple(sorted(flat))


def _instrument(value: object, field: Field) -> tuple[tuple[str, str], ...]:
    return (("contract_id", value),) if isinstance(value, str) else _map(value, field)


def _scalar(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    raise _BadValueError(f"{name!r} holds {value!r}; write text, a number or a list of text")


def _duties(value: object, _field: Field) -> tuple[Duty, ...]:
    if not isinstance(value, list | tuple):
        raise _BadValueError(f"{value!r} is not a list; write [{{code, phase, fulfilled_at}}]")
    duties = []
    for item in value:
        if not isinstance(item, Mapping):
            raise _BadValueError(f"holds {item!r}; write {{code, phase, fulfilled_at}}")
        try:
            values = _values(item, _DUTY_FIELDS, lambda name, why: RowError("", "", name, why))
        except RowError as error:
            raise _BadValueError(
                f"of {item.get('code', '?')}: {error.field} {error.reason}"
            ) from error
        duties.append(Duty(**values))
    return tuple(duties)


_READERS: Mapping[FieldKind, Callable[[object, Field], object]] = {
    FieldKind.TEXT: _text,
    FieldKind.INTEGER: _integer,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.INSTANT: _instant,
    FieldKind.WINDOW_DATE: _text,
    FieldKind.SPAN: _span,
    FieldKind.LIST: _list,
    FieldKind.MAP: _map,
    FieldKind.INSTRUMENT: _instrument,
    FieldKind.DUTIES: _duties,
}


def _to_json(row: Row | Duty, fields: Sequence[Field]) -> dict[str, object]:
    data: dict[str, object] = {}
    for field in fields:
        value = getattr(row, field.name)
        if field.kind is FieldKind.MAP or (field.kind is FieldKind.INSTRUMENT and value):
            data[field.name] = dict(value)
        elif value is None or value == () or value is False:
            continue
        elif field.kind is FieldKind.INSTANT:
            data[field.name] = format_instant(value)
        elif field.kind is FieldKind.DUTIES:
            data[field.name] = [_to_json(duty, _DUTY_FIELDS) for duty in value]
        elif field.kind in (FieldKind.LIST, FieldKind.SPAN):
            data[field.name] = list(value)
        else:
            data[field.name] = value
    return data
