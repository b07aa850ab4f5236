"""How good found transitions are against a truth: the rule by which all detectors are compared.

One to one and nearest first: a cut is found within 0 or 1 frame, a gradual transition by anything
that reaches into it or lies within `PAD` frames of it. A found span of at most `SHORT` frames on a
true cut is right for "all", not as a cut. What lies on truth that is uncertain or optional, in a
range to be ignored, at an ambiguous distractor, or a second time on an abrupt edge of a gradual
transition, is not counted. Everything else is a false alarm; of one in a gradual transition that is
found already, gradual and not cut. The rule is that of the reels' own scorer
(shared/shots/README.md), whose figures these equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from curation.shots.transition import Transition

PAD: Final = 2
"""Frames by which a found span may miss a gradual transition."""
SHORT: Final = 8
"""Frames that a found span may take, less one, where the truth is a cut."""


class TruthError(Exception):
    """A truth file that cannot be used; the message says what is wrong and the remedy."""


@dataclass(frozen=True, slots=True)
class Span:
    """Frames `start` to `end`, both inclusive."""

    start: int
    end: int

    def reaches(self, other: Span, before: int = 0, behind: int = 0) -> bool:
        """Whether it meets the other, widened by so many frames on its sides."""
        return self.start <= other.end + behind and self.end >= other.start - before


@dataclass(frozen=True, slots=True)
class Known:
    """A boundary of the truth. `also`: an interlaced frame that is as good as a cut's own."""

    type: str
    span: Span
    subtype: str = ""
    counts: bool = True
    also: int | None = None
    edges: tuple[int, ...] = ()

    @property
    def is_cut(self) -> bool:
        return self.type == "cut"

    def distance(self, frame: int) -> int:
        """Frames between a found cut and this one."""
        off = abs(frame - self.span.start)
        return off if self.also is None else min(off, abs(frame - self.also))

    def is_named(self, word: str) -> bool:
        """Whether a type of ours says what this is: an iris is a wipe whose subtype says so."""
        return word in (self.type, self.subtype)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a film of so many `frames`, if they are told.

    Found things in `ignored` (already widened) are not counted.
    """

    file: str
    known: tuple[Known, ...]
    ignored: tuple[Span, ...] = ()
    frames: int | None = None

    @classmethod
    def from_json(cls, data: object) -> Truth:
        """Read a truth file's content.

        Raises `TruthError` when it has not the form of one.
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("boundaries"), list):
            raise TruthError(
                "no truth file: it has no list of boundaries; see the README of the reels"
            )
        known = tuple(_known(row, n) for n, row in enumerate(data["boundaries"], start=1))
        ignored = [_span(row, "ignore") for row in data.get("ignore", [])]
        for row in data.get("distractors", []):
            if row.get("ambiguous"):
                at = _span(row, "distractor")
                ignored.append(Span(at.start - 1, at.end + 2))
        frames = data.get("frames")
        told = frames if isinstance(frames, int) else None
        return cls(str(data.get("file", "")), known, tuple(ignored), told)


@dataclass(frozen=True, slots=True)
class Tally:
    """Right, false and missed."""

    right: int
    false: int
    missed: int

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where there was nothing to find or say."""
        all_of_it = 2 * self.right + self.false + self.missed
        return 2 * self.right / all_of_it if all_of_it else None


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one film. `typed` of `found` true boundaries got their right type."""

    cut0: Tally
    cut1: Tally
    gradual: Tally
    all: Tally
    typed: int
    found: int
    missed: tuple[Known, ...]
    false: tuple[Transition, ...]

    @property
    def type_accuracy(self) -> float | None:
        return self.typed / self.found if self.found else None


def score(truth: Truth, found: Iterable[Transition]) -> Score:
    """Score the transitions found in a film; its start and end are none."""
    sought = [t for t in found if t.type not in ("start", "end")]
    exact, near = _Match(truth, sought, 0), _Match(truth, sought, 1)
    pairs = [(near.found[i], truth.known[j]) for j, i in near.by_truth.items()]
    missed = [k for j, k in enumerate(truth.known) if k.counts and j not in near.by_truth]
    return Score(
        cut0=exact.cuts(),
        cut1=near.cuts(),
        gradual=near.graduals(),
        all=near.everything(),
        typed=sum(known.is_named(one.type) for one, known in pairs),
        found=len(pairs),
        missed=tuple(missed),
        false=tuple(near.found[i] for i in sorted(near.false)),
    )


@dataclass
class _Match:
    """Who finds whom, cuts within `tolerance` frames."""

    truth: Truth
    given: Sequence[Transition]
    tolerance: int
    found: list[Transition] = field(init=False)
    by_truth: dict[int, int] = field(init=False, default_factory=dict)
    """Index of a true boundary to that of what found it."""
    loose: set[int] = field(init=False, default_factory=set)
    """True cuts that a short span found."""
    false: list[int] = field(init=False, default_factory=list)
    in_gradual: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        once = {(t.start, t.end, t.gradual): t for t in reversed(self.given)}
        cuts = [t for t in once.values() if not t.gradual]
        spans = [t for t in self.given if t.gradual]
        # In order of their middle; a stable sort leaves cuts before spans.
        self.found = sorted(
            [*sorted(cuts, key=lambda t: t.start), *spans], key=lambda t: t.start + t.end
        )
        self._pair(self._near_cuts())
        self._pair(self._in_graduals())
        self._short_spans()
        self._judge_the_rest()

    def _counted(self, *, cuts: bool) -> Iterator[tuple[int, Known]]:
        for j, known in enumerate(self.truth.known):
            if known.counts and known.is_cut == cuts:
                yield j, known

    def _open(self) -> Iterator[tuple[int, Transition]]:
        taken = set(self.by_truth.values())
        for i, one in enumerate(self.found):
            if i not in taken:
                yield i, one

    def _pair(self, candidates: Iterable[tuple[int, int, int]]) -> None:
        """Nearest first, each once; of equals the earlier."""
        taken = set(self.by_truth.values())
        for _, i, j in sorted(candidates):
            if i not in taken and j not in self.by_truth:
                taken.add(i)
                self.by_truth[j] = i

    def _near_cuts(self) -> Iterator[tuple[int, int, int]]:
        for j, known in self._counted(cuts=True):
            for i, one in enumerate(self.found):
                if not one.gradual and (off := known.distance(one.start)) <= self.tolerance:
                    yield off, i, j

    def _in_graduals(self) -> Iterator[tuple[int, int, int]]:
        free = list(self._open())
        for j, known in self._counted(cuts=False):
            span = known.span
            for i, one in free:
                if _span_of(one).reaches(span, PAD, PAD):
                    yield abs(one.start + one.end - span.start - span.end), i, j

    def _short_spans(self) -> None:
        for i, one in list(self._open()):
            if not one.gradual or one.end - one.start > SHORT:
                continue
            reach = Span(one.start - self.tolerance, one.end + 1 + self.tolerance)
            for j, known in self._counted(cuts=True):
                if j not in self.by_truth and reach.reaches(
                    Span(known.span.start, known.span.start)
                ):
                    self.by_truth[j] = i
                    self.loose.add(j)
                    break

    def _judge_the_rest(self) -> None:
        graduals = [known for _, known in self._counted(cuts=False)]
        uncounted = [known.span for known in self.truth.known if not known.counts]
        for i, one in self._open():
            span = _span_of(one)
            on_edge = any(abs(one.start - edge) <= 1 for k in graduals for edge in k.edges)
            if (
                on_edge
                or any(span.reaches(other, PAD, PAD) for other in uncounted)
                or any(span.reaches(other) for other in self.truth.ignored)
            ):
                continue
            self.false.append(i)
            if one.gradual or any(span.reaches(k.span, PAD, PAD) for k in graduals):
                self.in_gradual += 1

    def _sought(self, *, cuts: bool) -> int:
        return sum(1 for _ in self._counted(cuts=cuts))

    def cuts(self) -> Tally:
        true = {j for j, _ in self._counted(cuts=True)}
        right = len((true & set(self.by_truth)) - self.loose)
        return Tally(right, len(self.false) - self.in_gradual, len(true) - right)

    def graduals(self) -> Tally:
        true = {j for j, _ in self._counted(cuts=False)}
        right = len(true & set(self.by_truth))
        return Tally(right, self.in_gradual, len(true) - right)

    def everything(self) -> Tally:
        right = len(self.by_truth)
        sought = sum(known.counts for known in self.truth.known)
        return Tally(right, len(self.false), sought - right)


def _span_of(found: Transition) -> Span:
    return Span(found.start, found.end)


def _known(row: Any, number: int) -> Known:
    if not isinstance(row, Mapping) or not isinstance(row.get("type"), str):
        raise TruthError(f"boundary {number} has no type; see the README of the reels")
    span = _span(row, f"boundary {number}")
    return Known(
        row["type"],
        span,
        str(row.get("subtype") or ""),
        counts=not (row.get("uncertain") or row.get("optional")),
        also=row.get("mixed_frame"),
        edges=tuple(row.get("edges", ())),
    )


def _span(row: Mapping[str, Any], what: str) -> Span:
    start, end = row.get("start", row.get("frame")), row.get("end", row.get("frame"))
    if not isinstance(start, int) or not isinstance(end, int):
        raise TruthError(f"{what} has neither frame nor start and end; see the README of the reels")
    return Span(start, end)
