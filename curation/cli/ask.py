"""Questions to the store: the station table, SQL, and what the tables hold."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from curation.cli.inputs import instant, one_of
from curation.cli.options import StoreOption, example
from curation.cli.stations import (
    answer,
    hint_at_release,
    show_stations,
    tables_of,
    tell_of_leftovers,
)
from curation.console import FORMATS, InputError, one_line, show, tell, write_csv, write_json
from curation.settings import Settings

app = typer.Typer()

VIEWS = {
    "tagged_shots": "one row a shot with film, work and every tag, for filters and queries",
    "newest_release": "the release published last",
    "left_out": "every film and shot that is not in the newest release: station and reasons",
    "unsurveyed_faces": "shots with a face that no survey of appearances accounts for",
    "linked_evidence": "the studio's work that an avail or a claim is about, by id or EIDR",
}


@app.command(epilog=example("status"))
def status(
    store: StoreOption = None,
    release: Annotated[str | None, typer.Option(help="A release; the newest if none.")] = None,
) -> None:
    """Show the station table: what entered, what passed, what was left out and why."""
    settings = Settings.from_environment(store=store)
    show_stations(settings, release)
    tell_of_leftovers(settings)


@app.command(epilog=example('query "SELECT title, count(*) FROM tagged_shots GROUP BY 1"'))
def query(
    sql: Annotated[str, typer.Argument(help="A query in DuckDB's SQL.")],
    store: StoreOption = None,
    known_at: Annotated[
        str | None, typer.Option(help="Catalog tables as of this instant (ISO 8601).")
    ] = None,
    output: Annotated[
        str, typer.Option("--format", help="table, csv, json or jsonl; all but table are whole.")
    ] = "table",
) -> None:
    """Ask the tables a question in SQL.

    A table fits the terminal: long cells end in …, and rows too wide for it become records.
    """
    import duckdb

    one_of(output, FORMATS)
    with tables_of(Settings.from_environment(store=store), instant(known_at)) as connection:
        try:
            columns, rows = answer(connection, sql)
        except (duckdb.InternalException, duckdb.FatalException) as error:
            raise InputError(
                f"DuckDB itself failed at this query: {str(error).splitlines()[0][:200]}; put it "
                "in other words: the condition into a subquery, the order around it"
            ) from error
        except duckdb.Error as error:
            raise InputError(f"{one_line(error)}; see `curation tables`") from error
        if re.search(r"\b(left_out|newest_release)\b", sql, re.IGNORECASE):
            hint_at_release(connection)
    if not columns:
        tell("that statement answers no rows, and it changed nothing in the store")
    elif output == "table":
        show(columns, rows, whole=False)
        if not rows:
            tell("no rows")
    elif output == "csv":
        write_csv(columns, rows)
    else:
        write_json(columns, rows, lines=output == "jsonl")


@app.command(epilog=example("tables tagged_shots"))
def tables(
    name: Annotated[str | None, typer.Argument(help="A table, to see its columns.")] = None,
    store: StoreOption = None,
) -> None:
    """List the tables with their rows, or the columns of one."""
    from curation.tables import StoreError, schemas

    known = [*schemas(), *VIEWS]
    if name is not None and name not in known:
        raise StoreError(f"no table is called {name!r}; known: {', '.join(known)}")
    with tables_of(Settings.from_environment(store=store)) as connection:
        if name is None:
            what = {s.name: s.what for s in schemas().values()} | VIEWS
            counted = [
                (table, connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])  # noqa: S608
                for table in known
            ]
            show(("table", "rows", "what"), [(t, n, what[t]) for t, n in counted])
            return
        described = connection.execute(f"DESCRIBE {name}").fetchall()
    show(("column", "type"), [(row[0], row[1]) for row in described])
