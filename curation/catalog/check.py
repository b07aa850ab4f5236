"""Each row of a catalog ends accepted or quarantined: typed first, then held against the others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from curation.catalog.evidence import EVIDENCE, evidence_row
from curation.catalog.fields import ASSET_FIELDS, CellError, values_from_text
from curation.catalog.reader import Fault, RawRow
from curation.rights import (
    TABLES,
    Row,
    RowError,
    Rulebook,
    RulebookError,
    parse_row,
    row_name,
    row_to_json,
)
from curation.tables.store import canonical_json

INVALID = "INVALID_FIELD"
INCONSISTENT = "INCONSISTENT_ROW"
DUPLICATE = "DUPLICATE_ROW"
BAD_PATH = "BAD_PATH"
NOT_FOUND = "FILE_NOT_FOUND"
OTHER_CONTENT = "OTHER_CONTENT"
TWO_WORKS = "CONTENT_OF_TWO_WORKS"
NOT_LISTED = "NOT_IN_CATALOG"


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

    @property
    def sha256(self) -> str:
        return _digest(self.values)


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
        return _digest([dict(self.values), self.fault.field, self.fault.message])


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
            for at, problem in removed:
                one, _ = accepted.pop(at)
                fault = Fault(problem.field, INCONSISTENT, f"{problem.field} {problem.reason}")
                bad.append(Quarantined(one.table, one.source, one.line, one.values, fault))
            continue
        break
    kept, orphans = _rows_of_known_works([one for one, _ in accepted.values()], rulebook)
    return Checked(tuple(kept), tuple(bad + orphans), rulebook)


class _RefusedError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _typed(raw: RawRow) -> tuple[Accepted, Row | None]:
    if raw.fault:
        raise _RefusedError(raw.fault)
    try:
        values = values_from_text(raw.table, raw.values) if raw.is_text else dict(raw.values)
        if raw.table == "assets":
            asset = _asset(values)
            return Accepted("assets", asset["asset_path"], asset, raw.source, raw.line), None
        if raw.table in EVIDENCE:
            stated = evidence_row(raw.table, values)
            key = str(stated[EVIDENCE[raw.table][0].name])
            return Accepted(raw.table, key, stated, raw.source, raw.line), None
        row = parse_row(raw.table, values)
    except CellError as error:
        raise _RefusedError(Fault(error.field, INVALID, str(error))) from error
    except RowError as error:
        raise _RefusedError(Fault(error.field, INVALID, f"{error.field} {error.reason}")) from error
    name, stated = row_name(row, table=raw.table), row_to_json(row)
    since = f"@{stated['recorded_at']}" if "recorded_at" in stated else ""
    return Accepted(raw.table, name + since, stated, raw.source, raw.line), row


def _asset(values: Mapping[str, Any]) -> dict[str, Any]:
    stated = {name: value for name, value in values.items() if value not in (None, "")}
    known = {field.name: field for field in ASSET_FIELDS}
    for name, value in stated.items():
        if name not in known:
            raise RowError("assets", "?", name, f"is unknown; known are {', '.join(known)}")
        if not isinstance(value, str):
            raise RowError("assets", "?", name, f"{value!r} is not text")
    for field in ASSET_FIELDS:
        if field.required and field.name not in stated:
            raise RowError("assets", "?", field.name, "is missing; this field is required")
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
    return Quarantined(raw.table, raw.source, raw.line, raw.values, fault)


def _first_key(table: str) -> str:
    if table == "assets":
        return "asset_path"
    return EVIDENCE[table][0].name if table in EVIDENCE else TABLES[table].key[0]


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
