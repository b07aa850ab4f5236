"""Composition playlists of the Interoperable Master Format (SMPTE ST 2067-3), CPL for short."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from curation import safe_xml
from curation.cutlists.cut_list import MAX_EDITS, CutList, CutListError, Edit
from curation.safe_xml import children, line_of, local_name, text_at

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from curation.storage import Place

_NAME: Final = "IMF CPL"
_ROOT = "CompositionPlaylist"


class ImfCplReader:
    """Reads the sequence of main images.

    Where one track file goes on in the next resource nothing is cut. Within a track file there may
    be any number of cuts, so the list is not complete.
    """

    name = _NAME

    def reads(self, file: Place, head: bytes) -> bool:
        return _ROOT.encode() in head.replace(b"\0", b"")

    def read(self, file: Place, rate: Fraction) -> CutList:
        try:
            roots = list(safe_xml.elements(file, _ROOT))
        except safe_xml.XmlError as error:
            raise CutListError(str(error)) from error
        if len(roots) != 1:
            raise CutListError(f"{file} holds no {_ROOT}; give the CPL of the film's package")
        return _Playlist(file).read(roots[0])


class _Playlist:
    def __init__(self, file: Place) -> None:
        self._file = file

    def read(self, root: Element) -> CutList:
        rate = self._rate(root, None)
        edits: list[Edit] = []
        at, going_on = Fraction(0), None
        for resource in self._resources(root):
            own = self._rate(resource, rate)
            entry, length, repeats = self._span(resource)
            track = text_at(resource, "TrackFileId")
            if len(edits) + repeats > MAX_EDITS:
                raise self._error(resource, f"repeats {repeats} times", "check RepeatCount")
            where = f"line {line_of(resource)}"
            for _ in range(repeats):
                if at and going_on != (track, entry):
                    edits.append(Edit("cut", at, at, where))
                at += length / own
                going_on = (track, entry + length)
        if not at:
            raise self._error(root, "no main image is in it", "give the CPL that has pictures")
        return CutList("imf_cpl", rate, at, tuple(edits), complete=False)

    def _resources(self, root: Element) -> Iterator[Element]:
        """The resources of the main image in the order in which they are played."""
        for segment in children(root, "SegmentList", "Segment"):
            for sequences in children(segment, "SequenceList"):
                for sequence in sequences:
                    if local_name(sequence) == "MainImageSequence":
                        yield from children(sequence, "ResourceList", "Resource")

    def _span(self, resource: Element) -> tuple[int, int, int]:
        """Entry point, frames that are played, and how often."""
        whole = self._count(resource, "IntrinsicDuration", None)
        entry = self._count(resource, "EntryPoint", 0)
        length = self._count(resource, "SourceDuration", whole - entry)
        if entry + length > whole or length < 1:
            raise self._error(
                resource,
                f"plays {length} frames from {entry} of a track of {whole}",
                "correct EntryPoint and SourceDuration",
            )
        return entry, length, self._count(resource, "RepeatCount", 1)

    def _count(self, resource: Element, name: str, missing: int | None) -> int:
        text = text_at(resource, name)
        if not text and missing is not None:
            return missing
        if not text.isascii() or not text.isdecimal() or len(text) > 12:
            raise self._error(resource, f"{name} is {text!r}", "give a number of frames")
        return int(text)

    def _rate(self, element: Element, missing: Fraction | None) -> Fraction:
        text = text_at(element, "EditRate")
        if not text and missing is not None:
            return missing
        parts = text.split()
        good = len(parts) in (1, 2) and all(
            p.isascii() and p.isdecimal() and len(p) < 10 and int(p) for p in parts
        )
        if not good:
            raise self._error(element, f"EditRate is {text!r}", "write it as 24000 1001")
        return Fraction(int(parts[0]), int(parts[1]) if len(parts) == 2 else 1)

    def _error(self, element: Element, reason: str, remedy: str) -> CutListError:
        return CutListError(f"{self._file}, line {line_of(element)}: {reason}; {remedy}")
