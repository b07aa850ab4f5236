"""Which rules are in force at `known_at`: visible, executed and not superseded.

Supersession is by id and for good: an amendment that is itself amended still stands in the place
of what it replaced, whatever its window. Where an amendment ends, the doubt falls against the
use: terminated or revoked, it gives back a prohibition it lifted and no grant it replaced.
"""

from __future__ import annotations

from curation.rights.rows import Rule
from curation.rights.scope import Scope


def permits_now(rule: Rule, scope: Scope) -> bool:
    """Whether the rule counts as a permission."""
    known_at = scope.request.known_at
    return (
        rule.effect == "PERMIT"
        and rule.status == "EXECUTED"
        and rule.visible(known_at)
        and not any(
            amendment.status in ("EXECUTED", "TERMINATED") and amendment.visible(known_at)
            for amendment in scope.book.superseding(rule.rule_id)
        )
    )


def prohibits_now(rule: Rule, scope: Scope) -> bool:
    """Whether the rule counts as a prohibition, or as a grant that may exclude others."""
    known_at = scope.request.known_at
    executed = rule.status == "EXECUTED" or (rule.effect == "PROHIBIT" and rule.status is None)
    return (
        executed
        and rule.visible(known_at)
        and not any(
            amendment.status == "EXECUTED"
            and amendment.visible(known_at)
            and (amendment.revoked_at is None or amendment.revoked_at >= scope.request.use_until)
            for amendment in scope.book.superseding(rule.rule_id)
        )
    )
