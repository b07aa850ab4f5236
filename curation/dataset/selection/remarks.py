"""What must be said of a selection besides its numbers: what nobody looked at, what was asked for
and cannot be had, what the licence does not cover. It travels in the manifest and the dataset card.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from curation.dataset.recipe import Recipe
from curation.dataset.selection.clearance import unwatched
from curation.dataset.selection.cropping import not_as_asked
from curation.dataset.selection.quotas import Minimum
from curation.dataset.selection.split import SPLITS
from curation.papers.purposes import purpose_of, serves
from curation.rights import PerformerGate, Rulebook

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def remarks_on(
    connection: DuckDBPyConnection,
    rulebook: Rulebook,
    recipe: Recipe,
    gate: PerformerGate,
    minima: Iterable[Minimum],
) -> tuple[str, ...]:
    """Remarks on the clips of ``plan_choices`` that are in, one sentence each."""
    taken = "(SELECT * FROM plan_choices WHERE station IS NULL)"
    missed = [f"quotas.at_least: {one}" for one in minima if not (one.is_met or one.must)]
    blind = unwatched(connection, taken) if gate is not PerformerGate.OFF else 0
    return (
        *_copies_not_looked_for(connection),
        *_unknown_together(rulebook, recipe),
        *missed,
        *_not_looked_for_faces(blind),
        *not_as_asked(connection, recipe),
        *_splits(connection, recipe),
    )


def _copies_not_looked_for(connection: DuckDBPyConnection) -> Iterator[str]:
    """Films that an earlier version analysed have no fingerprints, so their copies are unknown."""
    ((films,),) = connection.execute(
        "SELECT count(DISTINCT asset_sha256) FROM plan_choices WHERE station IS NULL "
        "AND asset_sha256 NOT IN (SELECT asset_sha256 FROM measures WHERE tagger = 'fingerprint')"
    ).fetchall()
    if films:
        yield (
            f"{films} films that clips are taken from have no fingerprints, so copies of their "
            "shots are not found and may fall into two splits; run `curation analyze` again"
        )


def _unknown_together(rulebook: Rulebook, recipe: Recipe) -> Iterator[str]:
    known = {work.work_id for work in rulebook.works}
    named = {work for works in recipe.split.together for work in works}
    if unknown := sorted(named - known):
        yield (
            f"split.together names {', '.join(unknown)}, which the catalog does not know; "
            "nothing is kept together by it"
        )


def _not_looked_for_faces(shots: int) -> Iterator[str]:
    if shots:
        yield (
            f"in {shots} of the shots no faces were looked for, or none could be told: that nobody "
            "else is seen in them rests on the survey alone; install the extra `models` and analyse"
        )


def _splits(connection: DuckDBPyConnection, recipe: Recipe) -> Iterator[str]:
    """Splits that hold nothing, and those that may not be used for what they are called."""
    held = dict(
        connection.execute(
            "SELECT split, count(*) FROM plan_choices WHERE station IS NULL GROUP BY ALL"
        ).fetchall()
    )
    action = recipe.request.action
    for split in SPLITS:
        share, clips = getattr(recipe.split, split), held.get(split, 0)
        if share and held and not clips:
            yield f"split {split} was to have {share:.0%} of the groups of titles; none fell there"
        if clips and not serves(split, action):
            yield (
                f"split {split}: its {clips} clips were cleared for {action}, which does not cover "
                f"{purpose_of(split)}; to use them for that, ask the gate for it by a recipe of "
                "its own"
            )
