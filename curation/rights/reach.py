"""What a rule reaches: whether a permission covers the use, whether two rules share ground."""

from __future__ import annotations

from collections.abc import Iterator

from curation.rights import actions, parties, spans, territories
from curation.rights.licences import read_licence
from curation.rights.rows import COMPONENTS, Duty, Rule
from curation.rights.rule_window import window_of
from curation.rights.scope import Scope

TERRITORY_STEP = 3
SPAN_STEP = 6


def permit_failures(rule: Rule, scope: Scope) -> Iterator[tuple[int, str]]:
    """Why the permission does not cover the use, territory and span aside.

    Each failure comes with its step in the order of evaluation.
    """
    request = scope.request
    below_title = rule.inherit == "ALL_EDITS" and rule.work_id in scope.ancestor_ids
    if rule.work_id != request.work_id and not below_title:
        yield 0, "GRANT_OTHER_VERSION"
    if not actions.permits(rule.actions, request.action):
        understood = all(map(actions.is_known, (request.action, *rule.actions)))
        yield 1, "PURPOSE_NOT_GRANTED" if understood else "ACTION_UNKNOWN"
    if not parties.permitted(scope.book, rule.assignee, request.licensee, request.known_at):
        yield 2, "LICENSEE_NOT_GRANTED"
    window = window_of(rule).permission_failure(request.use_from, request.use_until)
    if window is not None:
        yield 4, window
    if rule.revoked_at is not None and rule.revoked_at < request.use_until:
        yield 5, "GRANT_REVOKED"
    if not request.kept <= frozenset(rule.components or COMPONENTS):
        yield 7, "COMPONENT_NOT_GRANTED"
    for code in read_licence(rule.licence, commercial=request.commercial).failures:
        yield 8, code
    for duty in rule.duties:
        if duty.phase not in ("DURING", "POST") and not _fulfilled(duty, scope):
            yield 9, f"DUTY_UNFULFILLED:{duty.code}"


def covers_place(rule: Rule, territory: str) -> bool:
    """Whether the permission reaches all of the territory."""
    return (
        territories.grant_failure(rule.territory_include, rule.territory_exclude, territory) is None
    )


def unshared(one: Rule, other: Rule, scope: Scope) -> Iterator[str]:
    """The terms in which the two rules have nothing in common, works aside.

    Common ground is what both hold for certain: places that may nest, actions that nobody knows
    and windows that may touch are none.
    """
    known_at = scope.request.known_at
    if one.effect == "PERMIT":
        for term, named in (
            ("ACTIONS", one.actions),
            ("PARTY", one.assignee),
            ("TERRITORY", one.territory_include),
        ):
            if not named:
                yield term
    if one.actions and not actions.meet(one.actions, other.actions or actions.ACTIONS):
        yield "ACTIONS"
    if not parties.meet(scope.book, one.assignee, other.assignee, known_at):
        yield "PARTY"
    if not territories.meet(
        (one.territory_include, one.territory_exclude),
        (other.territory_include, other.territory_exclude),
    ):
        yield "TERRITORY"
    mine, theirs = window_of(one).certain, window_of(other).certain
    if max(mine.start, theirs.start) >= min(mine.end, theirs.end):
        yield "WINDOW"
    if not spans.overlaps(one.span, other.span):
        yield "SPAN"
    if one.components and other.components and set(one.components).isdisjoint(other.components):
        yield "COMPONENTS"


def _fulfilled(duty: Duty, scope: Scope) -> bool:
    """Whether it was done before the use began, and had been done when we knew what we knew."""
    done = duty.fulfilled_at
    return done is not None and done <= min(scope.request.use_from, scope.request.known_at)
