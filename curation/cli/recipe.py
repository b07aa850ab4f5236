"""`curation recipe`: what a recipe would select and why not, and the schema that it has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from curation.cli.inputs import instant, one_of
from curation.cli.options import DEMO_RECIPE, LibraryOption, StoreOption, example
from curation.console import show, tell, write_csv
from curation.settings import Settings

if TYPE_CHECKING:
    from curation.dataset.selection.funnel import Checked, Step

app = typer.Typer(help="What a recipe would select, and the schema of recipes.")

MOST_REASONS = 4
"""Reasons that a line of the table names; JSON and CSV name all."""

_COLUMNS = ("step", "shots", "clips", "hours", "titles", "left out, by reason")


@app.command(epilog=example(f"recipe check {DEMO_RECIPE}"))
def check(
    recipe: Annotated[str, typer.Argument(help="Recipe in YAML.")],
    store: StoreOption = None,
    library: LibraryOption = None,
    known_at: Annotated[
        str | None, typer.Option(help="Decide as of this instant (ISO 8601 with offset).")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
) -> None:
    """Say what a recipe would select and why not the rest; nothing is cut.

    Each line is what a step leaves. The release is planned by the same code.
    """
    from curation import stages
    from curation.cli.stations import tables_of
    from curation.dataset.recipe import read_recipe
    from curation.storage import Place

    one_of(output, ("table", "json", "csv"))
    settings = Settings.from_environment(store=store, library=library, recipe=recipe)
    order = read_recipe(Place.parse(settings.recipe))
    tables_of(settings).close()
    found = stages.check_recipe(settings, order, known_at=instant(known_at))
    if output == "json":
        typer.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    elif output == "csv":
        lines = [_line(step, None) for step in (*found.steps, *found.splits)]
        write_csv(_COLUMNS, lines)
    else:
        _show(found)


@app.command(epilog=example("recipe schema"))
def schema() -> None:
    """Print the JSON Schema of recipes."""
    from curation.dataset.recipe.form import recipe_schema

    typer.echo(recipe_schema(), nl=False)


def _show(found: Checked) -> None:
    show(_COLUMNS, [_line(step, MOST_REASONS) for step in found.steps])
    if any(split.clips for split in found.splits):
        typer.echo()
        show(("split", *_COLUMNS[1:5]), [_line(split, 0)[:5] for split in found.splits])
    if found.minima:
        typer.echo()
        show(
            ("at least, per", "value", "wanted", "found", "met"),
            [
                (one.per, one.value, one.wanted, one.found, "yes" if one.is_met else "NO")
                for one in found.minima
            ],
        )
    for remark in found.remarks:
        tell(remark)
    if any(one.must and not one.is_met for one in found.minima):
        tell("the release would be refused: a minimum is missed that says otherwise: fail")
    if not found.steps[-1].clips:
        tell("nothing would be released; the step that leaves none says why")


def _line(step: Step, most: int | None) -> tuple[str, int, int, float, int, str]:
    said = [f"{reason} {clips:,}" for reason, clips in step.left_out[:most]]
    more = len(step.left_out) - len(said)
    said += [f"{more} more"] if more and said else []
    hours = round(step.seconds / 3600, 4)
    return step.name, step.shots, step.clips, hours, step.titles, ", ".join(said)
