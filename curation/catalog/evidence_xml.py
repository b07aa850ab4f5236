"""Evidence that comes as XML."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from curation import safe_xml
from curation.catalog.evidence_files import evidence_files
from curation.catalog.reader import CatalogError
from curation.storage import Place

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def xml_files(place: Place, roots: Collection[str]) -> list[Place]:
    """The XML files at a place, a file or a folder; none unless each has one of these roots.

    Raises:
        CatalogError: see ``elements``.
    """
    return evidence_files(place, ".xml", lambda file: _root(file) in roots)


def elements(file: Place, name: str) -> Iterator[Element]:
    """Each element of that name, as ``safe_xml.elements`` gives them.

    Raises:
        CatalogError: XML that is not read.
    """
    try:
        yield from safe_xml.elements(file, name)
    except safe_xml.XmlError as error:
        raise CatalogError(str(error)) from error


def _root(file: Place) -> str:
    try:
        return safe_xml.root_name(file)
    except safe_xml.XmlError as error:
        raise CatalogError(str(error)) from error
