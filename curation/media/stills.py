"""Picture files: one frame each, of which nothing but the picture is to be known."""

from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from curation.media.errors import MediaCode, MediaError
from curation.media.frame import Frame, Still
from curation.media.info import VideoInfo

_SIGNATURES: Final = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"BM", "BMP"),
    (0, b"GIF8", "GIF"),
    (4, b"ftypavif", "AVIF"),
)
"""Where in the file which bytes tell a format."""
_FILMS: Final = ("GIF", "PNG")
"""Formats whose animations open as films."""

# What is wrong with a picture is said by what is raised.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def still_format(path: str) -> str | None:
    """The format of a picture file, told by its first bytes; None of what is no still.

    A file that cannot be read is left to whoever opens it as a film, who says why.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.read(12)
    except (OSError, ValueError):
        return None
    for at, mark, name in _SIGNATURES:
        if head.startswith(mark, at):
            return None if name in _FILMS and _pictures(path) > 1 else name
    return None


def read_still(path: str) -> tuple[VideoInfo, Frame]:
    """A picture file as a film of one frame, upright, without its alpha.

    Its codes are read as those of a film (BT.709): who asks about a still has taken it out of one,
    and means what the film's own frame would be told. A colour profile is not followed. Raises
    `MediaError`: CANNOT_OPEN; DECODE_FAILED for one that ends early, is damaged, or moves;
    ABSURD_HEADER.
    """
    kind = still_format(path)
    if kind is None:
        raise MediaError(MediaCode.CANNOT_OPEN, f"{path}: no picture of a known format")
    try:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise MediaError(
            MediaCode.ABSURD_HEADER,
            f"{path}: a picture beyond any size ({error.err}); check the header or scale it down",
        ) from error
    if pixels is None:
        raise MediaError(
            MediaCode.DECODE_FAILED, f"{path}: the {kind} ends early or is damaged; fetch it again"
        )
    if kind == "WebP" and _pictures(path) > 1:
        raise MediaError(
            MediaCode.DECODE_FAILED, f"{path}: an animated WebP; transcode it to a film, as MP4"
        )
    frame = Frame(0, Fraction(0), Still(np.asarray(pixels, np.uint8)))
    return _described(kind, *pixels.shape[:2]), frame


def _pictures(path: str) -> int:
    try:
        return cv2.imcount(path)
    except cv2.error:
        return 1


def _described(kind: str, height: int, width: int) -> VideoInfo:
    return VideoInfo(
        container=kind,
        codec=kind,
        profile=None,
        width=width,
        height=height,
        display_width=width,
        display_height=height,
        sample_aspect_ratio=Fraction(1),
        rotation=0,
        mirrored=False,
        pix_fmt="rgb24",
        bit_depth=8,
        matrix="gbr",
        primaries="bt709",
        transfer="bt709",
        colour_range="full",
        guessed=("primaries", "transfer"),
        average_rate=None,
        time_base=Fraction(1),
        duration=None,
        field_order="progressive",
        audio=(),
        video_streams=1,
    )
