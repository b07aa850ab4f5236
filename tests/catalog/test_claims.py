import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from curation.catalog import CatalogError, Ingest, RawRow, ingest
from curation.catalog.free_imdb import FreeImdbReader
from curation.catalog.knowledge import knowledge_at
from curation.storage import Place
from curation.tables import Store
from curation.tables.query import connect
from tests.catalog.sheets import read

T0 = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def record(status: str = "free", **more: Any) -> dict[str, Any]:
    return {
        "status": status,
        "freenessurl": "https://x/",
        "title": "Sneeze",
        "year": "1894",
        **more,
    }


def written(folder: Path, records: dict[str, Any], name: str = "free-movies-x.json") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(records))
    return folder


def ingested(tmp_path: Path, place: Path, at: datetime) -> Ingest:
    library = tmp_path / "films"
    library.mkdir(exist_ok=True)
    store = Store.at(tmp_path / "store")
    return ingest(store, Place.parse(place), Place.parse(library), now=at)


def test_a_record_is_a_work_and_a_claim(tmp_path: Path) -> None:
    claims = {
        "http://www.imdb.com/title/tt0000008/": record(clr="BW"),
        "https://vodo.net/a/": record("candidate", year=None),
        "A Quiet Place-None": record("non-free 2018-01-01"),
    }
    checked = read(written(tmp_path / "lists", claims))
    works = {row.values["work_id"] for row in checked.accepted if row.table == "works"}
    assert works == {"imdb:tt0000008", "https://vodo.net/a/", "x:a-quiet-place-none"}
    claim = next(row.values for row in checked.accepted if row.table == "claims")
    assert (claim["status"], claim["year"], claim["other"]) == ("free", 1894, {"clr": "BW"})
    assert not checked.rulebook.rules


def test_the_same_work_in_two_lists_is_one_work_with_two_claims(tmp_path: Path) -> None:
    folder = written(tmp_path / "lists", {"http://www.imdb.com/title/tt1/": record()})
    written(folder, {"http://www.imdb.com/title/tt1/": record(title="Other")}, "free-movies-y.json")
    checked = read(folder)
    assert [row.table for row in checked.accepted].count("works") == 1
    titles = [row.values["title"] for row in checked.accepted if row.table == "claims"]
    assert titles == ["Sneeze", "Other"]


def test_evidence_of_two_kinds_in_one_folder_is_an_error(tmp_path: Path) -> None:
    folder = written(tmp_path / "lists", {"a": record()})
    (folder / "offers.XML").write_text("<AvailList/>")
    with pytest.raises(CatalogError, match=r"offers\.XML and free-movies-x\.json"):
        read(folder)


def test_every_record_ends_somewhere(tmp_path: Path) -> None:
    path = tmp_path / "free-movies-x.json"
    good = json.dumps(record())
    path.write_text(f'{{"a": {good}, "a": {good}, "_note": "x", "b": {{"title": "B"}}, "c": []}}')
    checked = read(path)
    reasons = sorted(bad.fault.reason for bad in checked.quarantined)
    assert reasons == ["DUPLICATE_ROW", "INVALID_FIELD", "MALFORMED_ROW", "MALFORMED_ROW"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ('{"status": "free", "title": "t", "year": ' + "9" * 5000 + "}", "INVALID_FIELD"),
        ('{"status": "free", "title": "t", "year": NaN}', "INVALID_FIELD"),
        ('{"status": "free\\ud800", "title": "t"}', "MALFORMED_ROW"),
    ],
)
def test_strange_records_are_quarantined_alone(tmp_path: Path, record: str, reason: str) -> None:
    path = tmp_path / "l.json"
    path.write_text(f'{{"good": {{"status": "free", "title": "t"}}, "bad": {record}}}')
    checked = read(path)
    assert [bad.fault.reason for bad in checked.quarantined] == [reason]
    assert [row.table for row in checked.accepted].count("claims") == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_lists_are_read_in_every_encoding_of_json(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "l.json"
    path.write_text(json.dumps({"é": record(title="Éclair")}, ensure_ascii=False), encoding)
    assert read(path).accepted[1].values["title"] == "Éclair"


def test_keys_of_every_letter_can_be_changed_and_taken_away(tmp_path: Path) -> None:
    keys = ["o'x", "a\\b", "a\nb", "n\0x", "'; DROP TABLE x; --", "e\u0301", "k" * 100_000, "a|b#2"]
    for days, (status, count) in enumerate((("free", 8), ("unknown", 8), ("free", 5))):
        folder = written(tmp_path / "lists", {key: record(status) for key in keys[:count]})
        done = ingested(tmp_path, folder, T0 + days * DAY)
        assert done.accepted["claims"] == count
    assert (done.changed, done.tables["claims"].removed) == (5, 3)


def test_only_what_changed_is_a_new_version(tmp_path: Path) -> None:
    claims = {f"http://www.imdb.com/title/tt{i}/": record() for i in range(50)}
    folder = written(tmp_path / "lists", claims)
    assert ingested(tmp_path, folder, T0).added == 100
    again = ingested(tmp_path, folder, T0 + DAY)
    assert not again.is_news
    assert (again.accepted, again.quarantined) == ({"works": 50, "claims": 50}, {})
    for i in range(3):
        claims[f"http://www.imdb.com/title/tt{i}/"]["status"] = "unknown"
    written(folder, claims)
    third = ingested(tmp_path, folder, T0 + 2 * DAY)
    assert (third.added, third.changed, third.removed) == (0, 3, 0)
    store = Store.at(tmp_path / "store")
    query = "SELECT count(*) FROM claims WHERE status = 'unknown'"
    for at, found in ((T0 + DAY, 0), (T0 + 3 * DAY, 3)):
        assert connect(store, at).execute(query).fetchall() == [(found,)]


def test_evidence_leaves_the_catalog_of_the_studio_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "works.csv").write_text("work_id,level,title\nimdb:tt1,series,Ours\n")
    (own / "surveys.csv").write_text("work_id,kind\nimdb:tt1,APPEARANCE\n")
    ingested(tmp_path, own, T0)
    claims = {f"http://www.imdb.com/title/tt{i}/": record() for i in (1, 2)}
    claims["_note"] = {}
    ingested(tmp_path, written(tmp_path / "lists", claims), T0 + DAY)
    store = Store.at(tmp_path / "store")
    known = knowledge_at(store, T0 + 2 * DAY)
    titles = {work.work_id: work.title for work in known.rulebook.works}
    assert titles == {"imdb:tt1": "Ours", "imdb:tt2": "Sneeze"}
    assert (len(known.rulebook.surveys), known.withheld) == (1, {})
    query = "SELECT work_id, level FROM works ORDER BY ALL"
    assert connect(store).execute(query).fetchall() == [
        ("imdb:tt1", "series"),
        ("imdb:tt2", "title"),
    ]
    assert not ingested(tmp_path, own, T0 + 3 * DAY).is_news


def test_a_reader_of_evidence_may_state_no_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"rule_id": "G", "effect": "PERMIT", "kind": "GRANT", "work_id": "imdb:tt1"}
    monkeypatch.setattr(
        FreeImdbReader, "rows", lambda self, place: iter([RawRow("rules", "x.json", 1, rule)])
    )
    folder = written(tmp_path / "lists", {"http://www.imdb.com/title/tt1/": record()})
    with pytest.raises(CatalogError, match="evidence grants and forbids nothing"):
        ingested(tmp_path, folder, T0)
