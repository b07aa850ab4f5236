"""What the store knew at an instant: the rulebook, and the works that nobody may use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curation.catalog.evidence import EVIDENCE
from curation.catalog.works import EIDR_FAILED, names_in, names_of, with_evidence
from curation.rights import TABLES, Rulebook
from curation.tables.query import connect, visible
from curation.tables.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUARANTINED = "CATALOG_QUARANTINED"
"""A rights row about the work could not be read, so nobody can say what it forbids."""

_HARMLESS = ("assets", "participants", *EVIDENCE)
"""Tables whose rows grant and forbid nothing."""


@dataclass(frozen=True)
class Knowledge:
    """The rulebook as known at an instant, and works withheld whatever it says, with the reason."""

    known_at: datetime
    rulebook: Rulebook
    withheld: dict[str, str]


def knowledge_at(store: Store, known_at: datetime) -> Knowledge:
    """What the finished readings up to ``known_at`` told us.

    Withheld is what a rights row in quarantine may be about, and every work of the studio's that
    evidence in quarantine names while one of its EIDRs fails its check (``EIDR_CHECK_FAILED``):
    which work that evidence speaks of is in doubt, and with it the holdback that it may state.

    Raises:
        RulebookError: when rows that were accepted one by one do not hold together.
    """
    data: dict[str, list[Any]] = {}
    stated: dict[str, list[Any]] = {}
    with connect(store, known_at) as connection:
        for table in TABLES:
            query = (
                f"SELECT row_json, scope FROM history.{table} "  # noqa: S608
                f"WHERE {visible(known_at.isoformat())} ORDER BY scope, row_key"
            )
            rows = connection.execute(query).fetchall()
            data[table] = [json.loads(row) for row, scope in rows if scope is None]
            stated[table] = [json.loads(row) for row, scope in rows if scope is not None]
        rulebook = Rulebook.from_json(with_evidence(data, stated["works"], stated["participants"]))
        unread = _unread(connection, rulebook, known_at)
        doubted = _doubted(connection, data["works"], known_at)
    withheld = dict.fromkeys(_with_descendants(rulebook, doubted), EIDR_FAILED)
    withheld |= dict.fromkeys(_with_descendants(rulebook, unread), QUARANTINED)
    return Knowledge(known_at, rulebook, withheld)


def _unread(connection: DuckDBPyConnection, rulebook: Rulebook, known_at: datetime) -> set[str]:
    """Works that an unreadable rights row may be about; all of them where nobody can tell.

    A row that names a work nobody knows may mean any, unless that work's own row is in quarantine:
    then nothing of it is in the rulebook either.
    """
    bad = connection.execute(
        f"SELECT DISTINCT work_id, party_id FROM history.quarantine WHERE scope IS NULL "  # noqa: S608
        f"AND list_contains(?, table_name) = false AND {visible(known_at.isoformat())}",
        [list(_HARMLESS)],
    ).fetchall()
    works = {work.work_id for work in rulebook.works}
    fallen = connection.execute(
        "SELECT DISTINCT work_id FROM quarantine WHERE table_name = 'works'"
    ).fetchall()
    known = works | {work_id for (work_id,) in fallen}
    seen_in: dict[str, set[str]] = {}
    for row in rulebook.appearances:
        if row.party_id is not None:
            seen_in.setdefault(row.party_id, set()).add(row.work_id)
    named: set[str] = set()
    for work_id, party_id in bad:
        about = {work_id} if work_id in known else set()
        about |= seen_in.get(party_id, set())
        if not about or (work_id is not None and work_id not in known):
            return works
        named |= about
    return named


def _doubted(
    connection: DuckDBPyConnection, own: Iterable[Mapping[str, Any]], known_at: datetime
) -> set[str]:
    """The studio's works that evidence with a failing EIDR names, by whatever id.

    Evidence that is faulty otherwise casts no doubt: it would decide nothing if it were whole.
    """
    rows = connection.execute(
        "SELECT DISTINCT row_json FROM history.quarantine "  # noqa: S608
        f"WHERE scope IS NOT NULL AND reason = ? AND {visible(known_at.isoformat())}",
        [EIDR_FAILED],
    ).fetchall()
    named = {name for (row,) in rows for name in names_in(json.loads(row))}
    if not named:
        return set()
    return {
        row["work_id"]
        for row in own
        if not named.isdisjoint(names_of(row["work_id"], row.get("eidr")))
    }


def _with_descendants(rulebook: Rulebook, works: Iterable[str]) -> set[str]:
    """The works and all that lies below them."""
    children: dict[str, list[str]] = {}
    for work in rulebook.works:
        if work.parent_id is not None:
            children.setdefault(work.parent_id, []).append(work.work_id)
    found: set[str] = set()
    waiting = list(works)
    while waiting:
        work_id = waiting.pop()
        if work_id not in found:
            found.add(work_id)
            waiting += children.get(work_id, [])
    return found
