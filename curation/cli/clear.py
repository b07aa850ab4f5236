"""`curation clear`: one request decided by a rulebook, as JSON, in words or as a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curation.cli.inputs import json_object, one_of
from curation.cli.options import example
from curation.console import InputError, one_line, show

if TYPE_CHECKING:
    from curation.rights import Request, Rulebook

app = typer.Typer()

CLEAR = "examples/clearance"
ALLOW_EXIT, REVIEW_EXIT, DENY_EXIT = 0, 3, 4


@app.command(
    epilog=example(f"clear --rulebook {CLEAR}/rulebook.json --request {CLEAR}/request.json")
)
def clear(
    rulebook: Annotated[Path, typer.Option(help="Rulebook in JSON.", metavar="FILE")],
    request: Annotated[Path, typer.Option(help="Request in JSON.", metavar="FILE")],
    performer_gate: Annotated[
        str, typer.Option(help="OFF, REPLICA_ONLY or ALL_TRAINING.")
    ] = "ALL_TRAINING",
    explain: Annotated[
        bool, typer.Option("--explain", help="Say it in words: the rows, dates and cures.")
    ] = False,
    table: Annotated[
        bool, typer.Option("--table", help="A line for each piece of the work asked about.")
    ] = False,
    work: Annotated[
        str | None, typer.Option(help="All of this work instead, as a table an edit.", metavar="ID")
    ] = None,
) -> None:
    """Decide one request; exit status 0 ALLOW, 3 REVIEW, 4 DENY, 2 bad input.

    Of tables, the status is that of the worst line; frames are those of the edit's own timeline,
    the first of which is 0. A whole title is a table for each of its edits.
    """
    from dataclasses import replace

    from curation.report import decisions
    from curation.rights import Outcome, PerformerGate, decide

    exits = {Outcome.ALLOW: ALLOW_EXIT, Outcome.REVIEW: REVIEW_EXIT, Outcome.DENY: DENY_EXIT}
    if explain and (table or work):
        raise InputError("--explain is about one span; leave out --table and --work")
    one_of(performer_gate, tuple(PerformerGate), option="--performer-gate")
    gate = PerformerGate(performer_gate)
    book, asked = _rulebook(rulebook), _request(request)
    if work is not None:
        asked = replace(asked, work_id=work, span=None)
    if table or work is not None:
        lines: list[decisions.Line] = []
        for name in decisions.edits_asked(book, asked):
            if lines:
                typer.echo()
            one = replace(asked, work_id=name)
            found = decisions.title_lines(book, one, performer_gate=gate)
            show(
                (_frames_of(book, one), "outcome", "reasons", "rows"),
                [line.cells() for line in found],
                title=decisions.question(book, one),
            )
            lines += found
        raise typer.Exit(exits[decisions.worst(lines)])
    decision = decide(book, asked, performer_gate=gate)
    if explain:
        typer.echo(decisions.explain(book, asked, performer_gate=gate))
    else:
        typer.echo(json.dumps(decision.to_json(), indent=1, ensure_ascii=False))
    raise typer.Exit(exits[decision.outcome])


def _rulebook(path: Path) -> Rulebook:
    """The rulebook in a file, with what a catalog refuses of it refused here too."""
    from curation.catalog.blanks import empty_text
    from curation.rights import Rulebook, RulebookError

    data = json_object(path)
    for table, rows in data.items():
        for number, row in enumerate(rows if isinstance(rows, list) else (), start=1):
            if isinstance(row, dict) and (field := empty_text(table, row)):
                name = row.get("rule_id") or row.get("party_id") or f"row {number}"
                raise InputError(
                    f"{path}: {table} {name}: {field} is empty text, which says nothing; state it "
                    "or leave the field out"
                )
    try:
        return Rulebook.from_json(data)
    except RulebookError as error:
        raise InputError(f"{path}: {one_line(error)}") from error


def _request(path: Path) -> Request:
    from curation.rights import Request, RequestError

    try:
        return Request.from_json(json_object(path))
    except RequestError as error:
        raise InputError(f"{path}: {one_line(error)}") from error


def _frames_of(book: Rulebook, asked: Request) -> str:
    """The heading of frames: they are counted in one edit, so a work above edits has none."""
    work = book.work(asked.work_id, asked.known_at)
    is_framed = work is not None and work.level in ("edit", "manifestation")
    return f"frames of {asked.work_id}" if is_framed else "frames, in whichever edit"
