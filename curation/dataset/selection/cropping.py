"""Which part of a film's picture a clip keeps where a recipe has bars cut off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from curation.dataset.columns import Column, columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from curation.dataset.recipe import ClipSection, Recipe

_BARS: Final = "lighting.bars"
WIDTH: Final = 320
"""Columns at most of the pictures in which bars were measured (`LightingTagger.needs`)."""
LEAST: Final = 16
"""Pixels that a cropped picture has at least along each side; else it is left as it is."""
_NONE: Final = "NULL::STRUCT(x BIGINT, y BIGINT, width BIGINT, height BIGINT)"


def with_crop(shots: str, clip: ClipSection, known: Mapping[str, Column]) -> str:
    """SQL of a table like ``tagged_shots`` with a column ``crop``: the part that stays, as a struct
    of ``x``, ``y``, ``width`` and ``height``; null where all of it does.

    Bars are known to a line of the picture in which they were measured. A line in which bar and
    picture meet goes with the bar, so that no dark edge is left; thus up to one such line of the
    picture is lost at each side (0.6 % of the height of 16:9), and up to one pixel more for even
    numbers. Bars that are unknown, or of a shot that was not measured, are left on.
    """
    if not clip.crop_bars or f"{_BARS}.label" not in known:
        return f"(SELECT *, {_NONE} AS crop FROM {shots})"  # noqa: S608
    even_high = "round_even(height * bar_wide / width / 2, 0)::BIGINT * 2"
    across, along = ("letterbox", "windowbox"), ("pillarbox", "windowbox")
    return f"""(
        WITH measured AS (
            SELECT *, least(width, {WIDTH}) AS bar_wide,
                greatest(2, least({even_high}, height // 2 * 2)) AS bar_high
            FROM {shots}
        ),
        barred AS (
            SELECT * EXCLUDE (bar_wide, bar_high),
                {_pixels("bar_left", "width", "bar_wide", along)} AS bar_x,
                {_pixels("bar_right", "width", "bar_wide", along)} AS bar_right,
                {_pixels("bar_top", "height", "bar_high", across)} AS bar_y,
                {_pixels("bar_bottom", "height", "bar_high", across)} AS bar_low
            FROM measured
        ),
        kept AS (
            SELECT *, (width - bar_x - bar_right) // 2 * 2 AS kept_wide,
                (height - bar_y - bar_low) // 2 * 2 AS kept_high
            FROM barred
        )
        SELECT * EXCLUDE (bar_x, bar_right, bar_y, bar_low, kept_wide, kept_high),
            if(bar_x + bar_right + bar_y + bar_low > 0 AND kept_wide >= {LEAST}
                AND kept_high >= {LEAST},
                struct_pack(x := bar_x, y := bar_y, width := kept_wide, height := kept_high),
                {_NONE}) AS crop
        FROM kept
    )"""  # noqa: S608


def not_as_asked(connection: DuckDBPyConnection, recipe: Recipe) -> Iterator[str]:
    """What a recipe asks of clips that some of ``plan_choices``, or all, will not have."""
    clip = recipe.clip
    if clip.crop_bars and (count := _unknown_bars(connection)):
        yield (
            f"clip.crop_bars: of {count} clips the bars are not known, and they keep the whole "
            "picture; a filter `lighting.bars.label <> 'unknown'` leaves them out"
        )
    if clip.stream_copy == "allow" and clip.fps is not None:
        yield "clip.stream_copy: no clip keeps the film's packets, for clip.fps wants other frames"
    if clip.stream_copy == "allow" and clip.crop_bars:
        yield "clip.stream_copy: no clip that bars are cut off from keeps the film's packets"


def _unknown_bars(connection: DuckDBPyConnection) -> int:
    told = f"{_BARS}.label <> 'unknown'" if f"{_BARS}.label" in columns(connection) else "false"
    ((count,),) = connection.execute(
        "SELECT count(*) FROM plan_choices JOIN tagged_shots USING (shot_id) "  # noqa: S608
        f"WHERE station IS NULL AND ({told}) IS NOT true"
    ).fetchall()
    return int(count)


def _pixels(side: str, length: str, lines: str, labels: Sequence[str]) -> str:
    """Pixels of the film, an even number, that one bar takes away."""
    bar = f"round({_BARS}.{side} * {lines})"
    met = f"({bar} + if({length} > {lines}, 1, 0))"
    asked = " OR ".join(f"{_BARS}.label = '{label}'" for label in labels)
    return (
        f"if(({asked}) AND {bar} > 0, ceil({met} * {length} / {lines} / 2 - 1e-6)::BIGINT * 2, 0)"
    )
