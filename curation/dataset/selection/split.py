"""Groups of titles that must not be parted, and the split into which each group falls.

What belongs together: the edits and episodes of one series or title, titles that the recipe says
belong together, and titles that share a shot, near-duplicates among them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curation.dataset.recipe import SplitSection
    from curation.rights import Rulebook

SPLITS = ("train", "val", "test")


def titles_of(rulebook: Rulebook) -> dict[str, str]:
    """The title of each work: itself, or the nearest above it; the topmost where none is a title.

    A season or a series stands for itself.
    """
    works = {work.work_id: work for work in rulebook.works}
    found = {}
    for work_id in works:
        for above in _line(work_id, works):
            found[work_id] = above
            if works[above].level not in ("edit", "manifestation"):
                break
    return found


def groups_of(
    rulebook: Rulebook,
    works: Iterable[str],
    *,
    together: Sequence[Sequence[str]] = (),
    alike: Iterable[tuple[str, str]] = (),
) -> dict[str, str]:
    """The group of each of these works, named by the first of its topmost works.

    Args:
        together: lists of works that belong together.
        alike: pairs of works that share a shot.
    """
    by_id = {work.work_id: work for work in rulebook.works}
    top = {work: _line(work, by_id)[-1] for work in works}
    sets = _Sets()
    for one, other in alike:
        sets.unite(_line(one, by_id)[-1], _line(other, by_id)[-1])
    for members in together:
        for member in members[1:]:
            sets.unite(_line(members[0], by_id)[-1], _line(member, by_id)[-1])
    return {work: sets.least(above) for work, above in top.items()}


def split_of(group: str, seed: int, shares: SplitSection) -> str:
    """The split that a group falls into: a lot drawn from its name and the seed, so that it stays
    the same in every release of that seed whatever else the library holds."""
    offered: list[tuple[str, float]] = [(name, getattr(shares, name)) for name in SPLITS]
    drawn = _lot(seed, group) * sum(share for _, share in offered)
    reached = 0.0
    for name, share in offered:
        reached += share
        if drawn < reached:
            return name
    return next(name for name, share in reversed(offered) if share > 0)


def lot_sql(seed: int, column: str) -> str:
    """SQL for text whose order is the order of the lots drawn from a seed and a column."""
    return f"sha256(concat('{seed}:', {column}))[1:14]"


def _lot(seed: int, name: str) -> float:
    """A number in [0, 1) drawn from a seed and a name, the same for ever."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)


def _line(work_id: str, works: Mapping[str, object]) -> list[str]:
    """A work and those above it; one that the catalog does not know stands alone."""
    line = [work_id]
    while (parent := getattr(works.get(line[-1]), "parent_id", None)) and parent not in line:
        line.append(parent)
    return line


class _Sets:
    """Disjoint sets of names, each known by its least."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def least(self, name: str) -> str:
        line = [name]
        while (above := self._above.get(line[-1])) is not None:
            line.append(above)
        for passed in line[:-1]:
            self._above[passed] = line[-1]
        return line[-1]

    def unite(self, one: str, other: str) -> None:
        first, second = sorted((self.least(one), self.least(other)))
        if first != second:
            self._above[second] = first
