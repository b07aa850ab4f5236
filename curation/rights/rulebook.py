"""All rows of a library's rights, checked as a whole and indexed for deciding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar, cast

from curation.rights.eidr import claims_content_eidr, eidr_key
from curation.rights.names import alike, likenesses
from curation.rights.row_checks import complaints
from curation.rights.rows import (
    TABLES,
    Appearance,
    Consent,
    EmbeddedMaterial,
    Participant,
    PartyGroup,
    Row,
    RowError,
    Rule,
    Signal,
    Survey,
    Work,
    parse_row,
    row_name,
    row_to_json,
)
from curation.rights.spans import SpanIndex
from curation.rights.structure import grouped, structural_problems

R = TypeVar("R", bound=Row)


class RulebookError(ValueError):
    """A rulebook that cannot be decided from; `problems` holds every one, not the first alone."""

    def __init__(self, problems: Iterable[RowError]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class Rulebook:
    """The rows of every table, immutable.

    However it is built, it refuses (`RulebookError`) what would make a decision depend on chance or
    lose a prohibition: two versions of an id known at once, cycles, a parent, work or
    superseded rule that does not exist. What merely fails to help a permission (an unknown
    grant in `except_for`, an assignee nobody knows, a bad EIDR) stays, and is decided closed.
    """

    works: tuple[Work, ...] = ()
    rules: tuple[Rule, ...] = ()
    party_groups: tuple[PartyGroup, ...] = ()
    appearances: tuple[Appearance, ...] = ()
    consents: tuple[Consent, ...] = ()
    embedded_material: tuple[EmbeddedMaterial, ...] = ()
    surveys: tuple[Survey, ...] = ()
    signals: tuple[Signal, ...] = ()
    participants: tuple[Participant, ...] = ()

    def __post_init__(self) -> None:
        problems = [
            problem
            for table, rows in self.tables()
            for row in rows
            for problem in _row_problems(table, row)
        ]
        if not problems:
            problems = list(structural_problems(dict(self.tables())))
        if problems:
            raise RulebookError(problems)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Rulebook:
        """Read `{table: [row, …]}`.

        Raises:
            RulebookError: every row that cannot be read and every structural fault.
        """
        problems: list[RowError] = []
        rows: dict[str, list[Row]] = {}
        for table, items in data.items():
            if table in TABLES and isinstance(items, list | tuple):
                rows[table] = list(_parse(table, items, problems))
            elif table in TABLES:
                problems.append(
                    RowError(table, "?", "table", "is not a list of rows; write a list")
                )
            else:
                known = ", ".join(TABLES)
                problems.append(RowError(table, "?", "table", f"is unknown; known are {known}"))
        return cls._assemble(rows, problems)

    @classmethod
    def from_rows(cls, rows_by_table: Mapping[str, Iterable[Row]]) -> Rulebook:
        """Take rows already typed, checking each as `parse_row` does.

        Raises:
            RulebookError: every faulty row and every structural fault.
        """
        problems: list[RowError] = []
        rows: dict[str, list[Row]] = {}
        for table, items in rows_by_table.items():
            if table not in TABLES:
                known = ", ".join(TABLES)
                problems.append(RowError(table, "?", "table", f"is unknown; known are {known}"))
                continue
            rows[table] = list(items)
        return cls._assemble(rows, problems)

    @classmethod
    def _assemble(cls, rows: Mapping[str, list[Row]], problems: list[RowError]) -> Rulebook:
        try:
            book = cast("Callable[..., Rulebook]", cls)(
                **{table: tuple(items) for table, items in rows.items()}
            )
        except RulebookError as error:
            raise RulebookError([*problems, *error.problems]) from None
        if problems:
            raise RulebookError(problems)
        return book

    def tables(self) -> Iterator[tuple[str, tuple[Row, ...]]]:
        """Each table's name with its rows, in the order of `TABLES`."""
        for name in TABLES:
            yield name, getattr(self, name)

    def to_json(self) -> dict[str, list[dict[str, object]]]:
        """`{table: [row, …]}` without empty tables; `from_json` reads it back equal."""
        return {name: [row_to_json(row) for row in rows] for name, rows in self.tables() if rows}

    @cached_property
    def sha256(self) -> str:
        """The hash of all rows as canonical JSON, sorted, so that row order does not count."""
        digest = hashlib.sha256()
        for name, rows in self.tables():
            lines = sorted(
                json.dumps(row_to_json(row), sort_keys=True, separators=(",", ":")) for row in rows
            )
            digest.update(f"{name} {len(lines)}\n".encode())
            for line in lines:
                digest.update(f"{line}\n".encode())
        return digest.hexdigest()

    def work(self, work_id: str, known_at: datetime) -> Work | None:
        """The work as known at that instant."""
        return _visible_one(self._works_by_id.get(work_id, ()), known_at)

    def group(self, group_id: str, known_at: datetime) -> PartyGroup | None:
        """The party group as known at that instant."""
        return _visible_one(self._groups_by_id.get(group_id, ()), known_at)

    def groups_alike(self, name: str, known_at: datetime) -> list[PartyGroup]:
        """The groups whose id is `alike` to that name, as known at that instant."""
        groups = self._groups_by_likeness.get(name, ())
        return [group for group in groups if group.visible(known_at)]

    def works_with_eidr(self, key: str, known_at: datetime) -> list[Work]:
        """The works that carry the EIDR of that `eidr_key`, as known at that instant.

        With a colon behind it, those that carry it with an extension.
        """
        return [work for work in self._works_by_eidr.get(key, ()) if work.visible(known_at)]

    def children(self, work_id: str, known_at: datetime) -> list[Work]:
        """The works just below, as known at that instant."""
        children = self._children_by_id.get(work_id, ())
        return [child for child in children if child.visible(known_at)]

    def lineage(self, work: Work, known_at: datetime) -> tuple[Work, ...]:
        """The work and its ancestors as known at that instant, nearest first."""
        line = [work]
        while (parent_id := line[-1].parent_id) is not None:
            parent = self.work(parent_id, known_at)
            if parent is None:
                break
            line.append(parent)
        return tuple(line)

    def descendants(self, work_id: str, known_at: datetime) -> tuple[Work, ...]:
        """Every work below, as known at that instant."""
        found: list[Work] = []
        open_ids = [work_id]
        while open_ids:
            children = self.children(open_ids.pop(), known_at)
            found += children
            open_ids += [child.work_id for child in children]
        return tuple(found)

    def rules_of(self, work_id: str) -> tuple[Rule, ...]:
        """Every version of every rule on exactly this work."""
        return self._rules_by_work.get(work_id, ())

    def superseding(self, rule_id: str) -> tuple[Rule, ...]:
        """Every version of every rule that supersedes that id."""
        return self._rules_by_superseded.get(rule_id, ())

    def signals_of(self, work_id: str) -> tuple[Signal, ...]:
        """Every version of the signals on exactly this work."""
        return self._signals_by_work.get(work_id, ())

    def surveys_of(self, work_id: str) -> tuple[Survey, ...]:
        """Every version of the surveys of exactly this work."""
        return self._surveys_by_work.get(work_id, ())

    def consents_of(self, party_id: str) -> tuple[Consent, ...]:
        """Every version of what that party said, on any work."""
        return self._consents_by_party.get(party_id, ())

    def consents_alike(self, party_id: str) -> tuple[Consent, ...]:
        """Every version of what was said by that party or one whose id is `alike`."""
        return self._consents_by_likeness.get(alike(party_id), ())

    def appearances_in(self, work_id: str, span: tuple[int, int] | None) -> list[Appearance]:
        """The appearances on exactly this work that overlap the span."""
        index = self._appearances_by_work.get(work_id)
        return index.overlapping(span) if index else []

    def embedded_in(self, work_id: str, span: tuple[int, int] | None) -> list[EmbeddedMaterial]:
        """The embedded material on exactly this work that overlaps the span."""
        index = self._embedded_by_work.get(work_id)
        return index.overlapping(span) if index else []

    @cached_property
    def _works_by_id(self) -> dict[str, tuple[Work, ...]]:
        return grouped(self.works, lambda work: [work.work_id])

    @cached_property
    def _children_by_id(self) -> dict[str, tuple[Work, ...]]:
        return grouped(self.works, lambda work: [work.parent_id] if work.parent_id else [])

    @cached_property
    def _rules_by_work(self) -> dict[str, tuple[Rule, ...]]:
        return grouped(self.rules, lambda rule: [rule.work_id])

    @cached_property
    def _rules_by_superseded(self) -> dict[str, tuple[Rule, ...]]:
        return grouped(self.rules, lambda rule: rule.supersedes)

    @cached_property
    def _groups_by_id(self) -> dict[str, tuple[PartyGroup, ...]]:
        return grouped(self.party_groups, lambda group: [group.group_id])

    @cached_property
    def _consents_by_party(self) -> dict[str, tuple[Consent, ...]]:
        return grouped(self.consents, lambda consent: [consent.party_id])

    @cached_property
    def _groups_by_likeness(self) -> dict[str, tuple[PartyGroup, ...]]:
        return grouped(self.party_groups, lambda group: [alike(group.group_id)])

    @cached_property
    def _consents_by_likeness(self) -> dict[str, tuple[Consent, ...]]:
        return grouped(self.consents, lambda consent: likenesses(consent.party_id))

    @cached_property
    def _works_by_eidr(self) -> dict[str, tuple[Work, ...]]:
        def keys_of(work: Work) -> Iterator[str]:
            for key in eidr_keys(work):
                whole, extended, _ = key.partition(":")
                yield key
                if extended:
                    yield f"{whole}:"

        return grouped(self.works, keys_of)

    @cached_property
    def _signals_by_work(self) -> dict[str, tuple[Signal, ...]]:
        return grouped(self.signals, lambda signal: [signal.work_id])

    @cached_property
    def _surveys_by_work(self) -> dict[str, tuple[Survey, ...]]:
        return grouped(self.surveys, lambda survey: [survey.work_id])

    @cached_property
    def _appearances_by_work(self) -> dict[str, SpanIndex[Appearance]]:
        by_work = grouped(self.appearances, lambda row: [row.work_id])
        return {key: SpanIndex(rows, lambda row: row.span) for key, rows in by_work.items()}

    @cached_property
    def _embedded_by_work(self) -> dict[str, SpanIndex[EmbeddedMaterial]]:
        by_work = grouped(self.embedded_material, lambda row: [row.work_id])
        return {key: SpanIndex(rows, lambda row: row.span) for key, rows in by_work.items()}


def eidr_keys(work: Work) -> frozenset[str]:
    """The `eidr_key` of the work's EIDR, and of its id where that is an EIDR as well."""
    named = [work.eidr, work.work_id if claims_content_eidr(work.work_id) else None]
    return frozenset(key for text in named if (key := eidr_key(text)) is not None)


def _parse(table: str, items: Iterable[object], problems: list[RowError]) -> Iterator[Row]:
    for item in items:
        if not isinstance(item, Mapping):
            problems.append(RowError(table, "?", "row", f"{item!r} is not an object"))
            continue
        try:
            yield parse_row(table, item)
        except RowError as error:
            problems.append(error)


def _row_problems(table: str, row: Row) -> Iterator[RowError]:
    expected = TABLES[table].row_type
    if not isinstance(row, expected):
        reason = f"is a {type(row).__name__}; this table holds {expected.__name__} rows"
        yield RowError(table, "?", "row", reason)
        return
    for field, reason in complaints(row):
        yield RowError(table, row_name(row, table=table), field, reason)
    for spec in TABLES[table].fields:
        value = getattr(row, spec.name)
        for item in value if isinstance(value, tuple) else (value,):
            if spec.choices and item is not None and item not in spec.choices:
                reason = f"{item!r} is unknown; known are {', '.join(spec.choices)}"
                yield RowError(table, row_name(row, table=table), spec.name, reason)


def _visible_one(versions: Iterable[R], known_at: datetime) -> R | None:
    return next((row for row in versions if row.visible(known_at)), None)
