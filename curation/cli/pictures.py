"""Pages written as pictures, one file or several numbered ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from curation.console import InputError

if TYPE_CHECKING:
    from curation.report.sheet import Pixels

ENDINGS: Final = (".jpg", ".jpeg", ".png")


def drawable(output: Path, option: str = "--output") -> None:
    """`InputError` where a picture cannot be written there."""
    if output.suffix.lower() not in ENDINGS:
        raise InputError(f"{option} {output} is no picture; name it .jpg or .png")
    if not output.parent.is_dir():
        raise InputError(f"{option} {output}: there is no folder {output.parent}; make it first")


def write_picture(output: Path, page: Pixels, number: int, count: int) -> Path:
    """Write page `number` of `count`, R'G'B', and say where; of several each has its number."""
    import cv2

    place = output if count == 1 else output.with_stem(f"{output.stem}-{number:03}")
    drawn = cv2.imencode(place.suffix, cv2.cvtColor(page, cv2.COLOR_RGB2BGR))[1]
    place.write_bytes(drawn.tobytes())
    return place
