"""Each row of a catalog ends accepted or quarantined: typed first, then held against the others."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curation.catalog.blanks import empty_text, unbounded
from curation.catalog.evidence import EVIDENCE, evidence_row
from curation.catalog.fields import ASSET_FIELDS, CellError, values_from_text
from curation.catalog.reader import MALFORMED, Fault, RawRow
from curation.rights import (
    TABLES,
    FieldKind,
    Row,
    RowError,
    Rulebook,
    RulebookError,
    WindowError,
    parse_row,
    row_name,
    row_to_json,
)
from curation.rights.windows import format_instant, parse_instant
from curation.strict_json import INT64
from curation.tables.store import canonical_json

INVALID = "INVALID_FIELD"
INCONSISTENT = "INCONSISTENT_ROW"
DUPLICATE = "DUPLICATE_ROW"
BAD_PATH = "BAD_PATH"
NOT_FOUND = "FILE_NOT_FOUND"
OTHER_CONTENT = "OTHER_CONTENT"
TWO_WORKS = "CONTENT_OF_TWO_WORKS"
NOT_LISTED = "NOT_IN_CATALOG"
MAX_MESSAGE = 1000
"""Letters of a fault's message."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A row that is whole: its identity, its JSON as stated, and where it stands.

    Two versions of a row, each with its own stated ``recorded_at``, are two rows.
    """

    table: str
    key: str
    values: Mapping[str, Any]
    source: str
    line: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that cannot be accepted, and why."""

    table: str
    source: str
    line: int
    values: Mapping[str, Any]
    fault: Fault

    @property
    def key(self) -> str:
        return f"{self.source}:{self.line}:{self.fault.reason}"

    @property
    def sha256(self) -> str:
        return _digest([printable(self.values), self.fault.field, self.fault.message])


@dataclass(frozen=True)
class Checked:
    """All rows of a reading, sorted into those accepted and those quarantined."""

    accepted: tuple[Accepted, ...]
    quarantined: tuple[Quarantined, ...]
    rulebook: Rulebook


def check(rows: Iterable[RawRow]) -> Checked:
    """Sort a catalog's rows, and build the rulebook of those accepted.

    A row that refers to a quarantined one is quarantined too, until what is left holds together.
    """
    accepted: dict[tuple[str, str], tuple[Accepted, Row | None]] = {}
    bad: list[Quarantined] = []
    for raw in rows:
        try:
            one, row = _typed(raw)
        except _RefusedError as refused:
            bad.append(_quarantined(raw, refused.fault))
            continue
        if (one.table, one.key) in accepted:
            first = accepted[one.table, one.key][0]
            message = (
                f"{one.key} is stated already at {first.source}:{first.line}; keep one of them"
            )
            bad.append(_quarantined(raw, Fault(_first_key(one.table), DUPLICATE, message)))
            continue
        accepted[one.table, one.key] = (one, row)
    while True:
        try:
            rulebook = _rulebook(accepted)
        except RulebookError as error:
            fallen = {(p.table, p.row_id): p for p in error.problems}
            removed = [
                (at, fallen[at[0], row_name(row, table=at[0])])
                for at, (_, row) in accepted.items()
                if row is not None and (at[0], row_name(row, table=at[0])) in fallen
            ]
            if not removed:
                raise
            lost = [accepted[at][0] for at, _ in removed]
            for at, problem in removed:
                one, _ = accepted.pop(at)
                fault = Fault(problem.field, INCONSISTENT, f"{problem.field} {problem.reason}")
                bad.append(Quarantined(one.table, one.source, one.line, one.values, fault))
            bad += _fallen_with(accepted, lost)
            continue
        break
    kept, orphans = _rows_of_known_works([one for one, _ in accepted.values()], rulebook)
    return Checked(tuple(kept), tuple(bad + orphans), rulebook)


def _fallen_with(
    accepted: dict[tuple[str, str], tuple[Accepted, Row | None]],
    removed: Iterable[Accepted],
) -> list[Quarantined]:
    """Take away every row that rests, step by step, on a work or rule that is gone."""
    standing: Counter[tuple[str, str]] = Counter()
    resting: defaultdict[tuple[str, str], list[tuple[tuple[str, str], str]]] = defaultdict(list)
    for at, (one, _) in accepted.items():
        if (identity := _identity(one)) is not None:
            standing[identity] += 1
        for on, field in _rests_on(one):
            resting[on].append((at, field))
    fallen: list[Quarantined] = []
    gone = [identity for one in removed if (identity := _identity(one)) is not None]
    while gone:
        on = gone.pop()
        if standing[on]:
            continue
        for at, field in resting.pop(on, []):
            if at not in accepted:
                continue
            one, _ = accepted.pop(at)
            fault = Fault(field, INCONSISTENT, f"{field} {on[1]!r} is in quarantine; mend it there")
            fallen.append(Quarantined(one.table, one.source, one.line, one.values, fault))
            if (identity := _identity(one)) is not None:
                standing[identity] -= 1
                gone.append(identity)
    return fallen


def _identity(row: Accepted) -> tuple[str, str] | None:
    """The work or rule that a row states, as others name it."""
    names = {"works": "work_id", "rules": "rule_id"}
    return (row.table, str(row.values[names[row.table]])) if row.table in names else None


def _rests_on(row: Accepted) -> Iterator[tuple[tuple[str, str], str]]:
    """The works and rules that a row names, each with the field that names it."""
    if row.table == "works":
        if parent := row.values.get("parent_id"):
            yield ("works", str(parent)), "parent_id"
        return
    if row.table in TABLES and (work := row.values.get("work_id")):
        yield ("works", str(work)), "work_id"
    if row.table == "rules":
        for rule in row.values.get("supersedes", ()):
            yield ("rules", str(rule)), "supersedes"


class _RefusedError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _typed(raw: RawRow) -> tuple[Accepted, Row | None]:
    if raw.fault:
        raise _RefusedError(raw.fault)
    try:
        values = values_from_text(raw.table, raw.values) if raw.is_text else dict(raw.values)
        if name := next((n for n, v in values.items() if _is_beyond_64_bits(v)), None):
            raise _RefusedError(Fault(name, INVALID, f"{name} holds a number beyond 64 bits"))
        if raw.table == "assets":
            asset = _asset(values)
            return _accepted(raw, asset["asset_path"], asset), None
        if raw.table in EVIDENCE:
            stated = evidence_row(raw.table, values)
            key = str(stated[EVIDENCE[raw.table][0].name])
            return _accepted(raw, key, stated), None
        _refuse_blanks(raw, values)
        row = parse_row(raw.table, values)
        name, stated = row_name(row, table=raw.table), row_to_json(row)
        _refuse_hidden(raw.table, stated)
        since = f"@{stated['recorded_at']}" if "recorded_at" in stated else ""
        return _accepted(raw, name + since, stated), row
    except CellError as error:
        raise _RefusedError(Fault(error.field, INVALID, str(error))) from error
    except RowError as error:
        raise _RefusedError(Fault(error.field, INVALID, f"{error.field} {error.reason}")) from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        fault = Fault("", MALFORMED, f"not readable: {type(error).__name__}: {error}")
        raise _RefusedError(fault) from error


def _accepted(raw: RawRow, key: str, values: Mapping[str, Any]) -> Accepted:
    return Accepted(raw.table, key, values, raw.source, raw.line, _digest(values))


def _refuse_blanks(raw: RawRow, values: Mapping[str, Any]) -> None:
    if name := empty_text(raw.table, values):
        message = f"{name} is empty text, which says nothing; state it or leave the field out"
        raise _RefusedError(Fault(name, INVALID, message))
    if name := unbounded(raw.table, values, raw.blank):
        message = f"{name} is empty in a PERMIT; write its date, or Open where it has none"
        raise _RefusedError(Fault(name, INVALID, message))


def _refuse_hidden(table: str, values: Mapping[str, Any]) -> None:
    """Two ids that look alike would be two: a mark that nobody sees is none of an id's letters."""
    for field in TABLES[table].fields:
        if field.kind not in (FieldKind.TEXT, FieldKind.LIST) or field.name in ("title", "name"):
            continue
        value = values.get(field.name)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not text.isprintable():
                hidden = next(letter for letter in text if not letter.isprintable())
                message = (
                    f"{field.name} {text[:200]!a} holds U+{ord(hidden):04X}, which nobody sees; "
                    "write it without"
                )
                raise _RefusedError(Fault(field.name, INVALID, message))


def _is_beyond_64_bits(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_beyond_64_bits, value))
    return isinstance(value, int) and abs(value) >= INT64


def _asset(values: Mapping[str, Any]) -> dict[str, Any]:
    stated = {name: value for name, value in values.items() if value not in (None, "")}
    known = {field.name: field for field in ASSET_FIELDS}
    for name, value in stated.items():
        if name not in known:
            raise RowError("assets", "?", name, f"is unknown; known are {', '.join(known)}")
        if known[name].kind is FieldKind.INTEGER:
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                problem = f"{value!r} is no frame of the film; write a whole number from 0"
                raise RowError("assets", "?", name, problem)
            continue
        if not isinstance(value, str):
            raise RowError("assets", "?", name, f"{value!r} is not text")
        if known[name].kind is FieldKind.INSTANT:
            try:
                stated[name] = format_instant(parse_instant(value))
            except WindowError as error:
                raise RowError("assets", "?", name, str(error)) from error
    for field in ASSET_FIELDS:
        if field.required and field.name not in stated:
            raise RowError("assets", "?", field.name, "is missing; this field is required")
    if "cut_list_offset" in stated and "cut_list" not in stated:
        raise RowError("assets", "?", "cut_list", "is missing, of which cut_list_offset speaks")
    return stated


def _rulebook(accepted: Mapping[tuple[str, str], tuple[Accepted, Row | None]]) -> Rulebook:
    by_table: dict[str, list[Row]] = {name: [] for name in TABLES}
    for (table, _), (_, row) in accepted.items():
        if row is not None:
            by_table[table].append(row)
    return Rulebook.from_rows(by_table)


def _rows_of_known_works(
    rows: Iterable[Accepted], rulebook: Rulebook
) -> tuple[list[Accepted], list[Quarantined]]:
    works = {work.work_id for work in rulebook.works}
    kept, orphans = [], []
    for row in rows:
        if row.table not in TABLES and row.values["work_id"] not in works:
            message = f"{row.values['work_id']!r} is no work of this catalog; add it to works"
            fault = Fault("work_id", INCONSISTENT, message)
            orphans.append(Quarantined(row.table, row.source, row.line, row.values, fault))
        else:
            kept.append(row)
    return kept, orphans


def _quarantined(raw: RawRow, fault: Fault) -> Quarantined:
    """The row with its fault; what it says whole is in the row itself, so a message has a limit."""
    message = fault.message
    if len(message) > MAX_MESSAGE:
        message = f"{message[: MAX_MESSAGE // 2]} … {message[-MAX_MESSAGE // 2 :]}"
    fault = Fault(fault.field, fault.reason, message)
    return Quarantined(raw.table, raw.source, raw.line, raw.values, fault)


def _first_key(table: str) -> str:
    if table == "assets":
        return "asset_path"
    return EVIDENCE[table][0].name if table in EVIDENCE else TABLES[table].key[0]


def printable(value: object) -> Any:
    """Anything a row may hold as JSON that can be stored, whatever it was."""
    if isinstance(value, Mapping):
        return {printable(str(name)): printable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [printable(inner) for inner in value]
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < INT64):
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
