"""Packing: cut samples become a WebDataset tar and a Parquet file of the same rows.

Bytes depend on nothing but the samples: fixed order, fixed owner and time in the tar, one writer
version in the Parquet.
"""

from __future__ import annotations

import hashlib
import io
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.dataset.clips import Clip, clip_place
from curation.dataset.plan import Plan
from curation.storage import Place
from curation.tables.store import Store, canonical_json, rows_of

if TYPE_CHECKING:
    import pyarrow as pa

OWNER = "curation"


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
    split = name.rpartition("-")[0]
    return f"shards/{name}.tar", f"parquet/split={split}/{name}.parquet"


def clip_type() -> pa.DataType:
    """The Arrow type of a sample's ``clip``; ``still_sha256`` is null when there is no still.

    ``deinterlaced`` says how fields were made whole pictures, ``tone_mapped`` how HDR became SDR;
    they are empty where neither was. ``copied``: the packets are the film's own. ``proof``: see
    `curation.dataset.clips.Clip`.
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
            ("still_sha256", pa.string()),
            ("tar", pa.string()),
        ]
    )


def pack_shard(
    store: Store, plan: Plan, name: str, samples: pa.Table, clips: Mapping[str, Clip]
) -> Shard:
    """Write one shard into the release's folder; a shard that no sample is left for has no files.

    Args:
        samples: rows of the plan that belong to this shard, in order; those whose clip failed are
            left out.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    good = [
        key
        for key in samples.column("shot_id").to_pylist()
        if key in clips and clips[key].failure is None
    ]
    split = name.rpartition("-")[0]
    release = store.release(plan.release_id)
    tar_path, parquet_path = paths_of(name)
    _clear(release, (tar_path, parquet_path))
    if not good:
        return Shard(name, split, 0, 0.0, ())
    kept = samples.filter(pc.is_in(samples.column("shot_id"), pa.array(good, pa.string())))
    rows = _with_clips(store, plan, kept, clips, tar_path)
    files = (
        _write_tar(store, plan, release, tar_path, rows),
        _write_parquet(release, parquet_path, rows),
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
    return (
        samples.drop_columns(["shard", "split"])
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


def _write_parquet(release: Place, path: str, rows: pa.Table) -> ReleaseFile:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    plain = rows.replace_schema_metadata(None)
    pq.write_table(plain, buffer, compression="zstd", write_page_index=True)
    data = buffer.getvalue()
    (release / path).write_bytes(data)
    return ReleaseFile(path, len(data), hashlib.sha256(data).hexdigest())
