"""Packing: cut samples become a WebDataset tar and a Parquet file of the same rows.

Bytes depend on nothing but the samples: fixed order, fixed owner and time in the tar, one writer
version in the Parquet.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.dataset import buckets
from curation.dataset.clips import Clip, clip_place
from curation.dataset.parquet_shards import BYTES, parquet_bytes
from curation.dataset.plan import Plan
from curation.storage import Place
from curation.tables.store import Store, canonical_json, rows_of

if TYPE_CHECKING:
    import pyarrow as pa

OWNER = "curation"
_OF_THE_PLAN = ("shard", "split", "crop")
"""Columns of a plan's samples that a release says elsewhere."""


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """One published file: its path in the release, size and SHA-256."""

    path: str
    bytes: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        return {"path": self.path, "bytes": self.bytes, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Shard:
    """A packed shard: its files, and how many samples and seconds are in it."""

    name: str
    split: str
    samples: int
    seconds: float
    files: tuple[ReleaseFile, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "split": self.split,
            "samples": self.samples,
            "seconds": self.seconds,
            "files": [file.to_json() for file in self.files],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shard:
        files = tuple(ReleaseFile(**file) for file in data["files"])
        return cls(data["name"], data["split"], data["samples"], data["seconds"], files)


def paths_of(name: str) -> tuple[str, str]:
    """The two files of a shard, by their paths in the release: the tar, the Parquet file."""
    return f"shards/{name}.tar", f"parquet/split={buckets.split_of(name)}/{name}.parquet"


def clip_type() -> pa.DataType:
    """The Arrow type of a sample's ``clip``; ``still_sha256`` is null when there is no still.

    ``deinterlaced`` says how fields were made whole pictures, ``tone_mapped`` how HDR became SDR;
    they are empty where neither was. ``copied``: the packets are the film's own. ``proof`` to
    ``left_out``: see `curation.dataset.clips.Clip`.
    """
    import pyarrow as pa

    return pa.struct(
        [
            ("sha256", pa.string()),
            ("bytes", pa.int64()),
            ("frames", pa.int64()),
            ("width", pa.int64()),
            ("height", pa.int64()),
            ("start_pts", pa.string()),
            ("end_pts", pa.string()),
            ("deinterlaced", pa.string()),
            ("tone_mapped", pa.string()),
            ("copied", pa.bool_()),
            (
                "proof",
                pa.struct(
                    [
                        ("kind", pa.string()),
                        ("first_db", pa.float64()),
                        ("last_db", pa.float64()),
                    ]
                ),
            ),
            ("crop", pa.string()),
            ("fps", pa.string()),
            ("source_frames", pa.int64()),
            ("repeated", pa.int64()),
            ("left_out", pa.int64()),
            ("still_sha256", pa.string()),
            ("tar", pa.string()),
        ]
    )


def pack_shard(
    store: Store, plan: Plan, name: str, samples: pa.Table, clips: Mapping[str, Clip]
) -> Shard:
    """Write one shard into the release's folder; a shard that no sample is left for has no files.

    A shard that an earlier attempt packed of the same clips is kept.

    Args:
        samples: rows of the plan that belong to this shard, in order; those whose clip failed are
            left out.
    """
    content = [(k, clips[k].to_json() if k in clips else None) for k in _keys(samples)]
    digest = hashlib.sha256(canonical_json(content).encode()).hexdigest()
    report = _report(store, plan.release_id, name)
    if report.exists():
        said = json.loads(report.read_bytes())
        if said["content"] == digest and _lies(store.release(plan.release_id), said["shard"]):
            return Shard.from_json(said["shard"])
    shard = _pack(store, plan, name, samples, clips)
    said = {"content": digest, "shard": shard.to_json()}
    report.write_bytes(canonical_json(said).encode())
    return shard


def packed(store: Store, release_id: str, name: str) -> Shard:
    """A shard that was packed.

    Raises:
        StorageError: when it was not.
    """
    return Shard.from_json(json.loads(_report(store, release_id, name).read_bytes())["shard"])


def keep_packed(store: Store, release_id: str) -> None:
    """Remove what attempts that were cut short left of a release, but for its packed shards."""
    release, folder = store.release(release_id), store.staging(release_id) / "packed"
    reports = [entry.path for entry in folder.files() if entry.path.endswith(".json")]
    shards = [packed(store, release_id, path.removesuffix(".json")) for path in reports]
    kept = {file.path for shard in shards for file in shard.files}
    for entry in list(release.files()):
        if entry.path not in kept:
            (release / entry.path).delete()


def _report(store: Store, release_id: str, name: str) -> Place:
    return store.staging(release_id) / "packed" / f"{name}.json"


def _lies(release: Place, shard: Mapping[str, Any]) -> bool:
    """Whether the files of a shard are there, byte for byte."""
    return all(
        (release / file["path"]).exists() and (release / file["path"]).sha256() == file["sha256"]
        for file in shard["files"]
    )


def _keys(samples: pa.Table) -> list[str]:
    return [str(key) for key in samples.column("shot_id").to_pylist()]


def _pack(
    store: Store, plan: Plan, name: str, samples: pa.Table, clips: Mapping[str, Clip]
) -> Shard:
    import pyarrow as pa
    import pyarrow.compute as pc

    good = [k for k in _keys(samples) if k in clips and clips[k].failure is None]
    split = buckets.split_of(name)
    release = store.release(plan.release_id)
    tar_path, parquet_path = paths_of(name)
    _clear(release, (tar_path, parquet_path))
    if not good:
        return Shard(name, split, 0, 0.0, ())
    kept = samples.filter(pc.is_in(samples.column("shot_id"), pa.array(good, pa.string())))
    rows = _with_clips(store, plan, kept, clips, tar_path)
    files = (
        _write_tar(store, plan, release, tar_path, rows),
        _write_parquet(store, plan, release, parquet_path, rows),
    )
    seconds = round(math.fsum(rows.column("seconds").to_pylist()), 6)
    return Shard(name, split, rows.num_rows, seconds, files)


def _clear(release: Place, paths: tuple[str, ...]) -> None:
    """Remove what an earlier attempt left under these paths, half-written files too."""
    for path in paths:
        place = release / path
        place.delete()
        if place.is_local:
            for partial in place.local.parent.glob(f".{place.name}.*.partial"):
                partial.unlink(missing_ok=True)


def _with_clips(
    store: Store, plan: Plan, samples: pa.Table, clips: Mapping[str, Clip], tar_path: str
) -> pa.Table:
    import pyarrow as pa

    cut = [clips[key] for key in samples.column("shot_id").to_pylist()]
    stills = [
        clip_place(store, plan, clip.key, "jpg").sha256() if plan.recipe.clip.still else None
        for clip in cut
    ]
    names = [field.name for field in clip_type()]
    values = [
        {**clip.to_json(), "still_sha256": still, "tar": tar_path}
        for clip, still in zip(cut, stills, strict=True)
    ]
    column = pa.array([{n: v[n] for n in names} for v in values], clip_type())
    keys = pa.array([clip.key for clip in cut], pa.string())
    bucket = buckets.bucket_of(Path(tar_path).stem)
    return (
        samples.drop_columns([name for name in _OF_THE_PLAN if name in samples.column_names])
        .append_column("bucket", pa.array([bucket] * len(cut), pa.string()))
        .append_column("clip", column)
        .add_column(0, "key", keys)
    )


def _write_tar(store: Store, plan: Plan, release: Place, path: str, rows: pa.Table) -> ReleaseFile:
    import webdataset

    with tempfile.TemporaryDirectory(prefix="curation-shard-") as folder:
        local = Path(folder) / "shard.tar"
        with webdataset.TarWriter(
            str(local), user=OWNER, group=OWNER, mtime=0, encoder=False
        ) as tar:
            for row in rows_of(rows):
                sample = {
                    "__key__": row["key"],
                    "json": canonical_json(row).encode(),
                    "mp4": clip_place(store, plan, row["key"], "mp4").read_bytes(),
                }
                if plan.recipe.clip.still:
                    sample["jpg"] = clip_place(store, plan, row["key"], "jpg").read_bytes()
                tar.write(sample)
        target = release / path
        target.upload(local)
        return ReleaseFile(path, local.stat().st_size, Place.parse(local).sha256())


def _write_parquet(
    store: Store, plan: Plan, release: Place, path: str, rows: pa.Table
) -> ReleaseFile:
    import pyarrow as pa

    if plan.recipe.shard.clip_bytes:
        keys = rows.column("key").to_pylist()
        clips = [clip_place(store, plan, key, "mp4").read_bytes() for key in keys]
        rows = rows.append_column(BYTES, pa.array(clips, pa.binary()))
    data = parquet_bytes(rows)
    (release / path).write_bytes(data)
    return ReleaseFile(path, len(data), hashlib.sha256(data).hexdigest())
