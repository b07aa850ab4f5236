"""Files that strangers send: which of them a reader takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from curation.catalog.reader import CatalogError
from curation.storage import Place

_KINDS = frozenset((".xlsx", ".xlsm", ".xls", ".xml", ".json"))
"""Endings of files in which evidence comes."""
NO_FILES = ("~$", "._")
"""How the names begin that Excel and macOS give to what they leave beside a file."""


def evidence_files(place: Place, suffix: str, accepts: Callable[[Place], bool]) -> list[Place]:
    """The file itself, or all files of a folder that have the suffix; none unless each is accepted.

    A folder that also holds tables of our own is no folder of evidence.

    Raises:
        CatalogError: when some would be read and others of another format passed over.
    """
    if not place.is_folder():
        files = [place] if place.name.lower().endswith(suffix) else []
        return files if all(accepts(file) for file in files) else []
    from curation.catalog.folder import FORMATS

    found = (entry.path for entry in place.files() if "/" not in entry.path)
    names = [name for name in found if not name.startswith(NO_FILES)]
    if any(PurePosixPath(name).suffix in FORMATS for name in names):
        return []
    files = [place / name for name in names if name.lower().endswith(suffix)]
    if not files or not all(accepts(file) for file in files):
        return []
    others = [name for name in names if PurePosixPath(name).suffix.lower() in _KINDS - {suffix}]
    if others:
        raise CatalogError(
            f"{place} holds {files[0].name} and {others[0]}, which no one reader reads; give each "
            "kind of file a folder of its own, or ingest them one by one"
        )
    return files
