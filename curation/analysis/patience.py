"""How long the analysis of a film may take: in proportion to the film, so that a hang ends soon.

Each figure is ten times or more what was measured on one loaded core of 2026; the setting
``film_timeout_s`` stands above all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from curation.media import Timeline, VideoInfo

LEAST_S: Final = 300.0
"""A worker's imports, taggers' networks, and what a small film needs."""
BYTE_S: Final = 1 / 2_000_000
"""A byte is fetched, hashed and read through for its packets."""
FRAME_S: Final = 0.25
"""All taggers over a frame."""
PIXEL_S: Final = 5e-7
"""A pixel is decoded: JPEG 2000, the slowest, takes 5e-8 s."""


def to_open(size: int) -> float:
    """Seconds in which a file of so many bytes is to be opened, and its timeline known."""
    return LEAST_S + size * BYTE_S


def to_analyse(info: VideoInfo, timeline: Timeline) -> float:
    """Seconds that a film may take once its timeline is known."""
    return LEAST_S + len(timeline) * (FRAME_S + info.width * info.height * PIXEL_S)
