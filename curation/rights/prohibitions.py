"""What bars the use: prohibitions at their widest, and other parties' exclusive grants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from curation.rights import actions, parties, spans, territories
from curation.rights.force import bars_now, lifters
from curation.rights.reach import covers_place
from curation.rights.rows import Rule
from curation.rights.rule_window import barring_window_of
from curation.rights.scope import Finding, Scope

_CODES: Mapping[str, str] = {
    "HOLDBACK": "HOLDBACK_ACTIVE",
    "EMBARGO": "HOLDBACK_ACTIVE",
    "CARVE_OUT": "CARVED_OUT",
    "OPT_OUT": "RIGHTSHOLDER_OPT_OUT",
    "LEGAL_HOLD": "LEGAL_HOLD",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A rule that bars the use wherever its territory is touched."""

    code: str
    rule: Rule
    lifters: tuple[Rule, ...] = ()
    """Permissions that supersede it and cover the use, territory and span aside."""

    def over(self, span: spans.Span | None) -> Bar:
        """The bar with the lifters that cover all of the span."""
        if not self.lifters:
            return self
        kept = tuple(new for new in self.lifters if spans.covers(new.span, span))
        return Bar(self.code, self.rule, kept)

    def applies(self, grant: Rule | None, territory: str) -> bool:
        """Whether it bars relying on the grant there.

        It frees the grants that `except_for` names, and the permissions that lift it; no grant
        borrows the freedom of another.
        """
        rule = self.rule
        if grant is not None and (
            grant.rule_id in rule.except_for or self.is_lifted_by(grant, territory)
        ):
            return False
        return territories.prohibition_hits(
            rule.territory_include, rule.territory_exclude, territory
        )

    def is_lifted_by(self, grant: Rule, territory: str) -> bool:
        """Whether the grant is a lifter and reaches all of the territory."""
        return any(new.rule_id == grant.rule_id for new in self.lifters) and covers_place(
            grant, territory
        )

    @property
    def finding(self) -> Finding:
        """The reason with the rule's id."""
        return Finding(self.code, (self.rule.rule_id,))


def bars_on(scope: Scope) -> Iterator[Bar]:
    """Every bar on the request, territories and frames aside.

    A prohibition on the work, on anything above it or on anything below it hits, whatever its
    `inherit` says: nothing but an edit can be used, so a title barred "only" as a title would
    bar nothing, and a part barred bars the whole. It never reaches sideways to another edit.
    """
    for work_id in scope.related_ids:
        for rule in scope.book.rules_of(work_id):
            code = _code(rule, scope)
            if code is not None and _meets(rule, scope):
                yield Bar(code, rule, lifters(rule, scope))


def _code(rule: Rule, scope: Scope) -> str | None:
    """The reason if the rule is a bar on this action and licensee."""
    if not bars_now(rule, scope):
        return None
    request = scope.request
    touched = parties.barred(scope.book, rule.assignee, request.licensee, request.known_at)
    if rule.effect == "PERMIT":
        own = parties.permitted(scope.book, rule.assignee, request.licensee, request.known_at)
        if not rule.exclusive or own:
            return None
        code = "EXCLUSIVE_TO_OTHER"
    elif touched:
        code = _CODES.get(rule.kind, "CARVED_OUT")
    else:
        return None
    if not rule.actions or actions.bars(rule.actions, request.action):
        return code
    return None if all(map(actions.is_known, rule.actions)) else "ACTION_UNKNOWN"


def _meets(rule: Rule, scope: Scope) -> bool:
    """Whether window and components touch the use by an instant, a component."""
    request = scope.request
    if rule.revoked_at is not None and rule.revoked_at <= request.use_from:
        return False
    return (not rule.components or not request.kept.isdisjoint(rule.components)) and (
        barring_window_of(rule).possible.overlaps(request.use_from, request.use_until)
    )
