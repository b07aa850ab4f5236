"""What of each shot would be cut: its clean span less the margins, whole or in equal parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from curation.shots.transition import GRADUAL

if TYPE_CHECKING:
    from curation.dataset.recipe import ClipSection

NO_CLEAN_FRAME: Final = "NO_CLEAN_FRAME"
TOO_SHORT: Final = "TOO_SHORT"
TOO_LONG: Final = "TOO_LONG"
VARIABLE_RATE: Final = "VARIABLE_RATE"
"""A shot was to be trimmed or split, and when its frames are shown is not stored: the film's rate
varies. It is left out, for its seconds would be guessed."""


def frames_sql(clip: ClipSection) -> str:
    """SQL for how many frames a clip will have, of its ``first``, ``past`` and ``clip_seconds``.

    At a constant rate as many as last nearest to it (`curation.media.cadence.count_at`).
    """
    if clip.fps is None:
        return "(past - first)"
    from curation.media import rate_of

    rate = rate_of(clip.fps)
    count = f"floor(clip_seconds * {rate.numerator} / {rate.denominator} + 0.5 + 1e-6)"
    return f"greatest(1, {count})::BIGINT"


def clips_of(shots: str, clip: ClipSection) -> str:
    """SQL that makes of a table of shots one of clips, a row a clip.

    To the columns of ``shots`` come ``clip_id`` (the shot's own id where it is one clip, else drawn
    from it and the frames), ``first`` and ``past`` (frames), ``first_s``, ``past_s`` and
    ``clip_seconds`` (seconds), and ``length_reason``. Parts of a shot differ by a frame at most,
    and none is longer than ``max_seconds``.
    """
    gradual = ", ".join(f"'{name}'" for name in sorted(GRADUAL))
    margin = f"({clip.margin.frames} + ceil({clip.margin.seconds!r} / frame_s))::BIGINT"
    most = f"greatest(1, floor({clip.max_seconds!r} / frame_s + 1e-6))::BIGINT"
    parts = f"greatest(1, ceil((past - first) / ({most})::DOUBLE))::BIGINT"
    return f"""
        WITH timed AS (
            SELECT *, greatest(1e-9, (clean_end_s - clean_start_s)
                / greatest(1, clean_end - clean_start)) AS frame_s
            FROM {shots}
        ),
        trimmed AS (
            SELECT *,
                clean_start + if(transition_in IN ({gradual}), {margin}, 0) AS first,
                clean_end - if(transition_out IN ({gradual}), {margin}, 0) AS past
            FROM timed
        ),
        parted AS (
            SELECT *, {parts if clip.split_long else "1"} AS parts FROM trimmed
        ),
        cut AS (
            SELECT * EXCLUDE (first, past),
                first + (past - first) * part // parts AS first,
                first + (past - first) * (part + 1) // parts AS past
            FROM (SELECT *, unnest(range(parts)) AS part FROM parted)
        ),
        spanned AS (
            SELECT *,
                (first, past) = (clean_start, clean_end) AS is_whole,
                clean_start_s + (first - clean_start) * frame_s AS first_s,
                if(is_whole, clean_end_s, clean_start_s + (past - clean_start) * frame_s) AS past_s,
                if(is_whole, seconds, (past - first) * frame_s) AS clip_seconds
            FROM cut
        )
        SELECT * EXCLUDE (frame_s, parts, part, is_whole),
            if(parts = 1, shot_id,
               sha256(concat(shot_id, ':', first, '-', past))[1:32]) AS clip_id,
            CASE
                WHEN past <= first THEN '{NO_CLEAN_FRAME}'
                WHEN NOT is_whole AND coalesce(variable_rate, true) THEN '{VARIABLE_RATE}'
                WHEN clip_seconds < {clip.min_seconds!r} THEN '{TOO_SHORT}'
                WHEN clip_seconds > {clip.max_seconds!r} THEN '{TOO_LONG}'
            END AS length_reason
        FROM spanned
    """  # noqa: S608
