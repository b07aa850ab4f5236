"""`curation show`: a release in figures, and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curation.cli.options import StoreOption, example
from curation.cli.stations import newest_release_of
from curation.console import InputError, show, tell
from curation.settings import Settings

app = typer.Typer()


@app.command(name="show", epilog=example("show --page /tmp/release.html"))
def show_release(
    release: Annotated[
        str | None,
        typer.Argument(help="Id of a release in the store, or its place; the newest if none."),
    ] = None,
    store: StoreOption = None,
    page: Annotated[
        Path | None,
        typer.Option(help="Write a page with contact sheets and plots too.", metavar="FILE"),
    ] = None,
) -> None:
    """Show what a release holds: funnel, splits, counts of light.

    The page holds all it shows, opens from disk and needs no network.
    """
    from curation import stages
    from curation.report.release_page import page as pieces
    from curation.report.release_page import read_release

    if page is not None and not page.parent.is_dir():
        raise InputError(f"--page {page}: there is no folder {page.parent}; make it first")
    settings = Settings.from_environment(store=store)
    place = stages.place_of(settings, release or newest_release_of(settings))
    found = read_release(place)
    show(("left out at, or released", "because", "shots"), found.funnel())
    typer.echo()
    show(("split", "samples", "hours", "works"), found.splits())
    if light := found.labels("lighting"):
        typer.echo()
        show(("lighting", "label", "samples"), light)
    if page is not None:
        with page.open("w", encoding="utf-8") as file:
            file.writelines(pieces(place, found))
        tell(f"{page}: open it in a browser")
