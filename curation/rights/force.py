"""Which rules are in force at `known_at`: visible, executed and not superseded.

Supersession is by id and for good: an amendment that is itself amended still stands in the place
of what it replaced. Wherever an amendment is in doubt, the doubt falls against the use. A grant is
gone unless what replaces it is a mere draft; a prohibition is lifted only by an executed amendment
that is not revoked and, where the amendment is a permission, has certainly begun.
"""

from __future__ import annotations

from curation.rights.rows import Rule
from curation.rights.rule_window import window_of
from curation.rights.scope import Scope


def permits_now(rule: Rule, scope: Scope) -> bool:
    """Whether the rule counts as a permission."""
    known_at = scope.request.known_at
    return (
        rule.effect == "PERMIT"
        and rule.status == "EXECUTED"
        and rule.visible(known_at)
        and not any(
            amendment.status != "DRAFT" and amendment.visible(known_at)
            for amendment in scope.book.superseding(rule.rule_id)
        )
    )


def prohibits_now(rule: Rule, scope: Scope) -> bool:
    """Whether the rule counts as a prohibition, or as a grant that may exclude others.

    One without a status is read at its widest, as executed.
    """
    return (
        rule.status in ("EXECUTED", None)
        and rule.visible(scope.request.known_at)
        and not lifting_amendments(rule, scope)
    )


def lifting_amendments(rule: Rule, scope: Scope) -> list[Rule]:
    """The amendments that take the prohibition out of force."""
    return [new for new in scope.book.superseding(rule.rule_id) if _lifts(new, scope)]


def _lifts(amendment: Rule, scope: Scope) -> bool:
    request = scope.request
    if amendment.status != "EXECUTED" or not amendment.visible(request.known_at):
        return False
    if amendment.revoked_at is not None and amendment.revoked_at < request.use_until:
        return False
    if amendment.effect == "PROHIBIT":
        return True
    window = window_of(amendment)
    return not window.undetermined and window.certain.start <= request.use_from
