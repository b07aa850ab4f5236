"""Checked rows as the store's tables hold them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from curation.catalog.assets import Content
from curation.catalog.check import Accepted, Quarantined, printable
from curation.catalog.cut_lists import ListFile
from curation.catalog.fields import fields_of
from curation.catalog.reader import MALFORMED
from curation.rights import FieldKind
from curation.tables.store import canonical_json


def accepted_row(
    row: Accepted, contents: Mapping[str, Content], cut_lists: Mapping[str, ListFile]
) -> dict[str, Any]:
    """The columns of a catalog table; what the row says of its recording under a name of its own.

    Args:
        contents: content by asset path; an asset is another row when its file is.
        cut_lists: by asset path; the same holds for the list.
    """
    columns = _columns(row)
    stated_at = columns.pop("recorded_at", None)
    sha256 = row.sha256
    if row.table == "assets":
        path = str(row.values["asset_path"])
        content = contents[path]
        columns |= {
            "asset_sha256": content.sha256,
            "bytes": content.bytes,
            "modified_ns": content.modified_ns,
        }
        known_by = [sha256, content.sha256]
        if (listed := cut_lists.get(path)) is not None:
            columns |= {"cut_list_url": listed.url, "cut_list_sha256": listed.content.sha256}
            known_by += [listed.url, listed.content.sha256]
        sha256 = hashlib.sha256(canonical_json(known_by).encode()).hexdigest()
    return columns | {
        "row_key": row.key,
        "row_sha256": sha256,
        "row_json": canonical_json(row.values),
        "source": row.source,
        "line": row.line,
        "stated_recorded_at": stated_at,
    }


def quarantined_rows(rows: Iterable[Quarantined]) -> Iterator[dict[str, Any]]:
    """Rows of ``quarantine``, each with a key of its own."""
    seen: Counter[str] = Counter()
    for row in rows:
        seen[row.key] += 1
        again = seen[row.key]
        yield _quarantined_row(row, row.key if again == 1 else f"{row.key}#{again}")


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


def _quarantined_row(row: Quarantined, key: str) -> dict[str, Any]:
    return {
        "table_name": row.table,
        "source": row.source,
        "line": row.line,
        "field": row.fault.field,
        "reason": row.fault.reason,
        "message": row.fault.message,
        "work_id": _text_of(row, "work_id"),
        "party_id": _text_of(row, "party_id"),
        "row_key": key,
        "row_sha256": row.sha256,
        "row_json": canonical_json(printable(row.values)),
    }


def _text_of(row: Quarantined, name: str) -> str | None:
    value = row.values.get(name)
    believed = row.fault.reason != MALFORMED and isinstance(value, str) and value
    return value if believed else None
