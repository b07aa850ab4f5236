"""A film and its shots as rows of the tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from curation.analysis.keys import shot_id

if TYPE_CHECKING:
    from curation.analysis.conformed import Conformed
    from curation.media import Scan, Source, Timeline, VideoInfo
    from curation.shots import Shot

Row = dict[str, Any]

REMARK: Final = "remark"
"""Kind of what is said of a cut list as a whole; all other kinds are disagreements."""


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
        "notes": [*timeline.notes, *([scan.note] if scan.note else []), *_cropped(info)],
    }


def _cropped(info: VideoInfo) -> list[str]:
    if info.crop is None:
        return []
    top, bottom, left, right = info.crop
    return [
        f"the container cuts {top}, {bottom}, {left} and {right} pixels off the stored picture at "
        "its top, bottom, left and right; they are analysed and kept"
    ]


def shot_row(asset_sha256: str, key: str, timeline: Timeline, shot: Shot, known_by: str) -> Row:
    """A shot: identity, exact span, transitions, kind, and who says where it begins and ends."""
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
        "boundaries_from": known_by,
    }


def cut_list_rows(asset_sha256: str, agreed: Conformed, source: Source) -> list[Row]:
    """What is to be said of a film's cut list: remarks on all of it, and where the picture differs.

    Raises:
        MediaError: when the film cannot be opened to ask for its timecode.
    """
    from curation.analysis.conformed import to_conform

    found = agreed.shots
    named = to_conform(source, found)
    remarks = [
        {"asset_sha256": asset_sha256, "kind": REMARK, "what": note} for note in agreed.notes
    ]
    return remarks + [
        {
            "asset_sha256": asset_sha256,
            "kind": one.kind,
            "what": one.what,
            "frame": one.frame,
            "seconds": float(found.timeline.seconds(one.frame) - found.timeline.seconds(0)),
            "timecode": named.timecode(one.frame),
        }
        for one in agreed.disagreements
    ]
