import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from curation.rights import TABLES, FieldKind
from curation.tables import Store, StoreError, schemas
from curation.tables import store as store_module
from curation.tables.store import rows_of

WORK: dict[str, Any] = {"row_key": "W1", "work_id": "W1", "title": "It's"}


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        return Store.at(request.getfixturevalue("s3") + "/store")
    return Store.at(tmp_path)


def test_a_table_never_written_is_empty_with_its_columns(store: Store) -> None:
    assert store.read("works").num_rows == 0
    assert store.read("works").schema == schemas()["works"].arrow


def test_rows_come_back_as_they_went_in(store: Store) -> None:
    store.append("signals", [{"row_key": "a", "entries": {"k": "v"}}])
    store.append("signals", [])
    (row,) = rows_of(store.read("signals"))
    assert (row["row_key"], row["entries"], row["work_id"]) == ("a", {"k": "v"}, None)


def test_what_a_removal_leaves_can_be_asked_for_by_value(store: Store) -> None:
    rows = [{"shot_id": f"{n}", "asset_sha256": f"a{n % 3}"} for n in range(6)]
    store.append("tags", rows)
    store.remove("tags", column="asset_sha256", values=["a1", "gone"])
    left = store.read("tags", ["shot_id"], where={"asset_sha256": "a2"})
    assert sorted(left.column("shot_id").to_pylist()) == ["2", "5"]
    stored = store.dataset("tags")
    assert stored is not None
    assert stored.count_rows() == 4
    types = {str(field.type) for part in stored.get_fragments() for field in part.physical_schema}
    assert not any("view" in name for name in types)


def test_replace_is_by_value_and_can_be_repeated(store: Store) -> None:
    for shot in ("1", "2"):
        store.append("tags", [{"shot_id": shot, "asset_sha256": f"a'{shot}", "label": "old"}])
    new = [{"shot_id": "1", "asset_sha256": "a'1", "label": "new"}]
    store.replace("tags", new, column="asset_sha256")
    store.replace("tags", new, column="asset_sha256")
    assert sorted(r["label"] for r in rows_of(store.read("tags"))) == ["new", "old"]
    store.remove("tags", column="asset_sha256", values=["a'2"])
    assert [r["label"] for r in rows_of(store.read("tags"))] == ["new"]


def test_an_instant_is_set_once(store: Store) -> None:
    store.append("works", [WORK, WORK | {"row_key": "it's"}])
    for instant in ("2026-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"):
        store.set_instant("works", keys=["it's"], column="retired_at", instant=instant)
    found = {r["row_key"]: r["retired_at"] for r in rows_of(store.read("works"))}
    assert found == {"W1": None, "it's": datetime(2026, 1, 1, tzinfo=UTC)}


def test_staged_parts_are_collected_in_order(store: Store) -> None:
    store.stage("plan", "2", "tags", [{"shot_id": "b"}])
    store.stage("plan", "1", "tags", [{"shot_id": "a"}])
    assert store.staged("plan", "tags").column("shot_id").to_pylist() == ["a", "b"]
    store.staging("plan").delete()
    assert store.staged("plan", "tags").num_rows == 0


def test_unknown_tables_name_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="did you mean 'works'"):
        Store.at(tmp_path).read("work")


def test_tables_of_a_newer_version_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.at(tmp_path)
    with monkeypatch.context() as newer:
        newer.setattr(store_module, "SCHEMA_VERSION", 99)
        store.append("works", [WORK])
    with pytest.raises(StoreError, match="schema version 99"):
        store.read("works")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_catalog_columns_are_the_fields_of_the_rights_model(table: str) -> None:
    import pyarrow as pa

    arrow = schemas()[table].arrow
    fields = {field.name: field.kind for field in TABLES[table].fields}
    assert set(fields) <= set(arrow.names)
    for name, kind in fields.items():
        kinds = {
            FieldKind.LIST: pa.types.is_list,
            FieldKind.SPAN: pa.types.is_list,
            FieldKind.DUTIES: pa.types.is_list,
            FieldKind.MAP: pa.types.is_map,
            FieldKind.INSTRUMENT: pa.types.is_map,
            FieldKind.INTEGER: pa.types.is_integer,
            FieldKind.BOOLEAN: pa.types.is_boolean,
        }
        assert kinds.get(kind, lambda t: pa.types.is_string(t) or pa.types.is_timestamp(t))(
            arrow.field(name).type
        ), name


def _replace_often(url: str, tag: str) -> None:
    store = Store.at(url)
    for number in range(3):
        rows = [{"shot_id": tag, "asset_sha256": "a", "label": str(number)}]
        store.replace("tags", rows, column="asset_sha256")


def test_two_that_replace_at_once_leave_one_of_each(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(_replace_often, str(store), str(n)) for n in range(4)]:
            done.result()
    assert store.read("tags").num_rows == 1


def test_replace_finds_the_table_that_another_made_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"shot_id": "s", "asset_sha256": "a"}]
    Store.at(tmp_path).replace("tags", rows, column="asset_sha256")
    late, seen = Store.at(tmp_path), iter([None])
    table = Store.table
    monkeypatch.setattr(Store, "table", lambda self, name: next(seen, table(self, name)))
    late.replace("tags", rows, column="asset_sha256")
    monkeypatch.undo()
    assert late.read("tags").num_rows == 1


def test_a_table_that_lacks_a_new_column_takes_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    row = {"shot_id": "s", "asset_sha256": "a", "label": "old"}
    before = dict(schemas())
    narrow = before["tags"].arrow
    narrow = narrow.remove(narrow.get_field_index("confidence"))
    with monkeypatch.context() as older:
        older.setattr(
            store_module,
            "schemas",
            lambda: before | {"tags": replace(before["tags"], arrow=narrow)},
        )
        store.replace("tags", [row, row | {"asset_sha256": "b"}], column="asset_sha256")
    store.replace("tags", [row | {"confidence": 0.5}], column="asset_sha256")
    assert sorted(store.read("tags").column("confidence").to_pylist(), key=str) == [0.5, None]


def test_a_lock_is_waited_for_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_PATIENCE_S", 0.1)
    store, order, said = Store.at(tmp_path), list[str](), list[str]()

    def second() -> None:
        with store.lock("catalog", tell=said.append):
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with store.lock("catalog"), store.lock("another"):
            waiting = pool.submit(second)
            time.sleep(0.4)
            order.append("first")
        waiting.result()
    assert order == ["first", "second"]
    assert [line.startswith("waiting for another run") for line in said] == [True]


def test_the_lock_of_a_process_that_died_is_free(tmp_path: Path) -> None:
    code = (
        "import os, sys; from curation.tables import Store\n"
        "with Store.at(sys.argv[1]).lock('catalog'): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    with Store.at(tmp_path).lock("catalog"):
        pass


def test_an_object_store_that_cannot_be_reached_is_said_in_words(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Store.at("s3://no-such-bucket/store")
    with pytest.raises(StoreError, match=r"table works in s3://no-such-bucket.*check"):
        lost.append("works", [WORK])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match="the endpoint and the credentials"):
        Store.at(f"{s3}/store").read("works")
