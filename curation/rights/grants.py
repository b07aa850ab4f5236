"""Which one grant permits the use in a territory, and what stands against the closest one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curation.rights import spans, territories
from curation.rights.force import permits_now
from curation.rights.licences import read_licence
from curation.rights.prohibitions import Bar
from curation.rights.reach import SPAN_STEP, TERRITORY_STEP, permit_failures
from curation.rights.reasons import severity
from curation.rights.request import Request
from curation.rights.rows import Duty, Rule
from curation.rights.scope import Finding, Scope


@dataclass(frozen=True, slots=True)
class Attempt:
    """One grant tried on the request: `failures` as (step of the order of evaluation, code)."""

    rule: Rule
    failures: tuple[tuple[int, str], ...]

    def over(self, span: spans.Span | None) -> Attempt:
        """The attempt with the span's own step added."""
        if spans.covers(self.rule.span, span):
            return self
        return self._with(SPAN_STEP, "SPAN_NOT_GRANTED")

    def in_territory(self, territory: str) -> Attempt:
        """The attempt with the territory's own step added."""
        rule = self.rule
        code = territories.grant_failure(rule.territory_include, rule.territory_exclude, territory)
        if code is None:
            return self
        return self._with(TERRITORY_STEP, code)

    def _with(self, step: int, code: str) -> Attempt:
        return Attempt(self.rule, tuple(sorted((*self.failures, (step, code)))))

    @property
    def codes(self) -> tuple[str, ...]:
        """The failures' codes in the order of evaluation."""
        return tuple(code for _, code in self.failures)


@dataclass(frozen=True, slots=True)
class Clearance:
    """The answer for one territory: the grant relied on or come closest, and what is against it."""

    grant: Rule | None
    findings: tuple[Finding, ...]


def attempts_on(scope: Scope) -> list[Attempt]:
    """Every grant in force on a version of the same title, tried on all but territory and span.

    Grants on other versions are tried too, so that a refusal can say `GRANT_OTHER_VERSION`.
    """
    return [
        Attempt(rule, tuple(permit_failures(rule, scope)))
        for work_id in scope.family_ids
        for rule in scope.book.rules_of(work_id)
        if permits_now(rule, scope)
    ]


def clear_territory(
    territory: str,
    attempts: Sequence[Attempt],
    bars: Sequence[Bar],
    signals: Sequence[Finding],
) -> Clearance:
    """The best that one single grant can do there, all its limits, bars and signals counted.

    Best is the least severe outcome, then the fewest failures of the grant itself, then the
    fewest bars, then the grant that fails latest in the order of evaluation.
    """
    options = [
        _option(attempt.in_territory(territory), territory, bars, signals) for attempt in attempts
    ]
    if not options:
        against = [bar.finding for bar in bars if bar.applies(None, territory)]
        return Clearance(None, (Finding("NO_GRANT"), *against, *signals))
    return min(options, key=lambda option: option[0])[1]


def duties_of(rule: Rule, request: Request) -> tuple[Duty, ...]:
    """What relying on the grant still owed at `known_at`: duties not fulfilled, attribution."""
    owed = [
        duty
        for duty in rule.duties
        if duty.fulfilled_at is None or duty.fulfilled_at > request.known_at
    ]
    if read_licence(rule.licence, commercial=request.commercial).attribution:
        owed.append(Duty(code="ATTRIBUTE", phase="DURING"))
    return tuple(owed)


_Rank = tuple[int, int, int, int, int, str]


def _option(
    attempt: Attempt, territory: str, bars: Sequence[Bar], signals: Sequence[Finding]
) -> tuple[_Rank, Clearance]:
    rule = attempt.rule
    own = [Finding(code, (rule.rule_id,)) for code in attempt.codes]
    against = [bar.finding for bar in bars if bar.applies(rule, territory)]
    if not rule.overrides_signal:
        against.extend(signals)
    findings = (*own, *against)
    first_failure = attempt.failures[0][0] if attempt.failures else 99
    rank = (
        severity(finding.code for finding in findings),
        severity(attempt.codes),
        len(own),
        len(against),
        -first_failure,
        rule.rule_id,
    )
    return rank, Clearance(rule, findings)
