"""How many shots bear a label: as tagged, where the tagger is sure, and corrected by its errors.

A raw count of a rare label is mostly false alarms. Where a tagger's maker measured how often each
label comes out for each truth, the true count is estimated from it (Rogan & Gladen 1978), with an
interval that holds the count of this library in 95 of 100: what the errors did here is uncertain,
and so is what they were measured to be. Both suppose that the tagger errs here as it did there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from curation.embeddings.contexts import Contexts, contexts_of
from curation.tags import family as family_of
from curation.tags.protocol import UNKNOWN, HeldOut

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST_GAP: Final = 0.3
"""Of hits over false alarms: below it a correction says more of the tagger than of the library."""
Z: Final = 1.96
CORRECTED: Final = "corrected"


class CountError(Exception):
    """Something that cannot be counted; the message says why and what would help."""


class Refused(Exception):  # noqa: N818 - a verdict, not a fault
    """A count that cannot be corrected, and why."""


@dataclass(frozen=True, slots=True)
class Rates:
    """A label against all others: how often it came out where it was true, and where it was not.

    `positives` and `negatives` are how many scenes each share was measured on.
    """

    hits: float
    false_alarms: float
    positives: float
    negatives: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A corrected count of shots, and the interval that it lies in."""

    count: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class LabelCount:
    """One label of a facet.

    `raw`: shots whose likeliest label it is, however unsure. `confident`: those tagged with it, of
    `films` films. `corrected`: the estimate of those truly so, None where `verdict` says why not.
    """

    label: str
    raw: int
    confident: int
    films: int
    corrected: Estimate | None
    verdict: str


def rates(held_out: HeldOut, label: str) -> Rates:
    """What a confusion says of one label. Pictures of one scene err together and count as one.

    Raises:
        Refused: where the label was not measured, or nothing but it.
    """
    if label not in held_out.labels:
        raise Refused("not measured")
    at = held_out.labels.index(label)
    true = sum(held_out.confusion[at])
    total = sum(map(sum, held_out.confusion))
    if not 0 < true < total:
        raise Refused("not measured: nothing held out has it" if total else "not measured")
    hit = held_out.confusion[at][at]
    said = sum(row[at] for row in held_out.confusion)
    scenes = min(1.0, held_out.scenes / total)
    return Rates(hit / true, (said - hit) / (total - true), scenes * true, scenes * (total - true))


def corrected(observed: int, shots: int, rates: Rates) -> Estimate:
    """The number of shots that truly have a label which `observed` of `shots` shots were given.

    The estimate is (p - FPR) / (TPR - FPR) (Rogan & Gladen 1978). The interval holds the counts
    under which what was observed lies within 1.96 standard deviations (Fieller 1954), of errors as
    many as these rates make here and of the rates themselves, measured on so many scenes; one
    success and one failure are added to each, as Lang & Reiczigel (2014) do.

    Raises:
        Refused: where TPR - FPR is below `LEAST_GAP` or not told from 0, or where no count explains
            what was observed.
    """
    gap = rates.hits - rates.false_alarms
    if gap < LEAST_GAP:
        raise Refused(f"refused: TPR - FPR is {gap:.2f}, under {LEAST_GAP}")
    hit = _variance(rates.hits, rates.positives)
    alarm = _variance(rates.false_alarms, rates.negatives)
    over = observed - rates.false_alarms * shots
    square = gap**2 - Z**2 * (hit / rates.positives + alarm / rates.negatives)
    linear = -2 * over * gap - Z**2 * (hit - alarm - 2 * shots * alarm / rates.negatives)
    constant = over**2 - Z**2 * shots * alarm * (1 + shots / rates.negatives)
    inside = linear**2 - 4 * square * constant
    if square <= 0:
        raise Refused("refused: measured on too few scenes")
    ends = [(-linear + side * math.sqrt(max(0.0, inside))) / (2 * square) for side in (-1, 1)]
    low, high = max(0, math.floor(ends[0])), min(shots, math.ceil(ends[1]))
    if inside < 0 or low > high:
        raise Refused("refused: the errors measured do not explain what is counted here")
    return Estimate(min(high, max(low, round(over / gap))), low, high)


def _variance(share: float, scenes: float) -> float:
    """Of one trial whose share of successes was measured on so many."""
    smoothed = (share * scenes + 1) / (scenes + 2)
    return smoothed * (1 - smoothed)


def makers(connection: DuckDBPyConnection, family: str, facet: str) -> list[tuple[str, str]]:
    """The taggers, each with its label version, whose tags a facet holds.

    Raises:
        CountError: where nobody tagged that facet.
    """
    known = connection.execute(
        "SELECT DISTINCT tagger, label_version, facet FROM tags ORDER BY ALL"
    ).fetchall()
    found = [
        (tagger, version)
        for tagger, version, name in known
        if name == facet and family_of(tagger) == family
    ]
    if not found:
        names = sorted({f"{family_of(tagger)}.{name}" for tagger, _, name in known})
        near = get_close_matches(f"{family}.{facet}", names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(names) or 'none yet'}"
        raise CountError(f"no shot was tagged with {family}.{facet}; {hint}")
    return found


def counts(
    connection: DuckDBPyConnection,
    family: str,
    facet: str,
    *,
    labels: Sequence[str] = (),
    held_out: HeldOut | None = None,
    where: str | None = None,
) -> list[LabelCount]:
    """A facet's labels in the order of `labels`, `unknown` last.

    Args:
        connection: from ``curation.tables.query.connect``.
        held_out: how the facet's labels came out on what its maker held out.
        where: a condition over ``tagged_shots``; shots of which it is not true are not counted.

    Raises:
        CountError: for a facet that no shot was tagged with, or a `where` that cannot be asked.
    """
    names = [name for name, _ in makers(connection, family, facet)]
    judged = held_out.labels if held_out else ()
    given = [facet, names, [f"p_{label}" for label in judged], list(judged)]
    raw = dict(_asked(connection, _RAW, given, where))
    tagged = _asked(connection, _TAGGED, given, where)
    confident = {label: (shots, films) for label, shots, films in tagged}
    shots = sum(raw.get(label, 0) for label in judged)
    every = [*labels, *judged, *sorted({*raw, *confident})]
    ordered = dict.fromkeys([*(label for label in every if label != UNKNOWN), UNKNOWN])
    lines = []
    for label in ordered:
        estimate, verdict = None, ""
        if label != UNKNOWN:
            estimate, verdict = _estimate(raw.get(label, 0), shots, held_out, label)
        of_label = confident.get(label, (0, 0))
        lines.append(LabelCount(label, raw.get(label, 0), *of_label, estimate, verdict))
    return lines


def label_contexts(
    connection: DuckDBPyConnection, family: str, facet: str, *, where: str | None = None
) -> dict[str, Contexts]:
    """How many different contexts the shots tagged with each label show, but for `unknown`.

    Raises:
        CountError: for a facet that no shot was tagged with, or a `where` that cannot be asked.
        ContextError: where vectors cannot be compared.
    """
    names = [name for name, _ in makers(connection, family, facet)]
    shots = _asked(connection, _SHOTS, [facet, names, [], []], where)
    return contexts_of(connection, dict(shots))


def _asked(
    connection: DuckDBPyConnection, what: str, given: list[Any], where: str | None
) -> list[Any]:
    """Rows of what was said of the shots of which a condition is true."""
    import duckdb

    said = _SAID.format(where=where or "TRUE")
    try:
        duckdb.SQLExpression(where or "TRUE")
        return connection.execute(f"{said} {what}", given).fetchall()
    except duckdb.Error as error:
        raise CountError(
            f"--where cannot be asked: {str(error).splitlines()[0]}. It is a condition over the "
            "columns of tagged_shots; see `curation tables tagged_shots`"
        ) from error


def _estimate(
    observed: int, shots: int, held_out: HeldOut | None, label: str
) -> tuple[Estimate | None, str]:
    if held_out is None:
        return None, "not measured"
    try:
        return corrected(observed, shots, rates(held_out, label)), CORRECTED
    except Refused as reason:
        return None, str(reason)


_SAID: Final = """
    WITH asked AS (SELECT shot_id FROM tagged_shots WHERE coalesce(TRY((
        {where}
    )), false)),
    odds AS (
        SELECT shot_id, asset_sha256, label,
               list_transform(names.odds, lambda name: measures[name]) AS odds, names.labels
        FROM tags, (SELECT $3 AS odds, $4 AS labels) AS names
        WHERE facet = $1 AND list_contains($2, tagger)
          AND shot_id IN (SELECT shot_id FROM asked)
    ),
    said AS (
        SELECT shot_id, asset_sha256, label,
               if(len(odds) > 0 AND list_count(odds) = len(odds),
                  labels[list_position(odds, list_max(odds))], label) AS likeliest
        FROM odds
    )
"""
_RAW: Final = "SELECT likeliest, count(*) FROM said GROUP BY likeliest"
_TAGGED: Final = "SELECT label, count(*), count(DISTINCT asset_sha256) FROM said GROUP BY label"
_SHOTS: Final = f"""
    SELECT label, list(shot_id ORDER BY asset_sha256, shot_index)
    FROM said JOIN (SELECT shot_id, shot_index FROM shots) AS known USING (shot_id)
    WHERE label <> '{UNKNOWN}' GROUP BY label
"""  # noqa: S608
