"""A catalog that is byte for byte what it was at the last reading, and need not be read again."""

from __future__ import annotations

import hashlib
import inspect
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import curation.rights
from curation import strict_json
from curation.catalog.cut_lists import UNSEEN_CURES, entries_at
from curation.catalog.reader import CatalogReader
from curation.catalog.versions import CLOSED_AT
from curation.storage import Entry, Place
from curation.tables.schemas import CATALOG
from curation.tables.store import Store, rows_of


@dataclass(frozen=True)
class Earlier:
    """What the last reading left: rows that hold by table, refused ones by table and reason."""

    rulebook_sha256: str
    accepted: Mapping[str, int]
    quarantined: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Bytes:
    """Hashes of all that a reading depends on.

    Attributes:
        catalog: of the files of the catalog and of the code that reads them; empty where the
            reader does not say which files it reads, so that it is asked every time.
        library: of names, sizes and times of the film files and of the cut lists that rows name;
            None for evidence, which has none.
    """

    catalog: str
    library: str | None


def bytes_of(catalog: Place, reader: CatalogReader, files: Iterable[Entry] | None) -> Bytes:
    """The hashes for a catalog, its reader, and the films and cut lists where they count."""
    return Bytes(_catalog(catalog, reader), None if files is None else listing_sha256(files))


def listing_sha256(files: Iterable[Entry]) -> str:
    """A hash of names, sizes and times, in the order given."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.path} {file.size} {file.modified_ns}\n".encode())
    return digest.hexdigest()


def cut_lists_held(store: Store) -> list[Entry]:
    """The cut lists that the last reading knew, as they lie now."""
    rows = rows_of(store.read("assets", ["cut_list_url", CLOSED_AT]))
    return entries_at({r["cut_list_url"] for r in rows if r["cut_list_url"] and not r[CLOSED_AT]})


def _catalog(catalog: Place, reader: CatalogReader) -> str:
    if (files := getattr(reader, "files", None)) is None:
        return ""
    digest = hashlib.sha256(
        f"{reader.name} {version('film-curation')} {version('tzdata')}\n".encode()
    )
    digest.update(_code(type(reader)).encode())
    for file in sorted(files(catalog), key=str):
        name = str(file).removeprefix(str(catalog))
        digest.update(f"{name} {file.sha256()}\n".encode())
    return digest.hexdigest()


def earlier_reading(store: Store, scope: str | None, content: Bytes) -> Earlier | None:
    """The last finished reading of this scope, where reading again would find the same.

    That is so where it read these very bytes, where no reading was cut short since, and where no
    film file or cut list is refused for what the storage may cure without a trace in the listing.

    Args:
        scope: the place of evidence; None for the studio's own catalog, wherever it lies.
    """
    readings = [row for row in _finished(store) if _scope_of(row) == scope]
    last = max(readings, key=lambda row: row["ingested_at"], default=None)
    if last is None or not content.catalog:
        return None
    if content != Bytes(last["content_sha256"], last["library_sha256"]):
        return None
    accepted: dict[str, int] = {}
    for table in CATALOG:
        held = _held(store, table, scope, since=last["ingested_at"])
        if held is None:
            return None
        if held:
            accepted[table] = held.total()
    refused = _held(store, "quarantine", scope, "table_name", "reason", since=last["ingested_at"])
    if refused is None or UNSEEN_CURES & refused.keys():
        return None
    quarantined = {(str(table), str(reason)): n for (table, reason), n in refused.items()}
    return Earlier(last["rulebook_sha256"], accepted, quarantined)


def was_own_catalog_read(store: Store) -> bool:
    """Whether a reading of the studio's own catalog ever finished: evidence answers no question."""
    return any(_scope_of(row) is None for row in _finished(store))


def _scope_of(reading: Mapping[str, Any]) -> str | None:
    """The scope of a row of ``ingests``; the studio's own have a library's hash, or of old none."""
    is_own = reading["content_sha256"] is None or reading["library_sha256"] is not None
    return None if is_own else str(reading["catalog"])


def _finished(store: Store) -> list[dict[str, Any]]:
    columns = ["catalog", "ingested_at", "content_sha256", "library_sha256", "rulebook_sha256"]
    return rows_of(store.read("ingests", columns))


def _held(
    store: Store, table: str, scope: str | None, *by: str, since: datetime
) -> Counter[tuple[object, ...]] | None:
    """The rows of a scope that hold, counted by columns; None where one was written since."""
    import pyarrow.compute as pc

    rows = store.read(table, [*by, "scope", "ingested_at", CLOSED_AT])
    theirs = pc.is_null(rows.column("scope"))
    mine = rows.filter(theirs if scope is None else pc.equal(rows.column("scope"), scope))
    for column in ("ingested_at", CLOSED_AT):
        if (latest := pc.max(mine.column(column)).as_py()) is not None and latest > since:
            return None
    now = mine.filter(pc.is_null(mine.column(CLOSED_AT)))
    values = (now.column(name).to_pylist() for name in by or ("scope",))
    return Counter(zip(*values, strict=True))


@cache
def _code(reader: type) -> str:
    """A hash of the sources that decide how a row ends: of catalogs, of rights, of the reader."""
    rooms = [Path(__file__).parent, Path(curation.rights.__file__).parent]
    files = [file for room in rooms for file in sorted(room.glob("*.py"))]
    digest = hashlib.sha256()
    for file in [*files, Path(strict_json.__file__), Path(inspect.getfile(reader))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
