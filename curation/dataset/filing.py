"""Papers into a release, and held against it again: what they say is counted from its own rows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from curation.dataset.fault import Fault
from curation.dataset.manifest import MANIFEST, Manifest
from curation.dataset.parquet_shards import BYTES
from curation.dataset.shards import ReleaseFile, Shard, paths_of
from curation.papers import binder, left_out
from curation.papers.facts import Facts
from curation.papers.left_out import LeftOut, Spans
from curation.storage import Place, StorageError
from curation.tables.store import rows_of

_CANNOT = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What telling of a manifest or a row raises that only a forger could have written."""
MOST_FAULTS = 100
SINCE = 3
"""The first format whose releases have papers."""


def file_papers(
    release: Place,
    described: Mapping[str, Any],
    shards: Sequence[Shard],
    *,
    cards: Mapping[str, Mapping[str, Any]],
    negative: bytes,
) -> tuple[ReleaseFile, ...]:
    """Write the papers of a packed release; their bytes depend on nothing but the release.

    Args:
        described: what its manifest will say.
        cards: of the taggers whose tags travel, by name.
        negative: the file of what is not in it.
    """
    facts = Facts()
    filed = [_file(release, binder.LEFT_OUT, negative)]
    for shard in shards:
        rows = _rows(release, shard)
        for row in rows:
            facts.add(shard.split, row)
        path = binder.sidecar_of(shard.name)
        filed.append(_file(release, path, binder.sidecar(described, rows)))
    parts = [file.to_json() for file in filed]
    bound = binder.bind(described, facts, cards, [*_listed(described), *parts])
    filed += [_file(release, path, data) for path, data in bound.items()]
    return tuple(sorted(filed, key=lambda file: file.path))


class Papers:
    """The papers of one release under verification; shown its rows shard by shard, then asked."""

    def __init__(self, release: Place, manifest: Manifest, present: Iterable[str]) -> None:
        self._release = release
        self._manifest = manifest
        self._present = frozenset(present)
        self._facts: Facts | None = Facts()
        self._lines: list[LeftOut] | None = None
        self._spans = Spans(())
        self.faults: list[Fault] = []
        self.expected = manifest.format >= SINCE
        self.comparable = manifest.data.get("papers_version") == binder.VERSION
        if self.expected:
            self.faults += _listing(manifest)
            self._read_left_out()

    def show(self, shard: Shard, rows: Sequence[Mapping[str, Any]] | None) -> None:
        """Take in the rows of a shard; None where they cannot be read."""
        if rows is None:
            self._facts = None
            return
        for row in rows:
            self._touched(paths_of(shard.name)[1], row)
        if not (self.expected and self.comparable):
            return
        try:
            for row in rows:
                if self._facts is not None:
                    self._facts.add(shard.split, row)
            said = binder.sidecar(self._manifest.data, rows)
        except _CANNOT as error:
            self._facts = None
            self.faults.append(Fault(MANIFEST, f"its papers cannot be made again: {error!r}"))
            return
        self._compare({binder.sidecar_of(shard.name): said})

    def close(self) -> None:
        """Hold what is told of the whole release against it."""
        data, cards = self._manifest.data, self._manifest.cards
        if not (self.expected and self.comparable) or self._facts is None:
            return
        if not self._present.issuperset(card.path for card in cards):
            return
        listed = [(one["asset_sha256"], one["work_id"]) for one in data.get("sources", ())]
        if sorted(listed) != sorted(self._facts.assets.items()):
            self.faults.append(Fault(MANIFEST, "its sources are not the films of its samples"))
        papers = [file for file in data["papers"] if file["path"] not in binder.BOUND]
        try:
            said = [json.loads((self._release / card.path).read_text()) for card in cards]
            taggers = {card["tagger"]: card for card in said}
            files = self._as_described([*_listed(data), *papers])
            bound = binder.bind(data, self._facts, taggers, files)
        except (StorageError, *_CANNOT) as error:
            self.faults.append(Fault(MANIFEST, f"its papers cannot be made again: {error!r}"))
            return
        self._compare(bound)

    def _as_described(self, files: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The files as the description for catalogues lists them; one that it lists with another
        content is at fault itself, and not the description."""
        place = self._release / binder.CROISSANT
        try:
            listed = json.loads(place.read_text())["distribution"]
            stated = {one["contentUrl"]: one for one in listed if "contentUrl" in one}
            found = [(file, stated[file["path"]]) for file in files]
            other = {
                file["path"]: {
                    "path": file["path"],
                    "bytes": int(one["contentSize"].removesuffix(" B")),
                    "sha256": one["sha256"],
                }
                for file, one in found
                if one["sha256"] != file["sha256"]
            }
        except (StorageError, *_CANNOT):
            return files
        blamed = {fault.file for fault in self.faults}
        what = f"its SHA-256 is not the one in {binder.CROISSANT}: it was changed since"
        self.faults += [Fault(path, what) for path in sorted(other.keys() - blamed)]
        return [other.get(file["path"], file) for file in files]

    def _compare(self, told: Mapping[str, bytes]) -> None:
        for path, data in told.items():
            if path not in self._present:
                continue
            try:
                is_same = (self._release / path).read_bytes() == data
            except StorageError as error:
                self.faults.append(Fault(path, f"cannot be read: {error}"))
                continue
            if not is_same:
                self.faults.append(Fault(path, "does not say what the release says"))

    def _read_left_out(self) -> None:
        if binder.LEFT_OUT not in self._present:
            return
        place = self._release / binder.LEFT_OUT
        try:
            if place.entry().size > left_out.MOST_BYTES:
                raise ValueError(f"this code reads up to {left_out.MOST_BYTES} bytes")
            with place.open() as stream:
                lines = left_out.read(stream)
        except (StorageError, MemoryError, *_CANNOT) as error:
            self.faults.append(Fault(binder.LEFT_OUT, f"cannot be read: {error}"))
            return
        self._spans = Spans(lines)
        stated = Counter[tuple[str, str]]()
        for line in self._manifest.data["excluded"]:
            stated[line["station"], line["reason"]] += line["shots"]
        found = left_out.counted(lines)
        for key in sorted(stated.keys() | found.keys()):
            if stated[key] != found[key]:
                what = (
                    f"{found[key]} shots at {key[0]} for {key[1]}, the manifest says {stated[key]}"
                )
                self.faults.append(Fault(binder.LEFT_OUT, what))

    def _touched(self, path: str, row: Mapping[str, Any]) -> None:
        out = self._spans.touched(row["asset_sha256"], row["clean_start"], row["clean_end"])
        if out is not None and len(self.faults) < MOST_FAULTS:
            what = (
                f"its frames {row['clean_start']} to {row['clean_end']} meet {out.first} to "
                f"{out.past_last}, left out at {out.station}: {', '.join(out.reasons)}"
            )
            self.faults.append(Fault(path, what, row["key"]))


def _listing(manifest: Manifest) -> Iterator[Fault]:
    """Papers that a manifest must list, and lists once."""
    listed = Counter(paper.path for paper in manifest.papers)
    for path, times in listed.items():
        if times > 1:
            yield Fault(MANIFEST, f"lists {path!a} {times} times")
        if not binder.is_paper(path):
            yield Fault(MANIFEST, f"{path!a} is no name of a paper")
    for path in sorted(binder.papers_of(shard.name for shard in manifest.shards) - listed.keys()):
        yield Fault(MANIFEST, f"does not list the paper {path!a}")


def _listed(described: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Files of shards and cards, as a manifest lists them."""
    shards = [file for shard in described["shards"] for file in shard["files"]]
    return [*described["cards"], *shards]


def _rows(release: Place, shard: Shard) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    with (release / paths_of(shard.name)[1]).open() as stream:
        file = pq.ParquetFile(stream)
        columns = [name for name in file.schema_arrow.names if name != BYTES]
        return rows_of(file.read(columns))


def _file(release: Place, path: str, data: bytes) -> ReleaseFile:
    (release / path).write_bytes(data)
    return ReleaseFile(path, len(data), hashlib.sha256(data).hexdigest())
