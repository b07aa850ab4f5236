"""What the store knew at an instant: the rulebook, and the works that nobody may use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curation.catalog.doubt import RefusedRow, barred_by, reached
from curation.catalog.evidence import EVIDENCE
from curation.catalog.works import EIDR_FAILED, names_in, names_of, with_evidence
from curation.rights import TABLES, RowError, Rulebook, RulebookError, parse_row
from curation.tables.query import connect, read_by, visible
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

    Withheld is whatever a rights row in quarantine could have barred, had it been read, and every
    work of the studio's that evidence in quarantine names while one of its EIDRs fails its check
    (``EIDR_CHECK_FAILED``): which work that evidence speaks of is in doubt, and with it the
    holdback that it may state.

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
        _add_named(connection, data, known_at)
        rulebook = _rulebook(data, stated["works"], stated["participants"])
        refused = _refused_rights(connection, known_at)
        doubted = _doubted(connection, data["works"], known_at)
    withheld = dict.fromkeys(reached(rulebook, doubted, known_at), EIDR_FAILED)
    withheld |= dict.fromkeys(barred_by(refused, rulebook, known_at), QUARANTINED)
    return Knowledge(known_at, rulebook, withheld)


def _rulebook(own: Mapping[str, list[Any]], works: list[Any], people: list[Any]) -> Rulebook:
    """The rulebook of the studio's rows and of evidence.

    Evidence read by an engine before this one, and refused by this one, is left out: the studio's
    own rows must not fall for it.
    """
    try:
        return Rulebook.from_json(with_evidence(own, works, people))
    except RulebookError:
        sound = [row for row in works if _is_sound("works", row)]
        named = [row for row in people if _is_sound("participants", row)]
        return Rulebook.from_json(with_evidence(own, sound, named))


def _is_sound(table: str, row: Mapping[str, Any]) -> bool:
    try:
        parse_row(table, row)
    except RowError:
        return False
    return True


def _add_named(
    connection: DuckDBPyConnection, data: dict[str, list[Any]], known_at: datetime
) -> None:
    """Add the works and rules that known rows name and that are not known: retired, or not yet.

    The engine knows them as little, but a name must not lead nowhere.
    """
    at = known_at.isoformat()
    is_news = True
    while is_news:
        is_news = False
        for table, key, named in (
            ("works", "work_id", _works_named(data)),
            (
                "rules",
                "rule_id",
                {one for row in data["rules"] for one in row.get("supersedes", ())},
            ),
        ):
            missing = named - {row[key] for row in data[table]}
            rows = connection.execute(
                f"SELECT arg_max(row_json, recorded_at) FROM history.{table} "  # noqa: S608
                f"WHERE scope IS NULL AND list_contains(?, {key}) AND {read_by(at)} "
                f"AND NOT ({visible(at)}) GROUP BY {key} ORDER BY {key}",
                [sorted(missing)],
            ).fetchall()
            data[table] += [json.loads(row) for (row,) in rows]
            is_news = is_news or bool(rows)


def _works_named(data: Mapping[str, list[Any]]) -> set[str]:
    fields = ("work_id", "parent_id")
    stated = (row.get(field) for rows in data.values() for row in rows for field in fields)
    return {name for name in stated if name is not None}


def _refused_rights(connection: DuckDBPyConnection, known_at: datetime) -> list[RefusedRow]:
    rows = connection.execute(
        "SELECT table_name, work_id, party_id, row_json FROM history.quarantine "  # noqa: S608
        "WHERE scope IS NULL AND NOT list_contains(?, table_name) "
        f"AND {visible(known_at.isoformat())} ORDER BY row_key",
        [list(_HARMLESS)],
    ).fetchall()
    return [RefusedRow(table, work, party, json.loads(row)) for table, work, party, row in rows]


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
