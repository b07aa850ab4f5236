"""A reading of the catalog into the store: only what changed is written, nothing is forgotten.

A reading counts from the moment its row in ``ingests`` is written; one that was cut short does not
count. The studio's own catalog is one: a reading states all of it. Evidence (avails, MEC, claims)
has a scope for each place it is read from, and replaces no rows but those of its scope. What is
byte for byte as it was at the reading before is not read again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from curation.catalog.assets import Content, find_assets
from curation.catalog.check import NOT_LISTED, Accepted, Quarantined, check
from curation.catalog.cut_lists import ListFile, find_cut_lists, folder_of
from curation.catalog.evidence import EVIDENCE, SHEETS
from curation.catalog.reader import CatalogError, CatalogReader, RawRow, reader_for
from curation.catalog.reading import Ingest, Tally
from curation.catalog.stored import accepted_row, quarantined_rows
from curation.catalog.unchanged import (
    Bytes,
    Earlier,
    bytes_of,
    cut_lists_held,
    earlier_reading,
    listing_sha256,
    was_own_catalog_read,
)
from curation.catalog.versions import (
    CLOSED_AT,
    open_versions,
    refuse_another_library,
    refuse_vanished_tables,
    scoped,
    write,
)
from curation.storage import Entry, Place
from curation.tables.schemas import CATALOG
from curation.tables.store import Store, rows_of

_EVIDENCE_TABLES = frozenset(("works", "participants", *EVIDENCE, SHEETS))
_UNLISTED = "films in no row"


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
        at = now or datetime.now(UTC)
        reader = reader_for(catalog)
        scope = str(catalog) if getattr(reader, "is_evidence", False) else None
        if scope is None and not library.is_folder():
            raise CatalogError(f"{library}: no library is there; check the path and its spelling")
        listing = list(library.files()) if scope is None else None
        held = None if listing is None else [*listing, *cut_lists_held(store)]
        content = bytes_of(catalog, reader, held)
        ingest_id = hashlib.sha256(f"{at.isoformat()}:{catalog}".encode()).hexdigest()[:16]
        if (earlier := earlier_reading(store, scope, content)) is not None:
            result = _as_before(ingest_id, earlier)
        else:
            if listing is None:
                found = _read_evidence(catalog, reader)
            else:
                found = _read_own(store, catalog, reader, library, listing, tell)
                lists = {one.url: one.entry for one in found.cut_lists.values()}
                seen = [*listing, *(entry for _, entry in sorted(lists.items()))]
                content = Bytes(content.catalog, listing_sha256(seen))
            tables, is_news = _commit(store, found, catalog, scope, at, replace=replace)
            reasons = Counter(row.fault.reason for row in found.quarantined)
            result = Ingest(ingest_id, found.rulebook_sha256, tables, reasons, is_news)
        store.append("ingests", [_ingest_row(result, catalog, library, at, content)])
        return result


@dataclass(frozen=True)
class _Found:
    """What a reading found, before the store is asked what of it is new."""

    accepted: tuple[Accepted, ...]
    quarantined: tuple[Quarantined, ...]
    rulebook_sha256: str
    contents: Mapping[str, Content] = field(default_factory=dict)
    cut_lists: Mapping[str, ListFile] = field(default_factory=dict)


def _read_evidence(catalog: Place, reader: CatalogReader) -> _Found:
    checked = check(_evidence_only(reader.rows(catalog), reader.name))
    return _Found(checked.accepted, checked.quarantined, checked.rulebook.sha256)


def _evidence_only(rows: Iterable[RawRow], reader: str) -> Iterator[RawRow]:
    for row in rows:
        if row.table not in _EVIDENCE_TABLES:
            raise CatalogError(
                f"the reader {reader} yields a row of {row.table} from {row.source}; evidence "
                "grants and forbids nothing, so state it in the studio's own catalog"
            )
        yield row


def _read_own(
    store: Store,
    catalog: Place,
    reader: CatalogReader,
    library: Place,
    listing: Iterable[Entry],
    tell: Callable[[str], None],
) -> _Found:
    checked = check(reader.rows(catalog))
    assets = [row for row in checked.accepted if row.table == "assets"]
    contents, bad_assets = find_assets(
        library,
        listing,
        assets,
        _known_contents(store),
        on_hash=lambda path: tell(f"hashing {path}"),
    )
    cut_lists, bad_lists = find_cut_lists(folder_of(catalog), assets, contents)
    good = contents.keys() - {str(row.values["asset_path"]) for row in bad_lists}
    accepted = tuple(
        row
        for row in checked.accepted
        if row.table != "assets" or str(row.values["asset_path"]) in good
    )
    bad = (*checked.quarantined, *bad_assets, *bad_lists)
    return _Found(accepted, bad, checked.rulebook.sha256, contents, cut_lists)


def _known_contents(store: Store) -> dict[str, Content]:
    columns = ["asset_path", "asset_sha256", "bytes", "modified_ns", CLOSED_AT]
    return {
        row["asset_path"]: Content(row["asset_sha256"], row["bytes"], row["modified_ns"])
        for row in rows_of(store.read("assets", columns))
        if row[CLOSED_AT] is None
    }


def _commit(
    store: Store,
    found: _Found,
    catalog: Place,
    scope: str | None,
    at: datetime,
    *,
    replace: bool,
) -> tuple[dict[str, Tally], bool]:
    """Write what differs; a tally for each table, and whether anything differed."""
    stated: dict[str, list[dict[str, Any]]] = {name: [] for name in CATALOG}
    for row in found.accepted:
        stated[row.table].append(scoped(accepted_row(row, found.contents, found.cut_lists), scope))
    held = {table: open_versions(store, table, scope) for table in (*CATALOG, "quarantine")}
    refuse_vanished_tables(held, stated, found.quarantined, catalog)
    if not replace:
        refuse_another_library(held, stated, catalog)
    is_first = not was_own_catalog_read(store)
    bad = [scoped(row, scope) for row in quarantined_rows(found.quarantined)]
    changes = {
        table: write(store, table, rows, at, held[table], is_first=is_first)
        for table, rows in (*stated.items(), ("quarantine", bad))
    }
    refused = Counter(_heading(row.table, row.fault.reason) for row in found.quarantined)
    tables = {
        table: Tally(
            new=changes[table].new,
            changed=changes[table].changed,
            unchanged=len(rows) - changes[table].new - changes[table].changed,
            quarantined=refused.pop(table, 0),
            removed=changes[table].removed,
        )
        for table, rows in stated.items()
    } | {table: Tally(quarantined=count) for table, count in refused.items()}
    is_news = any(change.is_any for change in changes.values())
    return {table: tally for table, tally in tables.items() if tally != Tally()}, is_news


def _as_before(ingest_id: str, earlier: Earlier) -> Ingest:
    tables = {table: Tally(unchanged=count) for table, count in earlier.accepted.items()}
    reasons: Counter[str] = Counter()
    for (table, reason), count in earlier.quarantined.items():
        heading = _heading(table, reason)
        tables[heading] = tables.get(heading, Tally()) + Tally(quarantined=count)
        reasons[reason] += count
    return Ingest(
        ingest_id, earlier.rulebook_sha256, tables, reasons, is_news=False, was_read=False
    )


def _heading(table: str, reason: str) -> str:
    """The name under which a quarantined row is counted."""
    return _UNLISTED if reason == NOT_LISTED else table


def _ingest_row(
    result: Ingest, catalog: Place, library: Place, at: datetime, content: Bytes
) -> dict[str, Any]:
    return {
        "ingest_id": result.ingest_id,
        "catalog": str(catalog),
        "library": str(library),
        "ingested_at": at,
        "rulebook_sha256": result.rulebook_sha256,
        "accepted": result.total.accepted,
        "quarantined": result.total.quarantined,
        "added": result.added,
        "changed": result.changed,
        "removed": result.removed,
        "content_sha256": content.catalog,
        "library_sha256": content.library,
    }
