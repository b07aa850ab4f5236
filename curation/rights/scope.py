"""What a request is about, as known at its `known_at`: the work, its line, its parties."""

from __future__ import annotations

from dataclasses import dataclass

from curation.rights.kin import related_ids
from curation.rights.request import Request
from curation.rights.rows import Work
from curation.rights.rulebook import Rulebook

_FRAMED = ("edit", "manifestation")


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason with the names of the rows behind it."""

    code: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found in one row or survey: what stands against the use, and the rows relied on."""

    findings: tuple[Finding, ...] = ()
    relied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """A request placed in its rulebook; its span does not count.

    `lineage` is the work and its ancestors, nearest first, empty for an unknown work.
    `related_ids` adds everything below it, and works recorded twice (`kin`). What bars a use, and
    every fact found in the frames, counts when it stands on any of these; a permission, a consent
    and a survey have to reach down the lineage to the work itself.
    """

    book: Rulebook
    request: Request
    lineage: tuple[Work, ...]
    related_ids: tuple[str, ...]

    @property
    def ancestor_ids(self) -> tuple[str, ...]:
        """The work and its ancestors."""
        return tuple(work.work_id for work in self.lineage)

    @property
    def surveyed_ids(self) -> tuple[str, ...]:
        """The works whose survey speaks for this one: itself, and the edit it is a copy of."""
        return tuple(
            work.work_id
            for position, work in enumerate(self.lineage)
            if position == 0 or work.level in _FRAMED
        )

    @property
    def family_ids(self) -> tuple[str, ...]:
        """The related works and every other version of the same title."""
        ids = dict.fromkeys(self.related_ids)
        title = next((work for work in self.lineage if work.level == "title"), None)
        if title is not None:
            others = self.book.descendants(title.work_id, self.request.known_at)
            ids |= dict.fromkeys(work.work_id for work in others)
        return tuple(ids)

    @property
    def is_framed(self) -> bool:
        """Whether the work is one whose frames are known: an edit or a copy of one."""
        return bool(self.lineage) and self.lineage[0].level in _FRAMED


def place(book: Rulebook, request: Request) -> Scope:
    """The request's scope as known at its `known_at`.

    A work one of whose ancestors was not known then is itself unknown: what bars the ancestor
    would be missed.
    """
    work = book.work(request.work_id, request.known_at)
    lineage = book.lineage(work, request.known_at) if work is not None else ()
    if not lineage or lineage[-1].parent_id is not None:
        return Scope(book, request, (), ())
    return Scope(book, request, lineage, related_ids(book, lineage[0], request.known_at))
