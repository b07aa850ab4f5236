"""The protocol behind which every catalog format stands, and the registry of those installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, cast

from curation.storage import Place

GROUP = "curation.catalog_readers"

MALFORMED = "MALFORMED_ROW"
"""Reason of a row whose values may stand under the wrong names: none of them can be believed."""
_GENERAL = ("folder", "rulebook")
"""Readers that take any folder or any JSON; the others are asked first."""


class CatalogError(Exception):
    """A catalog that cannot be read at all; the message names the file, the reason, the remedy."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one row: the field, a reason code, and a sentence with the remedy."""

    field: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as its file states it.

    Attributes:
        table: the table of the catalog that it belongs to.
        source: the file, relative to the catalog.
        line: line or record number, from 1.
        values: field to value; from text formats every value is text.
        is_text: whether values are still text and are to be read by the field's kind.
        blank: fields whose cell a table leaves empty; a table has no other way of leaving one out.
        fault: set when the file itself is damaged at this row.
    """

    table: str
    source: str
    line: int
    values: Mapping[str, Any]
    is_text: bool = False
    fault: Fault | None = None
    blank: frozenset[str] = frozenset()


class CatalogReader(Protocol):
    """Reads one catalog format. An entry point of the group ``curation.catalog_readers``.

    A reader of what others state sets ``is_evidence = True``: it may yield works, participants,
    avails and claims, and never a right. One with ``files(place)``, the places of all files that
    its rows come from, is asked for rows only where a byte of them has changed.
    """

    name: str

    def reads(self, place: Place) -> bool:
        """Whether this reader is the one for what lies at the place."""
        ...

    def rows(self, place: Place) -> Iterator[RawRow]:
        """Every row of every table, in file order.

        Raises:
            CatalogError: when a whole file cannot be trusted, such as one with unknown columns.
        """
        ...


def _order(point: EntryPoint) -> tuple[bool, str]:
    return point.name in _GENERAL, point.name


def reader_for(place: Place) -> CatalogReader:
    """The reader of the catalog at a place.

    Raises:
        CatalogError: when nothing is there, or no installed reader knows the format.
    """
    if not place.exists():
        raise CatalogError(f"{place}: no catalog is there; check the path and its spelling")
    points = sorted(entry_points(group=GROUP), key=_order)
    for point in points:
        reader = cast("CatalogReader", point.load()())
        if reader.reads(place):
            return reader
    known = ", ".join(point.name for point in points)
    raise CatalogError(
        f"{place} is in no known catalog format (known: {known}); give a folder with one CSV, "
        "JSON Lines or Parquet file a table, one JSON rulebook, or files of avails, MEC or claims"
    )
