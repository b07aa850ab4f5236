"""Files that strangers send: which of them a reader takes, and XML read without trusting it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from curation.catalog.reader import CatalogError
from curation.storage import Place

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def evidence_files(place: Place, suffix: str, accepts: Callable[[Place], bool]) -> list[Place]:
    """The file itself, or all files of a folder that have the suffix; none unless each is accepted.

    A folder that also holds tables of our own is no folder of evidence.
    """
    if not place.is_folder():
        files = [place] if place.name.lower().endswith(suffix) else []
    else:
        from curation.catalog.folder import FORMATS

        names = [entry.path for entry in place.files() if "/" not in entry.path]
        if any(PurePosixPath(name).suffix in FORMATS for name in names):
            return []
        files = [place / name for name in names if name.lower().endswith(suffix)]
    return files if all(accepts(file) for file in files) else []


def local_name(element: Element) -> str:
    """The element's name without its namespace: versions differ in that alone."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def root_name(file: Place) -> str:
    """The name of a file's root element.

    Raises:
        CatalogError: see ``elements``.
    """
    for _, element in _parsed(file):
        return local_name(element)
    return ""


def elements(file: Place, name: str) -> Iterator[Element]:
    """Each element of that name, whole; what was read before it is forgotten.

    Raises:
        CatalogError: damaged XML, or XML that declares entities or leads to other files.
    """
    stack: list[Element] = []
    for event, element in _parsed(file):
        if event == "start":
            stack.append(element)
            continue
        stack.pop()
        if local_name(element) == name:
            yield element
            if stack:
                stack[-1].remove(element)


def _parsed(file: Place) -> Iterator[tuple[str, Element]]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        with file.open() as stream:
            yield from iterparse(
                stream, events=("start", "end"), forbid_entities=True, forbid_external=True
            )
    except DefusedXmlException as error:
        raise CatalogError(
            f"{file} declares entities or names files outside it ({type(error).__name__}), which "
            "no catalog needs; remove its DOCTYPE"
        ) from error
    except ParseError as error:
        raise CatalogError(f"{file} is not readable XML: {error}; mend or export it again") from (
            error
        )


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
