"""What people see on a terminal: answers that fit it, errors in one line, nothing that misleads.

A table is wrapped to the width there is. Where its columns would become too narrow to read, each
row is a record, one value a line, as psql does by ``\\x auto``. Only an answer to a query is ever
cut, on a terminal alone, and then says so; what goes into a file or a pipe is whole.
"""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, count, zip_longest
from typing import Any

import typer

Rows = Sequence[Sequence[Any]]

FORMATS = ("table", "csv", "json", "jsonl")
PIPE_WIDTH = 160
"""Columns of a table that goes into a file or a pipe."""
MIN_WIDTH = 24
"""Columns below which nothing longer is squeezed; rows become records then."""
MAX_ERROR = 1000
"""Letters of one part of an error."""
MAX_LINES = 4
"""Lines of one cell of a query's answer on a terminal."""
_GAP = 3
"""Columns between two cells."""
_DRAWN, _PLAIN = "│─┼…", "|-+~"
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_MANY = 3


class InputError(typer.BadParameter):
    """Something a person typed that cannot be used; the message says what, why, and the remedy."""


def tell(line: str) -> None:
    """A remark, on standard error."""
    sys.stderr.write(f"{safe(line)}\n")


def one_line(error: BaseException) -> str:
    """An error's message without line breaks; of many parts the first few, and how many more."""
    lines = [line.strip() for line in str(error).splitlines()]
    parts = [line.rstrip(";") for line in lines if line.strip("^ ")] or [type(error).__name__]
    more = len(parts) - _MANY
    said = "; ".join(_short(part) for part in (parts[:_MANY] if more > 1 else parts))
    return safe(f"{said}; and {more} more" if more > 1 else said)


def _short(text: str) -> str:
    half = MAX_ERROR // 2
    return text if len(text) <= MAX_ERROR else f"{text[:half]} … {text[-half:]}"


def safe(text: str) -> str:
    """The text with what would move the cursor or turn the writing's direction made visible."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def show(
    columns: Sequence[str], rows: Rows, *, title: str | None = None, whole: bool = True
) -> None:
    """Print rows as a table, or as records where they do not fit.

    Args:
        whole: never cut a cell; else one that is too long ends in ``…`` on a terminal, and a
            remark says how to see it whole.
    """
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else PIPE_WIDTH
    cells = [[safe(_text(value)) for value in row] for row in rows]
    names = [safe(name) for name in columns]
    fitted = _fit(names, cells, _rigid(rows, len(names)), width)
    lines = _wrap(safe(title), width) if title else []
    is_cut = False
    bar, dash, cross, dots = _marks()
    if fitted is None or (len(rows) == 1 and fitted.is_squeezed):
        lines += _records(names, cells, width, dash)
    else:
        limit = MAX_LINES if is_terminal and not whole else sys.maxsize
        lines.append(_line(names, fitted, bar))
        lines.append(f"{dash}{cross}{dash}".join(dash * width for width in fitted.widths))
        for row in cells:
            wrapped = [_wrap(cell, w) for cell, w in zip(row, fitted.widths, strict=True)]
            is_cut = is_cut or any(len(one) > limit for one in wrapped)
            pairs = zip(wrapped, fitted.widths, strict=True)
            shown = [_cut(one, limit, width, dots) for one, width in pairs]
            lines += [_line(parts, fitted, bar) for parts in zip_longest(*shown, fillvalue="")]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if is_cut:
        tell(f"{dots} marks cells that were cut; --format json, jsonl or csv gives them whole")


def _marks() -> tuple[str, ...]:
    """What tables are drawn with, as far as the output's encoding has it."""
    try:
        _DRAWN.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return tuple(_PLAIN)
    return tuple(_DRAWN)


def write_csv(columns: Sequence[str], rows: Rows) -> None:
    """Whole values as CSV; lists and structs as JSON in their cell."""
    clean = safe if sys.stdout.isatty() else str
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([clean(_text(value)) for value in row] for row in rows)


def write_json(columns: Sequence[str], rows: Rows, *, lines: bool) -> None:
    """Whole values as one JSON array, or as one object a line."""
    names = _unique(columns)
    objects = (json.dumps(dict(zip(names, map(_plain, row), strict=True))) for row in rows)
    sys.stdout.write("".join(f"{one}\n" for one in objects) if lines else _array(objects))


def _array(objects: Iterable[str]) -> str:
    return "[" + ",\n ".join(objects) + "]\n"


@dataclass(frozen=True, slots=True)
class _Fit:
    """Widths of the columns, which of them stand right, and whether any got less than it asked."""

    widths: tuple[int, ...]
    right: tuple[int, ...]
    is_squeezed: bool


def _fit(
    names: Sequence[str], cells: Sequence[Sequence[str]], rigid: set[int], width: int
) -> _Fit | None:
    """Take from the widest columns until all fit; None where too little would be left."""
    wanted = [
        max([_length(name), *(max(map(_length, c.splitlines() or [""])) for c in column)])
        for name, column in zip(names, _columns(cells, len(names)), strict=True)
    ]
    room = width - _GAP * (len(names) - 1)
    least = [
        one if number in rigid else min(one, max(MIN_WIDTH, _length(name)))
        for number, (one, name) in enumerate(zip(wanted, names, strict=True))
    ]
    if sum(least) > room:
        return None
    widths = list(wanted)
    while (over := sum(widths) - room) > 0:
        widest = max(
            (n for n in range(len(widths)) if widths[n] > least[n]), key=lambda n: widths[n]
        )
        others = [w for n, w in enumerate(widths) if n != widest and w < widths[widest]]
        step = max(1, widths[widest] - max([least[widest], *others]))
        widths[widest] -= min(over, step)
    return _Fit(tuple(widths), tuple(rigid), widths != wanted)


def _columns(cells: Sequence[Sequence[str]], count: int) -> Iterator[list[str]]:
    for number in range(count):
        yield [row[number] for row in cells]


def _rigid(rows: Rows, count: int) -> set[int]:
    """Columns of numbers and instants, which are never broken."""
    kinds = int | float | Decimal | datetime | date | None
    return {n for n in range(count) if rows and all(isinstance(row[n], kinds) for row in rows)}


def _line(parts: Sequence[str], fitted: _Fit, bar: str) -> str:
    at_right = set(fitted.right)
    padded = []
    for number, (part, width) in enumerate(zip(parts, fitted.widths, strict=True)):
        space = " " * (width - _length(part))
        padded.append(space + part if number in at_right else part + space)
    return f" {bar} ".join(padded).rstrip()


def _records(
    names: Sequence[str], cells: Sequence[Sequence[str]], width: int, dash: str
) -> Iterator[str]:
    """One value a line, whole, wrapped under itself."""
    margin = max(map(_length, names))
    room = max(width - margin - 2, MIN_WIDTH)
    for number, row in enumerate(cells, start=1):
        yield f"{dash * 2} {number} of {len(cells)} ".ljust(min(width, 40), dash)
        for name, cell in zip(names, row, strict=True):
            first, *others = _wrap(cell, room)
            yield f"{name}{' ' * (margin - _length(name))}  {first}".rstrip()
            yield from (f"{' ' * margin}  {other}" for other in others)


def _wrap(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        if _length(line) <= width:
            lines.append(line)
        elif line.isascii():
            lines += textwrap.wrap(line, width, break_on_hyphens=False) or [""]
        else:
            lines += _wrap_wide(line, width)
    return lines


def _wrap_wide(line: str, width: int) -> list[str]:
    """``textwrap`` counts letters; here some take two columns, or none."""
    from rich.console import Console
    from rich.text import Text

    folded = Text(line).wrap(Console(width=width), width, overflow="fold")
    return [one.plain.rstrip() for one in folded] or [""]


def _cut(lines: list[str], limit: int, width: int, dots: str) -> list[str]:
    if len(lines) <= limit:
        return lines
    from rich.cells import set_cell_size

    last = lines[limit - 1]
    last = last if _length(last) < width else set_cell_size(last, width - 1).rstrip()
    return [*lines[: limit - 1], f"{last}{dots}"]


def _length(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(_plain(value), ensure_ascii=False)
    return str(_plain(value))


def _plain(value: object) -> Any:
    """A value of DuckDB as JSON has it: instants in ISO 8601, numbers that are none as text."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _unique(columns: Sequence[str]) -> list[str]:
    """Names of which none stands twice: an object of JSON would keep the last alone."""
    names: list[str] = []
    for column in columns:
        others = (f"{column}:{number}" for number in count(1))
        names.append(next(name for name in chain([column], others) if name not in names))
    return names
