"""What rights rows in quarantine might have barred: nobody can say, so all of it is withheld.

A row bars as widely as the engine lets one bar: on the work that it names, below it, above it where
there are frames, and on its twins by EIDR (``curation.rights.kin``). An amendment also ends what it
supersedes, on whatever work that is. Where a name in the row is known to nobody, it may mean any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from curation import strict_json
from curation.catalog.fields import SEPARATOR
from curation.rights import Rulebook, Work
from curation.rights.kin import connected, related_ids
from curation.rights.names import alike
from curation.rights.rows import LEVELS

_FRAMED = ("edit", "manifestation")


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row in quarantine: its table, what can be believed of its work and party, all it says."""

    table: str
    work_id: str | None
    party_id: str | None
    values: Mapping[str, Any]


def reached(book: Rulebook, works: Iterable[str], known_at: datetime) -> set[str]:
    """The works, and all with frames on which a bar on one of them would act.

    No other matters: a work without frames is never allowed.
    """
    named = set(works)
    near = connected(book, named, known_at)
    return {
        name
        for name, work in near.items()
        if name in named
        or (work.level in _FRAMED and not named.isdisjoint(related_ids(book, work, known_at)))
    }


def barred_by(rows: Sequence[RefusedRow], book: Rulebook, known_at: datetime) -> set[str]:
    """The works that these rows might have barred; all of them where nobody can tell."""
    known = {work.work_id for work in book.works}
    fallen = _fallen([row for row in rows if row.table == "works"], book)
    seen_in: dict[str, set[str]] = {}
    for appearance in book.appearances:
        if appearance.party_id is not None:
            seen_in.setdefault(alike(appearance.party_id), set()).add(appearance.work_id)
    rule_on: dict[str, set[str]] = {}
    for rule in book.rules:
        rule_on.setdefault(rule.rule_id, set()).add(rule.work_id)
    refused = {str(row.values.get("rule_id")) for row in rows if row.table == "rules"}
    named: set[str] = set()
    for row in rows:
        about = seen_in.get(alike(row.party_id), set()) if row.party_id else set()
        if row.work_id is not None:
            if row.work_id not in known and row.work_id not in fallen.nodes:
                return known
            if row.work_id in fallen.adrift and row.table != "works":
                return known
            about = {*about, row.work_id}
        ended = _superseded(row)
        if not about or ended is None or not refused.union(rule_on).issuperset(ended):
            return known
        named |= about.union(*(rule_on.get(name, set()) for name in ended))
    tree = Rulebook(works=(*book.works, *fallen.works))
    ids = {node for name in named for node in (name, *fallen.nodes.get(name, ()))}
    return reached(tree, ids, known_at) & known


@dataclass(frozen=True)
class _Fallen:
    """Works whose own row is in quarantine, put back where that row says that they stand.

    Attributes:
        nodes: by the id of a work, the ids under which its rows stand in ``works``.
        adrift: ids of works that may be copies of nobody knows what edit.
    """

    works: list[Work] = field(default_factory=list)
    nodes: dict[str, list[str]] = field(default_factory=dict)
    adrift: set[str] = field(default_factory=set)


def _fallen(rows: Iterable[RefusedRow], book: Rulebook) -> _Fallen:
    found = _Fallen()
    rank_of = {work.work_id: LEVELS.index(work.level) for work in book.works}
    for row in sorted(rows, key=_rank):
        if row.work_id is None:
            continue
        rank = _rank(row)
        stated = row.values.get("parent_id")
        above = str(stated).strip() if stated else None
        parents = [above, *found.nodes.get(above, ())] if above is not None else []
        parent = next((one for one in parents if rank_of.get(one, rank) < rank), None)
        if above is not None and parent is None and LEVELS[rank] == "manifestation":
            found.adrift.add(row.work_id)
        node = f"{len(found.works)} in quarantine: {row.work_id.strip()}"
        eidr = row.values.get("eidr")
        eidr = eidr.strip() if isinstance(eidr, str) else None
        found.works.append(
            Work(work_id=node, level=LEVELS[rank], parent_id=parent, eidr=eidr or None)
        )
        found.nodes.setdefault(row.work_id, []).append(node)
        rank_of[node] = rank
    return found


def _rank(row: RefusedRow) -> int:
    """The position of its level, the lowest where that is none: what bars it may act upward."""
    level = row.values.get("level")
    return LEVELS.index(level) if level in LEVELS else len(LEVELS) - 1


def _superseded(row: RefusedRow) -> Sequence[str] | None:
    """The rules that a row supersedes, from JSON or a cell; None where that cannot be read."""
    stated = row.values.get("supersedes") if row.table == "rules" else None
    if isinstance(stated, str):
        try:
            stated = (
                strict_json.loads(stated) if stated.startswith("[") else stated.split(SEPARATOR)
            )
        except ValueError:
            return None
    if stated is None:
        return ()
    if not isinstance(stated, list) or not all(isinstance(name, str) for name in stated):
        return None
    return [name.strip() for name in stated if name.strip()]
