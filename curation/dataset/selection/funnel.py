"""The funnel: what is left of a library after each thing that a recipe asks, and why not the rest.

As papers on datasets print it: a line a step, with shots, clips, hours and titles, and the reasons
of what was left out there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curation.dataset.recipe.bounds import ABOVE, BELOW, UNKNOWN
from curation.dataset.selection import Selection
from curation.dataset.selection.quotas import TOTAL, Minimum, reason_of
from curation.dataset.selection.split import SPLITS
from curation.dataset.selection.stations import (
    AUDIO,
    BOUNDS,
    CUT,
    DUPLICATES,
    FILTER,
    KIND,
    LENGTH,
    QUOTA,
    RIGHTS,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from curation.dataset.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Step:
    """What is left after a step: shots, clips made of them, their seconds, and titles.

    ``left_out``: clips left out at this step, by reason, the commonest first.
    """

    name: str
    shots: int
    clips: int
    seconds: float
    titles: int
    left_out: tuple[tuple[str, int], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.name,
            "shots": self.shots,
            "clips": self.clips,
            "seconds": round(self.seconds, 3),
            "titles": self.titles,
            "left_out": dict(self.left_out),
        }


@dataclass(frozen=True, slots=True)
class Checked:
    """What a recipe would select.

    ``steps``: the funnel, each step counting what it let through. ``splits``: the same of each
    split, which share nothing. ``minima`` and ``remarks``: what is to be said of the quotas.
    """

    steps: tuple[Step, ...]
    splits: tuple[Step, ...]
    minima: tuple[Minimum, ...]
    remarks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "funnel": [step.to_json() for step in self.steps],
            "splits": [split.to_json() for split in self.splits],
            "minima": [
                {
                    "per": one.per,
                    "value": one.value,
                    "wanted": one.wanted,
                    "found": one.found,
                    "met": one.is_met,
                    "must": one.must,
                }
                for one in self.minima
            ],
            "remarks": list(self.remarks),
        }


def checked(selection: Selection, recipe: Recipe) -> Checked:
    """The funnel of a selection, in the order in which clips are left out."""
    connection = selection.connection
    reasons = connection.execute(
        "SELECT station, reasons[1], count(*) AS clips FROM plan_choices WHERE station IS NOT NULL "
        "GROUP BY ALL ORDER BY clips DESC, 1, 2"
    ).fetchall()
    connection.execute(_numbered(recipe))
    steps = [Step("analysed", *_count(connection, "true"))]
    for number, (name, station, mine) in enumerate(_steps(recipe)):
        left = _count(connection, f"step IS NULL OR step > {number}")
        out = [(why, n) for at, why, n in reasons if at == station and (not mine or why in mine)]
        steps.append(Step(name, *left, tuple(out)))
    splits = [
        Step(split, *_count(connection, f"split = '{split}'"))
        for split in SPLITS
        if getattr(recipe.split, split)
    ]
    return Checked(tuple(steps), tuple(splits), selection.minima, selection.remarks)


def _steps(recipe: Recipe) -> list[tuple[str, str, tuple[str, ...]]]:
    """Each step: its name, its station, and its reasons there, all of the station's if none."""
    ends = (BELOW, ABOVE, UNKNOWN)
    filters = [(f"filter {one.name}", FILTER, (one.name,)) for one in recipe.filters]
    bounds = [
        (f"bound {name}", BOUNDS, tuple(f"{name.replace('.', '_').upper()}_{end}" for end in ends))
        for name in recipe.bounds
    ]
    caps = list(dict.fromkeys(rule.per for rule in recipe.quotas.at_most))
    quotas = [(f"at most per {' and '.join(per)}", QUOTA, (reason_of(per),)) for per in caps]
    total = [("budget", QUOTA, (TOTAL,))] if recipe.quotas.total else []
    audio = [("audio", AUDIO, ())] if recipe.kept_sound else []
    copies = [("duplicates", DUPLICATES, ())] if recipe.duplicates == "keep_best" else []
    return [
        ("rights", RIGHTS, ()),
        ("kind", KIND, ()),
        ("length", LENGTH, ()),
        *audio,
        *filters,
        *bounds,
        ("can be cut", CUT, ()),
        *copies,
        *quotas,
        *total,
    ]


def _numbered(recipe: Recipe) -> str:
    """SQL for ``plan_stepped``: the choices, with the number of the step that leaves each out."""
    cases = []
    for number, (_, station, mine) in enumerate(_steps(recipe)):
        among = ", ".join(f"'{reason}'" for reason in mine)
        cases.append(
            f"WHEN station = '{station}'"
            + (f" AND reasons[1] IN ({among})" if mine else "")
            + f" THEN {number}"
        )
    return (
        "CREATE OR REPLACE TEMP VIEW plan_stepped AS SELECT *, "  # noqa: S608
        f"CASE {' '.join(cases)} END AS step FROM plan_choices"
    )


def _count(connection: DuckDBPyConnection, where: str) -> tuple[int, int, float, int]:
    """Shots, clips, seconds and titles; seconds in millionths, which add up in any order."""
    shots, clips, millionths, titles = connection.execute(
        f"""
        SELECT count(DISTINCT shot_id), count(*),
            coalesce(sum(round(clip_seconds * 1e6)::BIGINT), 0), count(DISTINCT title_id)
        FROM plan_stepped WHERE {where}
        """  # noqa: S608
    ).fetchall()[0]
    return int(shots), int(clips), int(millionths) / 1e6, int(titles)
