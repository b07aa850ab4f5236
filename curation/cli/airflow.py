"""`curation airflow`: the DAGs on an Airflow of our own."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from curation.cli.options import (
    DEMO_RECIPE,
    CatalogOption,
    LibraryOption,
    RecipeOption,
    StoreOption,
    example,
)
from curation.cli.stations import answer, show_stations, tables_of
from curation.console import show, tell
from curation.settings import Settings

app = typer.Typer(help="Run the DAGs on an Airflow of our own.", no_args_is_help=True)

DEMO_PLACES = f"--library examples/library --catalog examples/catalog --recipe {DEMO_RECIPE}"


@app.command("demo", epilog=example("airflow demo"))
def airflow_demo(store: StoreOption = None) -> None:
    """Run the whole road on the example library, whose catalog shows every outcome."""
    _road(Settings.from_environment({}, store=store, recipe=DEMO_RECIPE))


@app.command("run", epilog=example(f"airflow run {DEMO_PLACES}"))
def airflow_run(
    library: LibraryOption = None,
    catalog: CatalogOption = None,
    recipe: RecipeOption = None,
    store: StoreOption = None,
) -> None:
    """Run ingest, analysis and release through the scheduler, and show what came out."""
    _road(Settings.from_environment(store=store, library=library, catalog=catalog, recipe=recipe))


@app.command("ui", epilog=example("airflow ui --port 8080"))
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


def _road(settings: Settings) -> None:
    from curation.embedded import EmbeddedError
    from curation.launch import run
    from curation.tables import StoreError

    try:
        run(settings, tell)
    except EmbeddedError:
        try:
            show_stations(settings, None)
        except StoreError as nothing_yet:
            tell(str(nothing_yet))
        raise
    show_stations(settings, None)
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
    with tables_of(settings) as connection:
        name = newest_release(connection)
        typer.echo(f"\nrelease: {Store.at(settings.store).release(name or '')}")
        for sql in (shown, why):
            typer.echo(f'\n{sys.argv[0]} query --store {settings.store} "{sql}"')
            show(*answer(connection, sql))
