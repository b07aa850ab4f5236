"""The station table: what entered each station, what passed, what was left out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RELEASE_STATIONS = (
    *("rights", "kind", "length", "audio", "filter", "bounds", "duplicates", "quota", "cut"),
)

_MADE = "SELECT release_id FROM releases ORDER BY published_at, release_id"


class ReportError(Exception):
    """Something asked for that is not there; the message says how to find what is."""


@dataclass(frozen=True)
class Station:
    """One station of the road.

    Attributes:
        name: the station.
        unit: what is counted there.
        entered: how many came in.
        passed: how many went on.
        left_out: the others, by reason; ``pending`` are those not looked at yet.
    """

    name: str
    unit: str
    entered: int
    passed: int
    left_out: Mapping[str, int]

    @property
    def adds_up(self) -> bool:
        return self.entered == self.passed + sum(self.left_out.values())


def stations(connection: DuckDBPyConnection, release_id: str | None = None) -> list[Station]:
    """Every station from the catalog to a release, the newest one where none is named.

    Args:
        connection: from ``curation.tables.query.connect``.

    Raises:
        ReportError: for a release that was never published.
    """
    table = [_rows(connection), _works(connection), _assets(connection), *_films(connection)]
    release_id = release_id or newest_release(connection)
    made = [name for (name,) in connection.execute(_MADE).fetchall()]
    if release_id is not None and release_id not in made:
        raise ReportError(unknown_release(release_id, made))
    if release_id is not None:
        table += _release(connection, release_id)
    return table


def unknown_release(name: str, made: Sequence[str]) -> str:
    """What to say of a release that is not there: which come near, else the last that were made."""
    from difflib import get_close_matches

    near = get_close_matches(name, made, n=3) or made[-3:]
    said = f"did you mean {' or '.join(near)}?" if near else "none has been made yet"
    return f"no release is called {name!r} here; {said}"


def newest_release(connection: DuckDBPyConnection) -> str | None:
    """The release published last, if there is one."""
    found = connection.execute("SELECT release_id FROM newest_release").fetchall()
    return found[0][0] if found else None


def _rows(connection: DuckDBPyConnection) -> Station:
    accepted = sum(
        _number(connection, f"SELECT count(*) FROM {table}")  # noqa: S608
        for table in (
            "works",
            "rules",
            "party_groups",
            "appearances",
            "consents",
            "embedded_material",
            "surveys",
            "signals",
            "participants",
        )
    )
    bad = _by_reason(
        connection,
        "SELECT reason, count(*) FROM quarantine WHERE table_name <> 'assets' GROUP BY ALL",
    )
    return Station("catalog", "rows", accepted + sum(bad.values()), accepted, bad)


def _works(connection: DuckDBPyConnection) -> Station:
    levels = _by_reason(
        connection,
        "SELECT level || ' has no film', count(*) FROM works "
        "WHERE level IN ('edit', 'manifestation') "
        "AND work_id NOT IN (SELECT work_id FROM assets) GROUP BY ALL",
    )
    edits = _number(
        connection, "SELECT count(*) FROM works WHERE level IN ('edit', 'manifestation')"
    )
    return Station("catalog", "works (edits)", edits, edits - sum(levels.values()), levels)


def _assets(connection: DuckDBPyConnection) -> Station:
    listed = _number(connection, "SELECT count(*) FROM assets")
    films = _number(connection, "SELECT count(DISTINCT asset_sha256) FROM assets")
    bad = _by_reason(
        connection,
        "SELECT reason, count(*) FROM quarantine WHERE table_name = 'assets' GROUP BY ALL",
    )
    if listed > films:
        bad["same content as another"] = listed - films
    return Station("catalog", "assets", films + sum(bad.values()), films, bad)


def _films(connection: DuckDBPyConnection) -> list[Station]:
    source = "(SELECT DISTINCT asset_sha256 FROM assets) LEFT JOIN films USING (asset_sha256)"
    films = _number(connection, f"SELECT count(*) FROM {source}")  # noqa: S608
    gate = _by_reason(
        connection,
        f"SELECT reasons[1], count(*) FROM {source} WHERE status = 'excluded' GROUP BY ALL",  # noqa: S608
    )
    cleared = films - sum(gate.values())
    lost = _by_reason(
        connection,
        "SELECT coalesce(reasons[1], 'pending'), count(*) "  # noqa: S608
        f"FROM {source} WHERE status = 'failed' OR status IS NULL GROUP BY ALL",
    )
    shots = _number(connection, "SELECT count(*) FROM tagged_shots")
    return [
        Station("may we analyse", "assets", films, cleared, gate),
        Station("analysis", "assets", cleared, cleared - sum(lost.values()), lost),
        Station("analysis", "shots found", shots, shots, {}),
    ]


def _release(connection: DuckDBPyConnection, release_id: str) -> list[Station]:
    where = "WHERE release_id = ?"
    entered = _number(connection, f"SELECT count(*) FROM selections {where}", release_id)  # noqa: S608
    table = []
    for station in RELEASE_STATIONS:
        found = connection.execute(
            f"SELECT reasons[1], count(*) AS n FROM selections {where} AND station = ? "  # noqa: S608
            "GROUP BY ALL ORDER BY n DESC, 1",
            [release_id, station],
        ).fetchall()
        left_out = dict(found)
        passed = entered - sum(left_out.values())
        table.append(Station(f"release: {station}", "clips", entered, passed, left_out))
        entered = passed
    query = f"SELECT count(*) FROM selections {where} AND status = 'released'"  # noqa: S608
    table.append(Station("released", "clips", entered, _number(connection, query, release_id), {}))
    return table


def _number(connection: DuckDBPyConnection, query: str, *given: str) -> int:
    return int(connection.execute(query, list(given)).fetchall()[0][0])


def _by_reason(connection: DuckDBPyConnection, query: str) -> dict[str, int]:
    return dict(sorted(connection.execute(query).fetchall(), key=lambda kv: (-kv[1], kv[0])))
