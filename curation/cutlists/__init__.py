"""What the editor knows: lists of a film's cuts, read, checked against the picture, and written.

A list counts frames by a clock of its own; `placed` puts what it says on the film's own frames.
"""

from __future__ import annotations

from curation.cutlists.conform import Conform
from curation.cutlists.cut_list import (
    CutList,
    CutListError,
    CutListReader,
    Edit,
    ListFormat,
    Placed,
    placed,
)
from curation.cutlists.edl_writer import to_edl
from curation.cutlists.grid import Grid, grid_of
from curation.cutlists.otio_writer import to_otio
from curation.cutlists.reading import read_cut_list
from curation.cutlists.timecode import Clock, TimecodeError, clock_of

__all__ = [
    "Clock",
    "Conform",
    "CutList",
    "CutListError",
    "CutListReader",
    "Edit",
    "Grid",
    "ListFormat",
    "Placed",
    "TimecodeError",
    "clock_of",
    "grid_of",
    "placed",
    "read_cut_list",
    "to_edl",
    "to_otio",
]
