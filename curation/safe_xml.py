"""XML from strangers: no DOCTYPE, nothing outside the file, bounded in size and depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from curation.storage import Place

MAX_BYTES = 256 << 20
"""The largest file that is read; a studio's whole list of avails takes some tens of MiB."""
MAX_DEPTH = 64
"""The deepest nesting that is read; the schemas of avails, MEC and IMF nest some twenty deep."""


class XmlError(Exception):
    """XML that is not read; the message names the file, the reason and the remedy."""


class Lined(Element):
    """An element that knows the line of its file on which it begins."""

    line = 0


def elements(file: Place, name: str) -> Iterator[Element]:
    """Each element of that name, whole; what was read before and between them is forgotten.

    Raises:
        XmlError: damaged XML, XML with a DOCTYPE, or beyond the bounds.
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


def root_name(file: Place) -> str:
    """The local name of the outermost element.

    Raises:
        XmlError: see ``elements``.
    """
    return next((local_name(element) for _, element in _parsed(file)), "")


def local_name(element: Element) -> str:
    """The element's name without its namespace: versions differ in that alone."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def line_of(element: Element) -> int:
    """The line on which an element begins, from 1."""
    return element.line if isinstance(element, Lined) else 0


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


def _parsed(file: Place) -> Iterator[tuple[str, Element]]:
    from xml.etree.ElementTree import TreeBuilder

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, iterparse

    if (size := file.entry().size) > MAX_BYTES:
        raise XmlError(
            f"{file} has {size >> 20} MiB; more than {MAX_BYTES >> 20} are not read, so split it"
        )

    def made(tag: Any, attributes: Any) -> Lined:
        element = Lined(tag, attributes)
        element.line = parser.parser.CurrentLineNumber
        return element

    parser = DefusedXMLParser(target=TreeBuilder(element_factory=made), forbid_dtd=True)
    depth = 0
    try:
        with file.open() as stream:
            for event, element in iterparse(stream, events=("start", "end"), parser=parser):
                depth += 1 if event == "start" else -1
                if depth > MAX_DEPTH:
                    raise XmlError(
                        f"{file} nests elements more than {MAX_DEPTH} deep, as no catalog and no "
                        "cut list does; export it again"
                    )
                yield event, element
    except DefusedXmlException as error:
        raise XmlError(
            f"{file} has a DOCTYPE, by which XML declares entities and leads to other files; "
            "nothing that is read here needs one, so remove it"
        ) from error
    except (ParseError, LookupError, ValueError) as error:
        raise XmlError(f"{file} is not readable XML: {error}; mend or export it again") from error
