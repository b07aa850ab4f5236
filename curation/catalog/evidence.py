"""Evidence tables: what others state of a work. No right is ever read from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from curation.rights import Field, FieldKind, RowError

AVAIL_FIELDS = (
    Field("avail_key", FieldKind.TEXT, required=True),
    Field("work_id", FieldKind.TEXT, required=True),
    Field("avail_id", FieldKind.TEXT),
    Field("alid", FieldKind.TEXT),
    Field("entry_type", FieldKind.TEXT),
    Field("work_type", FieldKind.TEXT),
    Field("title", FieldKind.TEXT),
    Field("year", FieldKind.INTEGER),
    Field("eidrs", FieldKind.LIST),
    Field("licensor", FieldKind.TEXT),
    Field("licensee", FieldKind.TEXT),
    Field("service", FieldKind.TEXT),
    Field("licence_type", FieldKind.TEXT),
    Field("licence_rights_description", FieldKind.TEXT),
    Field("format_profile", FieldKind.TEXT),
    Field("territories", FieldKind.LIST),
    Field("territory_exclusions", FieldKind.LIST),
    Field("start", FieldKind.WINDOW_DATE),
    Field("end", FieldKind.WINDOW_DATE),
    Field("start_text", FieldKind.TEXT),
    Field("end_text", FieldKind.TEXT),
    Field("time_zone", FieldKind.TEXT),
    Field("asset_languages", FieldKind.LIST),
    Field("allowed_languages", FieldKind.LIST),
    Field("holdback_languages", FieldKind.LIST),
    Field("holdback_exclusions", FieldKind.LIST),
    Field("exception_flag", FieldKind.BOOLEAN),
    Field("exclusive", FieldKind.BOOLEAN),
    Field("source_version", FieldKind.TEXT),
    Field("notes", FieldKind.LIST),
    Field("other", FieldKind.MAP),
    Field("recorded_at", FieldKind.INSTANT),
    Field("retired_at", FieldKind.INSTANT),
)
"""One offer of a licensor for distribution: catalog, window, territory and holdback evidence.

``start`` and ``end`` are ISO 8601 or a word such as ``Open``; ``start_text`` and ``end_text`` are
as stated. ``other`` holds every further column that was filled.
"""

CLAIM_FIELDS = (
    Field("claim_id", FieldKind.TEXT, required=True),
    Field("work_id", FieldKind.TEXT, required=True),
    Field("claimant", FieldKind.TEXT, required=True),
    Field("status", FieldKind.TEXT, required=True),
    Field("evidence_url", FieldKind.TEXT),
    Field("title", FieldKind.TEXT),
    Field("year", FieldKind.INTEGER),
    Field("ids", FieldKind.MAP),
    Field("other", FieldKind.MAP),
    Field("recorded_at", FieldKind.INSTANT),
    Field("retired_at", FieldKind.INSTANT),
)
"""Somebody's word that a work is free, or is not: with the claimant's evidence, never a grant."""

EVIDENCE: Mapping[str, tuple[Field, ...]] = {"avails": AVAIL_FIELDS, "claims": CLAIM_FIELDS}

SHEETS = "sheets"
"""What stands for the table of a quarantined sheet that no reader took: it belongs to none."""

_TYPES: Mapping[FieldKind, tuple[type, str]] = {
    FieldKind.INTEGER: (int, "a whole number"),
    FieldKind.BOOLEAN: (bool, "a boolean"),
    FieldKind.LIST: (list, "a list of text"),
    FieldKind.MAP: (dict, "an object of text"),
}


def evidence_row(table: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The stated values, proven to fit the table's fields; empty ones count as absent.

    Raises:
        RowError: an unknown or a missing field, or a value of the wrong kind.
    """
    fields = EVIDENCE[table]
    kinds = {field.name: field.kind for field in fields}
    row_id = str(values.get(fields[0].name, "?"))
    stated = {name: value for name, value in values.items() if value not in (None, "", [], {})}
    for name, value in stated.items():
        if name not in kinds:
            raise RowError(table, row_id, name, f"is unknown; known are {', '.join(kinds)}")
        wanted, what = _TYPES.get(kinds[name], (str, "text"))
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise RowError(table, row_id, name, f"{value!r} is not {what}")
        items = value.values() if isinstance(value, dict) else value
        if isinstance(items, Iterable) and not all(isinstance(item, str) for item in items):
            raise RowError(table, row_id, name, f"{value!r} is not {what}")
    for field in fields:
        if field.required and field.name not in stated:
            raise RowError(table, row_id, field.name, "is missing; this field is required")
    return stated
