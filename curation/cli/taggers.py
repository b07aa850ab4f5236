"""`curation taggers`: the taggers installed here, and what each one answers, runs on and costs."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from curation.cli.inputs import one_of
from curation.cli.options import StoreOption, example
from curation.cli.stations import tables_of
from curation.console import show
from curation.settings import Settings

app = typer.Typer()

FORMATS = ("table", "json", "markdown")


@app.command(epilog=example("taggers"))
def taggers(
    names: Annotated[
        list[str] | None, typer.Argument(help="Taggers or families; all if none.", metavar="NAME")
    ] = None,
    store: StoreOption = None,
    output: Annotated[str, typer.Option("--format", help="table, json or markdown.")] = "table",
) -> None:
    """List the taggers: what they look at, answer, run on and cost; then the embedders.

    What they cost is CPU seconds for a minute of film, over the films of the
    store. As Markdown it is the page docs/taggers.md, the same for any store.
    """
    from curation.embeddings.embedder import embedders
    from curation.report import taggers as report
    from curation.tables import Store
    from curation.tags import taggers as installed

    one_of(output, FORMATS)
    settings, costs = Settings.from_environment(store=store), dict[str, float]()
    if output != "markdown" and (Store.at(settings.store).place / "tables").exists():
        with tables_of(settings) as connection:
            costs = report.costs(connection)
    found = report.entries(installed(names), costs)
    others = () if names else embedders()
    if output == "markdown":
        typer.echo(report.markdown(found, others), nl=False)
    elif output == "json":
        said = [{"kind": "tagger"} | one.to_json() for one in found]
        said += [{"kind": "embedder"} | report.embedder_json(one) for one in others]
        typer.echo("[" + ",\n ".join(map(json.dumps, said)) + "]")
    else:
        show(report.COLUMNS, [one.cells() for one in found])
        if others:
            show(report.EMBEDDERS, [report.embedder_cells(one) for one in others])
