"""A work's case: everything about a request that no frame changes, ready to be asked of spans.

Most of a decision is the same for every shot of a film. A case reads the grants, bars, signals and
surveys once; a span then adds which of them it touches and what lies in its frames. Each row is
judged once, and spans that touch the same rows share one decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from curation.rights import actions, spans
from curation.rights.actions import PerformerGate, gates_performers
from curation.rights.decision import Decision, OwedDuty
from curation.rights.eidr import is_content_eidr
from curation.rights.embedded import embedded_evidence, embedded_survey
from curation.rights.grants import Attempt, Clearance, attempts_on, clear_territory, duties_of
from curation.rights.performers import (
    Settled,
    appearance_evidence,
    appearance_survey,
    face_evidence,
)
from curation.rights.prohibitions import Bar, bars_on
from curation.rights.reasons import ordered, outcome_of, severity
from curation.rights.request import Request
from curation.rights.rows import Appearance, EmbeddedMaterial
from curation.rights.rulebook import Rulebook
from curation.rights.scope import Evidence, Finding, Scope, place
from curation.rights.signals import signal_findings
from curation.rights.spans import Span, SpanIndex

_Content = Appearance | EmbeddedMaterial


@dataclass(frozen=True, slots=True)
class Ground:
    """What a span's decision has before its frames are looked at: rights, signals, surveys."""

    clearances: tuple[tuple[str, Clearance], ...]
    """The answer for each territory."""
    codes: tuple[str, ...]
    rows: tuple[str, ...]
    grants: tuple[str, ...]
    duties: tuple[OwedDuty, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A request about one work, before a span is chosen; the memories hold what was worked out."""

    scope: Scope
    works: tuple[str, ...]
    """The work and those whose rows count for it."""
    attempts: tuple[Attempt, ...]
    bars: tuple[Bar, ...]
    signals: tuple[Finding, ...]
    standing: tuple[Evidence, ...]
    """What holds for every frame: the target and the surveys."""
    gated: bool
    faces: SpanIndex[Span]
    """Frames of the work in which the picture was found to show a face."""
    _grounds: dict[tuple[bool, ...], Ground] = field(default_factory=dict, repr=False)
    _evidence: dict[int, Evidence | None] = field(default_factory=dict, repr=False)
    _settled: dict[tuple[str, str], Settled] = field(default_factory=dict, repr=False)
    _unrecorded: dict[Span, Evidence | None] = field(default_factory=dict, repr=False)
    _decisions: dict[tuple[object, ...], Decision] = field(default_factory=dict, repr=False)

    def decide(self, span: Span | None) -> Decision:
        """The decision over the span, None for the whole work."""
        ground = self._ground(span)
        found = list(self._found(span))
        key = (id(ground), *map(id, found))
        decision = self._decisions.get(key)
        if decision is None:
            decision = self._decisions[key] = self._conclude(ground, found)
        return decision

    def findings(self, span: Span | None) -> Iterator[tuple[str | None, Finding]]:
        """All that stands against the use over the span, each with its territory where it has one.

        For explanations: together they are the reasons of `decide`.
        """
        for evidence in (*self.standing, *self._found(span)):
            yield from ((None, finding) for finding in evidence.findings)
        for territory, clearance in self._ground(span).clearances:
            yield from ((territory, finding) for finding in clearance.findings)

    def boundaries(self) -> list[int]:
        """Every frame at which a row that counts begins or ends; between two nothing changes."""
        framed = [attempt.rule.span for attempt in self.attempts]
        framed += [bar.rule.span for bar in self.bars]
        framed += [row.span for row in self._content(None) if self._evidence_of(row) is not None]
        framed += [seen for seen in self._faces(None) if self._evidence_of_face(seen) is not None]
        return sorted({frame for span in framed if span is not None for frame in span})

    def _ground(self, span: Span | None) -> Ground:
        key = (
            *(spans.covers(one.rule.span, span) for one in self.attempts if one.rule.span),
            *(spans.overlaps(bar.rule.span, span) for bar in self.bars if bar.rule.span),
        )
        ground = self._grounds.get(key)
        if ground is None:
            ground = self._grounds[key] = self._lay(span)
        return ground

    def _lay(self, span: Span | None) -> Ground:
        attempts = [attempt.over(span) for attempt in self.attempts]
        bars = [bar.over(span) for bar in self.bars if spans.overlaps(bar.rule.span, span)]
        request = self.scope.request
        by_territory = {
            territory: clear_territory(territory, attempts, bars, self.signals)
            for territory in request.territories
        }
        clearances = by_territory.values()
        findings = [found for one in self.standing for found in one.findings]
        findings += [found for one in clearances for found in one.findings]
        grants = {
            one.grant.rule_id: one.grant
            for one in sorted(clearances, key=lambda one: one.grant.rule_id if one.grant else "")
            if one.grant is not None and not severity(found.code for found in one.findings)
        }
        relied = [row for one in self.standing for row in one.relied]
        return Ground(
            clearances=tuple(by_territory.items()),
            codes=ordered(found.code for found in findings),
            rows=tuple({*grants, *relied, *(row for found in findings for row in found.rows)}),
            grants=tuple(grants),
            duties=tuple(
                OwedDuty(duty.code, duty.phase or "PRE", rule_id)
                for rule_id, rule in grants.items()
                for duty in duties_of(rule, request)
            ),
        )

    def _found(self, span: Span | None) -> Iterator[Evidence]:
        for row in self._content(span):
            evidence = self._evidence_of(row)
            if evidence is not None:
                yield evidence
        for seen in self._faces(span):
            unrecorded = self._evidence_of_face(seen)
            if unrecorded is not None:
                yield unrecorded
                return

    def _faces(self, span: Span | None) -> list[Span]:
        return self.faces.overlapping(span) if self.gated else []

    def _evidence_of_face(self, seen: Span) -> Evidence | None:
        if seen not in self._unrecorded:
            self._unrecorded[seen] = face_evidence(seen, self.scope)
        return self._unrecorded[seen]

    def _content(self, span: Span | None) -> Iterator[_Content]:
        book = self.scope.book
        for work_id in self.works:
            yield from book.embedded_in(work_id, span)
            if self.gated:
                yield from book.appearances_in(work_id, span)

    def _evidence_of(self, row: _Content) -> Evidence | None:
        """A row is remembered by its identity: the rulebook keeps it as long as the case."""
        key = id(row)
        if key not in self._evidence:
            self._evidence[key] = (
                appearance_evidence(row, self.scope, self._settled)
                if isinstance(row, Appearance)
                else embedded_evidence(row, self.scope)
            )
        return self._evidence[key]

    def _conclude(self, ground: Ground, found: Iterable[Evidence]) -> Decision:
        codes, rows = set(ground.codes), set(ground.rows)
        for evidence in found:
            rows.update(evidence.relied)
            for finding in evidence.findings:
                codes.add(finding.code)
                rows.update(finding.rows)
        return Decision(
            outcome=outcome_of(codes),
            reasons=ground.codes if len(codes) == len(ground.codes) else ordered(codes),
            rows=tuple(sorted(rows)),
            grants=ground.grants,
            duties=ground.duties,
            rulebook_sha256=self.scope.book.sha256,
        )


def open_case(
    rulebook: Rulebook,
    request: Request,
    *,
    performer_gate: PerformerGate = PerformerGate.ALL_TRAINING,
    faces: Iterable[Span] = (),
) -> Case:
    """The case of the request's work; the request's own span is left aside.

    Args:
        faces: frames of the work in which a face was detected.

    Raises:
        WindowError: a row that never went through the rulebook's checks has unreadable dates.
    """
    scope = place(rulebook, request)
    gated = gates_performers(performer_gate, request.action)
    standing = [Evidence(tuple(_target(scope)))]
    if scope.lineage:
        standing.append(embedded_survey(scope))
        if gated:
            standing.append(appearance_survey(scope))
    return Case(
        scope=scope,
        works=scope.related_ids,
        attempts=tuple(attempts_on(scope)),
        bars=tuple(bars_on(scope)),
        signals=tuple(signal_findings(scope)),
        standing=tuple(standing),
        gated=gated,
        faces=SpanIndex(faces, lambda seen: seen),
    )


def _target(scope: Scope) -> Iterator[Finding]:
    if not scope.lineage:
        return
    if not scope.is_framed:
        yield Finding("TARGET_NOT_EDIT_LEVEL", (scope.lineage[0].work_id,))
    if not actions.is_known(scope.request.action):
        yield Finding("ACTION_UNKNOWN")
    for work in scope.lineage:
        if work.eidr is not None and not is_content_eidr(work.eidr):
            yield Finding("EIDR_CHECK_FAILED", (work.work_id,))
