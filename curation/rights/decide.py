"""The decision: one request against one rulebook, with every reason and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from curation.rights import actions
from curation.rights.actions import PerformerGate, gates_performers
from curation.rights.eidr import is_content_eidr
from curation.rights.embedded import embedded_findings
from curation.rights.grants import Clearance, attempts_on, clear_territory, duties_of
from curation.rights.performers import performer_findings
from curation.rights.prohibitions import bars_on
from curation.rights.reasons import Outcome, ordered, outcome_of, severity
from curation.rights.request import Request
from curation.rights.rows import Rule
from curation.rights.rulebook import Rulebook
from curation.rights.scope import Finding, Scope, place
from curation.rights.signals import signal_findings

ENGINE_VERSION = "1.0.0"
"""Raised whenever the same rulebook and request could be decided otherwise than before."""


@dataclass(frozen=True, slots=True)
class OwedDuty:
    """A duty that relying on a grant brings with it."""

    code: str
    phase: str
    rule_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome with all its reasons.

    `rows` names every row that made it, by id or as `consents[perf:A …]`; `grants` the rules that
    permit (in a territory at least), `duties` what relying on them still owes.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    rows: tuple[str, ...]
    grants: tuple[str, ...]
    duties: tuple[OwedDuty, ...]
    rulebook_sha256: str
    engine_version: str = ENGINE_VERSION

    def to_json(self) -> dict[str, object]:
        """The decision's JSON object."""
        return {
            "outcome": self.outcome.value,
            "reasons": list(self.reasons),
            "rows": list(self.rows),
            "grants": list(self.grants),
            "duties": [
                {"code": duty.code, "phase": duty.phase, "rule_id": duty.rule_id}
                for duty in self.duties
            ],
            "rulebook_sha256": self.rulebook_sha256,
            "engine_version": self.engine_version,
        }


def decide(
    rulebook: Rulebook,
    request: Request,
    *,
    performer_gate: PerformerGate = PerformerGate.ALL_TRAINING,
) -> Decision:
    """Decide the request, default-deny, in the order of evaluation of the rights model.

    Every step is taken even after one has denied, so that all reasons are reported.

    Raises:
        WindowError: a row that never went through the rulebook's checks has unreadable dates.
    """
    scope = place(rulebook, request)
    clearances = _clear(scope)
    findings = [*_target(scope), *(found for one in clearances for found in one.findings)]
    relied: list[str] = []
    if scope.lineage:
        against, rows = embedded_findings(scope)
        findings.extend(against)
        relied.extend(rows)
        if gates_performers(performer_gate, request.action):
            against, rows = performer_findings(scope)
            findings.extend(against)
            relied.extend(rows)
    grants = _permitting(clearances)
    codes = [finding.code for finding in findings]
    named = {row for finding in findings for row in finding.rows}
    return Decision(
        outcome=outcome_of(codes),
        reasons=ordered(codes),
        rows=tuple(sorted({*named, *relied, *grants})),
        grants=tuple(sorted(grants)),
        duties=tuple(
            OwedDuty(duty.code, duty.phase or "PRE", rule_id)
            for rule_id, rule in sorted(grants.items())
            for duty in duties_of(rule, request)
        ),
        rulebook_sha256=rulebook.sha256,
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


def _clear(scope: Scope) -> list[Clearance]:
    """One answer a territory; an unknown work has no grant anywhere."""
    attempts = attempts_on(scope)
    bars = list(bars_on(scope))
    signals = list(signal_findings(scope))
    return [
        clear_territory(territory, attempts, bars, signals)
        for territory in dict.fromkeys(scope.request.territories)
    ]


def _permitting(clearances: list[Clearance]) -> dict[str, Rule]:
    return {
        one.grant.rule_id: one.grant
        for one in clearances
        if one.grant is not None and not severity(found.code for found in one.findings)
    }
