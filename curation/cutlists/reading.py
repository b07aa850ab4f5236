"""The readers of cut lists, and which of them a file is for."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from curation.cutlists.cmx3600 import Cmx3600Reader
from curation.cutlists.cut_list import CutList, CutListError, CutListReader
from curation.cutlists.imf_cpl import ImfCplReader
from curation.cutlists.otio import OtioReader

if TYPE_CHECKING:
    from curation.storage import Place

READERS: Final[tuple[CutListReader, ...]] = (ImfCplReader(), OtioReader(), Cmx3600Reader())
_HEAD = 4096


def read_cut_list(file: Place, rate: Fraction) -> CutList:
    """Read a cut list in whichever format it is; `rate` is that of its film.

    Raises:
        CutListError: when it is in none, or cannot be understood.
        StorageError: when it cannot be opened.
    """
    with file.open() as stream:
        head = stream.read(_HEAD)
    for reader in READERS:
        if reader.reads(file, head):
            return reader.read(file, rate)
    known = ", ".join(reader.name for reader in READERS)
    raise CutListError(f"{file} is no cut list that is known here ({known}); export it as an EDL")
