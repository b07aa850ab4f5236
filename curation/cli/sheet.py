"""`curation sheet`: the shots of one film as a contact sheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curation.cli.options import FILM, DeviceOption, ExhaustiveOption, example
from curation.cli.pictures import drawable, write_picture
from curation.console import tell
from curation.settings import Settings

if TYPE_CHECKING:
    from curation.analysis import FoundShots
    from curation.media import Frame

app = typer.Typer()


@app.command(epilog=example(f"sheet {FILM} --output /tmp/phone.jpg"))
def sheet(
    film: Annotated[Path, typer.Argument(help="A film file.", metavar="FILE")],
    output: Annotated[
        Path,
        typer.Option(help="Where it goes: .jpg or .png.", metavar="PICTURE"),
    ] = Path("sheet.jpg"),
    device: DeviceOption = "auto",
    exhaustive: ExhaustiveOption = False,
) -> None:
    """Draw the first, middle and last frame of each shot, with number, timecode and kind.

    A film of many shots fills several pages: sheet-001.jpg, sheet-002.jpg and so on.
    """
    from curation.analysis import find_shots, to_conform
    from curation.analysis.stills import stills
    from curation.report.sheet import Layout, looked_at, page_count, pages

    drawable(output)
    settings = Settings.from_environment(device=device)
    found = find_shots(film, settings.device, exhaustive=exhaustive or settings.exhaustive)
    for note in found.notes:
        tell(f"{found.name}: {note}")
    named, layout = to_conform(film, found), Layout.of(found.info)
    wanted = {index for shot in found.shots for index in looked_at(shot)}
    given = _given(stills(film, found.timeline, wanted, layout.width), found)
    count = page_count(named)
    for number, page in enumerate(pages(named, layout, given), start=1):
        typer.echo(write_picture(output, page, number, count))
        if count > 1:
            tell(f"page {number} of {count}")


def _given(coming: Iterator[Frame], found: FoundShots) -> Iterator[Frame]:
    """The frames that can be had; what is wrong with the others is told once."""
    from curation.media import MediaError

    try:
        yield from coming
    except MediaError as fault:
        tell(f"{found.name}: {fault.message}")
