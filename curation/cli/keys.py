"""Keys that sign releases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curation.cli.options import example
from curation.console import show, tell

app = typer.Typer()


@app.command(epilog=example("keygen /tmp/studio.pem"))
def keygen(
    file: Annotated[Path, typer.Argument(help="Where the private key is to lie.")],
) -> None:
    """Make the key that signs releases, and its public half for those who verify them.

    A key that is there already is kept. Name it in CURATION_SIGNING_KEY; keep it to yourself.
    """
    from curation.dataset.signature import make_key, public_path

    key = make_key(file)
    show(
        ("key", "value"),
        [
            ("private, for CURATION_SIGNING_KEY", str(file)),
            ("public, for --public-key", str(public_path(file))),
            ("id", key.key_id),
        ],
    )
    tell("whoever has the private key can sign in your name; give away the public one alone")
