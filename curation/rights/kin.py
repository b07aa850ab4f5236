"""Which works a request touches: its line, what lies below it, and what is recorded twice.

Two works with one EIDR are one work under two ids, whatever their ids say: a holdback on either
holds for both. An EIDR may also be a title's, copied down to its edits. So two works below one
that carries the EIDR too are the different parts of it that they are recorded to be; and of two
works on different levels the higher counts as standing above the lower. An EIDR with an extension
(`eidr-x`) names a part of what the EIDR names, so that its work stands below that one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from curation.rights.rows import LEVELS, Work
from curation.rights.rulebook import Rulebook, eidr_keys


def related_ids(book: Rulebook, work: Work, known_at: datetime) -> tuple[str, ...]:
    """The work, all that stands above it and all that lies below it, twins of each included.

    Never sideways: another edit of the same title is not among them.
    """

    def parents(one: Work) -> Iterator[Work]:
        return _parents(book, one, known_at)

    def children(one: Work) -> Iterator[Work]:
        return _children(book, one, known_at)

    above = _walk(book, work, known_at, parents, lambda twin, one: _rank(twin) <= _rank(one))
    below = _walk(book, work, known_at, children, lambda twin, one: _rank(twin) >= _rank(one))
    return tuple(dict.fromkeys((*above, *below)))


def connected(book: Rulebook, work_ids: Iterable[str], known_at: datetime) -> dict[str, Work]:
    """By id all works that parents, parts and EIDRs lead to from these, in whatever order.

    Related works are among them; others are too, for a way up and down again relates nothing.
    """
    found: dict[str, Work] = {}
    waiting = [work for name in work_ids if (work := book.work(name, known_at)) is not None]
    while waiting:
        one = waiting.pop()
        if one.work_id not in found:
            found[one.work_id] = one
            waiting += _parents(book, one, known_at)
            waiting += _children(book, one, known_at)
            waiting += [o for key in eidr_keys(one) for o in book.works_with_eidr(key, known_at)]
    return found


def twins(book: Rulebook, work: Work, known_at: datetime) -> Iterator[Work]:
    """The other works that carry its EIDR and are not parts of one work that carries it too."""
    for key in eidr_keys(work):
        carriers = book.works_with_eidr(key, known_at)
        if len(carriers) > 1:
            own = {one.work_id for one in book.lineage(work, known_at) if key in eidr_keys(one)}
            for other in carriers:
                if own.isdisjoint(one.work_id for one in book.lineage(other, known_at)):
                    yield other


def _walk(
    book: Rulebook,
    work: Work,
    known_at: datetime,
    steps: Callable[[Work], Iterable[Work]],
    follows: Callable[[Work, Work], bool],
) -> Iterator[str]:
    """The work and what the steps lead to, with the twins that follow each.

    Twins are looked up once for an EIDR and level: a twin's twin may be a part beside the work.
    """
    found: set[str] = set()
    paired: set[tuple[frozenset[str], str]] = set()
    waiting = deque([work])
    while waiting:
        one = waiting.popleft()
        if one.work_id in found:
            continue
        found.add(one.work_id)
        yield one.work_id
        pair = eidr_keys(one), one.level
        if pair not in paired:
            paired.add(pair)
            waiting += [twin for twin in twins(book, one, known_at) if follows(twin, one)]
        waiting += steps(one)


def _parents(book: Rulebook, one: Work, known_at: datetime) -> Iterator[Work]:
    parent = book.work(one.parent_id, known_at) if one.parent_id is not None else None
    if parent is not None:
        yield parent
    for key in eidr_keys(one):
        whole, extended, _ = key.partition(":")
        if extended:
            yield from book.works_with_eidr(whole, known_at)


def _children(book: Rulebook, one: Work, known_at: datetime) -> Iterator[Work]:
    yield from book.children(one.work_id, known_at)
    for key in eidr_keys(one):
        yield from book.works_with_eidr(f"{key}:", known_at)


def _rank(work: Work) -> int:
    return LEVELS.index(work.level)
