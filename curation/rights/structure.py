"""Faults between rows: what would make a decision depend on chance or lose a prohibition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

from curation.rights.rows import LEVELS, PartyGroup, Row, RowError, Rule, Work, row_name
from curation.rights.windows import MIN

R = TypeVar("R", bound=Row)
Tables = Mapping[str, Iterable[Row]]


def grouped(rows: Iterable[R], keys_of: Callable[[R], Iterable[str]]) -> dict[str, tuple[R, ...]]:
    """The rows under each of their keys, in order."""
    groups: defaultdict[str, list[R]] = defaultdict(list)
    for row in rows:
        for key in keys_of(row):
            groups[key].append(row)
    return {key: tuple(items) for key, items in groups.items()}


def structural_problems(tables: Tables) -> Iterator[RowError]:
    """Every structural fault: an id held twice at once, cycles, dangling or wrong references."""
    works = [row for row in tables["works"] if isinstance(row, Work)]
    rules = [row for row in tables["rules"] if isinstance(row, Rule)]
    groups = [row for row in tables["party_groups"] if isinstance(row, PartyGroup)]
    works_by_id = grouped(works, lambda row: [row.work_id])
    rules_by_id = grouped(rules, lambda row: [row.rule_id])
    groups_by_id = grouped(groups, lambda row: [row.group_id])
    yield from _duplicates("works", "work_id", works_by_id)
    yield from _duplicates("rules", "rule_id", rules_by_id)
    yield from _duplicates("party_groups", "group_id", groups_by_id)
    yield from _dangling(tables, {work.work_id for work in works})
    yield from _parentage(works)
    yield from _supersession(rules)
    yield from _strange_amendments(rules_by_id, works_by_id)


def _duplicates(table: str, key: str, versions: Mapping[str, tuple[R, ...]]) -> Iterator[RowError]:
    for row_id, rows in versions.items():
        ordered = sorted(rows, key=lambda row: row.recorded_at or MIN)
        if any(
            one.retired_at is None or (later.recorded_at or MIN) < one.retired_at
            for one, later in pairwise(ordered)
        ):
            reason = "is held by two rows at once; retire the old version when recording the new"
            yield RowError(table, row_id, key, reason)


def _dangling(tables: Tables, works: set[str]) -> Iterator[RowError]:
    for table, rows in tables.items():
        for row in rows:
            work_id = getattr(row, "work_id", None)
            if work_id is not None and work_id not in works:
                reason = f"{work_id!r} is no work of this rulebook; add the work or correct the id"
                yield RowError(table, row_name(row, table=table), "work_id", reason)


def _parentage(works: list[Work]) -> Iterator[RowError]:
    levels: defaultdict[str, set[str]] = defaultdict(set)
    for work in works:
        levels[work.work_id].add(work.level)
    for work in works:
        if work.parent_id is None:
            continue
        above = levels.get(work.parent_id)
        if above is None:
            reason = f"{work.parent_id!r} is no work of this rulebook; add it or correct the id"
            yield RowError("works", work.work_id, "parent_id", reason)
        elif all(LEVELS.index(level) >= LEVELS.index(work.level) for level in above):
            names = "/".join(sorted(above))
            reason = f"{work.parent_id!r} is of level {names}, which is not above {work.level}"
            yield RowError("works", work.work_id, "parent_id", f"{reason}; correct the parent")
    edges = grouped(works, lambda row: [row.work_id])
    parents = {key: {row.parent_id for row in rows if row.parent_id} for key, rows in edges.items()}
    for work_id in _in_cycles(parents):
        yield RowError("works", work_id, "parent_id", "leads back to the work; break the cycle")


def _supersession(rules: list[Rule]) -> Iterator[RowError]:
    superseded: defaultdict[str, set[str]] = defaultdict(set)
    for rule in rules:
        superseded[rule.rule_id].update(rule.supersedes)
    for rule in rules:
        for rule_id in rule.supersedes:
            if rule_id not in superseded:
                reason = f"{rule_id!r} is no rule of this rulebook; correct the id or add the rule"
                yield RowError("rules", rule.rule_id, "supersedes", reason)
    for rule_id in _in_cycles(superseded):
        reason = "leads back to the rule; break the cycle"
        yield RowError("rules", rule_id, "supersedes", reason)


def _strange_amendments(
    rules_by_id: Mapping[str, tuple[Rule, ...]], works_by_id: Mapping[str, tuple[Work, ...]]
) -> Iterator[RowError]:
    """Amendments of a prohibition on a work that theirs stands neither above nor below.

    A grant that such an amendment replaces as well is at fault with it: the amendment gone, it
    would come back into force. Versions that have been retired are history, and no fault.
    """
    standing = [rule for rules in rules_by_id.values() for rule in rules if not rule.retired_at]
    by_id = grouped(standing, lambda rule: [rule.rule_id])
    for amendment in standing:
        amended = [rule for name in amendment.supersedes for rule in by_id.get(name, ())]
        strange = [
            rule
            for rule in amended
            if rule.effect == "PROHIBIT"
            and not _above(amendment.work_id, rule.work_id, works_by_id)
            and not _above(rule.work_id, amendment.work_id, works_by_id)
        ]
        for rule in strange:
            reason = (
                f"{rule.rule_id!r} is on {rule.work_id!r}, which is neither above nor below "
                f"{amendment.work_id!r}; name a rule of the same work, or correct the work"
            )
            yield RowError("rules", amendment.rule_id, "supersedes", reason)
        for rule in amended if strange else ():
            if rule.effect == "PERMIT":
                reason = (
                    f"is superseded by {amendment.rule_id!r}, which also names the prohibition "
                    f"{strange[0].rule_id!r} of an unrelated work; correct that amendment"
                )
                yield RowError("rules", rule.rule_id, "rule_id", reason)


def _above(upper: str, lower: str, works_by_id: Mapping[str, tuple[Work, ...]]) -> bool:
    """Whether `upper` is the work `lower` or above it in any version of the works."""
    seen: set[str] = set()
    waiting = [lower]
    while waiting:
        work_id = waiting.pop()
        if work_id == upper:
            return True
        if work_id not in seen:
            seen.add(work_id)
            waiting += [row.parent_id for row in works_by_id.get(work_id, ()) if row.parent_id]
    return False


def _in_cycles(edges: Mapping[str, set[str]]) -> list[str]:
    """The nodes on a cycle or between two: what stays when dead ends are taken away."""
    alive = {node: targets for node, targets in edges.items() if targets}
    while alive:
        entered = set().union(*alive.values())
        kept = {node: targets & alive.keys() for node, targets in alive.items() if node in entered}
        kept = {node: targets for node, targets in kept.items() if targets}
        if kept == alive:
            return sorted(alive)
        alive = kept
    return []
