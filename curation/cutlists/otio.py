"""OpenTimelineIO documents (`.otio`), read by their JSON schema.

Read by us and not by OpenTimelineIO: it is a compiled library that trusts what it is given, keeps
times as floating point and tells of an error without its place.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from curation import strict_json
from curation.cutlists.cut_list import (
    MAX_EDITS,
    CutList,
    CutListError,
    Edit,
    gradual_type,
    joined_fades,
)
from curation.cutlists.grid import exact_rate
from curation.cutlists.otio_writer import OURS
from curation.cutlists.text import text_of
from curation.shots.transition import TransitionType

if TYPE_CHECKING:
    from curation.storage import Place

_NAME: Final = "OpenTimelineIO"
_MAX_DEPTH = 32
_LONGEST = Fraction(7 * 24 * 3600)
"""Seconds: no film is longer, and no list of one."""


class OtioReader:
    """Reads `.otio` files: the pictures that are seen, of all tracks of a timeline.

    An upper track hides those below; nested stacks and tracks are taken apart. Speed effects do
    not change how long a clip is seen, so they change nothing here.
    """

    name = _NAME

    def reads(self, file: Place, head: bytes) -> bool:
        return file.name.lower().endswith(".otio") or b"OTIO_SCHEMA" in head

    def read(self, file: Place, rate: Fraction) -> CutList:
        try:
            document = strict_json.loads(text_of(file))
        except ValueError as error:
            raise CutListError(f"{file} is not readable JSON: {error}; export it again") from error
        return _Document(file, rate).read(document)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A picture that is seen from `start` to `end`, in seconds; black where `is_gap`."""

    start: Fraction
    end: Fraction
    is_gap: bool
    where: str


@dataclass(frozen=True, slots=True)
class _Mix:
    """A transition; `type` is None where its neighbours decide what it is."""

    start: Fraction
    at: Fraction
    end: Fraction
    type: TransitionType | None
    where: str


@dataclass(frozen=True, slots=True)
class _Strip:
    """What one track or stack shows, from 0 to `end`."""

    end: Fraction
    pieces: tuple[_Piece, ...] = ()
    mixes: tuple[_Mix, ...] = ()

    def part(self, start: Fraction, length: Fraction) -> _Strip:
        """From `start` for `length`, beginning at 0; black where the strip has nothing."""
        past = start + length
        pieces = (
            replace(p, start=max(p.start, start) - start, end=min(p.end, past) - start)
            for p in self.pieces
            if p.start < past and p.end > start
        )
        mixes = (
            replace(m, start=m.start - start, at=m.at - start, end=m.end - start)
            for m in self.mixes
            if start <= m.at <= past
        )
        return _Strip(length, tuple(pieces), tuple(mixes))

    def at(self, time: Fraction) -> _Strip:
        """The same, beginning at `time`."""
        pieces = (replace(p, start=p.start + time, end=p.end + time) for p in self.pieces)
        mixes = (
            replace(m, start=m.start + time, at=m.at + time, end=m.end + time) for m in self.mixes
        )
        return _Strip(self.end + time, tuple(pieces), tuple(mixes))

    def under(self, upper: _Strip) -> _Strip:
        """What is seen when `upper` lies on top of this; its gaps are windows."""
        opaque = [p for p in upper.pieces if not p.is_gap and p.end > p.start]
        pieces = list(opaque)
        for piece in self.pieces:
            pieces += _uncovered(piece, opaque)
        kept = [m for m in self.mixes if not _touching(opaque, m.at)]
        return _Strip(
            max(self.end, upper.end),
            tuple(sorted(pieces, key=lambda p: p.start)),
            tuple(sorted([*kept, *upper.mixes], key=lambda m: m.at)),
        )


class _Document:
    def __init__(self, file: Place, rate: Fraction) -> None:
        self._file = file
        self._rate: Fraction | None = None
        self._fallback = rate
        self._count = 0

    def read(self, document: Any) -> CutList:
        top, where = document, "the document"
        if self._schema(top, where) == "SerializableCollection":
            timelines = [
                (one, f"children[{n}]")
                for n, one in enumerate(self._list(top, "children", where))
                if isinstance(one, dict) and self._schema(one, "") == "Timeline"
            ]
            if len(timelines) != 1:
                raise self._error(
                    where, f"holds {len(timelines)} timelines", "export the one of this film alone"
                )
            top, where = timelines[0]
        if self._schema(top, where) == "Timeline":
            top, where = self._object(top, "tracks", where), "tracks"
        strip = self._strip(top, where, 0)
        if not any(not piece.is_gap for piece in strip.pieces):
            raise self._error(where, "no clip of pictures is in it", "export the video track")
        edits = joined_fades(list(_edits(strip)), self._apart(strip))
        return CutList("otio", self._rate or self._fallback, strip.end, tuple(edits))

    def _apart(self, strip: _Strip) -> set[str]:
        return {mix.where for mix in strip.mixes if mix.type in ("fade_in", "fade_out")}

    def _strip(self, thing: Any, where: str, depth: int) -> _Strip:
        """What a composition or an item shows in its own time."""
        self._count += 1
        if depth > _MAX_DEPTH or self._count > MAX_EDITS:
            raise self._error(where, "is nested too deep or too long", "flatten the timeline")
        match self._schema(thing, where):
            case "Stack":
                strip = self._stack(thing, where, depth)
            case "Track":
                strip = self._track(thing, where, depth)
            case "Clip" | "Gap" as schema:
                is_gap = schema == "Gap" or thing.get("enabled") is False
                length = self._length(thing, where)
                return _Strip(length, (_Piece(Fraction(0), length, is_gap, where),))
            case schema:
                raise self._error(where, f"{schema} is no part of a timeline", "export it again")
        if thing.get("source_range") is not None:
            strip = strip.part(*self._range(thing["source_range"], f"{where}.source_range"))
        if thing.get("enabled") is False:
            return _Strip(strip.end, (_Piece(Fraction(0), strip.end, True, where),))
        return strip

    def _stack(self, thing: dict[str, Any], where: str, depth: int) -> _Strip:
        shown = _Strip(Fraction(0))
        for number, child in enumerate(self._list(thing, "children", where)):
            place = f"{where}.children[{number}]"
            if self._schema(child, place) == "Track" and child.get("kind", "Video") != "Video":
                continue
            shown = shown.under(self._strip(child, place, depth + 1))
        return shown

    def _track(self, thing: dict[str, Any], where: str, depth: int) -> _Strip:
        at = Fraction(0)
        pieces: list[_Piece] = []
        mixes: list[_Mix] = []
        for number, child in enumerate(self._list(thing, "children", where)):
            place = f"{where}.children[{number}]"
            if self._schema(child, place) == "Transition":
                before = self._time(child.get("in_offset"), f"{place}.in_offset")
                after = self._time(child.get("out_offset"), f"{place}.out_offset")
                if before < 0 or after < 0:
                    raise self._error(place, "its offsets are negative", "export it again")
                if before or after:
                    mixes.append(_Mix(at - before, at, at + after, _stated(child), place))
                continue
            strip = self._strip(child, place, depth + 1).at(at)
            pieces += strip.pieces
            mixes += strip.mixes
            at = strip.end
            if at > _LONGEST:
                raise self._error(place, "the timeline is longer than a week", "check its times")
        return _Strip(at, tuple(pieces), tuple(mixes))

    def _length(self, thing: dict[str, Any], where: str) -> Fraction:
        span = thing.get("source_range")
        if span is None:
            media = thing.get("media_reference")
            references = thing.get("media_references")
            if isinstance(references, dict):
                media = references.get(thing.get("active_media_reference_key"))
            span = media.get("available_range") if isinstance(media, dict) else None
            where = f"{where}, which has no source_range: its media's available_range"
        else:
            where = f"{where}.source_range"
        return self._range(span, where)[1]

    def _range(self, span: Any, where: str) -> tuple[Fraction, Fraction]:
        if not isinstance(span, dict):
            raise self._error(where, "is no TimeRange", "export it with its ranges")
        start = self._time(span.get("start_time"), f"{where}.start_time")
        length = self._time(span.get("duration"), f"{where}.duration")
        if length < 0:
            raise self._error(f"{where}.duration", "is negative", "export it again")
        if self._rate is None and length:
            self._rate = exact_rate(Fraction(span["duration"]["rate"]))
        return start, length

    def _time(self, said: Any, where: str) -> Fraction:
        """A RationalTime in seconds."""
        pair = (said.get("value"), said.get("rate")) if isinstance(said, dict) else (None, None)
        value, rate = (self._number(number, where) for number in pair)
        if not 0 < rate <= 10**9:
            raise self._error(where, f"has the rate {float(rate):g}", "give frames a second")
        return value / exact_rate(rate)

    def _number(self, said: object, where: str) -> Fraction:
        if isinstance(said, bool) or not isinstance(said, int | float):
            raise self._error(where, "is no RationalTime", "give it value and rate")
        return Fraction(said)

    def _schema(self, thing: Any, where: str) -> str:
        said = thing.get("OTIO_SCHEMA") if isinstance(thing, dict) else None
        if not isinstance(said, str):
            raise self._error(where, "has no OTIO_SCHEMA", "check that this is an OTIO file")
        return said.partition(".")[0]

    def _object(self, thing: dict[str, Any], key: str, where: str) -> dict[str, Any]:
        found = thing.get(key)
        if not isinstance(found, dict):
            raise self._error(where, f"has no {key}", "export it again")
        return found

    def _list(self, thing: dict[str, Any], key: str, where: str) -> list[Any]:
        found = thing.get(key)
        if not isinstance(found, list):
            raise self._error(where, f"has no list of {key}", "export it again")
        return found

    def _error(self, where: str, reason: str, remedy: str) -> CutListError:
        return CutListError(f"{self._file}: {where}: {reason}; {remedy}")


def _touching(pieces: Sequence[_Piece], time: Fraction) -> Sequence[_Piece]:
    """Of pieces in order the one or two that reach a time, their ends included."""
    first = bisect_left(pieces, time, key=lambda p: p.end)
    return [p for p in pieces[first : first + 2] if p.start <= time]


def _uncovered(piece: _Piece, opaque: Sequence[_Piece]) -> Iterator[_Piece]:
    at = piece.start
    for upper in islice(opaque, bisect_left(opaque, at, key=lambda p: p.end), None):
        if upper.start >= piece.end:
            break
        if upper.start > at:
            yield replace(piece, start=at, end=upper.start)
        at = max(at, upper.end)
    if at < piece.end:
        yield replace(piece, start=at)


def _stated(transition: dict[str, Any]) -> TransitionType | None:
    """What the file itself says a transition is: our own word for it, or a wipe by its name."""
    metadata = transition.get("metadata")
    ours = metadata.get(OURS) if isinstance(metadata, dict) else None
    word = ours.get("type") if isinstance(ours, dict) else None
    if (known := gradual_type(word)) is not None:
        return known
    named = f"{transition.get('transition_type')} {transition.get('name')}".lower()
    if "wipe" in named:
        return "wipe"
    return "iris" if "iris" in named else None


def _edits(strip: _Strip) -> Iterator[Edit]:
    """Every boundary of what is seen, in order; a cut that a transition replaces is none."""
    shown = [piece for piece in strip.pieces if piece.end > piece.start and not piece.is_gap]
    mixes = [_edit(mix, shown, strip.end) for mix in strip.mixes]
    cuts: dict[Fraction, str] = {}
    for piece in shown:
        cuts.setdefault(piece.start, piece.where)
        cuts.setdefault(piece.end, piece.where)
    edits = [*mixes, *(Edit("cut", at, at, where) for at, where in cuts.items())]
    reach = Fraction(-1)
    # A transition sorts before a cut at its own first frame.
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if edit.type != "cut":
            reach = max(reach, edit.end)
        elif edit.start <= reach or not 0 < edit.start < strip.end:
            continue
        yield edit


def _edit(mix: _Mix, shown: Sequence[_Piece], end: Fraction) -> Edit:
    """A transition within the strip; black on one of its sides makes it a fade."""
    start, past = max(Fraction(0), mix.start), min(end, mix.end)
    if mix.type is not None:
        return Edit(mix.type, start, past, mix.where)
    beside = _touching(shown, mix.at)
    before = any(p.start < mix.at for p in beside)
    after = any(p.end > mix.at for p in beside)
    kind: TransitionType = "dissolve"
    if before != after:
        kind = "fade_out" if before else "fade_in"
    return Edit(kind, start, past, mix.where)
