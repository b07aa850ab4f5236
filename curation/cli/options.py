"""What the verbs have in common: options said once, and examples that can be pasted."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

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
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]

DEMO_RECIPE = "examples/recipes/lab-pretraining.yaml"
FILM = "examples/library/vfr_phone.mp4"
"""The film of the examples."""
HELP_WIDTH = 76
"""Columns of an example that is not broken, by backslashes, at its options."""


def example(arguments: str) -> str:
    """An example that works where it is pasted: with the program as it was called."""
    called = sys.argv[0] if Path(sys.argv[0]).name == "curation" else "curation"
    program = "curation" if shutil.which("curation") == called else called
    command = f"{program} {arguments}"
    if len(command) > HELP_WIDTH:
        command = command.replace(" --", " \\\n    --")
    return f"Example:\n[dim]{command}[/dim]"
