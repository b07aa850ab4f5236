"""`curation discard`: away with what a release that was cut short has left in the store."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.cli.options import StoreOption, example
from curation.settings import Settings

app = typer.Typer()


@app.command(epilog=example("discard lab-pretraining-0123456789ab"))
def discard(
    release: Annotated[str, typer.Argument(help="Id of an unfinished release; see status.")],
    store: StoreOption = None,
    in_use: Annotated[
        bool, typer.Option("--in-use", help="Even if it was touched within the last hour.")
    ] = False,
) -> None:
    """Remove what a release that was cut short left behind. One that was published stays."""
    from curation import stages

    found = stages.discard(Settings.from_environment(store=store), release, in_use=in_use)
    typer.echo(f"{found.release_id}: {found.files} files, {found.bytes:,} bytes removed")
