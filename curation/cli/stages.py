"""The road, a verb a stage: ingest, analyze, release, verify."""

from __future__ import annotations

from pathlib import Path
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
from curation.cli.stations import (
    newest_release_of,
    show_stations,
    tables_of,
    tell_of_cut_lists,
)
from curation.console import InputError, show, tell
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
        tell("nothing to do: every film is analysed by this version")


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


@app.command(epilog=example("verify"))
def verify(
    release: Annotated[
        str | None,
        typer.Argument(help="Id of a release in the store, or its place; the newest if none."),
    ] = None,
    store: StoreOption = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(help="Key that must have signed it, in PEM; of several given, one must."),
    ] = None,
    require_signature: Annotated[
        bool, typer.Option("--require-signature", help="An unsigned release is at fault.")
    ] = False,
) -> None:
    """Check a release again from its bytes: every hash, row, decision, paper and clip, and who
    signed it. What could not be checked is said.
    """
    from curation import stages

    settings = Settings.from_environment(store=store)
    if require_signature and not public_key and not settings.signing_key:
        raise InputError("--require-signature: by whom? Name their key: --public-key FILE")
    name = release or newest_release_of(settings)
    keys = public_key or ()
    found = stages.verify(settings, name, keys=keys, signed=require_signature, tell=tell)
    for fault in found.faults:
        typer.echo(f"FAULT {fault}")
    typer.echo(
        f"{found.release_id}: {found.files} files, {found.samples} samples, {found.clips} clips "
        f"played, {len(found.faults)} faults, "
        + ("anchored in the store" if found.anchored else "not anchored: held against itself only")
        + f", {found.seal}"
    )
    for what in found.unchecked:
        typer.echo(f"not checked: {what}")
    if not found.good:
        raise typer.Exit(1)
