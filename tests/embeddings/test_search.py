"""Search by example and by words over a store, and what is said where it cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from curation.analysis.stills import stills
from curation.cli import app
from curation.embeddings import embedder as door
from curation.embeddings.efficientnet import EfficientNetLite0
from curation.embeddings.search import Example, SearchError, other_versions, search, shot_example
from curation.embeddings.stored import embeddings_of, vectors_of
from curation.media import read_timeline
from curation.report import hits as hits_sheet
from curation.tables import Store
from curation.tables.query import connect
from tests.embeddings.colours import Colours, unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 8
FIRST = {"start_frame": 0}
RATES: dict[str, Any] = {
    "ntsc": {"variable_rate": False, "rate_num": 30000, "rate_den": 1001},
    "phone": {"variable_rate": True, "rate_num": 30, "rate_den": 1},
    "gone": {"variable_rate": False, "rate_num": 24, "rate_den": 1},
}


def catalogued(**columns: Any) -> dict[str, Any]:
    return {"recorded_at": NOW, "ingested_at": NOW, "row_key": str(columns), **columns}


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    return unit(np.random.default_rng(1).normal(size=(9, SIZE)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, vectors: NDArray[np.float32]) -> Store:
    """Three shots each of three films, the last of which the catalog has no more."""
    made = Store.at(tmp_path_factory.mktemp("search") / "store")
    base = {"time_base_num": 1, "time_base_den": 1000, "start_pts": 500, "status": "analysed"}
    made.append("films", [{"asset_sha256": name, **base, **rate} for name, rate in RATES.items()])
    made.append(
        "assets",
        [
            catalogued(asset_sha256=name, asset_path=f"{name}.mp4", work_id="W")
            for name in ("ntsc", "phone")
        ],
    )
    made.append("works", [catalogued(work_id="W", title="Work")])
    made.append("ingests", [{"ingest_id": "1", "ingested_at": NOW}])
    shots, embeddings = [], []
    for number, vector in enumerate(vectors):
        asset, place = list(RATES)[number // 3], number % 3
        shot = {"shot_id": f"{number}abc", "asset_sha256": asset}
        span = {"start_frame": 30 * place, "clean_start": 30 * place, "clean_end": 30 * place + 30}
        times = {"start_s": 0.5 + place * 1.001, "end_s": 1.501 + place * 1.001}
        shots.append(shot | span | times | {"kind": "title" if place == 2 else "picture"})
        said = {"embedder": "tiny", "version": "1", "frame": 30 * place + 14, "vector": vector}
        embeddings.append(shot | said)
    seen = {"embedder": "colours", "version": "1", "frame": 14}
    for number, colour in ((1, (1, 0, 0)), (4, (0, 1, 0)), (7, (0, 1, 0))):
        embeddings.append(shots[number] | seen | {"vector": np.array(colour, np.float32)})
    embeddings.append(embeddings[0] | {"embedder": "old", "version": "0"})
    made.append("shots", shots)
    made.append("embeddings", embeddings)
    return made


@pytest.fixture
def connection(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(store) as opened:
        yield opened


def test_the_likest_shot_comes_first_and_itself_never(
    connection: duckdb.DuckDBPyConnection, vectors: NDArray[np.float32]
) -> None:
    hits = search(connection, shot_example(connection, "1ab", "tiny"), limit=10)
    order = [n for n in np.argsort(-vectors[:6] @ vectors[1]).tolist() if n != 1]
    assert [hit.shot_id for hit in hits] == [f"{n}abc" for n in order]
    expected = [float(vectors[n] @ vectors[1]) for n in order]
    assert [hit.similarity for hit in hits] == pytest.approx(expected, abs=1e-5)


def test_hits_are_named_as_a_person_finds_them(connection: duckdb.DuckDBPyConnection) -> None:
    hits = search(connection, shot_example(connection, "0abc", "tiny"), limit=10)
    found = {hit.shot_id: hit for hit in hits}
    assert found["1abc"].timecode == "00:00:01;00"
    assert found["4abc"].timecode == "0:00:01.001"
    assert found["4abc"].asset_path == "phone.mp4"
    assert found["4abc"].title == "Work"
    assert found["4abc"].frame == 44
    assert found["4abc"].seconds == pytest.approx(1.001)


def test_of_many_examples_the_nearest_counts(
    connection: duckdb.DuckDBPyConnection, vectors: NDArray[np.float32]
) -> None:
    hits = search(connection, Example("tiny", "1", vectors[[2, 5]]), limit=2)
    assert {hit.shot_id for hit in hits} == {"2abc", "5abc"}
    assert [hit.similarity for hit in hits] == pytest.approx([1, 1])


def test_a_condition_holds_and_a_limit_too(connection: duckdb.DuckDBPyConnection) -> None:
    one = shot_example(connection, "0abc", "tiny")
    titles = search(connection, one, limit=10, where="kind = 'title' -- of these")
    assert {hit.shot_id for hit in titles} == {"2abc", "5abc"}
    assert len(search(connection, one, limit=3)) == 3
    with pytest.raises(duckdb.Error, match="nowhere"):
        search(connection, one, limit=3, where="nowhere = 1")


@pytest.mark.parametrize(
    ("shot", "embedder", "words"),
    [
        ("", "tiny", "several shots"),
        ("zzz", "tiny", "no shot"),
        ("1abc", "old", "has no vector of old"),
    ],
)
def test_an_example_that_is_none_is_told(
    connection: duckdb.DuckDBPyConnection, shot: str, embedder: str, words: str
) -> None:
    with pytest.raises(SearchError, match=words):
        shot_example(connection, shot, embedder)


def test_vectors_of_other_versions_are_counted(connection: duckdb.DuckDBPyConnection) -> None:
    assert other_versions(connection, "old", "1") == 1
    assert other_versions(connection, "tiny", "1") == 0


def test_rows_come_back_as_they_were_stored(store: Store, vectors: NDArray[np.float32]) -> None:
    rows = {(r["shot_id"], r["embedder"]): r["vector"] for r in embeddings_of(store, "phone")}
    assert len(rows) == 4
    np.testing.assert_array_equal(rows["4abc", "tiny"], vectors[4])
    ids, found = vectors_of(store.read("embeddings", where={"embedder": "tiny"}), SIZE)
    for number, vector in zip(ids, found, strict=True):
        np.testing.assert_array_equal(vector, vectors[int(number[0])])
    with pytest.raises(ValueError, match="not 9 vectors of 7"):
        vectors_of(store.read("embeddings", where={"embedder": "tiny"}), 7)


def run(*arguments: object, store: Store) -> Any:
    given = ["search", *map(str, arguments), "--store", str(store)]
    return CliRunner().invoke(app, given, standalone_mode=False)


def test_the_verb_finds_by_shot_and_says_what_it_cannot(store: Store) -> None:
    shown = run("--like", "1abc", "--embedder", "tiny", "--format", "json", store=store)
    rows = json.loads(shown.stdout)
    assert len(rows) == 5
    assert set(rows[0]) == {"shot_id", "film", "title", "timecode", "seconds", "similarity"}
    assert "film-curation[words]" in str(run("--words", "a lamp", store=store).exception)
    assert "one of the two" in str(run(store=store).exception)
    for what in (("--like", "1abc"), ("--words", "a lamp")):
        said = str(run(*what, "--embedder", "nosuch", store=store).exception)
        assert "no embedder 'nosuch'" in said
        assert "efficientnet_lite0" in said
        assert "tiny" in said
    where = ("--like", "1abc", "--embedder", "tiny", "--where", "nowhere = 1")
    assert "nowhere" in str(run(*where, store=store).exception)


def test_a_sheet_shows_what_was_found_and_leaves_room_for_what_is_not_there(
    root: Path, tmp_path: Path
) -> None:
    store, library = Store.at(tmp_path / "store"), root / "examples" / "library"
    clock = {"start_pts": 0, "time_base_num": 1, "time_base_den": 24, **RATES["gone"]}
    store.append("ingests", [{"ingest_id": "1", "ingested_at": NOW}])
    said = {"embedder": "tiny", "version": "1", "vector": np.array([1, 0], np.float32)}
    for name, frames in (("vfr_phone.mp4", (30, 100)), ("gone.mp4", (7,))):
        store.append("films", [{"asset_sha256": name, "status": "analysed", **clock}])
        store.append("assets", [catalogued(asset_sha256=name, asset_path=name, work_id="W")])
        shots = [{"shot_id": f"{name}-{frame}", "asset_sha256": name} for frame in frames]
        store.append("shots", [one | {"start_s": 0.0, "end_s": 1.0} | FIRST for one in shots])
        store.append(
            "embeddings", [s | said | {"frame": f} for s, f in zip(shots, frames, strict=True)]
        )
    sheet = tmp_path / "found.png"
    asked = ("--like", "vfr_phone.mp4-30", "--embedder", "tiny", "--library", library)
    shown = run(*asked, "--sheet", sheet, "--format", "json", store=store)
    hits = [hit["film"] for hit in json.loads(shown.stdout)]
    assert hits == ["gone.mp4", "vfr_phone.mp4"]
    assert "no picture of gone.mp4" in shown.stderr
    page = cv2.imread(str(sheet))
    assert page is not None
    film = library / "vfr_phone.mp4"
    (frame,) = stills(film, read_timeline(str(film)), [100], hits_sheet.WIDTH)
    high, wide = frame.rgb.shape[:2]
    left = hits_sheet.MARGIN + hits_sheet.WIDTH + hits_sheet.GAP + (hits_sheet.WIDTH - wide) // 2
    top = hits_sheet.HEAD + (hits_sheet.HEIGHT - high) // 2
    drawn = page[top : top + high, left : left + wide, ::-1]
    assert np.abs(drawn.astype(int) - frame.rgb).max() <= 1
    assert "no picture" in str(run(*asked, "--sheet", tmp_path / "a.gif", store=store).exception)


def test_words_are_searched_where_an_embedder_reads(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "embedders", lambda: (Colours(),))
    shown = run("--words", "all in green", "--limit", "1", "--format", "csv", store=store)
    assert shown.stdout.splitlines()[1] == "4abc,phone.mp4,Work,0:00:01.001,1.001,1.0"


def test_a_picture_finds_its_shot(lite0: EfficientNetLite0, tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    pictures = np.stack(
        [
            cv2.resize(draw.integers(0, 256, (5, 8, 3), np.uint8), (320, 180), interpolation=way)
            for way in (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
        ]
    ).astype(np.uint8)
    store = Store.at(tmp_path / "store")
    rows = [{"shot_id": str(n), "asset_sha256": "a"} for n in range(3)]
    clock = {"start_pts": 0, "time_base_num": 1, "time_base_den": 24, **RATES["gone"]}
    store.append("films", [{"asset_sha256": "a", "status": "analysed", **clock}])
    store.append("assets", [catalogued(asset_sha256="a", asset_path="a.mp4", work_id="W")])
    store.append("ingests", [{"ingest_id": "1", "ingested_at": NOW}])
    store.append("shots", [row | {"start_s": 0.0, "end_s": 1.0, "start_frame": 0} for row in rows])
    said = {"embedder": lite0.name, "version": lite0.version, "frame": 0}
    made = lite0.embed(pictures)
    store.append(
        "embeddings", [row | said | {"vector": v} for row, v in zip(rows, made, strict=True)]
    )
    cv2.imwrite(str(tmp_path / "still.png"), pictures[1][..., ::-1])
    shown = run("--like", tmp_path / "still.png", "--limit", "1", "--format", "json", store=store)
    (hit,) = json.loads(shown.stdout)
    assert (hit["shot_id"], hit["film"]) == ("1", "a.mp4")
    assert hit["similarity"] > 0.999
