"""`curation discard`: away with what a release that was cut short has left in the store."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.cli.options import StoreOption, example
from curation.settings import Settings

app = typer.Typer()


@app.command(epilog=example("discard"))
def discard(
    release: Annotated[
        str | None,
        typer.Argument(help="Id of an unfinished release; without it they are listed."),
    ] = None,
    store: StoreOption = None,
    in_use: Annotated[
        bool, typer.Option("--in-use", help="Even if it was touched within the last hour.")
    ] = False,
    with_manifest: Annotated[
        bool, typer.Option("--with-manifest", help="Even if it holds a manifest: nobody has it.")
    ] = False,
) -> None:
    """List releases that were begun and not finished, or remove what one left behind.

    One that was published stays; one that holds a manifest too, unless it is asked for.
    """
    from curation import stages
    from curation.dataset.leftovers import leftovers
    from curation.tables import Store

    settings = Settings.from_environment(store=store)
    if release is None:
        found = leftovers(Store.at(settings.store))
        for one in found:
            typer.echo(str(one))
        if not found:
            typer.echo("no release is unfinished")
        return
    gone = stages.discard(settings, release, in_use=in_use, with_manifest=with_manifest)
    typer.echo(f"{gone.release_id}: {gone.files} files, {gone.bytes:,} bytes removed")
