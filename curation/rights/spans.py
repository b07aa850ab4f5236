"""Frames `[first, past-last)`: overlap, cover and a sorted index."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Span = tuple[int, int]
T = TypeVar("T")


def overlaps(one: Span | None, other: Span | None) -> bool:
    """Whether the spans share a frame; None is the whole work."""
    return one is None or other is None or (one[0] < other[1] and other[0] < one[1])


def covers(outer: Span | None, inner: Span | None) -> bool:
    """Whether all of `inner` lies in `outer`; None is the whole work."""
    if outer is None:
        return True
    return inner is not None and outer[0] <= inner[0] and inner[1] <= outer[1]


class SpanIndex(Generic[T]):
    """Rows by their span, so that a shot of a long film finds its own without reading all."""

    __slots__ = ("_everywhere", "_reach", "_rows", "_starts")

    def __init__(self, rows: Iterable[T], span_of: Callable[[T], Span | None]) -> None:
        spanned = [(span_of(row), row) for row in rows]
        self._everywhere = [row for span, row in spanned if span is None]
        placed = sorted(
            ((span, row) for span, row in spanned if span is not None), key=lambda pair: pair[0]
        )
        self._rows = placed
        self._starts = [span[0] for span, _ in placed]
        self._reach: list[int] = []
        furthest = 0
        for span, _ in placed:
            furthest = max(furthest, span[1])
            self._reach.append(furthest)

    def overlapping(self, span: Span | None) -> list[T]:
        """The rows sharing a frame with the span: those without one, then by their spans."""
        if span is None:
            return [*self._everywhere, *(row for _, row in self._rows)]
        found: list[T] = []
        position = bisect_left(self._starts, span[1]) - 1
        while position >= 0 and self._reach[position] > span[0]:
            placed, row = self._rows[position]
            if placed[1] > span[0]:
                found.append(row)
            position -= 1
        found.reverse()
        return [*self._everywhere, *found] if self._everywhere else found
