from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from curation.tables import Store, schemas
from curation.tables.query import connect

T1, T2, T3 = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        return Store.at(request.getfixturevalue("s3") + "/store")
    return Store.at(tmp_path)


def titles(store: Store, known_at: datetime | None = None) -> list[str]:
    found = connect(store, known_at).execute("SELECT title FROM works ORDER BY ALL").fetchall()
    return [row[0] for row in found]


def version(title: str, since: datetime, until: datetime | None = None) -> dict[str, object]:
    return {
        "row_key": "W",
        "title": title,
        "recorded_at": since,
        "ingested_at": since,
        "withdrawn_from_catalog_at": until,
    }


def test_views_of_an_empty_store_answer(tmp_path: Path) -> None:
    connection = connect(Store.at(tmp_path))
    assert connection.execute("SELECT count(*) FROM tagged_shots").fetchone() == (0,)


def test_catalog_tables_answer_as_of_an_instant(store: Store) -> None:
    store.append("works", [version("first", T1, T2), version("second", T2)])
    store.append("ingests", [{"ingest_id": "1", "ingested_at": T1}])
    store.append("ingests", [{"ingest_id": "2", "ingested_at": T2}])
    assert titles(store, T1) == ["first"]
    assert titles(store, T2) == titles(store) == ["second"]


def test_a_reading_that_did_not_finish_is_not_seen(store: Store) -> None:
    store.append("ingests", [{"ingest_id": "1", "ingested_at": T1}])
    store.append("works", [version("first", T1, T2), version("half written", T2)])
    assert titles(store, T3) == ["first"]


def test_each_family_of_taggers_is_a_struct_of_facets(store: Store) -> None:
    store.append("ingests", [{"ingest_id": "1", "ingested_at": T1}])
    asset = {"asset_path": "p", "work_id": "w", "asset_sha256": "x"}
    store.append("assets", [asset | {"row_key": "p", "recorded_at": T1, "ingested_at": T1}])
    store.append("films", [{"asset_sha256": "x", "status": "analysed"}])
    store.append("shots", [{"shot_id": s, "asset_sha256": "x"} for s in ("a", "b")])
    tag = {"asset_sha256": "x", "tagger": "lighting", "facet": "key_style", "confidence": 0.5}
    store.append(
        "tags",
        [
            tag | {"shot_id": "a", "label": "low_key", "measures": {"stops": -3.0}},
            tag | {"shot_id": "b", "label": "normal", "measures": {"stops": 0.5}},
            tag
            | {"shot_id": "a", "tagger": "lighting.dynamics", "facet": "dynamics"}
            | {"label": "strobe", "measures": {"hz": 8.0}},
        ],
    )
    for where in ("lighting.key_style.stops < -1", "lighting.dynamics.label = 'strobe'"):
        query = f"SELECT shot_id, work_id FROM tagged_shots WHERE {where}"
        assert connect(store).execute(query).fetchall() == [("a", "w")]


def test_a_query_reaches_nothing_but_the_store(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    connection = connect(Store.at(tmp_path))
    with pytest.raises(duckdb.Error):
        connection.execute("SELECT * FROM read_csv(?)", [f"{tmp_path}/secret.csv"])
    with pytest.raises(duckdb.Error):
        connection.execute("SET enable_external_access = true")


def test_faces_that_no_survey_accounts_for(tmp_path: Path) -> None:
    store = Store.at(tmp_path)
    kept = {"recorded_at": T1, "ingested_at": T1}

    def rows(name: str, *given: Mapping[str, object]) -> None:
        store.append(name, [{**row} | kept | {"row_key": str(n)} for n, row in enumerate(given)])

    store.append("ingests", [{"ingest_id": "1", "ingested_at": T1}])
    rows(
        "works",
        {"work_id": "title", "level": "title"},
        {"work_id": "edit", "level": "edit", "parent_id": "title"},
        {"work_id": "copy", "level": "manifestation", "parent_id": "edit"},
        {"work_id": "other", "level": "edit", "parent_id": "title"},
    )
    held = (("a", "copy"), ("b", "other"))
    rows("assets", *({"asset_path": a, "asset_sha256": a, "work_id": w} for a, w in held))
    survey = {"kind": "APPEARANCE", "completed_at": "2026-01-01T00:00:00Z"}
    rows(
        "surveys",
        survey | {"work_id": "edit"},
        survey | {"work_id": "title"},
        survey | {"work_id": "other", "completed_at": "2026-03-01T00:00:00Z"},
    )
    rows("appearances", {"work_id": "edit", "span": [0, 10], "facet": "FACE"})
    store.append(
        "shots",
        [
            {
                "shot_id": f"{a}{n}",
                "asset_sha256": a,
                "start_frame": 10 * n,
                "end_frame": 10 * n + 10,
                "clean_start": 10 * n,
                "clean_end": 10 * n + 10,
            }
            for a in "ab"
            for n in range(3)
        ],
    )
    tag = {"tagger": "people", "facet": "faces", "label": "one", "confidence": 0.9}
    seen = [(f"{a}{n}", a, {"score": 0.8} if n < 2 else {}) for a in "ab" for n in range(3)]
    store.append(
        "tags", [tag | {"shot_id": s, "asset_sha256": a, "measures": m} for s, a, m in seen]
    )

    def listed(known_at: datetime) -> list[tuple[str, str]]:
        with connect(store, known_at) as connection:
            sql = "SELECT shot_id, reason FROM unsurveyed_faces ORDER BY ALL"
            return connection.execute(sql).fetchall()

    assert listed(T2) == [
        ("a1", "FACE_WITHOUT_APPEARANCE"),
        ("b0", "APPEARANCE_NOT_SURVEYED"),
        ("b1", "APPEARANCE_NOT_SURVEYED"),
    ]
    assert ("b0", "FACE_WITHOUT_APPEARANCE") in listed(T3)


def test_what_taggers_cost_is_asked_of_films_stored_before_it_was_kept_too(tmp_path: Path) -> None:
    store = Store.at(tmp_path)
    arrow = schemas()["films"].arrow
    before = arrow.remove(arrow.get_field_index("tagger_cpu_s"))
    old = pa.Table.from_pylist([{"asset_sha256": "old", "cpu_s": 2.0}], schema=before)
    write_deltalake(str(tmp_path / "tables" / "films"), old)
    sql = "SELECT asset_sha256, cpu_s, tagger_cpu_s['people'] FROM films ORDER BY ALL"
    with connect(store) as connection:
        assert connection.execute(sql).fetchall() == [("old", 2.0, None)]
    new = {"asset_sha256": "new", "cpu_s": 2.0, "tagger_cpu_s": {"people": 0.5, "quality": 1.0}}
    store.replace("films", [new], column="asset_sha256")
    with connect(store) as connection:
        assert connection.execute(sql).fetchall() == [("new", 2.0, 0.5), ("old", 2.0, None)]


def test_a_limit_with_a_condition_on_a_nested_field_does_not_fail(tmp_path: Path) -> None:
    """DuckDB 2.0.0 fails at it over Parquet; whoever asks the store must not meet that."""
    shots = pa.table(
        {
            "key": [str(n) for n in range(40)],
            "seconds": [float(n % 7) for n in range(40)],
            "light": [
                {"key": {"label": "low", "sure": n / 40}, "cct": {"k": n}} for n in range(40)
            ],
        }
    )
    pq.write_table(shots, tmp_path / "shots.parquet")
    asked = (
        f"SELECT key FROM read_parquet('{tmp_path}/shots.parquet') "
        "WHERE light.key.sure > 0.5 ORDER BY seconds LIMIT 3"
    )
    with connect(Store.at(tmp_path / "store")) as connection:
        (setting,) = connection.execute(
            "SELECT value FROM duckdb_settings() WHERE name = 'late_materialization_max_rows'"
        ).fetchall()
    assert setting == ("0",)
    with duckdb.connect() as plain:
        plain.execute("SET late_materialization_max_rows = 0")
        assert len(plain.execute(asked).fetchall()) == 3
