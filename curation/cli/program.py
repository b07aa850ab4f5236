"""The program: its verbs in the order in which a person meets them, and its errors in words."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

import curation
from curation.cli import (
    airflow,
    ask,
    clear,
    count,
    discard,
    keys,
    recipe,
    search,
    sheet,
    shots,
    show,
    stages,
    tag,
    taggers,
    verify,
)
from curation.console import InputError, one_line, tell

BAD_INPUT_EXIT = 2

app = typer.Typer(
    name="curation",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for _verbs in (
    stages.app,
    verify.app,
    show.app,
    keys.app,
    discard.app,
    ask.app,
    count.app,
    clear.app,
    shots.app,
    sheet.app,
    search.app,
    tag.app,
    taggers.app,
):
    app.add_typer(_verbs)
app.add_typer(recipe.app, name="recipe")
app.add_typer(airflow.app, name="airflow")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(curation.__version__)
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """A film library in; every frame that may lawfully be learned from out."""


def main() -> None:
    """The program. What a person can mend is told in one line; anything else is a defect, shown."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        exit_status = app(prog_name=app.info.name, standalone_mode=False)
    except Exception as error:
        said = _in_words(error)
        if said is None:
            raise
        if said:
            tell(f"error: {said}")
        sys.exit(BAD_INPUT_EXIT)
    sys.exit(exit_status or 0)


def _in_words(error: Exception) -> str | None:
    """What to tell of an error; None for a defect of ours, nothing where help was shown instead.

    Errors of the command line are known by ``format_message``: Typer brings its own copy of Click.
    """
    from curation.embedded import EmbeddedError

    if isinstance(error, InputError):
        return one_line(error)
    if callable(say := getattr(error, "format_message", None)):
        if type(error).__name__ == "NoArgsIsHelpError":
            return ""
        command = getattr(getattr(error, "ctx", None), "command_path", "curation")
        return f"{one_line(ValueError(say())).rstrip('.')}; see `{command} --help`"
    if isinstance(error, EmbeddedError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        place = "the output" if error.filename is None else error.filename
        return f"{place}: {error.strerror}; check the place and its permissions"
    if type(error).__module__.startswith("curation."):
        return one_line(error)
    return None
