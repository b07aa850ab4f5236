"""Every table of the store: its columns, its key and what it is for.

The version is written into each table when it is made. A change of meaning, a dropped or a retyped
column raises it and needs a migration; a new nullable column does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1

CATALOG = (
    "works",
    "assets",
    "rules",
    "party_groups",
    "appearances",
    "consents",
    "embedded_material",
    "surveys",
    "signals",
    "participants",
    "avails",
    "claims",
)
"""Tables that hold what the catalog states: append-only and bitemporal."""


@dataclass(frozen=True)
class Schema:
    """A table: name, one sentence, Arrow columns, and the columns that identify a row."""

    name: str
    what: str
    arrow: pa.Schema
    key: tuple[str, ...]
    bitemporal: bool = False


@cache
def schemas() -> dict[str, Schema]:
    """All tables by name, in the order in which data flows through them."""
    import pyarrow as pa

    text, integer, number, flag = pa.string(), pa.int64(), pa.float64(), pa.bool_()
    instant = pa.timestamp("us", tz="UTC")
    texts = pa.list_(text)
    span = pa.list_(integer)
    pairs = pa.map_(text, text)
    numbers = pa.map_(text, number)
    duty = pa.struct([("code", text), ("phase", text), ("fulfilled_at", text)])
    transition = pa.struct(
        [("type", text), ("start", integer), ("end", integer), ("score", number)]
    )

    def catalog(name: str, what: str, *columns: tuple[str, pa.DataType]) -> Schema:
        envelope = [
            ("row_key", text),
            ("row_sha256", text),
            ("row_json", text),
            ("source", text),
            ("line", integer),
            ("recorded_at", instant),
            ("retired_at", instant),
            ("ingested_at", instant),
            ("withdrawn_from_catalog_at", instant),
            ("scope", text),
        ]
        return Schema(name, what, pa.schema([*columns, *envelope]), ("row_key",), bitemporal=True)

    tables = [
        catalog(
            "works",
            "series, titles and the edits of them",
            ("work_id", text),
            ("level", text),
            ("parent_id", text),
            ("eidr", text),
            ("title", text),
            ("year", integer),
        ),
        catalog(
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
        catalog(
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
        catalog(
            "party_groups",
            "who belongs to a licensee's group",
            ("group_id", text),
            ("members", texts),
        ),
        catalog(
            "appearances",
            "who is seen or heard, and where",
            ("work_id", text),
            ("span", span),
            ("party_id", text),
            ("facet", text),
            ("identity", text),
        ),
        catalog(
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
        catalog(
            "embedded_material",
            "other people's material inside a work",
            ("work_id", text),
            ("span", span),
            ("component", text),
            ("kind", text),
            ("ai_status", text),
            ("licensees", texts),
        ),
        catalog(
            "surveys",
            "which works were looked through for people and material",
            ("work_id", text),
            ("kind", text),
            ("completed_at", text),
        ),
        catalog(
            "signals",
            "machine-readable preferences met on a work",
            ("work_id", text),
            ("scheme", text),
            ("entries", pairs),
        ),
        catalog(
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
        catalog(
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
        catalog(
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
        Schema(
            "films",
            "one row a film file: analysed, failed or excluded, and why",
            pa.schema(
                [
                    ("asset_sha256", text),
                    ("work_key", text),
                    ("status", text),
                    ("reasons", texts),
                    ("message", text),
                    ("container", text),
                    ("codec", text),
                    ("width", integer),
                    ("height", integer),
                    ("pix_fmt", text),
                    ("bit_depth", integer),
                    ("matrix", text),
                    ("primaries", text),
                    ("transfer", text),
                    ("colour_range", text),
                    ("guessed", texts),
                    ("scan", text),
                    ("combed_share", number),
                    ("audio_codec", text),
                    ("frames", integer),
                    ("variable_rate", flag),
                    ("rate_num", integer),
                    ("rate_den", integer),
                    ("time_base_num", integer),
                    ("time_base_den", integer),
                    ("start_pts", integer),
                    ("end_pts", integer),
                    ("duration_s", number),
                    ("notes", texts),
                    ("frames_decoded", integer),
                    ("device", text),
                    ("device_reason", text),
                    ("cpu_s", number),
                    ("tagger_cpu_s", numbers),
                    ("code_version", text),
                    ("analysed_at", instant),
                ]
            ),
            ("asset_sha256",),
        ),
        Schema(
            "shots",
            "one row a shot: exact span, transitions, kind",
            pa.schema(
                [
                    ("shot_id", text),
                    ("asset_sha256", text),
                    ("work_key", text),
                    ("shot_index", integer),
                    ("start_frame", integer),
                    ("end_frame", integer),
                    ("clean_start", integer),
                    ("clean_end", integer),
                    ("start_pts", integer),
                    ("end_pts", integer),
                    ("time_base_num", integer),
                    ("time_base_den", integer),
                    ("start_s", number),
                    ("end_s", number),
                    ("clean_start_s", number),
                    ("clean_end_s", number),
                    ("transition_in", transition),
                    ("transition_out", transition),
                    ("kind", text),
                    ("boundaries_from", text),
                ]
            ),
            ("shot_id",),
        ),
        Schema(
            "cut_list_notes",
            "what is to be said of a film's cut list, and where the picture disagrees with it",
            pa.schema(
                [
                    ("asset_sha256", text),
                    ("kind", text),
                    ("what", text),
                    ("frame", integer),
                    ("seconds", number),
                    ("timecode", text),
                ]
            ),
            ("asset_sha256", "kind", "what", "frame"),
        ),
        Schema(
            "measures",
            "what each tagger measured in a shot: per-frame series and their summary",
            pa.schema(
                [
                    ("shot_id", text),
                    ("asset_sha256", text),
                    ("tagger", text),
                    ("version", text),
                    ("frames", pa.list_(integer)),
                    ("pts_s", pa.list_(number)),
                    ("series", pa.map_(text, pa.list_(pa.float32()))),
                    ("summary", numbers),
                ]
            ),
            ("shot_id", "tagger"),
        ),
        Schema(
            "tags",
            "what each tagger says of a shot: label, confidence, numbers",
            pa.schema(
                [
                    ("shot_id", text),
                    ("asset_sha256", text),
                    ("tagger", text),
                    ("label_version", text),
                    ("facet", text),
                    ("label", text),
                    ("confidence", number),
                    ("measures", numbers),
                ]
            ),
            ("shot_id", "tagger", "facet"),
        ),
        Schema(
            "embeddings",
            "what each embedder makes of the still nearest a shot's middle: a vector of length 1",
            pa.schema(
                [
                    ("shot_id", text),
                    ("asset_sha256", text),
                    ("embedder", text),
                    ("version", text),
                    ("frame", integer),
                    ("pts_s", number),
                    ("vector", pa.list_(pa.float32())),
                ]
            ),
            ("shot_id", "embedder"),
        ),
        Schema(
            "duplicates",
            "near-duplicate shots of different films: pairs, better copy first, with the evidence",
            pa.schema(
                [
                    ("shot_id", text),
                    ("twin_id", text),
                    ("asset_sha256", text),
                    ("twin_asset_sha256", text),
                    ("matched", integer),
                    ("compared", integer),
                    ("distance", number),
                    ("offset_s", number),
                    ("covered", number),
                    ("twin_covered", number),
                    ("basis", text),
                ]
            ),
            ("shot_id", "twin_id"),
        ),
        Schema(
            "copy_searches",
            "the last search for near-duplicate shots: of what, and how many pairs it found",
            pa.schema([("basis", text), ("pairs", integer), ("searched_at", instant)]),
            ("basis",),
        ),
        Schema(
            "decisions",
            "each shot's answer from the rights gate, with its reasons and rows",
            pa.schema(
                [
                    ("release_id", text),
                    ("shot_id", text),
                    ("work_id", text),
                    ("outcome", text),
                    ("reasons", texts),
                    ("rows", texts),
                    ("duties", texts),
                    ("request", text),
                    ("rulebook_sha256", text),
                    ("engine_version", text),
                    ("known_at", instant),
                ]
            ),
            ("release_id", "shot_id"),
        ),
        Schema(
            "selections",
            "each shot of a release: in, or out at which station and why",
            pa.schema(
                [
                    ("release_id", text),
                    ("shot_id", text),
                    ("asset_sha256", text),
                    ("work_id", text),
                    ("status", text),
                    ("station", text),
                    ("reasons", texts),
                    ("split", text),
                    ("shard", text),
                    ("sample_key", text),
                    ("source_shot_id", text),
                    ("clip_sha256", text),
                    ("first_frame", integer),
                    ("past_last_frame", integer),
                ]
            ),
            ("release_id", "shot_id"),
        ),
        Schema(
            "releases",
            "published releases",
            pa.schema(
                [
                    ("release_id", text),
                    ("name", text),
                    ("url", text),
                    ("licensee", text),
                    ("action", text),
                    ("recipe", text),
                    ("rulebook_sha256", text),
                    ("known_at", instant),
                    ("samples", integer),
                    ("excluded", integer),
                    ("bytes", integer),
                    ("seconds", number),
                    ("manifest_sha256", text),
                    ("code_version", text),
                    ("published_at", instant),
                ]
            ),
            ("release_id",),
        ),
    ]
    return {table.name: table for table in tables}
