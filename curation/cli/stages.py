"""The road, a verb a stage: ingest, analyze, release."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.cli.inputs import instant
from curation.cli.options import (
    DEMO_RECIPE,
    CatalogOption,
    ExhaustiveOption,
    LibraryOption,
    StoreOption,
    example,
)
from curation.cli.stations import show_stations, tables_of, tell_of_cut_lists
from curation.console import show, tell
from curation.settings import Settings

app = typer.Typer()


@app.command(epilog=example("ingest --catalog examples/catalog"))
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


@app.command(epilog=example("analyze"))
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
        with tables_of(settings) as connection:
            tell_of_cut_lists(connection)
    else:
        tell("no film is new: all were looked at by this version")


@app.command(epilog=example(f"release {DEMO_RECIPE}"))
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
    done = stages.release(settings, order, known_at=instant(known_at), tell=tell)
    show_stations(settings, done.release_id)
    typer.echo(f"{settings.store}/releases/{done.release_id}")
