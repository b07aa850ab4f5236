"""`curation count`: how many shots bear each label of a facet, and how many truly do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from curation.cli.inputs import one_of
from curation.cli.options import StoreOption, example
from curation.cli.stations import tables_of
from curation.console import FORMATS, InputError, show, tell, write_csv, write_json
from curation.settings import Settings
from curation.tags.protocol import UNKNOWN

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from curation.embeddings.contexts import Contexts
    from curation.report.counts import LabelCount
    from curation.tags.protocol import HeldOut

app = typer.Typer()

COLUMNS = (
    *("label", "raw", "confident", "corrected", "low", "high", "films"),
    *("contexts", "no_vector", "verdict"),
)
MANY = 100_000
"""Shots from which contexts are counted only where that is asked: they take minutes, and of ten
times as many shots a hundred times as long."""


@app.command(epilog=example("count lighting.key_style --where \"kind = 'picture'\""))
def count(
    facet: Annotated[str, typer.Argument(help="As in tagged_shots.", metavar="TAGGER.FACET")],
    store: StoreOption = None,
    where: Annotated[
        str | None, typer.Option(help="Count shots of which this SQL over tagged_shots is true.")
    ] = None,
    contexts: Annotated[
        bool | None,
        typer.Option("--contexts/--no-contexts", help=f"Counted of {MANY:,} shots at most."),
    ] = None,
    output: Annotated[str, typer.Option("--format", help="table, csv, json or jsonl.")] = "table",
) -> None:
    """Count the shots of each label: raw, confident, corrected, and their contexts.

    Raw counts a shot by its likeliest label, confident by the one it was
    tagged with. Corrected is (p - FPR) / (TPR - FPR), by what the tagger's
    maker measured; 95 times in 100 the truth is between low and high. It is
    refused where TPR - FPR is under 0.3. Contexts are the confident shots no
    two of which look alike: a hundred shots of one room are about one.
    """
    from curation.report.counts import counts, makers

    one_of(output, FORMATS)
    family, _, name = facet.partition(".")
    if not name:
        raise InputError(f"{facet!r} names no facet; write tagger and facet: lighting.key_style")
    with tables_of(Settings.from_environment(store=store)) as connection:
        labels, held_out = _known(makers(connection, family, name), name)
        lines = counts(connection, family, name, labels=labels, held_out=held_out, where=where)
        many = sum(line.confident for line in lines if line.label != UNKNOWN)
        if contexts is None and many > MANY:
            tell(f"contexts of {many:,} shots are not counted; --contexts does so all the same")
        looks = {}
        if contexts or (contexts is None and many <= MANY):
            looks = _contexts(connection, family, name, where)
    rows = [_row(line, looks.get(line.label)) for line in lines]
    if output == "table":
        show(COLUMNS, rows)
        if held_out is not None:
            tell(f"errors were measured on {held_out.scenes} scenes held out; here they may differ")
    elif output == "csv":
        write_csv(COLUMNS, rows)
    else:
        write_json(COLUMNS, rows, lines=output == "jsonl")


def _contexts(
    connection: DuckDBPyConnection, family: str, facet: str, where: str | None
) -> dict[str, Contexts]:
    """The contexts of each label; none where they cannot be counted, which is told."""
    from curation.embeddings.contexts import ContextError
    from curation.report.counts import label_contexts

    try:
        found = label_contexts(connection, family, facet, where=where)
    except ContextError as error:
        tell(f"contexts are not counted: {error}")
        return {}
    if unseen := sum(one.unseen for one in found.values()):
        tell(f"{unseen:,} of the shots have no vector: of them contexts are not known")
    return found


def _row(line: LabelCount, look: Contexts | None) -> tuple[str | int | None, ...]:
    estimate = line.corrected
    interval = (estimate.count, estimate.low, estimate.high) if estimate else (None,) * 3
    looks = (look.contexts, look.unseen) if look else (None, None)
    return (line.label, line.raw, line.confident, *interval, line.films, *looks, line.verdict)


def _known(makers: list[tuple[str, str]], facet: str) -> tuple[tuple[str, ...], HeldOut | None]:
    """A facet's labels, and its errors where the tags are of the version measured."""
    from curation.tags import taggers
    from curation.tags.protocol import card_of

    installed = {tagger.name: tagger for tagger in taggers()}
    tagger = installed.get(makers[0][0])
    if tagger is None:
        return (), None
    labels = next((one.labels for one in tagger.facets if one.name == facet), ())
    card = card_of(tagger)
    held_out = card.facets.get(facet) if card else None
    if held_out is None or not set(held_out.labels) <= set(labels):
        return labels, None
    if makers != [(tagger.name, tagger.label_version)]:
        tell(f"some labels are of another version of {tagger.name}; relabel: curation analyze")
        return labels, None
    return labels, held_out
