"""Decisions for people: what was asked, the answer, the rows behind it and what would cure it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from curation.report.wording import (
    Wording,
    action,
    frames,
    instant,
    listed,
    party,
    shortfalls,
    territory,
    work,
)
from curation.rights import (
    Case,
    Decision,
    Outcome,
    PerformerGate,
    Request,
    Row,
    Rule,
    Rulebook,
    clear_work,
    open_case,
    reason_of,
    row_name,
)
from curation.rights.force import amendment_failures, amendments, replacements
from curation.rights.prohibitions import Bar
from curation.rights.reach import covers_place
from curation.rights.spans import covers, overlaps

_VERDICTS = {
    Outcome.ALLOW: "Allowed",
    Outcome.REVIEW: "Not yet allowed; counsel must review",
    Outcome.DENY: "Not allowed",
}
_WIDTH = 96
_FRAMED = ("edit", "manifestation")
_BARS = frozenset(
    {
        "HOLDBACK_ACTIVE",
        "CARVED_OUT",
        "RIGHTSHOLDER_OPT_OUT",
        "EXCLUSIVE_TO_OTHER",
        "LEGAL_HOLD",
        "ACTION_UNKNOWN",
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """Neighbouring frames `[first, past_last)` with one decision; None is the work's end."""

    first: int
    past_last: int | None
    decision: Decision

    def cells(self) -> tuple[str, str, str, str]:
        """Frames, outcome, reasons in words with their codes, rows."""
        last = "end" if self.past_last is None else str(self.past_last - 1)
        reasons = [f"{reason_of(code).meaning} [{code}]" for code in self.decision.reasons]
        return (
            f"{self.first} to {last}",
            str(self.decision.outcome),
            "\n".join(reasons),
            "\n".join(self.decision.rows),
        )


def title_lines(
    rulebook: Rulebook, request: Request, *, performer_gate: PerformerGate
) -> tuple[Line, ...]:
    """The request's work, or its span alone, from first frame to last; equal neighbours joined."""
    first, past_last = request.span or (0, None)
    lines: list[Line] = []
    for piece in clear_work(
        rulebook, request.work_id, request, frames=past_last, performer_gate=performer_gate
    ):
        if piece.past_last is not None and piece.past_last <= first:
            continue
        if lines and lines[-1].decision == piece.decision:
            lines[-1] = replace(lines[-1], past_last=piece.past_last)
        else:
            lines.append(Line(max(first, piece.first), piece.past_last, piece.decision))
    return tuple(lines)


def edits_asked(rulebook: Rulebook, request: Request) -> tuple[str, ...]:
    """The works whose frames a table of the request is about.

    Of a whole title, season or series they are its edits; else, or where none is known, the work
    itself. Frames asked of a title are of nobody knows which edit, and stay its own.
    """
    asked = rulebook.work(request.work_id, request.known_at)
    if asked is None or request.span is not None or asked.level in _FRAMED:
        return (request.work_id,)
    below = rulebook.descendants(asked.work_id, request.known_at)
    edits = sorted(work.work_id for work in below if work.level == "edit")
    return tuple(edits) or (request.work_id,)


def worst(lines: Sequence[Line]) -> Outcome:
    """The gravest outcome among the lines."""
    outcomes = {line.decision.outcome for line in lines}
    return next(one for one in (Outcome.DENY, Outcome.REVIEW, Outcome.ALLOW) if one in outcomes)


def explain(rulebook: Rulebook, request: Request, *, performer_gate: PerformerGate) -> str:
    """The decision as short paragraphs, wrapped, each reason with its rows and its cure."""
    case = open_case(rulebook, request, performer_gate=performer_gate)
    decision = case.decide(request.span)
    wording = Wording(rulebook, request)
    named = _rows_by_name(rulebook, request)
    parts = [f"{_VERDICTS[decision.outcome]}: {question(rulebook, request)}"]
    if decision.outcome is Outcome.ALLOW:
        parts.extend(_basis(case, decision, named, wording))
    else:
        parts.extend(_reasons(case, decision, named, wording))
    for duty in decision.duties:
        when = {"PRE": "before", "DURING": "during", "POST": "after"}[duty.phase]
        parts.append(f"Owed {when} the use under {duty.rule_id}: {duty.code}.")
    parts.append(
        f"Decided as the record stood on {instant(request.known_at)}, on the rulebook with "
        f"SHA-256 {decision.rulebook_sha256}, by engine {decision.engine_version}."
    )
    return "\n\n".join(
        textwrap.fill(part, _WIDTH, break_long_words=False, break_on_hyphens=False)
        for part in parts
    )


def evidence(rulebook: Rulebook, request: Request, names: Iterable[str]) -> list[str]:
    """Rows that a decision names, in words; one that is not known any more by its name alone."""
    named, wording = _rows_by_name(rulebook, request), Wording(rulebook, request)
    return [wording.row(named[name]) if name in named else name for name in names]


def question(rulebook: Rulebook, request: Request) -> str:
    """What was asked, in one sentence."""
    kept = [part for part in request.components if part in request.kept]
    asked = rulebook.work(request.work_id, request.known_at)
    target = work(asked) if asked else request.work_id
    gone = listed(request.redacted_components)
    return (
        f"{'commercial' if request.commercial else 'non-commercial'} use of the "
        f"{listed(kept)} of {target}, {frames(request.span)}"
        f"{f' (with the {gone} taken out)' if gone else ''}, for {action(request.action)} by "
        f"{party(request.licensee, rulebook, request.known_at)} in "
        f"{listed(map(territory, request.territories))}, from {instant(request.use_from)} to "
        f"{instant(request.use_until)}."
    )


def _basis(
    case: Case, decision: Decision, named: dict[str, Row], wording: Wording
) -> Iterator[str]:
    grants = [wording.row(named[name]) for name in decision.grants]
    yield f"It rests on {_series(grants)}."
    aside = [f"{told[0].upper()}{told[1:]}." for told in _set_aside(case, decision, wording)]
    yield " ".join([*aside, f"Nothing {'else ' if aside else ''}on record bars this use."])
    others = [name for name in decision.rows if name not in decision.grants]
    if others:
        yield f"Also relied on: {_series([wording.row(named[name]) for name in others])}."


def _set_aside(case: Case, decision: Decision, wording: Wording) -> Iterator[str]:
    """What would have barred the use, and why it does not."""
    span, known_at = case.scope.request.span, case.scope.request.known_at
    for bar in case.bars:
        excepted = [name for name in decision.grants if name in bar.rule.except_for]
        if excepted and overlaps(bar.rule.span, span):
            yield f"{wording.row(bar.rule)}, does not bar it, for it excepts {listed(excepted)}"
        elif overlaps(bar.rule.span, span):
            yield from _lifted(bar.over(span), case, decision, wording)
    for work_id in case.scope.related_ids:
        for rule in case.scope.book.rules_of(work_id):
            bars = rule.effect == "PROHIBIT" or rule.exclusive
            if bars and rule.status in ("EXECUTED", None) and rule.visible(known_at):
                for new in replacements(rule, case.scope):
                    told = f"{wording.row(new)}, replaces it"
                    yield f"{wording.row(rule)}, is no longer in force, for {told}"
    for signal in dict.fromkeys(row for finding in case.signals for row in finding.rows):
        yield f"{wording.row(_rows_by_name(case.scope.book, case.scope.request)[signal])} " + (
            "reserves it, and the grant overrides the signal"
        )


def _lifted(bar: Bar, case: Case, decision: Decision, wording: Wording) -> Iterator[str]:
    """The grants relied on that lift the bar, each with the territories in which it does."""
    for new in bar.lifters:
        asked = case.scope.request.territories
        places = [place for place in asked if bar.is_lifted_by(new, place)]
        if places and new.rule_id in decision.grants:
            yield (
                f"{wording.row(bar.rule)}, does not bar it in {listed(map(territory, places))}, "
                f"for {wording.row(new)}, supersedes it and covers this use"
            )


def _not_lifted(rule: Rule, case: Case, wording: Wording) -> Iterator[str]:
    """What supersedes a rule that bars the use all the same, and why it does not help."""
    scope = case.scope
    for new in amendments(rule, scope):
        why = list(amendment_failures(new, rule, scope))
        if new.effect == "PERMIT" and rule.effect == "PROHIBIT":
            if not covers(new.span, scope.request.span):
                why.append("SPAN_NOT_GRANTED")
            if not all(covers_place(new, place) for place in scope.request.territories):
                why.append("TERRITORY_NOT_GRANTED")
        if why:
            yield (
                f"{wording.row(new)}, supersedes {rule.rule_id} and yet does not free this use of "
                f"it: {shortfalls(why)}"
            )


def _reasons(
    case: Case, decision: Decision, named: dict[str, Row], wording: Wording
) -> Iterator[str]:
    found = list(case.findings(case.scope.request.span))
    for code in decision.reasons:
        reason = reason_of(code)
        about = [(place, finding) for place, finding in found if finding.code == code]
        places = dict.fromkeys(place for place, _ in about if place is not None)
        behind = dict.fromkeys(finding.rows for _, finding in about if finding.rows)
        text = reason.meaning
        if code != reason.code:
            text += f" It is called {code.partition(':')[2]}."
        if code == "NO_GRANT":
            text += f" {_grants_not_in_force(case, wording)}"
        elif behind:
            told = ["; ".join(wording.row(named[name]) for name in rows) for rows in behind]
            text += f" This concerns {_series(told)}."
            barring = [named[name] for rows in behind for name in rows if code in _BARS]
            for rule in barring:
                for short in _not_lifted(rule, case, wording) if isinstance(rule, Rule) else ():
                    text += f" {short[0].upper()}{short[1:]}."
        if len(places) < len(set(case.scope.request.territories)):
            text += f" It stands in {listed(map(territory, places))}." if places else ""
        yield f"{text} What would cure it: {reason.cure} [{code}]"


def _grants_not_in_force(case: Case, wording: Wording) -> str:
    scope = case.scope
    if not scope.lineage:
        return f"{scope.request.work_id}, or a work above it, was not known at that time."
    told = [
        f"{wording.row(rule)}, {why}"
        for work_id in scope.family_ids
        for rule in scope.book.rules_of(work_id)
        if (why := _why_not(rule, case))
    ]
    return (
        f"On record without force: {_series(told)}."
        if told
        else "There is no grant of it on record at all."
    )


def _why_not(rule: Rule, case: Case) -> str | None:
    known_at = case.scope.request.known_at
    if rule.effect != "PERMIT":
        return None
    if rule.recorded_at is not None and rule.recorded_at > known_at:
        return f"which was recorded only on {instant(rule.recorded_at)}"
    if rule.retired_at is not None and rule.retired_at <= known_at:
        return f"whose record was withdrawn on {instant(rule.retired_at)}"
    if rule.status != "EXECUTED":
        return f"whose status is {(rule.status or 'not stated').lower()}"
    amendments = [new.rule_id for new in case.scope.book.superseding(rule.rule_id)]
    return f"which {listed(amendments)} replaces" if amendments else None


def _series(phrases: Sequence[str]) -> str:
    return "; and ".join(phrases)


def _rows_by_name(rulebook: Rulebook, request: Request) -> dict[str, Row]:
    return {
        row_name(row, table=table): row
        for table, rows in rulebook.tables()
        for row in rows
        if row.visible(request.known_at)
    }
