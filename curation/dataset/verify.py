"""Verification: everything that a release claims is checked again, from its bytes alone."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.dataset.manifest import MANIFEST, Manifest, read_manifest
from curation.dataset.shards import Shard
from curation.storage import Place, StorageError
from curation.tables.store import canonical_json, rows_of


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a release that is not as its manifest says: the file, the sample, what."""

    file: str
    what: str
    sample: str | None = None

    def __str__(self) -> str:
        at = f" sample {self.sample}" if self.sample else ""
        return f"{self.file}{at}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and every fault found."""

    release_id: str
    files: int
    samples: int
    clips: int
    faults: tuple[Fault, ...]

    @property
    def good(self) -> bool:
        return not self.faults


def verify(release: Place, *, on_shard: Callable[[str], None] = lambda _: None) -> Verification:
    """Check hashes, counts, rights and clips of a release, decoding every clip.

    Raises:
        ReleaseError: when there is no manifest that could be checked.
    """
    manifest = read_manifest(release)
    faults = list(_files(release, manifest))
    clips = 0
    seen: set[str] = set()
    for shard in manifest.shards:
        on_shard(shard.name)
        rows, found = _parquet(release, shard)
        faults += found
        keys = [str(row["key"]) for row in rows]
        faults += [
            Fault(_parquet_path(shard), "the sample is in two shards", key)
            for key in keys
            if key in seen or keys.count(key) > 1
        ]
        seen.update(keys)
        opened, found = _tar(release, shard, rows)
        clips += opened
        faults += found
    total = sum(shard.samples for shard in manifest.shards)
    if total != manifest.samples or manifest.samples < 1:
        faults.append(
            Fault(MANIFEST, f"{manifest.samples} samples promised, {total} listed in its shards")
        )
    listed = sum(len(shard.files) for shard in manifest.shards)
    return Verification(manifest.release_id, listed, len(seen), clips, tuple(faults))


def _files(release: Place, manifest: Manifest) -> Iterator[Fault]:
    listed = {file.path: file for shard in manifest.shards for file in shard.files}
    present = {entry.path: entry for entry in release.files() if entry.path != MANIFEST}
    for path in sorted(present.keys() - listed.keys()):
        yield Fault(path, "is not in the manifest; remove it or make the release again")
    for path, file in sorted(listed.items()):
        if path not in present:
            yield Fault(path, "is missing")
        elif present[path].size != file.bytes:
            yield Fault(path, f"has {present[path].size} bytes, the manifest says {file.bytes}")
        elif (release / path).sha256() != file.sha256:
            yield Fault(path, "its SHA-256 is not the one in the manifest: a byte was changed")


def _parquet_path(shard: Shard) -> str:
    return next(f.path for f in shard.files if f.path.endswith(".parquet"))


def _parquet(release: Place, shard: Shard) -> tuple[list[dict[str, Any]], list[Fault]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = _parquet_path(shard)
    try:
        table = pq.read_table(io.BytesIO((release / path).read_bytes()))
        rows = rows_of(table)
    except (pa.ArrowException, OSError, StorageError) as error:
        return [], [Fault(path, f"cannot be read as Parquet: {error}")]
    faults = [
        Fault(path, f"its decision is {row['rights']['outcome']}, not ALLOW", str(row["key"]))
        for row in rows
        if row["rights"]["outcome"] != "ALLOW"
    ]
    if len(rows) != shard.samples:
        faults.append(Fault(path, f"{len(rows)} rows, the manifest says {shard.samples}"))
    return rows, faults


def _tar(release: Place, shard: Shard, rows: list[dict[str, Any]]) -> tuple[int, list[Fault]]:
    path = next(f.path for f in shard.files if f.path.endswith(".tar"))
    by_key = {str(row["key"]): row for row in rows}
    faults: list[Fault] = []
    found: dict[str, set[str]] = {}
    clips = 0
    try:
        with (
            (release / path).open() as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            for member in tar:
                key, _, kind = member.name.partition(".")
                found.setdefault(key, set()).add(kind)
                extracted = tar.extractfile(member)
                data = extracted.read() if extracted else b""
                row = by_key.get(key)
                if row is None:
                    faults.append(Fault(path, "the sample is not in the Parquet file", key))
                elif kind == "json":
                    faults += _record(path, key, data, row)
                elif kind == "mp4":
                    clips += 1
                    faults += _clip(path, key, data, row)
                elif kind == "jpg":
                    faults += _still(path, key, data)
    except (tarfile.TarError, OSError, StorageError) as error:
        faults.append(Fault(path, f"cannot be read as a tar: {error}"))
    for key in by_key:
        missing = {"json", "mp4"} - found.get(key, set())
        faults += [Fault(path, f"its .{kind} is missing", key) for kind in sorted(missing)]
    return clips, faults


def _record(path: str, key: str, data: bytes, row: dict[str, Any]) -> list[Fault]:
    try:
        record = json.loads(data)
    except ValueError as error:
        return [Fault(path, f"its .json cannot be read: {error}", key)]
    if canonical_json(record) != canonical_json(row):
        return [Fault(path, "its .json differs from its Parquet row", key)]
    return []


def _clip(path: str, key: str, data: bytes, row: dict[str, Any]) -> list[Fault]:
    from curation.media import MediaError, check_clip

    clip = row["clip"]
    if hashlib.sha256(data).hexdigest() != clip["sha256"]:
        return [Fault(path, "its .mp4 has another SHA-256 than its row", key)]
    if clip["frames"] != row["frames"]:
        return [Fault(path, f"{clip['frames']} frames cut of a span of {row['frames']}", key)]
    with tempfile.TemporaryDirectory(prefix="curation-verify-") as folder:
        file = Path(folder) / "clip.mp4"
        file.write_bytes(data)
        try:
            check_clip(str(file), frames=int(clip["frames"]))
        except MediaError as error:
            return [Fault(path, f"its .mp4 does not play: {error}", key)]
    return []


def _still(path: str, key: str, data: bytes) -> list[Fault]:
    import cv2
    import numpy as np

    if not data or cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is None:
        return [Fault(path, "its .jpg is no picture", key)]
    return []
