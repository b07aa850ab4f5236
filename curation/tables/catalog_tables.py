"""Tables of what the catalog states, what of it was refused, and when it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.tables.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa


def catalog_tables() -> list[Schema]:
    """Append-only and bitemporal, but for ``ingests``."""
    import pyarrow as pa

    text = pa.string()
    integer = pa.int64()
    flag = pa.bool_()
    instant = pa.timestamp("us", tz="UTC")
    texts = pa.list_(pa.string())
    span = pa.list_(pa.int64())
    pairs = pa.map_(pa.string(), pa.string())
    duty = pa.struct([("code", text), ("phase", text), ("fulfilled_at", text)])
    return [
        _stated(
            "works",
            "series, titles and the edits of them",
            ("work_id", text),
            ("level", text),
            ("parent_id", text),
            ("eidr", text),
            ("title", text),
            ("year", integer),
        ),
        _stated(
            "assets",
            "film files, by content",
            ("asset_path", text),
            ("work_id", text),
            ("sha256", text),
            ("note", text),
            ("asset_sha256", text),
            ("bytes", integer),
            ("modified_ns", integer),
            ("cut_list", text),
            ("cut_list_offset", integer),
            ("cut_list_url", text),
            ("cut_list_sha256", text),
        ),
        _stated(
            "rules",
            "grants and prohibitions",
            ("rule_id", text),
            ("effect", text),
            ("kind", text),
            ("work_id", text),
            ("inherit", text),
            ("actions", texts),
            ("assignee", text),
            ("territory_include", texts),
            ("territory_exclude", texts),
            ("start", text),
            ("end", text),
            ("time_zone", text),
            ("end_convention", text),
            ("candidate_time_zones", texts),
            ("span", span),
            ("components", texts),
            ("exclusive", flag),
            ("except_for", texts),
            ("supersedes", texts),
            ("overrides_signal", flag),
            ("status", text),
            ("duties", pa.list_(duty)),
            ("licence", text),
            ("revoked_at", text),
            ("instrument", pairs),
        ),
        _stated(
            "party_groups",
            "who belongs to a licensee's group",
            ("group_id", text),
            ("members", texts),
        ),
        _stated(
            "appearances",
            "who is seen or heard, and where",
            ("work_id", text),
            ("span", span),
            ("party_id", text),
            ("facet", text),
            ("identity", text),
        ),
        _stated(
            "consents",
            "what performers agreed to, refused or took back",
            ("party_id", text),
            ("state", text),
            ("work_id", text),
            ("actions", texts),
            ("licensee", text),
            ("facets", texts),
            ("start", text),
            ("end", text),
            ("withdrawn_at", text),
        ),
        _stated(
            "embedded_material",
            "other people's material inside a work",
            ("work_id", text),
            ("span", span),
            ("component", text),
            ("kind", text),
            ("ai_status", text),
            ("licensees", texts),
        ),
        _stated(
            "surveys",
            "which works were looked through for people and material",
            ("work_id", text),
            ("kind", text),
            ("completed_at", text),
        ),
        _stated(
            "signals",
            "machine-readable preferences met on a work",
            ("work_id", text),
            ("scheme", text),
            ("entries", pairs),
        ),
        _stated(
            "participants",
            "who made it and must be credited or paid",
            ("work_id", text),
            ("party_id", text),
            ("role", text),
            ("guild", text),
            ("share_basis", text),
            ("payee_id", text),
            ("name", text),
        ),
        _stated(
            "avails",
            "offers for distribution, from other people's lists: evidence, never a right",
            ("avail_key", text),
            ("work_id", text),
            ("avail_id", text),
            ("alid", text),
            ("entry_type", text),
            ("work_type", text),
            ("title", text),
            ("year", integer),
            ("eidrs", texts),
            ("licensor", text),
            ("licensee", text),
            ("service", text),
            ("licence_type", text),
            ("licence_rights_description", text),
            ("format_profile", text),
            ("territories", texts),
            ("territory_exclusions", texts),
            ("start", text),
            ("end", text),
            ("start_text", text),
            ("end_text", text),
            ("time_zone", text),
            ("asset_languages", texts),
            ("allowed_languages", texts),
            ("holdback_languages", texts),
            ("holdback_exclusions", texts),
            ("exception_flag", flag),
            ("exclusive", flag),
            ("source_version", text),
            ("notes", texts),
            ("other", pairs),
        ),
        _stated(
            "claims",
            "what others say of a work's freedom, with their evidence: never a right",
            ("claim_id", text),
            ("work_id", text),
            ("claimant", text),
            ("status", text),
            ("evidence_url", text),
            ("title", text),
            ("year", integer),
            ("ids", pairs),
            ("other", pairs),
        ),
        Schema(
            "quarantine",
            "catalog rows that could not be accepted, with the reason",
            pa.schema(
                [
                    ("table_name", text),
                    ("source", text),
                    ("line", integer),
                    ("field", text),
                    ("reason", text),
                    ("message", text),
                    ("work_id", text),
                    ("party_id", text),
                    ("row_key", text),
                    ("row_sha256", text),
                    ("row_json", text),
                    ("recorded_at", instant),
                    ("retired_at", instant),
                    ("ingested_at", instant),
                    ("withdrawn_from_catalog_at", instant),
                    ("scope", text),
                ]
            ),
            ("row_key",),
            bitemporal=True,
        ),
        Schema(
            "ingests",
            "each finished reading of the catalog",
            pa.schema(
                [
                    ("ingest_id", text),
                    ("catalog", text),
                    ("library", text),
                    ("ingested_at", instant),
                    ("rulebook_sha256", text),
                    ("accepted", integer),
                    ("quarantined", integer),
                    ("added", integer),
                    ("changed", integer),
                    ("removed", integer),
                    ("content_sha256", text),
                    ("library_sha256", text),
                ]
            ),
            ("ingest_id",),
        ),
    ]


def _stated(name: str, what: str, *columns: tuple[str, pa.DataType]) -> Schema:
    """A table of the catalog: its columns, and those that say of a row whence and when it came."""
    import pyarrow as pa

    text, instant = pa.string(), pa.timestamp("us", tz="UTC")
    envelope = [
        ("row_key", text),
        ("row_sha256", text),
        ("row_json", text),
        ("source", text),
        ("line", pa.int64()),
        ("recorded_at", instant),
        ("retired_at", instant),
        ("ingested_at", instant),
        ("withdrawn_from_catalog_at", instant),
        ("scope", text),
    ]
    return Schema(name, what, pa.schema([*columns, *envelope]), ("row_key",), bitemporal=True)
