"""Whom a row means: a party, a frozen group, or `*` for anyone."""

from __future__ import annotations

from datetime import datetime

from curation.rights.names import likenesses
from curation.rights.rulebook import Rulebook

ANYONE = "*"


def permitted(book: Rulebook, named: str | None, licensee: str, known_at: datetime) -> bool:
    """Whether a permission for `named` is one for the licensee, itself or as a listed member.

    Nobody named is nobody permitted, and a group inside a group lends no membership.
    """
    if named is None:
        return False
    if named in (ANYONE, licensee):
        return True
    group = book.group(named, known_at)
    return group is not None and licensee in group.members


def barred(book: Rulebook, named: str | None, licensee: str, known_at: datetime) -> bool:
    """Whether a prohibition on `named` touches the licensee.

    Nobody named is everybody. Groups count with the groups inside them, and a licensee that is
    itself a group is touched with any of its members. Names that are alike are one party, and a
    name that may be several is each of them.
    """
    if named is None or named == ANYONE:
        return True
    touched = _members(book, named, known_at)
    return ANYONE in touched or not touched.isdisjoint(_members(book, licensee, known_at))


def meet(book: Rulebook, one: str | None, other: str | None, known_at: datetime) -> bool:
    """Whether two rules are certainly about a party in common; nobody named is everybody."""
    if one is None or other is None or ANYONE in (one, other):
        return True
    return not _listed(book, one, known_at).isdisjoint(_listed(book, other, known_at))


def _listed(book: Rulebook, party: str, known_at: datetime) -> set[str]:
    group = book.group(party, known_at)
    return {party, *(group.members if group is not None else ())}


def _members(book: Rulebook, party: str, known_at: datetime) -> set[str]:
    found: set[str] = set()
    waiting = [*likenesses(party)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for group in book.groups_alike(name, known_at):
            waiting += [one for member in group.members for one in likenesses(member)]
    return found
