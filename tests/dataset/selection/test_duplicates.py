import subprocess
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.analysis.film import FilmJob, analyse_film
from curation.dataset.selection.duplicates import (
    COMMON,
    _meeting,
    find_duplicates,
    keep_duplicates,
    known_duplicates,
)
from curation.dataset.selection.overlay import Stills, laid_over
from curation.storage import Place
from curation.tables import Store
from curation.tables.query import connect

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FILMS = ("night_call.mp4", "night_call_tv_cut.mp4", "window_seat.mp4", "vfr_phone.mp4")
CROPPED = "cropped.mp4"


@pytest.fixture(scope="module")
def store(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Four of the example films and one without its sides, of which nothing but the fingerprints
    was measured."""
    folder = tmp_path_factory.mktemp("copies")
    store = Store.at(folder / "store")
    store.append("ingests", [{"ingest_id": "1", "ingested_at": NOW}])
    films = [root / "examples" / "library" / name for name in FILMS]
    line = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", films[2], "-an"]
    line += ["-vf", "crop=iw*0.75:ih,scale=320:-2", "-preset", "ultrafast", folder / CROPPED]
    subprocess.run([str(word) for word in line], check=True)
    for path in (*films, folder / CROPPED):
        asset = Place.parse(path).sha256()
        rows = analyse_film(FilmJob(asset, str(path), verify=False, taggers=("fingerprint",)))
        entry = {"row_key": path.name, "work_id": path.name, "asset_path": path.name}
        known = {"asset_sha256": asset, "recorded_at": NOW, "ingested_at": NOW}
        store.append("assets", [entry | known])
        store.append("films", [rows.film])
        store.append("shots", rows.shots)
        store.append("measures", rows.measures)
    return store


def named_pairs(connection: duckdb.DuckDBPyConnection) -> set[tuple[tuple[str, int], ...]]:
    shots = {
        shot: (path, index)
        for shot, path, index in connection.execute(
            "SELECT shot_id, asset_path, shot_index FROM tagged_shots"
        ).fetchall()
    }
    found = known_duplicates(connection).to_pylist()
    return {(shots[row["shot_id"]], shots[row["twin_id"]]) for row in found}


def test_copies_are_found_shot_by_shot_and_nothing_else(store: Store) -> None:
    with connect(store) as connection:
        pairs = named_pairs(connection)
    # Shots 5 and 6 were taken out for television; the larger picture comes first.
    kept = [0, 1, 2, 3, 4, 7, 8, 9, 10, 11]
    television = {
        (("night_call.mp4", index), ("night_call_tv_cut.mp4", place))
        for place, index in enumerate(kept)
    }
    assert {pair for pair in pairs if pair[1][0] != CROPPED} == television
    cropped = pairs - television
    assert {one for one, _ in cropped} == {("window_seat.mp4", index) for index in range(8)}
    assert {one[0] for _, one in cropped} == {CROPPED}


def test_fingerprints_of_the_first_version_are_compared_by_whole_pictures(store: Store) -> None:
    with connect(store) as connection:
        connection.execute(
            """
            CREATE TABLE older AS SELECT * REPLACE (map_from_entries(list_filter(
                map_entries(series), lambda e: e.key = 'detail' OR e.key LIKE 'word%')) AS series)
            FROM measures;
            DROP VIEW measures; CREATE VIEW measures AS FROM older
            """
        )
        pairs = named_pairs(connection)
    assert len(pairs) == 10
    assert {other for _, (other, _) in pairs} == {"night_call_tv_cut.mp4"}


def test_pairs_are_stored_until_the_films_change(store: Store) -> None:
    with connect(store) as connection:
        found = find_duplicates(connection)
    keep_duplicates(store, found)
    keep_duplicates(store, found)
    assert store.read("duplicates").to_pylist() == found.to_pylist()
    assert store.read("copy_searches", ["pairs"]).to_pylist() == [{"pairs": found.num_rows}]
    with connect(store) as connection:
        assert known_duplicates(connection).equals(found)


def test_that_there_is_no_copy_is_remembered(tmp_path: Path) -> None:
    store = Store.at(tmp_path)
    store.append("ingests", [{"ingest_id": "1", "ingested_at": NOW}])
    known = {"recorded_at": NOW, "ingested_at": NOW, "work_id": "W"}
    store.append("assets", [known | {"row_key": name, "asset_sha256": name} for name in "ab"])
    film = {"asset_sha256": "a", "status": "analysed", "work_key": "k"}
    store.append("films", [film])
    with connect(store) as connection:
        keep_duplicates(store, find_duplicates(connection))
    with connect(store) as connection:
        connection.execute("DROP VIEW measures")
        assert known_duplicates(connection).num_rows == 0
    store.append("films", [film | {"asset_sha256": "b"}])
    with connect(store) as connection:
        connection.execute("DROP VIEW measures")
        with pytest.raises(duckdb.Error, match="measures"):
            known_duplicates(connection)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)), max_size=30),
)
def test_all_that_share_a_key_across_films_meet_once_a_shot(
    given_stills: list[tuple[int, int, int]],
) -> None:
    ordered = sorted(given_stills)
    known = sorted({(film, shot) for film, shot, _ in ordered})
    shots = np.array([known.index((film, shot)) for film, shot, _ in ordered], np.int64)
    films = np.array([film for film, _ in known], np.int64)
    keys = np.array([key for *_, key in ordered], np.uint32)
    met = [
        (int(keys[a]), int(shots[a]), int(shots[b]))
        for some in _meeting(keys, shots, films)
        for a, b in zip(*some, strict=True)
    ]
    expected = {
        (int(keys[a]), int(shots[a]), int(shots[b]))
        for a in range(len(keys))
        for b in range(a, len(keys))
        if keys[a] == keys[b] and films[shots[a]] != films[shots[b]]
    }
    assert len(met) == len(set(met))
    assert set(met) == expected


def test_what_too_many_shots_share_says_nothing() -> None:
    for count, met in ((COMMON, 1), (COMMON + 1, 0)):
        shots = np.arange(count)
        films = np.array([0] * (count - 1) + [1])
        pairs = list(_meeting(np.zeros(count, np.uint32), shots, films))
        assert sum(len(one) for one, _ in pairs) == met * (count - 1)


def stills(bits: list[int], start: float) -> Stills:
    """A still a second; of each the number of bits in which it differs from the first of all."""
    words = np.array([[(1 << n) - 1, 0] for n in bits], np.uint64).reshape(-1, 2)
    return Stills(start + np.arange(len(bits), dtype=float), words)


def test_a_part_of_a_shot_lies_over_it_where_it_was_taken_from() -> None:
    whole = stills([0, 12, 24, 36, 48, 60], 100.0)
    part = stills([24, 36, 48], 7.0)
    best = laid_over(part, whole)[0]
    assert (best.offset, best.matched, best.distance) == (95.0, 3, 0.0)
    assert best.covered == 1.0
    assert best.twin_covered == pytest.approx(3 / 6)


def test_without_stills_nothing_is_like_anything() -> None:
    assert laid_over(stills([], 0.0), stills([1], 0.0)) == []
