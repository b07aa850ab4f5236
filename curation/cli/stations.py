"""The store's tables opened, and what of a release every verb may show."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from curation.cli.options import DEMO_RECIPE
from curation.console import InputError, show, tell
from curation.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from curation.report.stations import Station

_MAKE_RELEASE = f"make one: curation release {DEMO_RECIPE}"


def tables_of(settings: Settings, known_at: datetime | None = None) -> DuckDBPyConnection:
    """The store's tables and views; `StoreError` where there is no store."""
    from curation.tables import Store, StoreError
    from curation.tables.query import connect

    store = Store.at(settings.store)
    if not (store.place / "tables").exists():
        raise StoreError(f"no store is at {store}; check --store, or begin with `curation ingest`")
    return connect(store, known_at)


def answer(connection: DuckDBPyConnection, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows, by way of Arrow, which needs no time zone library of its own."""
    relation: Any = connection.sql(sql)
    if relation is None:
        return [], []
    table = relation.to_arrow_table()
    columns = [column.to_pylist(maps_as_pydicts="strict") for column in table.columns]
    return list(table.column_names), list(zip(*columns, strict=True))


def show_stations(settings: Settings, release: str | None) -> None:
    """The station table of a release, or of the newest, and a word on cut lists."""
    from curation.report.stations import stations

    with tables_of(settings) as connection:
        found = stations(connection, release)
        show(
            ("station", "what", "in", "on", "left out, by reason"),
            [_station_row(station) for station in found],
        )
        tell_of_cut_lists(connection)


def tell_of_leftovers(settings: Settings) -> None:
    """A word on releases that were begun and not finished; nothing where there are none."""
    from curation.dataset.leftovers import leftovers
    from curation.tables import Store

    for one in leftovers(Store.at(settings.store)):
        tell(str(one))


def tell_of_cut_lists(connection: DuckDBPyConnection) -> None:
    """What became of cut lists and where to read more; nothing where no film comes with one."""
    from curation.report.cut_lists import SEE_THEM, on_cut_lists

    if (said := on_cut_lists(connection)) is not None:
        tell(f'{said}; see them: curation query "{SEE_THEM}"')


def newest_release_of(settings: Settings) -> str:
    """Id of the newest release; `InputError` where there is none."""
    from curation.report.stations import newest_release

    with tables_of(settings) as connection:
        name = newest_release(connection)
    if name is None:
        raise InputError(f"{settings.store} holds no release yet; {_MAKE_RELEASE}")
    return name


def hint_at_release(connection: DuckDBPyConnection) -> None:
    """A remark, where no release has been made, on why an answer about one is empty."""
    from curation.report.stations import newest_release

    if newest_release(connection) is None:
        tell(f"no release has been made yet, so no shot is in one or left out; {_MAKE_RELEASE}")


def _station_row(station: Station) -> tuple[str, str, int, int, str]:
    reasons = ", ".join(f"{_outcome(r)}{r} {n}" for r, n in station.left_out.items())
    return station.name, station.unit, station.entered, station.passed, reasons


def _outcome(reason: str) -> str:
    """What the rights engine makes of one of its reasons, to be put before it."""
    from curation.rights import reason_of

    try:
        return f"{reason_of(reason).outcome} "
    except KeyError:
        return ""
