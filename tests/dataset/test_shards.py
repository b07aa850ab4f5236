"""Shards: opened by the field's readers, of one shape each, the same whoever was killed."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation import stages
from curation.dataset.parquet_shards import field_id, parquet_bytes
from curation.settings import Settings
from curation.tables import Store
from tests.dataset.conftest import KNOWN_AT, recipe

Made = tuple[Settings, str]


@pytest.fixture(scope="module")
def bucketed(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release in buckets, with the clips' bytes in Parquet too."""
    folder = tmp_path_factory.mktemp("bucketed")
    shutil.copytree(made[0].store, folder / "store")
    settings = replace(made[0], store=str(folder / "store"))
    order = recipe()
    shard = order.shard.model_copy(update={"buckets": ("resolution", "length"), "clip_bytes": True})
    order = order.model_copy(update={"shard": shard, "name": "in-buckets"})
    done = stages.release(settings, order, known_at=KNOWN_AT)
    found = stages.verify(settings, done.release_id)
    assert found.good, found.faults
    return Store.at(settings.store).release(done.release_id).local


def rows_of(folder: Path) -> list[dict[str, Any]]:
    import pyarrow.dataset as ds

    table = ds.dataset(folder / "parquet", partitioning="hive").to_table()
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def test_a_shard_holds_clips_of_one_shape(bucketed: Path) -> None:
    rows = rows_of(bucketed)
    assert len({row["bucket"] for row in rows}) > 1
    for tar in {row["clip"]["tar"] for row in rows}:
        clips = [row["clip"] for row in rows if row["clip"]["tar"] == tar]
        assert len({(clip["width"], clip["height"]) for clip in clips}) == 1
        assert len({clip["frames"].bit_length() for clip in clips}) == 1


def test_every_clip_carries_its_proof(bucketed: Path) -> None:
    for row in rows_of(bucketed):
        proof = row["clip"]["proof"]
        assert proof["kind"] == "lossy"
        assert min(proof["first_db"], proof["last_db"]) > 25


def test_parquet_has_a_page_index_field_ids_and_zstd(bucketed: Path) -> None:
    for path in bucketed.glob("parquet/*/*.parquet"):
        file = pq.ParquetFile(path)
        column = file.metadata.row_group(0).column(0)
        assert column.compression == "ZSTD"
        assert column.has_column_index
        assert column.has_offset_index
        numbers = [int(field.metadata[b"PARQUET:field_id"]) for field in file.schema_arrow]
        assert len(set(numbers)) == len(numbers)
        key = file.schema_arrow.field("key")
        assert int(key.metadata[b"PARQUET:field_id"]) == field_id("key")


def test_an_embedding_is_a_list_of_fixed_size() -> None:
    vectors = pa.array([[1.0, 2.0], None], pa.list_(pa.float32()))
    rows = pa.table({"key": ["a", "b"], "embedding": vectors})
    assert parquet_bytes(rows) == parquet_bytes(rows)
    column = pq.read_table(pa.BufferReader(parquet_bytes(rows))).column("embedding")
    assert column.type.list_size == 2
    assert column.to_pylist() == [[1.0, 2.0], None]
    ragged = parquet_bytes(rows.set_column(1, "embedding", pa.array([[1.0], [1.0, 2.0]])))
    assert pa.types.is_list(pq.read_table(pa.BufferReader(ragged)).schema.field("embedding").type)


def test_the_fields_own_readers_open_parquet(bucketed: Path) -> None:
    import duckdb

    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    keys = {row["key"] for row in rows_of(bucketed)}
    files = f"{bucketed}/parquet/*/*.parquet"
    asked = """SELECT key, split, octet_length(mp4) = clip.bytes
        FROM read_parquet(?, hive_partitioning = true)"""
    found = duckdb.connect().execute(asked, [files]).fetchall()
    assert {key for key, *_ in found} == keys
    assert all(same for *_, same in found)
    frame = pandas.read_parquet(bucketed / "parquet", columns=["key", "split", "bucket"])
    assert set(frame["key"]) == keys
    lazy = polars.scan_parquet(files, hive_partitioning=True).select("key", "split").collect()
    assert set(lazy["key"]) == keys


MAKE = """
import json, sys
from datetime import datetime
from curation import stages
from curation.dataset.recipe import Recipe
from curation.settings import Settings
order, at = Recipe.model_validate_json(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
print("ready", flush=True)
stages.release(Settings(**json.loads(sys.argv[1])), order, known_at=at)
"""


def test_killed_at_any_moment_and_run_again_the_release_is_the_same(
    made: Made, tmp_path: Path
) -> None:
    draw = random.Random(8)
    whole = Path(made[0].store) / "releases" / made[1]
    store = tmp_path / "store"
    shutil.copytree(made[0].store, store)
    for name in ("releases", "tables/releases", "tables/selections", "tables/decisions"):
        shutil.rmtree(store / name, ignore_errors=True)
    again = store / "releases" / made[1]
    said = json.dumps({"store": str(store), "library": made[0].library})
    line = [sys.executable, "-c", MAKE, said, recipe().model_dump_json(), KNOWN_AT.isoformat()]
    for _ in range(3):
        child = subprocess.Popen(line, stdout=subprocess.PIPE, start_new_session=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(draw.uniform(0.2, 1.5))
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        if (again / "manifest.json").exists():
            break
    done = stages.release(replace(made[0], store=str(store)), recipe(), known_at=KNOWN_AT)
    assert done.release_id == made[1]
    files = sorted(p.relative_to(whole) for p in whole.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert [f for f in files if (whole / f).read_bytes() != (again / f).read_bytes()] == []
