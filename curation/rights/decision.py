"""What the engine answers: the outcome, every reason, and the rows that made it."""

from __future__ import annotations

from dataclasses import dataclass

from curation.rights.reasons import Outcome

ENGINE_VERSION = "1.4.0"
"""Raised whenever the same rulebook, request and faces could be decided otherwise than before."""


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
