"""A reading of the catalog into the store: only what changed is written, nothing is forgotten.

Rows are versioned. One that changes or goes from the catalog keeps its old version, closed with the
time of the reading, so that ``known_at`` in the past still answers as it did then. A reading counts
from the moment its row in ``ingests`` is written; a reading that was cut short does not count.

The studio's own catalog is one: a reading states all of it. Evidence (avails, MEC, claims) has a
scope for each place it is read from, and replaces no rows but those of its scope.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from curation.catalog.assets import Content, find_assets
from curation.catalog.avails_xlsx import SHEETS
from curation.catalog.check import Accepted, Quarantined, check, printable
from curation.catalog.evidence import EVIDENCE
from curation.catalog.fields import fields_of
from curation.catalog.reader import MALFORMED, CatalogError, RawRow, reader_for
from curation.catalog.unchanged import earlier_reading, fingerprint
from curation.rights import FieldKind
from curation.storage import Place
from curation.tables.schemas import CATALOG
from curation.tables.store import Store, canonical_json, rows_of

FEW = 10
"""Rows that may go without being asked about."""

_CLOSED_AT = "withdrawn_from_catalog_at"
_BATCH = 5_000
"""Keys closed in one commit: Delta's reader of predicates overflows its stack at some 25,000."""
_EVIDENCE_TABLES = frozenset(("works", "participants", *EVIDENCE, SHEETS))


@dataclass(frozen=True)
class Ingest:
    """What one reading of the catalog found."""

    ingest_id: str
    rulebook_sha256: str
    accepted: Mapping[str, int]
    quarantined: Mapping[str, int]
    added: int
    changed: int
    removed: int

    @property
    def is_news(self) -> bool:
        """Whether anything differs from the reading before."""
        return bool(self.added or self.changed or self.removed)


def ingest(
    store: Store,
    catalog: Place,
    library: Place,
    *,
    now: datetime | None = None,
    replace: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Ingest:
    """Read the catalog at ``catalog`` and the film files it lists below ``library``.

    Args:
        replace: allow a reading that takes away more than half of what the store holds.

    Raises:
        CatalogError: when the catalog as a whole cannot be trusted; nothing is written then.
        StorageError: when a place cannot be read.
    """
    with store.lock("catalog", tell=tell):
        return _ingest(store, catalog, library, now or datetime.now(UTC), replace, tell)


def _ingest(
    store: Store,
    catalog: Place,
    library: Place,
    at: datetime,
    replace: bool,
    tell: Callable[[str], None],
) -> Ingest:
    reader = reader_for(catalog)
    scope = str(catalog) if getattr(reader, "is_evidence", False) else None
    if scope is None and not library.is_folder():
        raise CatalogError(f"{library}: no library is there; check the path and its spelling")
    content_sha256 = None if scope is None else fingerprint(catalog, reader.name)
    if scope is not None and content_sha256 is not None:
        earlier = earlier_reading(store, scope, content_sha256)
        if earlier is not None:
            result = Ingest(
                ingest_id=_ingest_id(catalog, at),
                rulebook_sha256=earlier.rulebook_sha256,
                accepted=earlier.accepted,
                quarantined=earlier.quarantined,
                added=0,
                changed=0,
                removed=0,
            )
            store.append("ingests", [_ingest_row(result, catalog, library, at, content_sha256)])
            return result
    raw = reader.rows(catalog)
    checked = check(raw if scope is None else _evidence_only(raw, reader.name))
    contents: dict[str, Content] = {}
    bad_assets: list[Quarantined] = []
    if scope is None:
        asset_rows = [row for row in checked.accepted if row.table == "assets"]
        known = _known_contents(store)
        contents, bad_assets = find_assets(
            library, asset_rows, known, on_hash=lambda path: tell(f"hashing {path}")
        )
    accepted = [
        row
        for row in checked.accepted
        if row.table != "assets" or str(row.values["asset_path"]) in contents
    ]
    quarantined = [*checked.quarantined, *bad_assets]
    by_table: dict[str, list[Any]] = {name: [] for name in CATALOG}
    for row in accepted:
        by_table[row.table].append(_accepted_row(row, contents))
    versions = {table: _versions(store, table, scope) for table in (*CATALOG, "quarantine")}
    _refuse_vanished_tables(versions, by_table, quarantined, catalog)
    if not replace:
        _refuse_another_library(versions, by_table, catalog, scope)
    counts: Counter[str] = Counter()
    for table, rows in by_table.items():
        counts.update(_write(store, table, rows, at, versions[table], scope))
    refused = _unique(map(_quarantined_row, quarantined))
    counts.update(_write(store, "quarantine", refused, at, versions["quarantine"], scope))
    result = Ingest(
        ingest_id=_ingest_id(catalog, at),
        rulebook_sha256=checked.rulebook.sha256,
        accepted=dict(Counter(row.table for row in accepted)),
        quarantined=dict(Counter(row.fault.reason for row in quarantined)),
        added=counts["added"],
        changed=counts["changed"],
        removed=counts["removed"],
    )
    store.append("ingests", [_ingest_row(result, catalog, library, at, content_sha256)])
    return result


def _ingest_id(catalog: Place, at: datetime) -> str:
    return hashlib.sha256(f"{at.isoformat()}:{catalog}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _Versions:
    """Of one table and scope: each open version's hash by key."""

    open: Mapping[str, str]


def _versions(store: Store, table: str, scope: str | None) -> _Versions:
    delta = store.table(table)
    if delta is None:
        return _Versions({})
    stored = {field.name for field in delta.schema().fields}
    wanted = [c for c in ("row_key", "row_sha256", _CLOSED_AT, "scope") if c in stored]
    rows = delta.to_pyarrow_table(columns=wanted)
    scopes = rows.column("scope").to_pylist() if "scope" in stored else [None] * rows.num_rows
    keys, hashes, closed = (rows.column(c).to_pylist() for c in wanted[:3])
    mine = [row for row in zip(keys, hashes, closed, scopes, strict=True) if row[3] == scope]
    still_open = {key: sha256 for key, sha256, closed_at, _ in mine if closed_at is None}
    return _Versions(still_open)


def _write(
    store: Store,
    table: str,
    rows: Iterable[dict[str, Any]],
    at: datetime,
    versions: _Versions,
    scope: str | None,
) -> Counter[str]:
    """Close the versions that no longer hold and add those that are new."""
    stated = {row["row_key"]: row for row in (_scoped(row, scope) for row in rows)}
    new = [row for key, row in stated.items() if versions.open.get(key) != row["row_sha256"]]
    changed = [row["row_key"] for row in new if row["row_key"] in versions.open]
    gone = [key for key in versions.open if key not in stated]
    closed = changed + gone
    for first_of in range(0, len(closed), _BATCH):
        keys = closed[first_of : first_of + _BATCH]
        store.set_instant(table, keys=keys, column=_CLOSED_AT, instant=at.isoformat())
    first = _is_first(store)
    store.append(table, (_versioned(row, at, first=first) for row in new))
    return Counter(added=len(new) - len(changed), changed=len(changed), removed=len(gone))


def _is_first(store: Store) -> bool:
    """Whether the studio's own catalog was never read: evidence alone answers no question."""
    earlier = store.read("ingests", ["content_sha256"]).column("content_sha256")
    return not earlier.null_count


def _scoped(row: dict[str, Any], scope: str | None) -> dict[str, Any]:
    """Keys of evidence begin with its scope, so that no other scope's version is closed for it."""
    return row if scope is None else row | {"scope": scope, "row_key": f"{scope}|{row['row_key']}"}


def _evidence_only(rows: Iterable[RawRow], reader: str) -> Iterator[RawRow]:
    for row in rows:
        if row.table not in _EVIDENCE_TABLES:
            raise CatalogError(
                f"the reader {reader} yields a row of {row.table} from {row.source}; evidence "
                "grants and forbids nothing, so state it in the studio's own catalog"
            )
        yield row


def _versioned(row: dict[str, Any], at: datetime, *, first: bool) -> dict[str, Any]:
    """A row cannot have been known before the reading that brought it.

    Only the studio's first reading may bring a history with it: nobody was answered before.
    """
    stated = row.pop("stated_recorded_at", None)
    recorded = stated if stated is not None and (first or stated > at) else at
    return row | {"recorded_at": recorded, "ingested_at": at}


def _refuse_vanished_tables(
    versions: Mapping[str, _Versions],
    by_table: Mapping[str, list[Any]],
    bad: Iterable[Quarantined],
    catalog: Place,
) -> None:
    """A table that held rows and now has not even a bad one is a lost file, not a wish."""
    present = {row.table for row in bad} | {table for table, rows in by_table.items() if rows}
    for table in sorted(by_table.keys() - present):
        held = len(versions[table].open)
        if held:
            raise CatalogError(
                f"{catalog} has no rows of {table}, of which the store holds {held}. "
                f"If they are really gone, keep one row and state its retired_at; else restore "
                f"the file"
            )


def _refuse_another_library(
    versions: Mapping[str, _Versions],
    by_table: Mapping[str, list[Any]],
    catalog: Place,
    scope: str | None,
) -> None:
    """One store holds one library: a reading that takes most of it away is another's, or broken."""
    held = gone = 0
    for table, rows in by_table.items():
        stated = {_scoped(row, scope)["row_key"] for row in rows}
        held += len(versions[table].open)
        gone += sum(key not in stated for key in versions[table].open)
    if gone * 2 > held and gone >= FEW:
        raise CatalogError(
            f"{catalog} would take away {gone} of the {held} rows that the store holds. Give "
            "another library a store of its own; if this is right, ingest with --replace"
        )


def _accepted_row(row: Accepted, contents: Mapping[str, Content]) -> dict[str, Any]:
    columns = _columns(row)
    stated_at = columns.pop("recorded_at", None)
    sha256 = row.sha256
    if row.table == "assets":
        content = contents[str(row.values["asset_path"])]
        columns |= {
            "asset_sha256": content.sha256,
            "bytes": content.bytes,
            "modified_ns": content.modified_ns,
        }
        sha256 = hashlib.sha256(canonical_json([sha256, content.sha256]).encode()).hexdigest()
    return columns | {
        "row_key": row.key,
        "row_sha256": sha256,
        "row_json": canonical_json(row.values),
        "source": row.source,
        "line": row.line,
        "stated_recorded_at": stated_at,
    }


def _columns(row: Accepted) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for field in fields_of(row.table):
        value = row.values.get(field.name)
        if value is None:
            continue
        if field.name in ("recorded_at", "retired_at"):
            value = datetime.fromisoformat(str(value))
        elif field.kind is FieldKind.LIST and isinstance(value, str):
            value = [value]
        columns[field.name] = value
    return columns


def _quarantined_row(row: Quarantined) -> dict[str, Any]:
    return {
        "table_name": row.table,
        "source": row.source,
        "line": row.line,
        "field": row.fault.field,
        "reason": row.fault.reason,
        "message": row.fault.message,
        "work_id": _text_of(row, "work_id"),
        "party_id": _text_of(row, "party_id"),
        "row_key": row.key,
        "row_sha256": row.sha256,
        "row_json": canonical_json(printable(row.values)),
    }


def _unique(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for row in rows:
        seen[row["row_key"]] += 1
        again = seen[row["row_key"]]
        yield row if again == 1 else row | {"row_key": f"{row['row_key']}#{again}"}


def _text_of(row: Quarantined, name: str) -> str | None:
    value = row.values.get(name)
    believed = row.fault.reason != MALFORMED and isinstance(value, str) and value
    return value if believed else None


def _known_contents(store: Store) -> dict[str, Content]:
    columns = ["asset_path", "asset_sha256", "bytes", "modified_ns", _CLOSED_AT]
    return {
        row["asset_path"]: Content(row["asset_sha256"], row["bytes"], row["modified_ns"])
        for row in rows_of(store.read("assets", columns))
        if row[_CLOSED_AT] is None
    }


def _ingest_row(
    result: Ingest, catalog: Place, library: Place, at: datetime, content_sha256: str | None
) -> dict[str, Any]:
    return {
        "ingest_id": result.ingest_id,
        "catalog": str(catalog),
        "library": str(library),
        "ingested_at": at,
        "rulebook_sha256": result.rulebook_sha256,
        "accepted": sum(result.accepted.values()),
        "quarantined": sum(result.quarantined.values()),
        "added": result.added,
        "changed": result.changed,
        "removed": result.removed,
        "content_sha256": content_sha256,
    }
