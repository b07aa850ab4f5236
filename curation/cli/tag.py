"""`curation tag`: the tags of films, without a store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from curation.cli.inputs import one_of
from curation.cli.options import FILM, DeviceOption, ExhaustiveOption, example
from curation.settings import Settings

app = typer.Typer()


@app.command(epilog=example(f"tag --tagger lighting {FILM}"))
def tag(
    films: Annotated[list[Path], typer.Argument(help="Film files.", metavar="FILES...")],
    tagger: Annotated[
        list[str] | None, typer.Option(help="A tagger; all if none is named.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="jsonl.")] = "jsonl",
    device: DeviceOption = "auto",
    exhaustive: ExhaustiveOption = False,
) -> None:
    """Tag the shots of films, one JSON line a shot."""
    from curation.analysis import tag_film

    one_of(output, ("jsonl",))
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
