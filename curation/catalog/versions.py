"""Versions of rows in the store: which of them hold, and how a reading closes and adds some.

A row that changes or goes from the catalog keeps its old version, closed with the time of the
reading, so that ``known_at`` in the past still answers as it did then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from curation.catalog.check import Quarantined
from curation.catalog.reader import CatalogError
from curation.storage import Place
from curation.tables.store import Store

FEW = 10
"""Rows that may go without being asked about."""
CLOSED_AT = "withdrawn_from_catalog_at"
_BATCH = 5_000
"""Keys closed in one commit: Delta's reader of predicates overflows its stack at some 25,000."""

Versions = Mapping[str, str]
"""Of one table and scope: the hash of each version that holds, by its row's key."""


@dataclass(frozen=True, slots=True)
class Change:
    """How many rows of a table a reading added, put others in the place of, and closed."""

    new: int
    changed: int
    removed: int

    @property
    def is_any(self) -> bool:
        return bool(self.new or self.changed or self.removed)


def open_versions(store: Store, table: str, scope: str | None) -> Versions:
    """The versions that hold of one table and scope."""
    delta = store.table(table)
    if delta is None:
        return {}
    stored = {field.name for field in delta.schema().fields}
    wanted = [c for c in ("row_key", "row_sha256", CLOSED_AT, "scope") if c in stored]
    rows = delta.to_pyarrow_table(columns=wanted)
    scopes = rows.column("scope").to_pylist() if "scope" in stored else [None] * rows.num_rows
    keys, hashes, closed = (rows.column(c).to_pylist() for c in wanted[:3])
    mine = [row for row in zip(keys, hashes, closed, scopes, strict=True) if row[3] == scope]
    return {key: sha256 for key, sha256, closed_at, _ in mine if closed_at is None}


def scoped(row: dict[str, Any], scope: str | None) -> dict[str, Any]:
    """Keys of evidence begin with its scope, so that no other scope's version is closed for it."""
    return row if scope is None else row | {"scope": scope, "row_key": f"{scope}|{row['row_key']}"}


def write(
    store: Store,
    table: str,
    rows: Iterable[dict[str, Any]],
    at: datetime,
    held: Versions,
    *,
    is_first: bool,
) -> Change:
    """Close the versions that no longer hold and add those that are new.

    Args:
        rows: all rows of the table and scope, as ``scoped``.
        is_first: whether the studio's own catalog was never read before.
    """
    stated = {row["row_key"]: row for row in rows}
    new = [row for key, row in stated.items() if held.get(key) != row["row_sha256"]]
    changed = [row["row_key"] for row in new if row["row_key"] in held]
    gone = [key for key in held if key not in stated]
    closed = changed + gone
    for first_of in range(0, len(closed), _BATCH):
        keys = closed[first_of : first_of + _BATCH]
        store.set_instant(table, keys=keys, column=CLOSED_AT, instant=at.isoformat())
    store.append(table, (_version(row, at, is_first=is_first) for row in new))
    return Change(new=len(new) - len(changed), changed=len(changed), removed=len(gone))


def _version(row: dict[str, Any], at: datetime, *, is_first: bool) -> dict[str, Any]:
    """A row cannot have been known before the reading that brought it.

    Only the studio's first reading may bring a history with it: nobody was answered before.
    """
    stated = row.pop("stated_recorded_at", None)
    recorded = stated if stated is not None and (is_first or stated > at) else at
    return row | {"recorded_at": recorded, "ingested_at": at}


def refuse_vanished_tables(
    held: Mapping[str, Versions],
    stated: Mapping[str, list[Any]],
    bad: Iterable[Quarantined],
    catalog: Place,
) -> None:
    """A table that held rows and now has not even a bad one is a lost file, not a wish.

    Raises:
        CatalogError: for the first of them.
    """
    present = {row.table for row in bad} | {table for table, rows in stated.items() if rows}
    for table in sorted(stated.keys() - present):
        if held[table]:
            raise CatalogError(
                f"{catalog} has no rows of {table}, of which the store holds {len(held[table])}. "
                f"If they are really gone, keep one row and state its retired_at; else restore "
                f"the file"
            )


def refuse_another_library(
    held: Mapping[str, Versions], stated: Mapping[str, list[dict[str, Any]]], catalog: Place
) -> None:
    """One store holds one library: a reading that takes most of it away is another's, or broken.

    Raises:
        CatalogError: when more than half would go.
    """
    rows = gone = 0
    for table, now in stated.items():
        keys = {row["row_key"] for row in now}
        rows += len(held[table])
        gone += sum(key not in keys for key in held[table])
    if gone * 2 > rows and gone >= FEW:
        raise CatalogError(
            f"{catalog} would take away {gone} of the {rows} rows that the store holds. Give "
            "another library a store of its own; if this is right, ingest with --replace"
        )
