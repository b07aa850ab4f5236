"""A film and its shots as rows of the tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from curation.analysis.keys import shot_id

if TYPE_CHECKING:
    from curation.media import Scan, Timeline, VideoInfo
    from curation.shots import Shot

Row = dict[str, Any]


def film_row(info: VideoInfo, timeline: Timeline, scan: Scan) -> Row:
    """What the file itself says of a film, and how its pictures were scanned."""
    rate = info.average_rate
    return {
        "status": "analysed",
        "reasons": [],
        "message": None,
        "container": info.container,
        "codec": info.codec,
        "width": info.display_width,
        "height": info.display_height,
        "pix_fmt": info.pix_fmt,
        "bit_depth": info.bit_depth,
        "matrix": info.matrix,
        "primaries": info.primaries,
        "transfer": info.transfer,
        "colour_range": info.colour_range,
        "guessed": list(info.guessed),
        "scan": scan.text,
        "combed_share": scan.combed,
        "audio_codec": info.audio[0].codec if info.audio else None,
        "frames": len(timeline),
        "variable_rate": timeline.is_variable,
        "rate_num": rate.numerator if rate else None,
        "rate_den": rate.denominator if rate else None,
        "time_base_num": timeline.time_base.numerator,
        "time_base_den": timeline.time_base.denominator,
        "start_pts": int(timeline.pts[0]),
        "end_pts": int(timeline.end),
        "duration_s": float(timeline.seconds(len(timeline)) - timeline.seconds(0)),
        "notes": [*timeline.notes, *([scan.note] if scan.note else [])],
    }


def shot_row(asset_sha256: str, key: str, timeline: Timeline, shot: Shot) -> Row:
    """A shot: identity, exact span, transitions, kind."""
    start, end = timeline.seconds(shot.start), timeline.seconds(shot.end)
    return {
        "shot_id": shot_id(asset_sha256, start, end),
        "asset_sha256": asset_sha256,
        "work_key": key,
        "shot_index": shot.index,
        "start_frame": shot.start,
        "end_frame": shot.end,
        "clean_start": shot.clean_start,
        "clean_end": shot.clean_end,
        "start_pts": int(start / timeline.time_base),
        "end_pts": int(end / timeline.time_base),
        "time_base_num": timeline.time_base.numerator,
        "time_base_den": timeline.time_base.denominator,
        "start_s": float(start),
        "end_s": float(end),
        "clean_start_s": float(timeline.seconds(shot.clean_start)),
        "clean_end_s": float(timeline.seconds(shot.clean_end)),
        "transition_in": asdict(shot.transition_in),
        "transition_out": asdict(shot.transition_out),
        "kind": shot.kind,
    }
