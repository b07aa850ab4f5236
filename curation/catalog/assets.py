"""Film files: each catalogued path found inside the library and known by its content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from curation.catalog.check import (
    BAD_PATH,
    NOT_FOUND,
    NOT_LISTED,
    OTHER_CONTENT,
    TWO_WORKS,
    Accepted,
    Quarantined,
)
from curation.catalog.reader import Fault
from curation.storage import Entry, Place, StorageError

FILM_SUFFIXES = frozenset(
    f".{name}"
    for name in "avi m2ts m4v mkv mov mp4 mpeg mpg mts mxf ts webm wmv".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Content:
    """A file's identity, and the size and time by which a later run knows it unchanged."""

    sha256: str
    bytes: int
    modified_ns: int


def find_assets(
    library: Place,
    listing: Iterable[Entry],
    rows: Iterable[Accepted],
    known: Mapping[str, Content],
    *,
    on_hash: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, Content], list[Quarantined]]:
    """Find each asset row's file; rows whose file cannot be trusted come back quarantined.

    Args:
        listing: the files of the library.
        known: content by path from an earlier reading; a file of the same size and time is not
            read again.

    Returns:
        Content by asset path, and the quarantined rows, which include one for every film file of
        the library that no row lists.
    """
    entries = {entry.path: entry for entry in listing}
    rows = list(rows)
    found: dict[str, Content] = {}
    bad: list[Quarantined] = []
    owners: defaultdict[str, list[Accepted]] = defaultdict(list)
    for row in rows:
        path = str(row.values["asset_path"])
        try:
            content = _content(library, path, entries, known, on_hash)
        except StorageError as error:
            reason = NOT_FOUND if "no such file" in str(error) else BAD_PATH
            bad.append(_refused(row, "asset_path", reason, str(error)))
            continue
        stated = row.values.get("sha256")
        if stated and stated.lower() != content.sha256:
            message = f"its content is {content.sha256}, not the stated {stated}"
            bad.append(_refused(row, "sha256", OTHER_CONTENT, message))
            continue
        found[path] = content
        owners[content.sha256].append(row)
    for sharing in owners.values():
        works = sorted({str(row.values["work_id"]) for row in sharing})
        if len(works) > 1:
            message = f"the same content is listed for {' and '.join(works)}; keep the right one"
            bad += [_refused(row, "work_id", TWO_WORKS, message) for row in sharing]
            for row in sharing:
                found.pop(str(row.values["asset_path"]), None)
    listed = {str(PurePosixPath(str(row.values["asset_path"]))) for row in rows}
    bad += [_unlisted(path) for path in sorted(entries.keys() - listed) if _is_film(path)]
    return found, bad


def _content(
    library: Place,
    path: str,
    entries: Mapping[str, Entry],
    known: Mapping[str, Content],
    on_hash: Callable[[str], None],
) -> Content:
    file = library.within(path)
    entry = entries.get(str(PurePosixPath(path))) or file.entry()
    before = known.get(path)
    if before and (before.bytes, before.modified_ns) == (entry.size, entry.modified_ns):
        return before
    on_hash(path)
    return Content(file.sha256(), entry.size, entry.modified_ns)


def _refused(row: Accepted, field: str, reason: str, message: str) -> Quarantined:
    return Quarantined(row.table, row.source, row.line, row.values, Fault(field, reason, message))


def _unlisted(path: str) -> Quarantined:
    message = "this film file is in no row of assets; list it with its work, or take it away"
    return Quarantined(
        "assets", path, 0, {"asset_path": path}, Fault("asset_path", NOT_LISTED, message)
    )


def _is_film(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in FILM_SUFFIXES
