"""`curation tag`: the tags of films and stills, without a store."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from curation.cli.inputs import one_of
from curation.cli.options import FILM, DeviceOption, ExhaustiveOption, example
from curation.console import tell
from curation.settings import Settings

app = typer.Typer()

PROGRESS_S = 15


@app.command(epilog=example(f"tag --tagger lighting {FILM}"))
def tag(
    films: Annotated[list[Path], typer.Argument(help="Films and stills.", metavar="FILES...")],
    tagger: Annotated[
        list[str] | None, typer.Option(help="A tagger or a family of them; all if none is named.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="jsonl.")] = "jsonl",
    device: DeviceOption = "auto",
    exhaustive: ExhaustiveOption = False,
) -> None:
    """Tag the shots of films, one JSON line a shot; a still is a film of one frame.

    Lines come in the order of the files. One that cannot be read gives a line with its error.
    """
    from curation.analysis import tag_film
    from curation.analysis.notes import is_lack

    one_of(output, ("jsonl",))
    settings, failed = Settings.from_environment(device=device), False
    notes = set[str]()

    def once(note: str) -> None:
        said = note if is_lack(note) else f"{film}: {note}"
        if said not in notes:
            notes.add(said)
            tell(said)

    told = time.monotonic()
    for count, film in enumerate(films):
        if time.monotonic() - told > PROGRESS_S:
            told = time.monotonic()
            tell(f"{count:,} of {len(films):,} files")
        for line in tag_film(
            film,
            tagger or None,
            settings.device,
            exhaustive=exhaustive or settings.exhaustive,
            tell=once,
        ):
            failed = failed or "error" in line
            typer.echo(json.dumps(line, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)
