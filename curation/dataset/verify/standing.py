"""What of a release would still be cleared at another instant: what is withdrawn, ended, revoked or
forbidden since it was made changes no byte of it, and must be acted on all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from curation.dataset.manifest import Manifest
from curation.dataset.recipe import instant
from curation.dataset.selection.split import titles_of
from curation.dataset.verify.reproduction import (
    Row,
    ask,
    gate_of,
    questions,
    request_of,
    shows_a_face,
    span_of,
)
from curation.rights import Decision, Outcome, Request, Rulebook, open_case

if TYPE_CHECKING:
    from curation.catalog.knowledge import Knowledge
    from curation.tables.store import Store

NOT_LISTED = "FILM_NOT_LISTED"
"""The catalog does not list the film any more."""
OTHER_WORK = "FILM_OTHER_WORK"
"""The catalog lists the film as another work than the one that was cleared."""


@dataclass(frozen=True, slots=True)
class Present:
    """What a store knows at an instant of all that decides of a sample.

    Attributes:
        faces: shots in which a face was detected.
        works: the works that each film is listed as, by content.
    """

    knowledge: Knowledge
    faces: frozenset[str]
    works: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Lapse:
    """Samples of one work that would not be cleared any more, for the same reasons.

    Attributes:
        title: id of the title that the work is an edit of, and what the work is called.
        request: what was asked, of the first sample.
        evidence: names of the rows that speak against it; none where something is missing.
        grants: on which the samples rested when they were released.
        keys: of the samples.
    """

    work_id: str
    title_id: str
    title: str
    outcome: Outcome
    reasons: tuple[str, ...]
    request: Request
    evidence: tuple[str, ...]
    grants: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a release's samples by an instant.

    Attributes:
        rulebook: that was asked.
        samples: how many were asked about.
        ended_at: when the use ended that the release is licensed for; None while it has not.
    """

    asked_at: datetime
    rulebook: Rulebook
    samples: int
    lapses: tuple[Lapse, ...]
    ended_at: datetime | None

    @property
    def holds(self) -> bool:
        """Whether all of it may be used as it was licensed."""
        return not self.lapses and self.ended_at is None

    @property
    def lapsed(self) -> int:
        """Samples that would not be cleared."""
        return sum(len(lapse.keys) for lapse in self.lapses)

    @property
    def titles(self) -> int:
        """Titles of which some sample would not be cleared."""
        return len({lapse.title_id for lapse in self.lapses})


def present_of(store: Store, at: datetime) -> Present:
    """What a store knows at an instant."""
    from curation.catalog.knowledge import knowledge_at
    from curation.dataset.selection.clearance import shots_with_faces
    from curation.tables.query import connect

    with connect(store, at) as connection:
        listed = connection.execute(
            "SELECT asset_sha256, list(DISTINCT work_id) FROM assets GROUP BY asset_sha256"
        ).fetchall()
        faces = shots_with_faces(connection)
    works = {asset: frozenset(found) for asset, found in listed}
    return Present(knowledge_at(store, at), faces, works)


class _Answer(NamedTuple):
    """What is equal of samples that are told of together."""

    work_id: str
    components: tuple[str, ...]
    outcome: Outcome
    reasons: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass
class _Met:
    """Samples with one answer, and the frames of the first."""

    title: str
    span: tuple[int, int]
    has_face: bool
    keys: list[str] = field(default_factory=list)
    grants: set[str] = field(default_factory=set)


class Inquiry:
    """One release under inquiry, of a recipe without faults; shown its rows shard by shard, then
    asked.
    """

    def __init__(self, manifest: Manifest, present: Present) -> None:
        self._manifest = manifest
        self._present = present
        self._samples = 0
        self._met: dict[_Answer, _Met] = {}

    def show(self, rows: Sequence[Row]) -> None:
        """Ask the gate about the rows of a shard.

        Rows that cannot be asked about are passed over: asking as of then finds them at fault.
        """
        self._samples += len(rows)
        known, faces = self._present.knowledge, self._present.faces
        for question, same in questions(rows).items():
            try:
                decisions = ask(self._manifest, self._request(*question), same, known, faces)
            except (ValueError, KeyError, TypeError):
                continue
            for row, decision in zip(same, decisions, strict=True):
                outcome, reasons = self._outcome(row, decision)
                if outcome is not Outcome.ALLOW:
                    answer = _Answer(*question, outcome, reasons, decision.rows)
                    self._keep(answer, row)

    def close(self) -> Standing:
        """What became of all that was shown."""
        at = self._present.knowledge.known_at
        ended = datetime.fromisoformat(self._manifest.request["use_until"])
        lapses = [self._lapse(answer, met) for answer, met in self._met.items()]
        return Standing(
            asked_at=at,
            rulebook=self._present.knowledge.rulebook,
            samples=self._samples,
            lapses=tuple(sorted(lapses, key=lambda one: (one.work_id, one.reasons, one.keys))),
            ended_at=ended if ended <= at else None,
        )

    def _request(self, work: str, components: tuple[str, ...]) -> Request:
        at = instant(self._present.knowledge.known_at)
        return request_of(self._manifest, work, components, known_at=at)

    def _outcome(self, row: Row, decision: Decision) -> tuple[Outcome, tuple[str, ...]]:
        """The gate's answer, and what the catalog itself has against the sample."""
        against = []
        listed = self._present.works.get(row["asset_sha256"])
        if listed is None:
            against.append(NOT_LISTED)
        elif row["work_id"] not in listed:
            against.append(OTHER_WORK)
        if (why := self._present.knowledge.withheld.get(row["work_id"])) is not None:
            against.append(why)
        outcome = decision.outcome
        if against and outcome is Outcome.ALLOW:
            outcome = Outcome.REVIEW
        return outcome, tuple(dict.fromkeys((*decision.reasons, *against)))

    def _keep(self, answer: _Answer, row: Row) -> None:
        title = row.get("title") or row["work_id"]
        has_face = shows_a_face(row, self._present.faces)
        met = self._met.setdefault(answer, _Met(title, span_of(row), has_face))
        met.keys.append(row["key"])
        met.grants.update(row["rights"].get("grants") or ())

    def _lapse(self, answer: _Answer, met: _Met) -> Lapse:
        rulebook = self._present.knowledge.rulebook
        request = replace(self._request(answer.work_id, answer.components), span=met.span)
        case = open_case(
            rulebook,
            request,
            performer_gate=gate_of(self._manifest),
            faces=[met.span] if met.has_face else [],
        )
        named = (row for _, finding in case.findings(met.span) for row in finding.rows)
        return Lapse(
            work_id=answer.work_id,
            title_id=titles_of(rulebook).get(answer.work_id, answer.work_id),
            title=met.title,
            outcome=answer.outcome,
            reasons=answer.reasons,
            request=request,
            evidence=tuple(dict.fromkeys(named)),
            grants=tuple(sorted(met.grants)),
            keys=tuple(met.keys),
        )
