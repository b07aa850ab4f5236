"""The command line: one verb a stage, and a few for looking."""

from __future__ import annotations

import json
import re
import shutil
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curation import strict_json
from curation.console import FORMATS, InputError, one_line, show, tell, write_csv, write_json
from curation.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from curation.analysis import Conformed
    from curation.cutlists import Conform
    from curation.report.stations import Station
    from curation.rights import Request, Rulebook
    from curation.shots import Transition
    from curation.shots.score import Truth

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
ExhaustiveOption = Annotated[
    bool, typer.Option("--exhaustive", help="Decode every frame, not only those that matter.")
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
DEMO_PLACES = f"--library examples/library --catalog examples/catalog --recipe {DEMO_RECIPE}"
_MAKE_RELEASE = f"make one: curation release {DEMO_RECIPE}"
VIEWS = {
    "tagged_shots": "one row a shot with film, work and every tag, for filters and queries",
    "newest_release": "the release published last",
    "left_out": "every film and shot that is not in the newest release: station and reasons",
    "linked_evidence": "the studio's work that an avail or a claim is about, by id or EIDR",
}
CLEAR = "examples/clearance"
FILM = "examples/library/vfr_phone.mp4"
MOST_NOTES = 10
"""Remarks on one cut list that are told."""
HELP_WIDTH = 76
"""Columns of an example that is not broken, by backslashes, at its options."""
ALLOW_EXIT, REVIEW_EXIT, DENY_EXIT, BAD_INPUT_EXIT = 0, 3, 4, 2


def _example(arguments: str) -> str:
    """An example that works where it is pasted: with the program as it was called."""
    called = sys.argv[0] if Path(sys.argv[0]).name == "curation" else "curation"
    program = "curation" if shutil.which("curation") == called else called
    command = f"{program} {arguments}"
    if len(command) > HELP_WIDTH:
        command = command.replace(" --", " \\\n    --")
    return f"Example:\n[dim]{command}[/dim]"


@app.command(epilog=_example("ingest --catalog examples/catalog"))
def ingest(
    store: StoreOption = None,
    library: LibraryOption = None,
    catalog: CatalogOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let most of what the store holds go.")
    ] = False,
) -> None:
    """Read the catalog, check every row, and know each film file by its content.

    Every row is accepted or quarantined. Rows gone are those that the store holds and the catalog
    does not state any more.
    """
    from curation import stages

    settings = Settings.from_environment(store=store, library=library, catalog=catalog)
    done = stages.ingest(settings, replace=replace, tell=tell)
    if not done.was_read:
        tell("no byte has changed since the last reading, so nothing was read again")
    tallies = [*sorted(done.tables.items()), ("all", done.total)]
    show(
        ("table", "rows", "accepted", "new", "changed", "unchanged", "quarantined", "gone"),
        [
            (name, t.read, t.accepted, t.new, t.changed, t.unchanged, t.quarantined, t.removed)
            for name, t in tallies
        ],
    )
    if done.quarantined:
        typer.echo()
        show(("quarantined because", "rows"), sorted(done.quarantined.items()))
        tell('see them: curation query "SELECT * FROM quarantine"')


@app.command(epilog=_example("analyze"))
def analyze(
    store: StoreOption = None,
    library: LibraryOption = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    exhaustive: ExhaustiveOption = False,
    retry_failed: Annotated[bool, typer.Option(help="Try failed films again.")] = False,
) -> None:
    """Look at each new film once: find its shots, measure and tag them."""
    from curation import stages

    settings = Settings.from_environment(
        store=store, library=library, device=device, look="exhaustive" if exhaustive else None
    )
    counts = stages.analyse(settings, retry_failed=retry_failed, tell=tell)
    if counts:
        show(("films", "count"), sorted(counts.items()))
    else:
        tell("nothing to do: every film is analysed by this version")


@app.command(epilog=_example("release examples/recipes/lab-pretraining.yaml"))
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


@app.command(epilog=_example("verify"))
def verify(
    release: Annotated[
        str | None,
        typer.Argument(help="Id of a release in the store, or its place; the newest if none."),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Check a release again from its bytes: every hash, row, decision and clip."""
    from curation import stages

    settings = Settings.from_environment(store=store)
    found = stages.verify(settings, release or _newest_release(settings), tell=tell)
    for fault in found.faults:
        typer.echo(f"FAULT {fault}")
    typer.echo(
        f"{found.release_id}: {found.files} files, {found.samples} samples, {found.clips} clips "
        f"played, {len(found.faults)} faults, "
        + ("anchored in the store" if found.anchored else "not anchored: held against itself only")
    )
    if not found.good:
        raise typer.Exit(1)


@app.command(epilog=_example("status"))
def status(
    store: StoreOption = None,
    release: Annotated[str | None, typer.Option(help="A release; the newest if none.")] = None,
) -> None:
    """Show the station table: what entered, what passed, what was left out and why."""
    _stations(Settings.from_environment(store=store), release)


@app.command(epilog=_example('query "SELECT title, count(*) FROM tagged_shots GROUP BY 1"'))
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

    _one_of(output, FORMATS)
    with _connection(Settings.from_environment(store=store), _instant(known_at)) as connection:
        try:
            columns, rows = _answer(connection, sql)
        except duckdb.Error as error:
            raise InputError(f"{one_line(error)}; see `curation tables`") from error
        if re.search(r"\b(left_out|newest_release)\b", sql, re.IGNORECASE):
            _hint_at_release(connection)
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


@app.command(epilog=_example("tables tagged_shots"))
def tables(
    name: Annotated[str | None, typer.Argument(help="A table, to see its columns.")] = None,
    store: StoreOption = None,
) -> None:
    """List the tables with their rows, or the columns of one."""
    from curation.tables import StoreError, schemas

    known = [*schemas(), *VIEWS]
    if name is not None and name not in known:
        raise StoreError(f"no table is called {name!r}; known: {', '.join(known)}")
    with _connection(Settings.from_environment(store=store)) as connection:
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


@app.command(
    epilog=_example(f"clear --rulebook {CLEAR}/rulebook.json --request {CLEAR}/request.json")
)
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
        str | None, typer.Option(help="All of this work instead, as a table an edit.", metavar="ID")
    ] = None,
) -> None:
    """Decide one request; exit status 0 ALLOW, 3 REVIEW, 4 DENY, 2 bad input.

    Of tables, the status is that of the worst line; frames are those of the edit's own timeline,
    the first of which is 0. A whole title is a table for each of its edits.
    """
    from dataclasses import replace

    from curation.report import decisions
    from curation.rights import Outcome, PerformerGate, decide

    exits = {Outcome.ALLOW: ALLOW_EXIT, Outcome.REVIEW: REVIEW_EXIT, Outcome.DENY: DENY_EXIT}
    if explain and (table or work):
        raise InputError("--explain is about one span; leave out --table and --work")
    _one_of(performer_gate, tuple(PerformerGate), option="--performer-gate")
    gate = PerformerGate(performer_gate)
    book, asked = _rulebook(rulebook), _request(request)
    if work is not None:
        asked = replace(asked, work_id=work, span=None)
    if table or work is not None:
        lines: list[decisions.Line] = []
        for name in decisions.edits_asked(book, asked):
            if lines:
                typer.echo()
            one = replace(asked, work_id=name)
            found = decisions.title_lines(book, one, performer_gate=gate)
            show(
                (_frames_of(book, one), "outcome", "reasons", "rows"),
                [line.cells() for line in found],
                title=decisions.question(book, one),
            )
            lines += found
        raise typer.Exit(exits[decisions.worst(lines)])
    decision = decide(book, asked, performer_gate=gate)
    if explain:
        typer.echo(decisions.explain(book, asked, performer_gate=gate))
    else:
        typer.echo(json.dumps(decision.to_json(), indent=1, ensure_ascii=False))
    raise typer.Exit(exits[decision.outcome])


@app.command(epilog=_example(f"shots {FILM} --format edl"))
def shots(
    film: Annotated[Path, typer.Argument(help="A film file.", metavar="FILE")],
    output: Annotated[
        str, typer.Option("--format", help="table, json, csv, edl or otio.")
    ] = "table",
    cut_list: Annotated[
        str | None,
        typer.Option(help="The editor's own list: EDL, OTIO or IMF CPL.", metavar="FILE"),
    ] = None,
    cut_list_offset: Annotated[
        int, typer.Option(help="The film's frame at which the list begins.", metavar="FRAME")
    ] = 0,
    compare: Annotated[
        Path | None,
        typer.Option(help="A truth file: score against it instead.", metavar="TRUTH"),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    exhaustive: ExhaustiveOption = False,
) -> None:
    """Find the shots of one film, with their transitions.

    A cut list is checked against the picture and then taken as the truth: a boundary where the
    picture does not change, and a clear cut that is not listed, are reported.
    """
    from curation.analysis import conformed, find_shots, to_conform
    from curation.report import boundaries
    from curation.storage import Place

    _one_of(output, ("table", "json", "csv", "edl", "otio"))
    if compare is not None and output not in ("table", "json"):
        raise InputError("--compare prints figures; give --format table or json with it")
    truth = None if compare is None else _truth(compare)
    listed = None if cut_list is None else Place.parse(cut_list)
    if listed is not None:
        listed.entry()  # told before the film is looked at, which takes a while
    settings = Settings.from_environment(device=device)
    found = find_shots(film, settings.device, exhaustive=exhaustive or settings.exhaustive)
    if listed is not None:
        agreed = conformed(film, found, listed, cut_list_offset)
        found = agreed.shots
        _tell_of_list(agreed, to_conform(film, found))
    named = to_conform(film, found)
    if truth is not None:
        _scores(truth, found.transitions, named, as_json=output == "json")
    elif output == "json":
        typer.echo(json.dumps(found.to_truth(), indent=1))
    elif output == "edl":
        from curation.cutlists import to_edl

        typer.echo(to_edl(named), nl=False)
    elif output == "otio":
        from curation.cutlists import to_otio

        typer.echo(json.dumps(to_otio(named), indent=1, ensure_ascii=False))
    elif output == "csv":
        spans = [
            (float(found.timeline.seconds(s.start)), float(found.timeline.seconds(s.end)))
            for s in found.shots
        ]
        write_csv(boundaries.SHOTS_CSV, list(boundaries.shot_cells(named, spans)))
    else:
        starts = [float(found.timeline.seconds(shot.start)) for shot in found.shots]
        show(boundaries.SHOTS, list(boundaries.shot_rows(named, starts)))


@app.command(epilog=_example(f"tag --tagger lighting {FILM}"))
def tag(
    films: Annotated[list[Path], typer.Argument(help="Film files.", metavar="FILES...")],
    tagger: Annotated[
        list[str] | None, typer.Option(help="A tagger; all if none is named.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="jsonl.")] = "jsonl",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    exhaustive: ExhaustiveOption = False,
) -> None:
    """Tag the shots of films, one JSON line a shot."""
    from curation.analysis import tag_film

    _one_of(output, ("jsonl",))
    settings, failed = Settings.from_environment(device=device), False
    for film in films:
        for line in tag_film(
            film,
            tagger or None,
            settings.device,
            exhaustive=exhaustive or settings.exhaustive,
        ):
            failed = failed or "error" in line
            typer.echo(json.dumps(line, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)


@airflow_app.command("demo", epilog=_example("airflow demo"))
def airflow_demo(store: StoreOption = None) -> None:
    """Run the whole road on the example library, whose catalog shows every outcome."""
    _road(Settings.from_environment({}, store=store, recipe=DEMO_RECIPE))


@airflow_app.command("run", epilog=_example(f"airflow run {DEMO_PLACES}"))
def airflow_run(
    library: LibraryOption = None,
    catalog: CatalogOption = None,
    recipe: RecipeOption = None,
    store: StoreOption = None,
) -> None:
    """Run ingest, analysis and release through the scheduler, and show what came out."""
    _road(Settings.from_environment(store=store, library=library, catalog=catalog, recipe=recipe))


@airflow_app.command("ui", epilog=_example("airflow ui --port 8080"))
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
    """The program. What a person can mend is told in one line; anything else is a defect, shown."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = app(prog_name=app.info.name, standalone_mode=False)
    except Exception as error:
        said = _in_words(error)
        if said is None:
            raise
        if said:
            tell(f"error: {said}")
        sys.exit(BAD_INPUT_EXIT)
    sys.exit(status or 0)


def _in_words(error: Exception) -> str | None:
    """What to tell of an error; None for a defect of ours, nothing where help was shown instead.

    Errors of the command line are known by ``format_message``: Typer brings its own copy of Click.
    """
    from curation.embedded import EmbeddedError

    if isinstance(error, InputError):
        return one_line(error)
    if callable(say := getattr(error, "format_message", None)):
        if type(error).__name__ == "NoArgsIsHelpError":
            return ""
        command = getattr(getattr(error, "ctx", None), "command_path", "curation")
        return f"{one_line(ValueError(say())).rstrip('.')}; see `{command} --help`"
    if isinstance(error, EmbeddedError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        place = "the output" if error.filename is None else error.filename
        return f"{place}: {error.strerror}; check the place and its permissions"
    if type(error).__module__.startswith("curation."):
        return one_line(error)
    return None


def _one_of(value: str, offered: tuple[str, ...], *, option: str = "--format") -> None:
    if value not in offered:
        raise InputError(f"{option} {value!r} is unknown; give one of {', '.join(offered)}")


def _truth(path: Path) -> Truth:
    """A truth file of shot boundaries."""
    from curation.shots.score import Truth, TruthError

    try:
        return Truth.from_json(_json_object(path))
    except TruthError as error:
        raise InputError(f"{path}: {one_line(error)}") from error


def _tell_of_list(agreed: Conformed, film: Conform) -> None:
    """Remarks on a cut list, and where it and the picture differ."""
    for note in agreed.notes[:MOST_NOTES]:
        tell(f"cut list: {note}")
    if (more := len(agreed.notes) - MOST_NOTES) > 0:
        tell(f"cut list: and {more} more remarks")
    for one in agreed.disagreements:
        tell(f"{film.timecode(one.frame)} (frame {one.frame}): {one.what}")
    count = len(agreed.disagreements)
    tell(f"cut list: {count} disagreements with the picture; the list was taken as the truth")


def _scores(truth: Truth, found: list[Transition], film: Conform, *, as_json: bool) -> None:
    """The figures of a comparison, and every boundary missed or falsely found."""
    from curation.report import boundaries
    from curation.shots.score import score

    got = score(truth, found)
    figures, errors = list(boundaries.figures(got)), boundaries.errors(got, film)
    if as_json:
        said = {
            "figures": [dict(zip(boundaries.FIGURES, row, strict=True)) for row in figures],
            "errors": [dict(zip(boundaries.ERRORS, row, strict=True)) for row in errors],
        }
        typer.echo(json.dumps(said, indent=1))
        return
    show(boundaries.FIGURES, figures)
    if errors:
        typer.echo()
        show(boundaries.ERRORS, errors)


def _rulebook(path: Path) -> Rulebook:
    """The rulebook in a file, with what a catalog refuses of it refused here too."""
    from curation.catalog.blanks import empty_text
    from curation.rights import Rulebook, RulebookError

    data = _json_object(path)
    for table, rows in data.items():
        for number, row in enumerate(rows if isinstance(rows, list) else (), start=1):
            if isinstance(row, dict) and (field := empty_text(table, row)):
                name = row.get("rule_id") or row.get("party_id") or f"row {number}"
                raise InputError(
                    f"{path}: {table} {name}: {field} is empty text, which says nothing; state it "
                    "or leave the field out"
                )
    try:
        return Rulebook.from_json(data)
    except RulebookError as error:
        raise InputError(f"{path}: {one_line(error)}") from error


def _request(path: Path) -> Request:
    from curation.rights import Request, RequestError

    try:
        return Request.from_json(_json_object(path))
    except RequestError as error:
        raise InputError(f"{path}: {one_line(error)}") from error


def _frames_of(book: Rulebook, asked: Request) -> str:
    """The heading of frames: they are counted in one edit, so a work above edits has none."""
    work = book.work(asked.work_id, asked.known_at)
    is_framed = work is not None and work.level in ("edit", "manifestation")
    return f"frames of {asked.work_id}" if is_framed else "frames, in whichever edit"


def _json_object(path: Path) -> dict[str, Any]:
    try:
        value = strict_json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; check the path") from error
    except ValueError as error:
        raise InputError(f"{path} is not readable JSON: {one_line(error)}; mend it") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no JSON object; write {{…}}")
    return value


def _instant(text: str | None) -> datetime | None:
    from datetime import datetime

    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is no ISO 8601 instant; write it as 2026-11-01T00:00:00Z"
        ) from error
    if value.tzinfo is None:
        raise InputError(f"{text!r} has no offset; write it as 2026-11-01T00:00:00Z")
    return value


def _stations(settings: Settings, release: str | None) -> None:
    from curation.report.stations import stations

    with _connection(settings) as connection:
        found = stations(connection, release)
    show(
        ("station", "what", "in", "on", "left out, by reason"),
        [_station_row(station) for station in found],
    )


def _newest_release(settings: Settings) -> str:
    from curation.report.stations import newest_release

    with _connection(settings) as connection:
        name = newest_release(connection)
    if name is None:
        raise InputError(f"{settings.store} holds no release yet; {_MAKE_RELEASE}")
    return name


def _hint_at_release(connection: DuckDBPyConnection) -> None:
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

    shown = (
        "SELECT title, lighting.key_style.label AS key_style, count(*) AS shots, "
        "round(sum(seconds), 1) AS seconds FROM tagged_shots JOIN selections USING (shot_id) "
        "JOIN newest_release USING (release_id) WHERE status = 'released' "
        "GROUP BY ALL ORDER BY ALL"
    )
    why = (
        "SELECT title, station, reasons, count(*) AS shots FROM left_out GROUP BY ALL ORDER BY ALL"
    )
    with _connection(settings) as connection:
        name = newest_release(connection)
        typer.echo(f"\nrelease: {Store.at(settings.store).release(name or '')}")
        for sql in (shown, why):
            typer.echo(f'\n{sys.argv[0]} query --store {settings.store} "{sql}"')
            show(*_answer(connection, sql))


if __name__ == "__main__":
    main()
