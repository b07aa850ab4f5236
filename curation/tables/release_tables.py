"""Tables of releases: what the gate answered, what is in and out, what was published."""

from __future__ import annotations

from curation.tables.schema import Schema


def release_tables() -> list[Schema]:
    """Each row belongs to a release."""
    import pyarrow as pa

    text = pa.string()
    integer = pa.int64()
    number = pa.float64()
    instant = pa.timestamp("us", tz="UTC")
    texts = pa.list_(pa.string())
    return [
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
