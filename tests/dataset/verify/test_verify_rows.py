"""What verification sees of rows: each test forges them, with every hash written anew."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.dataset.verify import row_check, verify
from curation.storage import Place
from curation.tables.store import canonical_json, rows_of
from tests.dataset.verify.forgery import (
    PARQUET,
    TAR,
    Row,
    first,
    forge_rows,
    forge_table,
    forge_tar,
    manifest,
    put,
    said,
)


def test_a_forger_who_changes_nothing_is_not_found(folder: Path) -> None:
    forge_rows(folder, lambda rows: None)
    found = verify(Place.parse(folder))
    assert found.good
    assert not found.anchored


@pytest.mark.parametrize("since", range(len(row_check._CAME_LATER)))
def test_a_release_from_before_clips_told_so_much_is_good(folder: Path, since: int) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    rows, later = rows_of(table), row_check._CAME_LATER[since:]
    for row in rows:
        row["clip"] = {name: value for name, value in row["clip"].items() if name not in later}
    at = table.schema.get_field_index("clip")
    older = pa.struct([f for f in table.schema.field("clip").type if f.name not in later])
    schema = table.schema.set(at, pa.field("clip", older))
    forge_table(folder, pa.Table.from_pylist(rows, schema=schema))
    text = {f"{row['key']}.json": canonical_json(row).encode() for row in rows}
    forge_tar(folder, lambda members: [(n, text.get(n, data)) for n, data in members])
    assert verify(Place.parse(folder)).good


@pytest.mark.parametrize("column", ["rights", "key", "clip", "seconds", "frames"])
def test_a_column_that_is_missing_is_a_fault(folder: Path, column: str) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    forge_table(folder, table.drop_columns([column]))
    assert said(folder) == f"{PARQUET}: has no column {column!r}"


@pytest.mark.parametrize("column", ["rights", "key", "clip", "seconds", "work_id"])
def test_a_null_is_a_fault(folder: Path, column: str) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    at = table.column_names.index(column)
    field = table.schema.field(column)
    forge_table(folder, table.set_column(at, field, pa.nulls(table.num_rows, field.type)))
    assert ("names no sample" if column == "key" else f"its {column} is null") in said(folder)


@pytest.mark.parametrize(
    ("column", "values"),
    [("seconds", ["1", "2", "3"]), ("clip", ["a", "b", "c"]), ("rights", ["a", "b", "c"])],
)
def test_a_column_of_another_kind_is_a_fault(
    folder: Path, column: str, values: list[object]
) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    at = table.column_names.index(column)
    forge_table(folder, table.set_column(at, column, pa.array(values)))
    assert f"its column '{column}' is string, not" in said(folder)


def test_a_column_that_is_there_twice_is_a_fault(folder: Path) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    forge_table(folder, table.append_column("rights", table.column("rights")))
    assert "2 columns are called 'rights'" in said(folder)


def test_too_many_rows_are_not_read(folder: Path) -> None:
    forge_table(folder, pa.table({"key": pa.nulls(200_000, pa.string())}))
    assert "200000 rows; a shard has 100000 at most" in said(folder)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (first("rights", "outcome", to="REVIEW"), "its decision is REVIEW, not ALLOW"),
        (first("rights", "licensee", to="x"), "cleared for licensee 'x'"),
        (first("rights", "rulebook_sha256", to="x"), "under another rulebook"),
        (first("shot_id", to="x"), "its shot_id is 'x', not its key"),
        (first("seconds", to=99.0), "seconds, the manifest says"),
        (first("seconds", to=float("nan")), "its seconds are nan"),
        (first("frames", to=1), "frames cut of a span"),
        (first("clip", "tar", to="shards/val-000000.tar"), "it says that it lies in"),
        (first("clip", "still_sha256", to=None), "still_sha256 is None, but the recipe asks"),
        (first("clip", "width", to=16), "its row says 16 by 120"),
        (first("clip", "bytes", to=16), "its row says 16"),
        (lambda rows: [*rows, rows[0]], "2 rows have this key"),
        (lambda rows: rows[:2], "2 rows, the manifest says 3"),
        (lambda rows: rows[::-1], "in another order than the rows"),
    ],
)
def test_rows_that_cannot_be_are_found(
    folder: Path, change: Callable[[list[Row]], list[Row] | None], fault: str
) -> None:
    forge_rows(folder, change)
    assert fault in said(folder)


def test_a_work_in_two_splits_is_found(folder: Path) -> None:
    forge_rows(folder, lambda rows: [put("clip", "tar", to=TAR.replace("train", "val"))(r) or r
                                     for r in rows])  # fmt: skip
    for path in (TAR, PARQUET):
        new = folder / path.replace("train", "val")
        new.parent.mkdir(exist_ok=True)
        (folder / path).rename(new)
    with manifest(folder) as data:
        shard = data["shards"][0]
        shard |= {"name": "val-000000", "split": "val"}
        for file in shard["files"]:
            file["path"] = file["path"].replace("train", "val")
    assert "its work 'W002-A' is in val too" in said(folder)
