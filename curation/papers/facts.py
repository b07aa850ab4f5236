"""What the papers of a release tell of it, counted from its own rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass
class Tally:
    """Samples and their length, of whatever it is kept for."""

    samples: int = 0
    microseconds: int = 0

    @property
    def seconds(self) -> float:
        return self.microseconds / 1_000_000

    @property
    def hours(self) -> float:
        return round(self.seconds / 3600, 6)

    def add(self, row: Row) -> None:
        self.samples += 1
        self.microseconds += round(row["seconds"] * 1_000_000)


@dataclass
class Facts:
    """Counts of a release; whole numbers, so that the order of its rows changes none of them.

    Attributes:
        splits: by name; with the works of each.
        works: by id; `titles` what they are called.
        assets: films that clips were cut from, by content: the works they are of.
        labels: by tagger's family, facet and label.
        components: for which some clip was cleared.
        words: of all captions together.
    """

    all: Tally = field(default_factory=Tally)
    splits: dict[str, Tally] = field(default_factory=dict)
    works_in: dict[str, set[str]] = field(default_factory=dict)
    works: dict[str, Tally] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    labels: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    licences: set[str] = field(default_factory=set)
    duties: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    components: set[str] = field(default_factory=set)
    stills: int = 0
    captions: int = 0
    words: int = 0

    def add(self, split: str, row: Row) -> None:
        """Count one sample."""
        self.all.add(row)
        self.splits.setdefault(split, Tally()).add(row)
        self.works_in.setdefault(split, set()).add(row["work_id"])
        self.works.setdefault(row["work_id"], Tally()).add(row)
        self.titles[row["work_id"]] = row.get("title") or row["work_id"]
        self.assets[row["asset_sha256"]] = row["work_id"]
        clip, rights = row["clip"], row["rights"]
        self.sizes[clip["width"], clip["height"]] += 1
        self.stills += clip["still_sha256"] is not None
        self.licences.update(rights.get("licences") or ())
        self.duties.update(rights.get("duties") or ())
        self.grants.update(rights.get("grants") or ())
        self.components.update(rights.get("components") or ())
        for family, facet, label in labels_of(row):
            self.labels.setdefault(family, {}).setdefault(facet, Counter())[label] += 1
        said = [value for name, value in row.items() if name.endswith("_caption") and value]
        self.captions += len(said)
        self.words += sum(len(text.split()) for text in said)


def count(shards: Iterable[tuple[str, Iterable[Row]]]) -> Facts:
    """The facts of a release, from the rows of its shards, each with its split."""
    facts = Facts()
    for split, rows in shards:
        for row in rows:
            facts.add(split, row)
    return facts


def labels_of(row: Row) -> Iterator[tuple[str, str, str]]:
    """Each label of a sample: (tagger's family, facet, label)."""
    for family, facets in row.items():
        if not isinstance(facets, Mapping):
            continue
        for facet, tag in facets.items():
            if isinstance(tag, Mapping) and isinstance(tag.get("label"), str):
                yield family, facet, tag["label"]
