"""Tables of what was found in the films: shots, measures, tags, copies."""

from __future__ import annotations

from curation.tables.schema import Schema


def analysis_tables() -> list[Schema]:
    """One row a film, a shot, or a shot and a tagger."""
    import pyarrow as pa

    text = pa.string()
    integer = pa.int64()
    number = pa.float64()
    flag = pa.bool_()
    instant = pa.timestamp("us", tz="UTC")
    texts = pa.list_(pa.string())
    numbers = pa.map_(pa.string(), pa.float64())
    transition = pa.struct(
        [("type", text), ("start", integer), ("end", integer), ("score", number)]
    )
    return [
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
    ]
