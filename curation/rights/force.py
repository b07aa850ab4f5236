"""Which rules are in force at `known_at`: visible, executed and not superseded.

Supersession is by id. A grant that an amendment supersedes is gone, unless the amendment is a mere
draft. What bars a use goes in one of two ways, and in doubt it stays:

* *Replaced.* A prohibition that supersedes a prohibition is the parties' new text of it, whatever
  it leaves out: that is how a holdback is narrowed or shortened. It replaces the old text entirely
  where it speaks of the work and shares ground with the old text in every term. One that has
  nothing in common with it in a single term (Germany then, France now) is about something else.
  An opt-out and a legal hold are no terms of a contract: only their own kind replaces them. An
  exclusive grant is replaced likewise, by a grant and by no prohibition. What has been replaced
  stays so when its replacement is replaced.
* *Lifted.* A permission that supersedes a prohibition is free of it where it itself covers the
  use, frame by frame and territory by territory. It opens nothing beside it and nothing to another
  grant: that would piece two together. Once it has itself been superseded it permits nothing, and
  what stands in its place has to name the prohibition.

An amendment that is not executed, not yet begun for certain, or revoked before the use ends does
neither. One that has ended lifts nothing; a prohibition that has ended still replaces, for its end
is a term of the new text.
"""

from __future__ import annotations

from collections.abc import Iterator

from curation.rights.reach import permit_failures, unshared
from curation.rights.rows import Rule
from curation.rights.rule_window import window_of
from curation.rights.scope import Scope

_CONTRACT = frozenset({"HOLDBACK", "CARVE_OUT", "EMBARGO"})


def permits_now(rule: Rule, scope: Scope) -> bool:
    """Whether the rule counts as a permission."""
    return (
        rule.effect == "PERMIT"
        and rule.status == "EXECUTED"
        and rule.visible(scope.request.known_at)
        and not _is_superseded(rule, scope)
    )


def bars_now(rule: Rule, scope: Scope) -> bool:
    """Whether the rule counts as a prohibition, or as a grant that may exclude others.

    One without a status is read at its widest, as executed.
    """
    return (
        rule.status in ("EXECUTED", None)
        and rule.visible(scope.request.known_at)
        and not replacements(rule, scope)
    )


def amendments(rule: Rule, scope: Scope) -> list[Rule]:
    """What supersedes the rule, as known at `known_at`, in force or not."""
    known_at = scope.request.known_at
    return [new for new in scope.book.superseding(rule.rule_id) if new.visible(known_at)]


def replacements(rule: Rule, scope: Scope) -> list[Rule]:
    """The amendments that stand in the bar's place, for every frame and territory."""
    return [
        new for new in amendments(rule, scope) if not any(replacement_failures(new, rule, scope))
    ]


def lifters(rule: Rule, scope: Scope) -> tuple[Rule, ...]:
    """The permissions that are free of the bar wherever they reach the territory and the span."""
    return tuple(
        new
        for new in amendments(rule, scope)
        if permits_now(new, scope) and not any(permit_failures(new, scope))
    )


def amendment_failures(new: Rule, rule: Rule, scope: Scope) -> Iterator[str]:
    """Why the amendment neither replaces nor lifts the bar, its territory and span aside.

    Reason codes where it had to cover the use, else the terms of `replacement_failures`.
    """
    if new.effect == "PROHIBIT" or rule.effect == "PERMIT":
        yield from replacement_failures(new, rule, scope)
        return
    if new.status != "EXECUTED":
        yield "STATUS"
    if _is_superseded(new, scope):
        yield "SUPERSEDED"
    yield from (code for _, code in permit_failures(new, scope))


def replacement_failures(new: Rule, rule: Rule, scope: Scope) -> Iterator[str]:
    """Why the amendment is not the bar's new text: the terms in which it falls short."""
    request = scope.request
    window = window_of(new)
    if new.status != "EXECUTED":
        yield "STATUS"
    if new.revoked_at is not None and new.revoked_at < request.use_until:
        yield "REVOKED"
    if window.undetermined or window.certain.start > request.use_from:
        yield "NOT_BEGUN"
    if new.kind != rule.kind and not {new.kind, rule.kind} <= _CONTRACT:
        yield "KIND"
    if not _speaks_of_the_work(new, rule, scope):
        yield "WORK"
    yield from unshared(new, rule, scope)


def _speaks_of_the_work(new: Rule, rule: Rule, scope: Scope) -> bool:
    """A text on one edit narrows no prohibition on the others: it is silent about them."""
    if new.work_id == rule.work_id:
        return True
    if new.effect == "PERMIT" and new.inherit != "ALL_EDITS":
        return new.work_id == scope.request.work_id
    known_at = scope.request.known_at
    old = scope.book.work(rule.work_id, known_at)
    above = scope.book.lineage(old, known_at) if old is not None else ()
    return new.work_id in (*scope.ancestor_ids, *(work.work_id for work in above))


def _is_superseded(rule: Rule, scope: Scope) -> bool:
    return any(new.status != "DRAFT" for new in amendments(rule, scope))
