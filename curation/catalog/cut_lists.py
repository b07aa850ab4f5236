"""Cut lists: what an asset's row says of its editor's list, found and known by its content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curation.catalog.assets import Content
from curation.catalog.check import BAD_PATH, Accepted, Quarantined
from curation.catalog.reader import Fault
from curation.storage import FILE_MISSING, Entry, Place, StorageError

CUT_LIST_MISSING = "CUT_LIST_NOT_FOUND"
TWO_CUT_LISTS = "TWO_CUT_LISTS"
UNSEEN_CURES = frozenset({("assets", BAD_PATH), ("assets", CUT_LIST_MISSING)})
"""Tables and reasons of rows that may be cured without a trace in the tables or the library."""
MOST_BYTES = 64 << 20
"""As much as ``curation.cutlists`` reads; beyond it the file is something else, a film perhaps."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """Where a list lies, and what it holds."""

    url: str
    content: Content

    @property
    def entry(self) -> Entry:
        return Entry(self.url, self.content.bytes, self.content.modified_ns)


def folder_of(catalog: Place) -> Place:
    """The folder to which the paths of lists are relative: the catalog, or where its file lies."""
    return catalog if catalog.is_folder() else Place(catalog.url.rpartition("/")[0])


def find_cut_lists(
    folder: Place, rows: Iterable[Accepted], contents: Mapping[str, Content]
) -> tuple[dict[str, ListFile], list[Quarantined]]:
    """Find the list of each asset row that names one.

    Rows of one content stand or fall together: a film must not be cut by guesswork because the
    list is named beside its other copy.

    Args:
        rows: asset rows, of which those without an entry in ``contents`` are passed over.

    Returns:
        Lists by asset path, and the rows whose list cannot be had or contradicts another.
    """
    copies: defaultdict[str, list[Accepted]] = defaultdict(list)
    for row in rows:
        if (content := contents.get(str(row.values["asset_path"]))) is not None:
            copies[content.sha256].append(row)
    found: dict[str, ListFile] = {}
    bad: list[Quarantined] = []
    for sharing in copies.values():
        try:
            found |= _lists_of(folder, sharing)
        except _RefusedError as refused:
            bad += [_quarantined(row, refused.fault) for row in sharing]
    return found, bad


def entries_at(urls: Iterable[str]) -> list[Entry]:
    """Lists as they lie now, by size and time; one that cannot be had differs from all others."""
    return [_entry_at(url) for url in sorted(urls)]


class _RefusedError(Exception):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault("cut_list", reason, message)


def _lists_of(folder: Place, sharing: Iterable[Accepted]) -> dict[str, ListFile]:
    """The lists that rows of one content name."""
    found: dict[str, ListFile] = {}
    meant: dict[tuple[str, int], str] = {}
    for row in sharing:
        if (stated := row.values.get("cut_list")) is None:
            continue
        path = str(row.values["asset_path"])
        found[path] = _file(folder, str(stated), path)
        offset = int(row.values.get("cut_list_offset", 0))
        meant.setdefault((found[path].content.sha256, offset), path)
    if len(meant) > 1:
        raise _RefusedError(
            TWO_CUT_LISTS,
            f"{' and '.join(sorted(meant.values()))} are one film and name cut lists or offsets "
            "that differ; keep the right one",
        )
    return found


def _file(folder: Place, stated: str, path: str) -> ListFile:
    relative = stated.removeprefix("file://").removeprefix(f"{folder}/")
    try:
        if "://" in relative:
            raise StorageError(f"{stated} leaves {folder}; put the list there")
        file = folder.within(relative)
        entry = file.entry()
        if entry.size > MOST_BYTES:
            raise StorageError(
                f"{file} has {entry.size >> 20} MiB and is no cut list; name the editor's list"
            )
        return ListFile(str(file), Content(file.sha256(), entry.size, entry.modified_ns))
    except StorageError as error:
        reason = CUT_LIST_MISSING if error.reason == FILE_MISSING else BAD_PATH
        raise _RefusedError(reason, f"the cut list of {path}: {error}") from error


def _entry_at(url: str) -> Entry:
    try:
        entry = Place.parse(url).entry()
    except StorageError:
        return Entry(url, -1, -1)
    return Entry(url, entry.size, entry.modified_ns)


def _quarantined(row: Accepted, fault: Fault) -> Quarantined:
    return Quarantined(row.table, row.source, row.line, row.values, fault)
