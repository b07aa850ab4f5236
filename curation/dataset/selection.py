"""Which shots go into a release, and for each of the others at which station it was left out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from curation.dataset.clearance import Clearance, Span, clear, shots_with_faces
from curation.dataset.recipe import FilterSection, Recipe, RecipeError
from curation.rights import PerformerGate, Rulebook

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RIGHTS, KIND, LENGTH, FILTER, CUT = STATIONS = ("rights", "kind", "length", "filter", "cut")
"""Stations of a release at which a shot can be left out, in order."""

TOO_SHORT, TOO_LONG, NO_CLEAN_FRAME = "TOO_SHORT", "TOO_LONG", "NO_CLEAN_FRAME"


@dataclass(frozen=True, slots=True)
class Shot:
    """What selection needs to know of a shot; its clean span in frames and seconds."""

    shot_id: str
    asset_sha256: str
    work_id: str
    start: int
    end: int
    seconds: float
    kind: str | None = "picture"


@dataclass(frozen=True, slots=True)
class Choice:
    """One shot: in, with its split, shard and position, or out, with the station and reasons."""

    shot: Shot
    station: str | None = None
    reasons: tuple[str, ...] = ()
    split: str | None = None
    shard: str | None = None
    position: int | None = None

    @property
    def chosen(self) -> bool:
        return self.station is None

    @property
    def _left_out_as(self) -> str:
        return "failed" if self.station == CUT else "excluded"

    def to_row(self, release_id: str) -> dict[str, Any]:
        """The row of ``selections``."""
        return {
            "release_id": release_id,
            "shot_id": self.shot.shot_id,
            "asset_sha256": self.shot.asset_sha256,
            "work_id": self.shot.work_id,
            "status": "released" if self.chosen else self._left_out_as,
            "station": self.station,
            "reasons": list(self.reasons),
            "split": self.split,
            "shard": self.shard,
            "sample_key": self.shot.shot_id if self.chosen else None,
            "clip_sha256": None,
        }


@dataclass(frozen=True)
class Selection:
    """Every shot of the library with its choice, in shot order, and every clearance."""

    choices: tuple[Choice, ...]
    clearances: tuple[Clearance, ...]

    @property
    def chosen(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if choice.chosen)

    def left_out(self) -> Counter[tuple[str, str]]:
        """Shots left out by (station, first reason); with those chosen they add up to all."""
        return Counter((c.station, c.reasons[0]) for c in self.choices if c.station is not None)


def select(
    connection: DuckDBPyConnection,
    rulebook: Rulebook,
    recipe: Recipe,
    *,
    known_at: datetime,
    performer_gate: PerformerGate,
    withheld: Mapping[str, str],
    unreachable: Mapping[str, str] = MappingProxyType({}),
) -> Selection:
    """Choose the shots of a release: rights first, then kind, length and the recipe's filters.

    A shot of another kind than the recipe names, or of a kind that is not known, stays out as
    ``KIND_TITLE``, ``KIND_BLACK``, ``KIND_UNKNOWN`` and so on.

    Args:
        withheld: works that nobody may use, each with the reason why.
        unreachable: films that cannot be cut, by content, each with the reason why.

    Raises:
        RecipeError: for a filter that is no SQL condition over ``tagged_shots``.
    """
    shots = tuple(
        Shot(*row)
        for row in connection.execute(
            "SELECT shot_id, asset_sha256, work_id, clean_start, clean_end, seconds, kind "
            "FROM tagged_shots ORDER BY shot_id"
        ).fetchall()
    )
    if not shots:
        return Selection((), ())
    left_out: dict[str, Choice] = {
        shot.shot_id: Choice(shot, LENGTH, (NO_CLEAN_FRAME,))
        for shot in shots
        if shot.end <= shot.start
    }
    spans = [Span(s.shot_id, s.work_id, s.start, s.end) for s in shots if s.shot_id not in left_out]
    clearances = tuple(
        clear(
            rulebook,
            recipe,
            spans,
            known_at=known_at,
            performer_gate=performer_gate,
            withheld=withheld,
            faces=shots_with_faces(connection),
        )
    )
    denied = {c.span.shot_id: c.reasons for c in clearances if not c.allowed}
    refused = [(f.name, _refused(connection, f)) for f in recipe.filters]
    chosen: list[Shot] = []
    for shot in shots:
        if shot.shot_id in left_out:
            continue
        if reasons := denied.get(shot.shot_id):
            left_out[shot.shot_id] = Choice(shot, RIGHTS, reasons)
        elif shot.kind not in recipe.kinds:
            left_out[shot.shot_id] = Choice(shot, KIND, (f"KIND_{shot.kind or 'unknown'}".upper(),))
        elif reason := _length(shot, recipe):
            left_out[shot.shot_id] = Choice(shot, LENGTH, (reason,))
        elif names := tuple(name for name, out in refused if shot.shot_id in out):
            left_out[shot.shot_id] = Choice(shot, FILTER, names)
        elif reason := unreachable.get(shot.asset_sha256):
            left_out[shot.shot_id] = Choice(shot, CUT, (reason,))
        else:
            chosen.append(shot)
    placed = {choice.shot.shot_id: choice for choice in place(chosen, rulebook, recipe)}
    choices = tuple(left_out.get(s.shot_id) or placed[s.shot_id] for s in shots)
    return Selection(choices, clearances)


def place(shots: Iterable[Shot], rulebook: Rulebook, recipe: Recipe) -> list[Choice]:
    """Give each chosen shot its split and shard.

    A title's split is a lot drawn from its name and the seed, so it stays the same in every release
    of that seed whatever else the library holds. Inside a split, shots are in an order drawn the
    same way, so that a shard mixes titles.
    """
    by_split: dict[str, list[Shot]] = {}
    for shot in shots:
        by_split.setdefault(split_of(top_work(rulebook, shot.work_id), recipe), []).append(shot)
    choices: list[Choice] = []
    for split, members in sorted(by_split.items()):
        members.sort(key=lambda s: (_lot(recipe.seed, s.shot_id), s.shot_id))
        for index, shot in enumerate(members):
            shard = f"{split}-{index // recipe.shard.samples:06d}"
            choices.append(Choice(shot, split=split, shard=shard, position=len(choices)))
    return choices


def split_of(title: str, recipe: Recipe) -> str:
    """The split that a title falls into."""
    shares: list[tuple[str, float]] = [
        (name, getattr(recipe.split, name)) for name in ("train", "val", "test")
    ]
    drawn = _lot(recipe.seed, title) * sum(share for _, share in shares)
    reached = 0.0
    for name, share in shares:
        reached += share
        if drawn < reached:
            return name
    return next(name for name, share in reversed(shares) if share > 0)


def top_work(rulebook: Rulebook, work_id: str) -> str:
    """The series or title that a work belongs to, so that its edits and episodes stay together."""
    parents = {work.work_id: work.parent_id for work in rulebook.works}
    while parent := parents.get(work_id):
        work_id = parent
    return work_id


def _length(shot: Shot, recipe: Recipe) -> str | None:
    if shot.seconds < recipe.clip.min_seconds:
        return TOO_SHORT
    if shot.seconds > recipe.clip.max_seconds:
        return TOO_LONG
    return None


def _refused(connection: DuckDBPyConnection, question: FilterSection) -> set[str]:
    """Shots that do not answer yes: what is false, unknown or in error stays out.

    The text must parse as one expression by itself before it becomes part of a query, so that it
    can ask but not act; within TRY it can hold no subquery either.
    """
    import duckdb

    query = f"""
        SELECT shot_id FROM tagged_shots WHERE NOT coalesce(TRY((
        {question.where}
        )), false)
    """  # noqa: S608
    try:
        duckdb.SQLExpression(question.where)
        return {row[0] for row in connection.execute(query).fetchall()}
    except duckdb.Error as error:
        raise RecipeError(
            f"filter {question.name!r} cannot be asked: {str(error).splitlines()[0]}. Its SQL is a "
            "condition over the columns of tagged_shots; see `curation tables tagged_shots`"
        ) from error


def _lot(seed: int, name: str) -> float:
    """A number in [0, 1) drawn from a seed and a name, the same for ever."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)


def funnel(selection: Selection) -> Sequence[tuple[str, str, int]]:
    """Lines (station, reason, shots) from all shots down to those chosen; they add up."""
    order = {name: i for i, name in enumerate(STATIONS)}
    out = sorted(selection.left_out().items(), key=lambda kv: (order[kv[0][0]], -kv[1], kv[0][1]))
    return [(station, reason, count) for (station, reason), count in out]
