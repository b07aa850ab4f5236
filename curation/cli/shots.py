"""`curation shots`: the boundaries of one film, found, checked against a list or scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curation.cli.inputs import json_object, one_of
from curation.cli.options import FILM, DeviceOption, ExhaustiveOption, example
from curation.console import InputError, one_line, show, tell, write_csv
from curation.settings import Settings

if TYPE_CHECKING:
    from curation.analysis import Conformed
    from curation.cutlists import Conform
    from curation.shots import Transition
    from curation.shots.score import Truth

app = typer.Typer()

MOST_NOTES = 10
"""Remarks on one cut list that are told."""


@app.command(epilog=example(f"shots {FILM} --format edl"))
def shots(
    film: Annotated[Path, typer.Argument(help="A film file.", metavar="FILE")],
    output: Annotated[
        str, typer.Option("--format", help="table, json, csv, edl or otio.")
    ] = "table",
    cut_list: Annotated[
        str | None,
        typer.Option(help="The editor's own list: EDL, OTIO or IMF CPL.", metavar="FILE"),
    ] = None,
    cut_list_offset: Annotated[
        int, typer.Option(help="The film's frame at which the list begins.", metavar="FRAME")
    ] = 0,
    compare: Annotated[
        Path | None,
        typer.Option(help="A truth file: score against it instead.", metavar="TRUTH"),
    ] = None,
    device: DeviceOption = "auto",
    exhaustive: ExhaustiveOption = False,
) -> None:
    """Find the shots of one film, with their transitions.

    A cut list is checked against the picture and then taken as the truth: a boundary where the
    picture does not change, and a clear cut that is not listed, are reported.
    """
    from curation.analysis import conformed, find_shots, to_conform
    from curation.report import boundaries
    from curation.storage import Place

    one_of(output, ("table", "json", "csv", "edl", "otio"))
    if compare is not None and output not in ("table", "json"):
        raise InputError("--compare prints figures; give --format table or json with it")
    truth = None if compare is None else _truth(compare)
    listed = None if cut_list is None else Place.parse(cut_list)
    if listed is not None:
        listed.entry()  # told before the film is looked at, which takes a while
    settings = Settings.from_environment(device=device)
    found = find_shots(film, settings.device, exhaustive=exhaustive or settings.exhaustive)
    for note in found.notes:
        tell(f"{found.name}: {note}")
    if truth is not None and truth.frames not in (None, len(found.timeline)):
        tell(
            f"{compare}: it is of a film of {truth.frames} frames and {found.name} has "
            f"{len(found.timeline)}; the figures mean nothing unless both are the same film"
        )
    if listed is not None:
        agreed = conformed(film, found, listed, cut_list_offset)
        found = agreed.shots
        _tell_of_list(agreed, to_conform(film, found))
    named = to_conform(film, found)
    if truth is not None:
        _scores(truth, found.transitions, named, as_json=output == "json")
    elif output == "json":
        typer.echo(json.dumps(found.to_truth(), indent=1))
    elif output == "edl":
        from curation.cutlists import to_edl

        typer.echo(to_edl(named), nl=False)
    elif output == "otio":
        from curation.cutlists import to_otio

        typer.echo(json.dumps(to_otio(named), indent=1, ensure_ascii=False))
    elif output == "csv":
        spans = [
            (float(found.timeline.seconds(s.start)), float(found.timeline.seconds(s.end)))
            for s in found.shots
        ]
        write_csv(boundaries.SHOTS_CSV, list(boundaries.shot_cells(named, spans)))
    else:
        starts = [float(found.timeline.seconds(shot.start)) for shot in found.shots]
        show(boundaries.SHOTS, list(boundaries.shot_rows(named, starts)))


def _truth(path: Path) -> Truth:
    """A truth file of shot boundaries."""
    from curation.shots.score import Truth, TruthError

    try:
        return Truth.from_json(json_object(path))
    except TruthError as error:
        raise InputError(f"{path}: {one_line(error)}") from error


def _tell_of_list(agreed: Conformed, film: Conform) -> None:
    """Remarks on a cut list, and where it and the picture differ."""
    for note in agreed.notes[:MOST_NOTES]:
        tell(f"cut list: {note}")
    if (more := len(agreed.notes) - MOST_NOTES) > 0:
        tell(f"cut list: and {more} more remarks")
    if agreed.misfit is not None:
        tell(f"cut list: it can hardly be that of this film: {agreed.misfit}")
    for one in agreed.disagreements:
        tell(f"{film.timecode(one.frame)} (frame {one.frame}): {one.what}")
    count = len(agreed.disagreements)
    tell(f"cut list: {count} disagreements with the picture; the list was taken as the truth")


def _scores(truth: Truth, found: list[Transition], film: Conform, *, as_json: bool) -> None:
    """The figures of a comparison, and every boundary missed or falsely found."""
    from curation.report import boundaries
    from curation.shots.score import score

    got = score(truth, found)
    figures, errors = list(boundaries.figures(got)), boundaries.errors(got, film)
    if as_json:
        said = {
            "figures": [dict(zip(boundaries.FIGURES, row, strict=True)) for row in figures],
            "errors": [dict(zip(boundaries.ERRORS, row, strict=True)) for row in errors],
        }
        typer.echo(json.dumps(said, indent=1))
        return
    show(boundaries.FIGURES, [(name, _share(value), *rest) for name, value, *rest in figures])
    if errors:
        typer.echo()
        show(boundaries.ERRORS, errors)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
