"""XML from strangers: no DOCTYPE, nothing outside the file, bounded in size and depth."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from curation.catalog.evidence_files import evidence_files
from curation.catalog.reader import CatalogError
from curation.storage import Place

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 256 << 20
"""The largest file that is read; a studio's whole list of avails takes some tens of MiB."""
MAX_DEPTH = 64
"""The deepest nesting that is read; the schemas of avails and MEC nest some twenty deep."""


def xml_files(place: Place, roots: Collection[str]) -> list[Place]:
    """The XML files at a place, a file or a folder; none unless each has one of these roots.

    Raises:
        CatalogError: see ``elements``.
    """
    return evidence_files(place, ".xml", lambda file: _root(file) in roots)


def elements(file: Place, name: str) -> Iterator[Element]:
    """Each element of that name, whole; what was read before and between them is forgotten.

    Raises:
        CatalogError: damaged XML, XML with a DOCTYPE, or beyond the bounds.
    """
    stack: list[Element] = []
    within = 0
    for event, element in _parsed(file):
        if event == "start":
            stack.append(element)
            within += local_name(element) == name
            continue
        stack.pop()
        if local_name(element) == name:
            within -= 1
            yield element
        if stack and not within:
            stack[-1].remove(element)


def local_name(element: Element) -> str:
    """The element's name without its namespace: versions differ in that alone."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, *path: str) -> list[Element]:
    """The elements at a path of local names below this one."""
    found = [element]
    for name in path:
        found = [child for one in found for child in one if local_name(child) == name]
    return found


def text_at(element: Element, *path: str) -> str:
    """The text of the first element at a path that has any, its spaces made single."""
    texts = (" ".join((child.text or "").split()) for child in children(element, *path))
    return next((text for text in texts if text), "")


def _root(file: Place) -> str:
    return next((local_name(element) for _, element in _parsed(file)), "")


def _parsed(file: Place) -> Iterator[tuple[str, Element]]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    if (size := file.entry().size) > MAX_BYTES:
        raise CatalogError(
            f"{file} has {size >> 20} MiB; more than {MAX_BYTES >> 20} are not read, so split it"
        )
    depth = 0
    try:
        with file.open() as stream:
            for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
                depth += 1 if event == "start" else -1
                if depth > MAX_DEPTH:
                    raise CatalogError(
                        f"{file} nests elements more than {MAX_DEPTH} deep, as no catalog does; "
                        "export it again"
                    )
                yield event, element
    except DefusedXmlException as error:
        raise CatalogError(
            f"{file} has a DOCTYPE, by which XML declares entities and leads to other files; no "
            "catalog needs one, so remove it"
        ) from error
    except (ParseError, LookupError, ValueError) as error:
        raise CatalogError(f"{file} is not readable XML: {error}; mend or export it again") from (
            error
        )
