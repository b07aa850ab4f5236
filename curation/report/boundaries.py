"""Shots and scores as rows that people read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curation.cutlists import Conform
    from curation.shots.score import Score

SHOTS = ("shot", "frames", "timecode", "seconds", "kind", "in", "out")
SHOTS_CSV = (
    "shot",
    "start",
    "end",
    "clean_start",
    "clean_end",
    "start_seconds",
    "end_seconds",
    "start_timecode",
    "end_timecode",
    "kind",
    "transition_in",
    "transition_out",
)
FIGURES = ("figure", "value", "right", "false", "missed")
ERRORS = ("what", "type", "frames", "timecode")


def shot_rows(film: Conform, seconds: Iterable[float]) -> Iterator[tuple[Any, ...]]:
    """A row a shot; `seconds` are the times of their first frames by the film's own clock."""
    for shot, at in zip(film.shots, seconds, strict=True):
        yield (
            shot.index,
            f"{shot.start}-{shot.end}",
            film.timecode(shot.start),
            f"{at:.3f}",
            shot.kind,
            shot.transition_in.type,
            shot.transition_out.type,
        )


def shot_cells(film: Conform, seconds: Iterable[tuple[float, float]]) -> Iterator[tuple[Any, ...]]:
    """A record a shot, for programs; ends are past-last, `clean` is without mixed frames."""
    for shot, (start, end) in zip(film.shots, seconds, strict=True):
        yield (
            shot.index,
            shot.start,
            shot.end,
            shot.clean_start,
            shot.clean_end,
            round(start, 6),
            round(end, 6),
            film.timecode(shot.start),
            film.timecode(shot.end),
            shot.kind,
            shot.transition_in.type,
            shot.transition_out.type,
        )


def figures(got: Score) -> Iterator[tuple[Any, ...]]:
    """The figures of a comparison; no value where there was nothing to find or say."""
    named = {
        "cut@0": got.cut0,
        "cut@1": got.cut1,
        "gradual": got.gradual,
        "all": got.all,
    }
    for name, tally in named.items():
        yield f"{name} F1", tally.f1, tally.right, tally.false, tally.missed
    yield "type accuracy", got.type_accuracy, got.typed, got.found - got.typed, None


def errors(got: Score, film: Conform) -> list[tuple[str, str, str, str]]:
    """Every boundary that was missed and every false alarm, in the order of the film."""
    last = film.grid.frames
    rows = [("missed", k.subtype or k.type, k.span.start, k.span.end) for k in got.missed]
    rows += [("false alarm", t.type, t.start, t.end) for t in got.false]
    return [
        (
            what,
            kind,
            f"{start}" if start == end else f"{start}-{end}",
            film.timecode(min(start, last)),
        )
        for what, kind, start, end in sorted(rows, key=lambda row: row[2])
    ]
