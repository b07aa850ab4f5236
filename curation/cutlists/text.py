"""The text of strangers' files."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from curation.cutlists.cut_list import CutListError

if TYPE_CHECKING:
    from curation.storage import Place

MAX_BYTES = 64 << 20
"""The largest list that is read; a feature film's takes under one MiB."""


def text_of(file: Place) -> str:
    """The file as text: UTF-8, UTF-16 with its mark, or else Latin-1 as old systems write.

    Raises:
        CutListError: for a file too large, or one that is no text.
    """
    if (size := file.entry().size) > MAX_BYTES:
        raise CutListError(
            f"{file} has {size >> 20} MiB; a cut list has less than {MAX_BYTES >> 20}, so check "
            "that it is one"
        )
    with file.open() as stream:
        raw = stream.read()
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = raw.decode("utf-16", errors="replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    if "\0" in text:
        raise CutListError(f"{file} is no text; export it again as an EDL or OTIO file")
    return text
