"""What one reading of the catalog found, counted table by table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """One table in a reading: every row read is accepted or quarantined.

    Attributes:
        new: accepted rows that the store did not hold.
        changed: accepted rows that it held otherwise.
        unchanged: accepted rows that it held so already.
        quarantined: rows that could not be accepted.
        removed: rows that it held and that are not accepted any more; they were not read.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    removed: int = 0

    @property
    def accepted(self) -> int:
        return self.new + self.changed + self.unchanged

    @property
    def read(self) -> int:
        return self.accepted + self.quarantined

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.quarantined + other.quarantined,
            self.removed + other.removed,
        )


@dataclass(frozen=True)
class Ingest:
    """What one reading of the catalog found.

    Attributes:
        tables: a tally for each table of which there was a row, before or now. Film files that no
            row lists and sheets that no reader takes have one under a name of their own.
        quarantined: rows by the reason why they were refused.
        is_news: whether anything differs from the reading before, what was refused included.
        was_read: false where all bytes were those of the reading before, so none was read again.
    """

    ingest_id: str
    rulebook_sha256: str
    tables: Mapping[str, Tally]
    quarantined: Mapping[str, int]
    is_news: bool
    was_read: bool = True

    @property
    def total(self) -> Tally:
        return sum(self.tables.values(), Tally())

    @property
    def accepted(self) -> dict[str, int]:
        """Accepted rows by table, without tables that have none."""
        return {name: one.accepted for name, one in self.tables.items() if one.accepted}

    @property
    def added(self) -> int:
        return self.total.new

    @property
    def changed(self) -> int:
        return self.total.changed

    @property
    def removed(self) -> int:
        return self.total.removed
