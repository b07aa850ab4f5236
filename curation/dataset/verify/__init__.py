"""Verification: everything that a release claims is checked again, from its bytes alone.

A release cannot vouch for itself: who changes its files may write its manifest anew. Against the
store that published it (``Anchor``) a manifest is held too, and each decision is asked again; of a
folder without its store it is said what could not be checked. A signature tells who made it.

What has changed since is no fault of a release, and is told apart from faults (``Standing``).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from curation.dataset import buckets
from curation.dataset.cards import is_card
from curation.dataset.fault import Fault
from curation.dataset.filing import Papers
from curation.dataset.manifest import (
    MANIFEST,
    Manifest,
    read_manifest,
    recipe_faults,
    total_seconds,
    unknown_fields,
)
from curation.dataset.recipe import RequestSection
from curation.dataset.shards import ReleaseFile, Shard, paths_of
from curation.dataset.signature import SIGNATURE, PublicKey, Seal, check_seal
from curation.dataset.verify.reproduction import reproduce, same_rulebook
from curation.dataset.verify.row_check import read_rows
from curation.dataset.verify.standing import Inquiry, Present, Standing, present_of
from curation.dataset.verify.tar_check import check_tar
from curation.storage import Entry, Place
from curation.tables.store import Store, canonical_json, rows_of

if TYPE_CHECKING:
    from curation.catalog.knowledge import Knowledge

__all__ = ["Anchor", "Fault", "Verification", "anchor_of", "verify"]

_UNLISTED = frozenset({MANIFEST, SIGNATURE})
MOST_UNKNOWN = 100
SPLITS = frozenset({"train", "val", "test"})


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a store remembers of a release; no digest where it knows of no such release.

    `knowledge` is what it knew when that release was planned; without it nothing is asked again.
    `present` is what it knows at the instant at which is asked what has changed since.
    """

    release_id: str
    manifest_sha256: str | None
    knowledge: Knowledge | None = None
    present: Present | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and every fault found.

    Attributes:
        anchored: the manifest was compared with what the store remembers of it. Where it was not,
            no fault means only that the folder agrees with itself.
        seal: who signed the manifest.
        unchecked: what could not be checked, each in a sentence.
        standing: what of it would be cleared at a later instant; None where no store was asked.
    """

    release_id: str
    files: int
    samples: int
    clips: int
    anchored: bool
    faults: tuple[Fault, ...]
    seal: Seal
    unchecked: tuple[str, ...]
    standing: Standing | None = None

    @property
    def good(self) -> bool:
        """Whether it is what it says it is, whatever has changed since."""
        return not self.faults


def anchor_of(store: Store, release_id: str, at: datetime | None = None) -> Anchor:
    """What the store's table of releases says of a release, what was known at its instant, and what
    is known at ``at``; now where it is None."""
    from curation.catalog.knowledge import knowledge_at

    rows = rows_of(store.read("releases", ["release_id", "manifest_sha256", "known_at"]))
    known = [row for row in rows if row["release_id"] == release_id]
    if not known:
        return Anchor(release_id, None)
    return Anchor(
        release_id,
        known[0]["manifest_sha256"],
        knowledge_at(store, known[0]["known_at"]),
        present_of(store, at or datetime.now(UTC)),
    )


def verify(
    release: Place,
    *,
    anchor: Anchor | None = None,
    keys: Iterable[PublicKey] = (),
    signed: bool = False,
    on_shard: Callable[[str], None] = lambda _: None,
) -> Verification:
    """Check hashes, counts, rights, papers and clips of a release, decoding every clip.

    Args:
        anchor: what the store that published it remembers; None without that store.
        keys: public keys of which one must have signed it, where any is given.
        signed: a release that is not signed is at fault.

    Raises:
        ReleaseError: when there is no manifest that could be checked.
    """
    manifest = read_manifest(release)
    shards = manifest.shards
    present = {entry.path: entry for entry in release.files() if entry.path not in _UNLISTED}
    files = manifest.files
    seal, faults = check_seal(release, manifest.raw, trusted=keys, required=signed)
    spoilt = list(_files(release, files, present))
    no_recipe = [Fault(MANIFEST, what) for what in recipe_faults(manifest)[:MOST_UNKNOWN]]
    faults += [*_anchor(manifest, anchor), *_manifest(manifest), *no_recipe, *spoilt]
    faults += [*_names(shards), *_cards(manifest.cards)]
    knowledge = anchor.knowledge if anchor is not None else None
    if knowledge is not None:
        faults += same_rulebook(manifest, knowledge)
    present_day = anchor.present if anchor is not None else None
    inquiry = Inquiry(manifest, present_day) if present_day and not no_recipe else None
    papers = Papers(release, manifest, present.keys() - {fault.file for fault in spoilt})
    clips = 0
    split_of: dict[str, str] = {}
    seen: set[str] = set()
    for shard in shards if not no_recipe else ():
        on_shard(shard.name)
        if not _is_sound(shard):
            continue
        tar, parquet = paths_of(shard.name)
        rows, found = read_rows(release, manifest, shard) if parquet in present else (None, [])
        faults += found
        papers.show(shard, rows)
        if rows is None:
            continue
        if knowledge is not None:
            faults += reproduce(parquet, manifest, rows, knowledge)
        if inquiry is not None:
            inquiry.show(rows)
        for row in rows:
            if row["key"] in seen:
                faults.append(Fault(parquet, "the sample is in another shard too", row["key"]))
            if split_of.setdefault(row["work_id"], shard.split) != shard.split:
                what = f"its work {row['work_id']!r} is in {split_of[row['work_id']]} too"
                faults.append(Fault(parquet, what, row["key"]))
        seen.update(row["key"] for row in rows)
        if tar in present:
            opened, found = check_tar(release, tar, rows, sound=manifest.sound)
            clips += opened
            faults += found
    if not no_recipe:
        papers.close()
    faults += papers.faults
    anchored = anchor is not None and anchor.manifest_sha256 is not None
    return Verification(
        manifest.release_id,
        len(files),
        len(seen),
        clips,
        anchored,
        tuple(dict.fromkeys(faults)),
        seal,
        tuple(_unchecked(seal, anchor, papers, has_recipe=not no_recipe)),
        inquiry.close() if inquiry is not None else None,
    )


def _unchecked(
    seal: Seal, anchor: Anchor | None, papers: Papers, *, has_recipe: bool
) -> Iterator[str]:
    if not has_recipe:
        yield "its rows, clips and papers beyond their hashes: that takes its recipe"
    if anchor is None or anchor.manifest_sha256 is None:
        yield "whether this is what was published: that takes the store it came from"
    if anchor is None or anchor.knowledge is None:
        yield "whether the rulebook of then allows each sample: that takes the store it came from"
    if anchor is None or anchor.present is None:
        yield (
            "what was withdrawn, ended or forbidden since: that was not asked, for it takes the "
            "store it came from"
        )
    if seal.key_id is None:
        yield "who made it: it is not signed"
    elif not seal.trusted:
        yield "whose key signed it: give --public-key"
    if not papers.expected:
        yield "papers: the release is of a format that had none"
    elif not papers.comparable:
        yield "what its papers say: another version of this code wrote them; their hashes are good"


def _anchor(manifest: Manifest, anchor: Anchor | None) -> Iterator[Fault]:
    if anchor is None:
        return
    if anchor.release_id != manifest.release_id:
        yield Fault(MANIFEST, f"is of {manifest.release_id}, but lies in {anchor.release_id}")
    if anchor.manifest_sha256 is None:
        yield Fault(MANIFEST, "the store's table `releases` does not know this release")
    elif anchor.manifest_sha256 != manifest.sha256:
        yield Fault(MANIFEST, "is not the one that was published: its SHA-256 is another")


def _manifest(manifest: Manifest) -> Iterator[Fault]:
    """What a manifest says in two places, it must say alike."""
    data, shards = manifest.data, manifest.shards
    try:
        digest = hashlib.sha256(canonical_json(data["recipe"]).encode()).hexdigest()
    except (RecursionError, ValueError) as error:
        yield Fault(MANIFEST, f"its recipe cannot be read: {error}")
    else:
        if digest != data["recipe_sha256"]:
            yield Fault(MANIFEST, "recipe_sha256 is not that of its recipe")
    if not manifest.release_id.startswith(f"{data['recipe'].get('name')}-"):
        yield Fault(MANIFEST, f"{manifest.release_id} is no release of its recipe, by the name")
    for name in unknown_fields(manifest)[:MOST_UNKNOWN]:
        yield Fault(MANIFEST, f"{name!a} is no field of a manifest; remove it")
    for name in RequestSection.model_fields:
        if name not in manifest.request:
            yield Fault(MANIFEST, f"recipe.request lacks {name}")
    true = {
        "samples": sum(shard.samples for shard in shards),
        "excluded": sum(line["shots"] for line in data["excluded"]),
        "seconds": total_seconds(shard.seconds for shard in shards),
        "bytes": sum(file.bytes for file in manifest.files),
    }
    for name, value in true.items():
        if data["totals"][name] != value:
            yield Fault(
                MANIFEST, f"totals.{name} is {data['totals'][name]}, its parts add to {value}"
            )
    if manifest.samples < 1:
        yield Fault(MANIFEST, "promises no sample")


def _names(shards: Iterable[Shard]) -> Iterator[Fault]:
    counted = Counter(shard.name for shard in shards)
    for name, times in counted.items():
        if times > 1:
            yield Fault(MANIFEST, f"lists the shard {name!a} {times} times")
    for shard in shards:
        if not _is_sound(shard):
            yield Fault(MANIFEST, f"{shard.name!a} of split {shard.split!a} is no name of a shard")
            continue
        paths = [file.path for file in shard.files]
        for path in paths_of(shard.name):
            if paths.count(path) != 1:
                yield Fault(MANIFEST, f"lists {path} {paths.count(path)} times in {shard.name}")
        for path in sorted(set(paths) - set(paths_of(shard.name))):
            yield Fault(MANIFEST, f"{path!a} is no file of the shard {shard.name}")
        if not shard.samples:
            yield Fault(MANIFEST, f"the shard {shard.name} is empty")


def _is_sound(shard: Shard) -> bool:
    """Whether a shard's name is one of its split, so that its paths lie inside the release."""
    return shard.split in SPLITS and buckets.is_name(shard.name, shard.split)


def _cards(cards: Iterable[ReleaseFile]) -> Iterator[Fault]:
    counted = Counter(card.path for card in cards)
    for path, times in counted.items():
        if times > 1:
            yield Fault(MANIFEST, f"lists {path!a} {times} times")
        if not is_card(path):
            yield Fault(MANIFEST, f"{path!a} is no name of a card")


def _files(
    release: Place, files: Iterable[ReleaseFile], present: dict[str, Entry]
) -> Iterator[Fault]:
    listed = {file.path: file for file in files}
    for path in sorted(present.keys() - listed.keys()):
        yield Fault(path, "is not in the manifest; remove it or make the release again")
    for path, file in sorted(listed.items()):
        if path not in present:
            yield Fault(path, "is missing")
        elif present[path].size != file.bytes:
            yield Fault(path, f"has {present[path].size} bytes, the manifest says {file.bytes}")
        elif (release / path).sha256() != file.sha256:
            yield Fault(path, "its SHA-256 is not the one in the manifest: a byte was changed")
