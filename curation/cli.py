"""The command line: one verb a stage, and a few for looking."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curation import strict_json
from curation.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from curation.report.stations import Station

app = typer.Typer(
    name="curation",
    help="A film library in; every frame that may lawfully be learned from out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
airflow_app = typer.Typer(help="Run the DAGs on an Airflow of our own.", no_args_is_help=True)
app.add_typer(airflow_app, name="airflow")

StoreOption = Annotated[
    str | None, typer.Option("--store", help="URL under which all state lies.", metavar="URL")
]
LibraryOption = Annotated[
    str | None, typer.Option("--library", help="Folder or prefix of film files.", metavar="URL")
]
CatalogOption = Annotated[
    str | None, typer.Option("--catalog", help="Catalog folder or rulebook.", metavar="URL")
]
RecipeOption = Annotated[
    str | None, typer.Option("--recipe", help="Recipe in YAML.", metavar="FILE")
]

DEMO_RECIPE = "examples/recipes/lab-pretraining.yaml"
RECORD_COLUMNS = 10
"""Columns above which an answer is shown as records."""

VIEWS = {
    "tagged_shots": "one row a shot with film, work and every tag, for filters and queries",
    "newest_release": "the release published last",
    "left_out": "every film and shot that is not in the newest release: station and reasons",
}
ALLOW_EXIT, REVIEW_EXIT, DENY_EXIT, BAD_INPUT_EXIT = 0, 3, 4, 2


def _example(command: str) -> str:
    return f"[dim]Example: {command}[/dim]"


def tell(line: str) -> None:
    """Progress, on standard error."""
    typer.echo(line, err=True)


@app.command(epilog=_example("curation ingest --catalog examples/catalog"))
def ingest(
    store: StoreOption = None,
    library: LibraryOption = None,
    catalog: CatalogOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let most of what the store holds go.")
    ] = False,
) -> None:
    """Read the catalog, check every row, and know each film file by its content."""
    from curation import stages

    settings = Settings.from_environment(store=store, library=library, catalog=catalog)
    done = stages.ingest(settings, replace=replace, tell=tell)
    _table(
        ("table", "rows accepted"),
        sorted(done.accepted.items()),
        title=f"{done.added} added, {done.changed} changed, {done.removed} removed",
    )
    if done.quarantined:
        _table(("quarantined because", "rows"), sorted(done.quarantined.items()))
        tell('see them: curation query "SELECT * FROM quarantine"')


@app.command(epilog=_example("curation analyze --store store"))
def analyze(
    store: StoreOption = None,
    library: LibraryOption = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    retry_failed: Annotated[bool, typer.Option(help="Try failed films again.")] = False,
) -> None:
    """Decode each new film once: find its shots, measure and tag them."""
    from curation import stages

    settings = Settings.from_environment(store=store, library=library, device=device)
    counts = stages.analyse(settings, retry_failed=retry_failed, tell=tell)
    if counts:
        _table(("films", "count"), sorted(counts.items()))
    else:
        tell("nothing to do: every film is analysed by this version")


@app.command(epilog=_example("curation release examples/recipes/lab-pretraining.yaml"))
def release(
    recipe: Annotated[str, typer.Argument(help="Recipe in YAML.")],
    store: StoreOption = None,
    library: LibraryOption = None,
    known_at: Annotated[
        str | None, typer.Option(help="Decide as of this instant (ISO 8601 with offset).")
    ] = None,
) -> None:
    """Clear, select, cut and pack a release by a recipe."""
    from curation import stages
    from curation.dataset.recipe import read_recipe
    from curation.storage import Place

    settings = Settings.from_environment(store=store, library=library, recipe=recipe)
    order = read_recipe(Place.parse(settings.recipe))
    done = stages.release(settings, order, known_at=_instant(known_at), tell=tell)
    _stations(settings, done.release_id)
    typer.echo(f"{settings.store}/releases/{done.release_id}")


@app.command(epilog=_example("curation verify lab-pretraining-0123456789ab"))
def verify(
    release: Annotated[str, typer.Argument(help="Id of a release in the store, or its place.")],
    store: StoreOption = None,
) -> None:
    """Check a release again from its bytes: every hash, row, decision and clip."""
    from curation import stages

    found = stages.verify(Settings.from_environment(store=store), release, tell=tell)
    for fault in found.faults:
        typer.echo(f"FAULT {fault}")
    typer.echo(
        f"{found.release_id}: {found.files} files, {found.samples} samples, {found.clips} clips "
        f"played, {len(found.faults)} faults, "
        + ("anchored in the store" if found.anchored else "not anchored: held against itself only")
    )
    if not found.good:
        raise typer.Exit(1)


@app.command(epilog=_example("curation status"))
def status(
    store: StoreOption = None,
    release: Annotated[str | None, typer.Option(help="A release; the newest if none.")] = None,
) -> None:
    """Show the station table: what entered, what passed, what was left out and why."""
    _stations(Settings.from_environment(store=store), release)


@app.command(
    epilog=_example('curation query "SELECT title, count(*) FROM tagged_shots GROUP BY ALL"')
)
def query(
    sql: Annotated[str, typer.Argument(help="A query in DuckDB's SQL.")],
    store: StoreOption = None,
    known_at: Annotated[
        str | None, typer.Option(help="Catalog tables as of this instant (ISO 8601).")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="table, csv or jsonl.")] = "table",
) -> None:
    """Ask the tables a question in SQL."""
    import duckdb

    connection = _connection(Settings.from_environment(store=store), _instant(known_at))
    try:
        columns, rows = _answer(connection, sql)
    except duckdb.Error as error:
        raise typer.BadParameter(f"{error}; see `curation tables`") from error
    if output == "table":
        _table(columns, rows)
    elif output == "jsonl":
        for row in rows:
            typer.echo(json.dumps(dict(zip(columns, row, strict=True)), default=str))
    elif output == "csv":
        import csv

        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        raise typer.BadParameter(f"--format {output!r} is not one of table, csv, jsonl")


@app.command(epilog=_example("curation tables tagged_shots"))
def tables(
    name: Annotated[str | None, typer.Argument(help="A table, to see its columns.")] = None,
    store: StoreOption = None,
) -> None:
    """List the tables with their rows, or the columns of one."""
    from curation.tables import StoreError, schemas

    known = [*schemas(), *VIEWS]
    if name is not None and name not in known:
        raise StoreError(f"no table is called {name!r}; known: {', '.join(known)}")
    connection = _connection(Settings.from_environment(store=store))
    if name is None:
        what = {s.name: s.what for s in schemas().values()} | VIEWS
        counted = [
            (table, connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])  # noqa: S608
            for table in known
        ]
        _table(("table", "rows", "what"), [(t, n, what[t]) for t, n in counted])
        return
    described = connection.execute(f"DESCRIBE {name}").fetchall()
    _table(("column", "type"), [(row[0], row[1]) for row in described])


@app.command(epilog=_example("curation clear --rulebook rulebook.json --request request.json"))
def clear(
    rulebook: Annotated[Path, typer.Option(help="Rulebook in JSON.", metavar="FILE")],
    request: Annotated[Path, typer.Option(help="Request in JSON.", metavar="FILE")],
    performer_gate: Annotated[
        str, typer.Option(help="OFF, REPLICA_ONLY or ALL_TRAINING.")
    ] = "ALL_TRAINING",
    explain: Annotated[
        bool, typer.Option("--explain", help="Say it in words: the rows, dates and cures.")
    ] = False,
    table: Annotated[
        bool, typer.Option("--table", help="A line for each piece of the work asked about.")
    ] = False,
    work: Annotated[
        str | None, typer.Option(help="All of this work instead, as a table.", metavar="ID")
    ] = None,
) -> None:
    """Decide one request; exit status 0 ALLOW, 3 REVIEW, 4 DENY, 2 bad input.

    Of a table, the status is that of the worst line.
    """
    from dataclasses import replace

    from rich.markup import escape

    from curation.report import decisions
    from curation.rights import Outcome, PerformerGate, Request, Rulebook, decide

    exits = {Outcome.ALLOW: ALLOW_EXIT, Outcome.REVIEW: REVIEW_EXIT, Outcome.DENY: DENY_EXIT}
    if explain and (table or work):
        raise typer.BadParameter("--explain is about one span; leave out --table and --work")
    if performer_gate not in list(PerformerGate):
        raise typer.BadParameter(f"{performer_gate!r} is none of {', '.join(PerformerGate)}")
    gate = PerformerGate(performer_gate)
    book = Rulebook.from_json(_json_object(rulebook))
    asked = Request.from_json(_json_object(request))
    if work is not None:
        asked = replace(asked, work_id=work, span=None)
    if table or work is not None:
        lines = decisions.title_lines(book, asked, performer_gate=gate)
        _table(
            ("frames", "outcome", "reasons", "rows"),
            [map(escape, line.cells()) for line in lines],
            title=escape(decisions.question(book, asked)),
        )
        raise typer.Exit(exits[decisions.worst(lines)])
    decision = decide(book, asked, performer_gate=gate)
    if explain:
        typer.echo(decisions.explain(book, asked, performer_gate=gate))
    else:
        typer.echo(json.dumps(decision.to_json(), indent=1, ensure_ascii=False))
    raise typer.Exit(exits[decision.outcome])


@app.command(epilog=_example("curation shots film.mp4 --format json"))
def shots(
    film: Annotated[Path, typer.Argument(help="A film file.", metavar="FILE")],
    output: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Find the shots of one film, with their transitions."""
    from curation.analysis import find_shots

    found = find_shots(film, Settings.from_environment(device=device).device)
    if output == "json":
        typer.echo(json.dumps(found.to_truth(), indent=1))
    elif output == "table":
        _table(
            ("shot", "frames", "seconds", "kind", "in", "out"),
            [
                (
                    shot.index,
                    f"{shot.start}-{shot.end}",
                    f"{float(found.timeline.seconds(shot.start)):.3f}",
                    shot.kind,
                    shot.transition_in.type,
                    shot.transition_out.type,
                )
                for shot in found.shots
            ],
        )
    else:
        raise typer.BadParameter(f"--format {output!r} is not one of table, json")


@app.command(epilog=_example("curation tag --tagger lighting film.mp4"))
def tag(
    films: Annotated[list[Path], typer.Argument(help="Film files.", metavar="FILES...")],
    tagger: Annotated[
        list[str] | None, typer.Option(help="A tagger; all if none is named.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="jsonl.")] = "jsonl",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Tag the shots of films, one JSON line a shot."""
    from curation.analysis import tag_film

    if output != "jsonl":
        raise typer.BadParameter(f"--format {output!r} is not jsonl")
    failed = False
    for film in films:
        found = tag_film(film, tagger or None, Settings.from_environment(device=device).device)
        for line in found:
            failed = failed or "error" in line
            typer.echo(json.dumps(line, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)


@airflow_app.command("demo")
def airflow_demo(store: StoreOption = None) -> None:
    """Run the whole road on the example library, whose catalog shows every outcome."""
    _road(Settings.from_environment({}, store=store, recipe=DEMO_RECIPE))


@airflow_app.command("run")
def airflow_run(
    library: LibraryOption = None,
    catalog: CatalogOption = None,
    recipe: RecipeOption = None,
    store: StoreOption = None,
) -> None:
    """Run ingest, analysis and release through the scheduler, and show what came out."""
    _road(Settings.from_environment(store=store, library=library, catalog=catalog, recipe=recipe))


@airflow_app.command("ui")
def airflow_ui(
    library: LibraryOption = None,
    catalog: CatalogOption = None,
    recipe: RecipeOption = None,
    store: StoreOption = None,
    port: Annotated[int | None, typer.Option(help="Port on loopback; a free one if none.")] = None,
) -> None:
    """Keep Airflow's pages up until Ctrl-C."""
    from curation.launch import keep_up

    settings = Settings.from_environment(
        store=store, library=library, catalog=catalog, recipe=recipe
    )
    keep_up(settings, port, tell)


def main() -> None:
    """The program. Errors of our own are told in one line; anything else is a defect and shown."""
    try:
        app()
    except Exception as error:
        if not type(error).__module__.startswith("curation."):
            raise
        typer.echo(f"error: {error}", err=True)
        sys.exit(BAD_INPUT_EXIT)


def _json_object(path: Path) -> dict[str, Any]:
    try:
        value = strict_json.loads(path.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise typer.BadParameter(f"{path} is not readable JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{path} holds no JSON object")
    return value


def _instant(text: str | None) -> Any:
    from datetime import datetime

    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 instant") from error
    if value.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset; write 2026-11-01T00:00:00Z")
    return value


def _table(columns: Any, rows: Any, title: str | None = None) -> None:
    from rich.console import Console
    from rich.table import Table

    rows = [tuple(row) for row in rows]
    if len(columns) > RECORD_COLUMNS:
        _records(columns, rows)
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for position, column in enumerate(columns):
        numeric = all(isinstance(row[position], int | float) for row in rows) and bool(rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console = Console()
    console = console if console.is_terminal else Console(width=160)
    console.print(table)


def _records(columns: Any, rows: list[tuple[Any, ...]]) -> None:
    """What is too wide for a table, one value a line."""
    width = max(map(len, columns))
    for number, row in enumerate(rows, start=1):
        typer.echo(f"-- {number} of {len(rows)}")
        for column, value in zip(columns, row, strict=True):
            typer.echo(f"{column:{width}}  {'' if value is None else value}")


def _stations(settings: Settings, release: str | None) -> None:
    from curation.report.stations import stations

    _table(
        ("station", "what", "in", "on", "left out, by reason"),
        [_station_row(s) for s in stations(_connection(settings), release)],
    )


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


def _connection(settings: Settings, known_at: datetime | None = None) -> DuckDBPyConnection:
    from curation.tables import Store, StoreError
    from curation.tables.query import connect

    store = Store.at(settings.store)
    if not (store.place / "tables").exists():
        raise StoreError(f"no store is at {store}; check --store, or begin with `curation ingest`")
    return connect(store, known_at)


def _answer(connection: DuckDBPyConnection, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows, by way of Arrow, which needs no time zone library of its own."""
    relation: Any = connection.sql(sql)
    if relation is None:
        return [], []
    table = relation.to_arrow_table()
    columns = [column.to_pylist(maps_as_pydicts="strict") for column in table.columns]
    return list(table.column_names), list(zip(*columns, strict=True))


def _road(settings: Settings) -> None:
    from curation.embedded import EmbeddedError
    from curation.launch import run
    from curation.tables import StoreError

    try:
        run(settings, tell)
    except EmbeddedError:
        try:
            _stations(settings, None)
        except StoreError as nothing_yet:
            tell(str(nothing_yet))
        raise
    _stations(settings, None)
    _closing(settings)


def _closing(settings: Settings) -> None:
    from curation.report.stations import newest_release
    from curation.tables import Store

    connection = _connection(settings)
    name = newest_release(connection)
    typer.echo(f"\nrelease: {Store.at(settings.store).release(name or '')}")
    shown = (
        "SELECT title, lighting.key_style.label AS key_style, count(*) AS shots, "
        "round(sum(seconds), 1) AS seconds FROM tagged_shots JOIN selections USING (shot_id) "
        "JOIN newest_release USING (release_id) WHERE status = 'released' "
        "GROUP BY ALL ORDER BY ALL"
    )
    why = (
        "SELECT title, station, reasons, count(*) AS shots FROM left_out GROUP BY ALL ORDER BY ALL"
    )
    for sql in (shown, why):
        typer.echo(f'\n{sys.argv[0]} query --store {settings.store} "{sql}"')
        _table(*_answer(connection, sql))


if __name__ == "__main__":
    main()
