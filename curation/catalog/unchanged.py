"""Evidence that is byte for byte what it was at the last reading, and need not be read again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from curation.storage import Place
from curation.tables.schemas import CATALOG
from curation.tables.store import Store

_CLOSED_AT = "withdrawn_from_catalog_at"


@dataclass(frozen=True)
class Earlier:
    """What the reading before found: accepted rows by table, refused ones by reason."""

    rulebook_sha256: str
    accepted: Mapping[str, int]
    quarantined: Mapping[str, int]


def fingerprint(catalog: Place, reader: str) -> str:
    """A hash of the bytes of all files at the place, and of the code that reads them."""
    digest = hashlib.sha256(f"{reader} {version('film-curation')}\n".encode())
    files = {catalog.name: catalog}
    if catalog.is_folder():
        files = {e.path: catalog / e.path for e in catalog.files() if "/" not in e.path}
    for name, file in sorted(files.items()):
        digest.update(f"{name} {file.sha256()}\n".encode())
    return digest.hexdigest()


def earlier_reading(store: Store, scope: str, content_sha256: str) -> Earlier | None:
    """The last finished reading of this scope, where it read these very bytes."""
    ingests = store.table("ingests")
    if ingests is None or "content_sha256" not in {f.name for f in ingests.schema().fields}:
        return None
    columns = ["catalog", "ingested_at", "content_sha256", "rulebook_sha256"]
    rows = ingests.to_pyarrow_table(columns=columns).to_pylist()
    last = max(
        (row for row in rows if row["catalog"] == scope),
        key=lambda row: row["ingested_at"],
        default=None,
    )
    if last is None or last["content_sha256"] != content_sha256:
        return None
    accepted = {table: _open(store, table, scope) for table in CATALOG}
    return Earlier(
        last["rulebook_sha256"],
        {table: sum(by.values()) for table, by in accepted.items() if by},
        _open(store, "quarantine", scope, by="reason"),
    )


def _open(store: Store, table: str, scope: str, by: str = "scope") -> dict[str, int]:
    """How many rows of the scope hold now, by the values of a column."""
    import pyarrow.compute as pc

    delta = store.table(table)
    if delta is None or "scope" not in {field.name for field in delta.schema().fields}:
        return {}
    rows = delta.to_pyarrow_table(columns=list(dict.fromkeys([by, "scope", _CLOSED_AT])))
    mine = rows.filter(
        pc.and_(
            pc.equal(rows.column("scope").cast("string"), scope),
            pc.is_null(rows.column(_CLOSED_AT)),
        )
    )
    counted = mine.column(by).cast("string").value_counts().to_pylist()
    return {item["values"]: item["counts"] for item in counted}
