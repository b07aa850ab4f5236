"""The list of cuts that an asset comes with: known by content, inside the catalog, one a film."""

import json
from pathlib import Path

import pytest

from curation.catalog import ingest
from curation.storage import Place
from curation.tables.query import connect
from tests.catalog.test_ingest import DAY, T0, Studio

HEADER = "asset_path,work_id,cut_list,cut_list_offset"
COLUMNS = "asset_path, cut_list, cut_list_offset, cut_list_url"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path)
    (made.catalog / "lists").mkdir()
    (made.catalog / "lists" / "film.edl").write_text("one")
    (tmp_path / "other.edl").write_text("a stranger's")
    (made.catalog / "lists" / "link.edl").symlink_to(tmp_path / "other.edl")
    return made


def held(studio: Studio) -> list[tuple[object, ...]]:
    return connect(studio.store).execute(f"SELECT {COLUMNS} FROM assets").fetchall()


def told(studio: Studio) -> list[tuple[str, str, str]]:
    query = "SELECT field, reason, message FROM quarantine WHERE line > 0 ORDER BY ALL"
    return connect(studio.store).execute(query).fetchall()


def test_a_row_names_its_list_by_path_or_url(studio: Studio) -> None:
    url = f"{studio.catalog}/lists/film.edl"
    studio.write("assets", HEADER, "film.mp4,E,lists/film.edl,240")
    studio.read(T0)
    assert held(studio) == [("film.mp4", "lists/film.edl", 240, url)]
    for days, stated in enumerate((url, f"file://{url}"), start=1):
        studio.write("assets", HEADER, f"film.mp4,E,{stated},")
        studio.read(T0 + days * DAY)
        assert held(studio) == [("film.mp4", stated, None, url)]


def test_in_a_rulebook_paths_begin_where_it_lies(studio: Studio) -> None:
    asset = {"asset_path": "film.mp4", "work_id": "E", "cut_list": "lists/film.edl"}
    book = studio.catalog / "book.json"
    tables = {"works": [{"work_id": "E", "level": "title"}], "assets": [asset]}
    book.write_text(json.dumps(tables))
    ingest(studio.store, Place.parse(book), Place.parse(studio.library), now=T0)
    assert held(studio)[0][3] == f"{studio.catalog}/lists/film.edl"


@pytest.mark.parametrize(
    ("cells", "field", "reason", "words"),
    [
        ("lists/film.edl,-1", "cut_list_offset", "INVALID_FIELD", "write a whole number from 0"),
        ("lists/film.edl,1.5", "cut_list_offset", "INVALID_FIELD", "no whole number"),
        ("lists/film.edl,99999999999999999999", "cut_list_offset", "INVALID_FIELD", "64 bits"),
        (",3", "cut_list", "INVALID_FIELD", "of which cut_list_offset speaks"),
        ("lists/gone.edl,", "cut_list", "CUT_LIST_NOT_FOUND", "lists/gone.edl: no such file"),
        ("lists,", "cut_list", "BAD_PATH", "is a folder"),
        ("../other.edl,", "cut_list", "BAD_PATH", "leaves"),
        ("/etc/hostname,", "cut_list", "BAD_PATH", "leaves"),
        ("s3://stranger/film.edl,", "cut_list", "BAD_PATH", "leaves"),
        ("lists/link.edl,", "cut_list", "BAD_PATH", "link that leads out"),
        ("lists/huge.edl,", "cut_list", "BAD_PATH", "64 MiB and is no cut list"),
    ],
)
def test_a_list_that_cannot_be_had_keeps_its_asset_out(
    studio: Studio, cells: str, field: str, reason: str, words: str
) -> None:
    with (studio.catalog / "lists" / "huge.edl").open("wb") as huge:
        huge.truncate((64 << 20) + 1)
    studio.write("assets", HEADER, f"film.mp4,E,{cells}")
    studio.read(T0)
    ((said_field, said_reason, message),) = told(studio)
    assert (said_field, said_reason) == (field, reason)
    assert words in message
    assert held(studio) == []


@pytest.mark.parametrize("value", [True, "12", 1.0, -3])
def test_an_offset_in_json_is_a_whole_number(studio: Studio, value: object) -> None:
    asset = {"asset_path": "film.mp4", "work_id": "E", "cut_list": "lists/film.edl"}
    (studio.catalog / "assets.csv").unlink()
    (studio.catalog / "assets.jsonl").write_text(json.dumps(asset | {"cut_list_offset": value}))
    studio.read(T0)
    assert [row[:2] for row in told(studio)] == [("cut_list_offset", "INVALID_FIELD")]


def test_copies_of_one_film_agree_on_its_list(studio: Studio) -> None:
    studio.film("copy.mp4", b"film")
    (studio.catalog / "lists" / "same.edl").write_text("one")
    studio.write("assets", HEADER, "film.mp4,E,lists/film.edl,", "copy.mp4,E,lists/same.edl,0")
    assert not studio.read(T0).quarantined
    (studio.catalog / "lists" / "same.edl").write_text("another")
    assert studio.read(T0 + DAY).quarantined == {"TWO_CUT_LISTS": 2}
    assert "copy.mp4 and film.mp4 are one film" in told(studio)[0][2]
    studio.write("assets", HEADER, "film.mp4,E,lists/film.edl,", "copy.mp4,E,lists/film.edl,7")
    assert studio.read(T0 + 2 * DAY).quarantined == {"TWO_CUT_LISTS": 2}
    studio.write("assets", HEADER, "film.mp4,E,lists/film.edl,", "copy.mp4,E,,")
    assert not studio.read(T0 + 3 * DAY).quarantined


def test_a_copy_does_not_bring_in_a_film_whose_list_is_lost(studio: Studio) -> None:
    studio.film("copy.mp4", b"film")
    studio.write("assets", HEADER, "film.mp4,E,lists/gone.edl,", "copy.mp4,E,,")
    assert studio.read(T0).quarantined == {"CUT_LIST_NOT_FOUND": 2}
    assert held(studio) == []


def test_a_list_that_changes_is_noticed_and_one_that_does_not_is_not_read(
    studio: Studio,
) -> None:
    studio.write("assets", HEADER, "film.mp4,E,lists/film.edl,")
    studio.read(T0)
    assert not studio.read(T0 + DAY).was_read
    (studio.catalog / "lists" / "film.edl").write_text("another")
    changed = studio.read(T0 + 2 * DAY)
    assert (changed.was_read, changed.changed) == (True, 1)
    (studio.catalog / "lists" / "film.edl").unlink()
    assert studio.read(T0 + 3 * DAY).quarantined == {"CUT_LIST_NOT_FOUND": 1}
    (studio.catalog / "lists" / "film.edl").write_text("one")
    assert studio.read(T0 + 4 * DAY).added == 1
    assert not studio.read(T0 + 5 * DAY).was_read


def test_lists_lie_in_an_object_store_too(s3: str, studio: Studio) -> None:
    catalog, library = Place.parse(f"{s3}/catalog"), Place.parse(f"{s3}/films")
    (library / "film.mp4").write_bytes(b"film")
    for name in ("works", "surveys"):
        (catalog / f"{name}.csv").upload(studio.catalog / f"{name}.csv")
    (catalog / "lists" / "film.edl").write_bytes(b"one")
    stated = f"{catalog}/lists/film.edl"
    (catalog / "assets.csv").write_bytes(f"{HEADER}\nfilm.mp4,E,{stated},\n".encode())
    done = ingest(studio.store, catalog, library, now=T0)
    assert not done.quarantined
    assert held(studio) == [("film.mp4", stated, None, stated)]
    assert not ingest(studio.store, catalog, library, now=T0 + DAY).was_read
