"""`curation sheet`: the shots of one film as a contact sheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curation.cli.options import FILM, DeviceOption, ExhaustiveOption, example
from curation.console import InputError, tell
from curation.settings import Settings

if TYPE_CHECKING:
    from curation.analysis import FoundShots
    from curation.media import Frame

app = typer.Typer()

PICTURES = (".jpg", ".jpeg", ".png")


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
    import cv2

    from curation.analysis import find_shots, to_conform
    from curation.analysis.stills import stills
    from curation.report.sheet import Layout, looked_at, page_count, pages

    if output.suffix.lower() not in PICTURES:
        raise InputError(f"--output {output} is no picture; name it .jpg or .png")
    if not output.parent.is_dir():
        raise InputError(f"--output {output}: there is no folder {output.parent}; make it first")
    settings = Settings.from_environment(device=device)
    found = find_shots(film, settings.device, exhaustive=exhaustive or settings.exhaustive)
    for note in found.notes:
        tell(f"{found.name}: {note}")
    named, layout = to_conform(film, found), Layout.of(found.info)
    wanted = {index for shot in found.shots for index in looked_at(shot)}
    given = _given(stills(film, found.timeline, wanted, layout.width), found)
    count = page_count(named)
    for number, page in enumerate(pages(named, layout, given), start=1):
        place = output if count == 1 else output.with_stem(f"{output.stem}-{number:03}")
        drawn = cv2.imencode(place.suffix, cv2.cvtColor(page, cv2.COLOR_RGB2BGR))[1]
        place.write_bytes(drawn.tobytes())
        typer.echo(place)
        if count > 1:
            tell(f"page {number} of {count}")


def _given(coming: Iterator[Frame], found: FoundShots) -> Iterator[Frame]:
    """The frames that can be had; what is wrong with the others is told once."""
    from curation.media import MediaError

    try:
        yield from coming
    except MediaError as fault:
        tell(f"{found.name}: {fault.message}")
