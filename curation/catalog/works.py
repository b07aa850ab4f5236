"""Works as strangers' files state them: one id for each, parents before what lies below them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from curation.catalog.reader import Fault, RawRow
from curation.rights.eidr import claims_content_eidr, eidr_failure, eidr_key, normal_eidr
from curation.rights.rows import LEVELS

EIDR_FAILED = "EIDR_CHECK_FAILED"
CONFLICT = "CONFLICTING_WORK"
_NAMES_A_WORK = re.compile(
    r"(Asset\d+\.)?((Series|Season|Episode|Volume)?(Title|Content|Alt)?ID|EditID|ALID|RefALID"
    r"|BundledALIDs|(Edit|Title)EIDR-URN)|AltIdentifier .*|work_id",
    re.IGNORECASE,
)
"""Fields of evidence whose text is an id of a work; those of offers and contracts are not."""


@dataclass(frozen=True, slots=True)
class WorkStated:
    """A work as one row of a file states it."""

    work_id: str
    level: str
    parent_id: str | None = None
    eidr: str | None = None
    title: str | None = None
    year: int | None = None

    def values(self) -> dict[str, Any]:
        pairs = {
            "work_id": self.work_id,
            "level": self.level,
            "parent_id": self.parent_id,
            "eidr": self.eidr,
            "title": self.title,
            "year": self.year,
        }
        return {name: value for name, value in pairs.items() if value is not None}


@dataclass
class Works:
    """The works met so far in one reading: each is a row once, as first stated.

    A later title or year stays with the row of evidence that states it; a later level or parent
    that differs is a fault of that row.
    """

    _met: dict[str, WorkStated] = field(default_factory=dict)

    def conflict(self, works: Iterable[WorkStated]) -> Fault | None:
        """Whether these contradict what was stated before."""
        for work in works:
            first = self._met.get(work.work_id)
            if first is None:
                continue
            for name in ("level", "parent_id"):
                old, new = getattr(first, name), getattr(work, name)
                if old != new and old is not None and new is not None:
                    message = (
                        f"{work.work_id} has {name} {new!r} here and {old!r} in a row before; "
                        "correct the one that is wrong"
                    )
                    return Fault(name, CONFLICT, message)
        return None

    def rows(self, works: Iterable[WorkStated], source: str, line: int) -> Iterator[RawRow]:
        """Rows for those not met before."""
        for work in works:
            if work.work_id not in self._met:
                self._met[work.work_id] = work
                yield RawRow("works", source, line, work.values())


def eidr_faults(cells: Mapping[str, str]) -> Iterator[Fault]:
    """A fault for each id cell that means to be a content EIDR and is none."""
    for name, text in cells.items():
        for item in re.split(r"[;,\s]+", text):
            if claims_content_eidr(item) and identity(item) is None:
                yield Fault("eidr", EIDR_FAILED, f"{name} {eidr_failure(item)}")


def identity(text: str) -> str | None:
    """The content EIDR in an id, in its one spelling; logical ids (``md:alid:``) hold one too."""
    return normal_eidr(re.sub(r"^(urn:dece|md):alid:eidr-", "md:cid:eidr-", text, flags=re.I))


def own_id(text: str, owner: str | None) -> str | None:
    """A work id from an id that somebody gave: an EIDR, a name of a known scheme, else by owner."""
    text = text.strip()
    if not text or text.startswith("//"):
        return None
    if claims_content_eidr(text):
        return identity(text)
    if re.match(r"(md|urn|imdb|https?):", text, re.IGNORECASE):
        return text
    return f"{slug(owner or 'unstated')}:{text}"


def slug(text: str) -> str:
    """Lower-case letters and digits of any script, joined by hyphens."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def names_in(values: Mapping[str, Any]) -> set[str]:
    """Every name that a row of evidence gives a work, as ``names_of`` gives the studio's.

    For rows in quarantine, where nothing else can be believed: ids as they stand, and EIDRs in
    whatever spelling, their check character left aside.
    """
    texts = [
        item
        for name, text in values.items()
        if isinstance(text, str) and _NAMES_A_WORK.fullmatch(name)
        for item in (text, *re.split(r"[;,\s]+", text))
    ]
    return names_of(*texts)


def names_of(*ids: str | None) -> set[str]:
    """What ids of a work are told by: their own letters, and for an EIDR its digits."""
    stated = [text.strip() for text in ids if text and text.strip()]
    return {text.casefold() for text in stated} | {
        f"eidr {key}" for text in stated if (key := eidr_key(text))
    }


def with_evidence(
    own: Mapping[str, list[Any]], works: Iterable[Mapping[str, Any]], people: Iterable[Any]
) -> dict[str, list[Any]]:
    """The studio's own rows, and beside them the works and people that only others state.

    What the studio says of a work goes before what others say. A stranger's work that bears the
    EIDR of a work of the studio's is that work, whatever its id: it is not there twice, and what is
    stated of it is stated of the studio's. A stranger's work that does not fit below its parent,
    and people of a work that is not there, are left out: the rulebook must not fall for them, and
    nothing is permitted on a work without rows of the studio's.
    """
    levels = {row["work_id"]: row["level"] for row in own["works"]}
    same = _studio_works_by_eidr(own["works"])
    names: dict[str, str] = {}
    kept: list[Mapping[str, Any]] = []
    for row in sorted(works, key=lambda one: LEVELS.index(one["level"])):
        name = row["work_id"]
        if name in levels:
            continue
        if (mine := same.get(eidr_key(row.get("eidr")))) is not None:
            names[name] = mine
            continue
        above = row.get("parent_id")
        parent = above if above is None else names.get(above, above)
        if parent is None or (
            parent in levels and LEVELS.index(levels[parent]) < LEVELS.index(row["level"])
        ):
            levels[name] = row["level"]
            kept.append(row if parent == above else {**row, "parent_id": parent})
    known = [
        {**row, "work_id": work_id}
        for row in people
        if (work_id := names.get(row["work_id"], row["work_id"])) in levels
    ]
    return {
        **own,
        "works": [*own["works"], *kept],
        "participants": [*own["participants"], *known],
    }


def _studio_works_by_eidr(works: Iterable[Mapping[str, Any]]) -> dict[str | None, str]:
    """The studio's work of each EIDR; of several, such as a title and its edits, the highest."""
    ranked = sorted(works, key=lambda row: (-LEVELS.index(row["level"]), row["work_id"]))
    keyed = ((eidr_key(row.get("eidr")), row["work_id"]) for row in ranked)
    return {key: work_id for key, work_id in keyed if key is not None}
