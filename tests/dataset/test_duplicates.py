from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from curation.analysis.film import FilmJob, analyse_film
from curation.dataset.duplicates import (
    Stills,
    find_duplicates,
    keep_duplicates,
    known_duplicates,
    laid_over,
)
from curation.storage import Place
from curation.tables import Store
from curation.tables.query import connect

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FILMS = ("night_call.mp4", "night_call_tv_cut.mp4", "window_seat.mp4", "vfr_phone.mp4")


@pytest.fixture(scope="module")
def store(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Four of the example films, of which nothing but the fingerprints was measured."""
    store = Store.at(tmp_path_factory.mktemp("copies"))
    store.append("ingests", [{"ingest_id": "1", "ingested_at": NOW}])
    for name in FILMS:
        path = root / "examples" / "library" / name
        asset = Place.parse(path).sha256()
        rows = analyse_film(FilmJob(asset, str(path), verify=False, taggers=("fingerprint",)))
        entry = {"row_key": name, "work_id": name, "asset_path": name, "asset_sha256": asset}
        store.append("assets", [entry | {"recorded_at": NOW, "ingested_at": NOW}])
        store.append("films", [rows.film])
        store.append("shots", rows.shots)
        store.append("measures", rows.measures)
    return store


def test_the_television_cut_is_found_out_shot_by_shot_and_nothing_else(store: Store) -> None:
    with connect(store) as connection:
        found = known_duplicates(connection)
        shots = {
            shot: (path, index)
            for shot, path, index in connection.execute(
                "SELECT shot_id, asset_path, shot_index FROM tagged_shots"
            ).fetchall()
        }
    pairs = {(shots[row["shot_id"]], shots[row["twin_id"]]) for row in found.to_pylist()}
    # Shots 5 and 6 were taken out for television; the larger picture comes first.
    kept = [0, 1, 2, 3, 4, 7, 8, 9, 10, 11]
    assert pairs == {
        (("night_call.mp4", index), ("night_call_tv_cut.mp4", place))
        for place, index in enumerate(kept)
    }


def test_pairs_are_stored_until_the_films_change(store: Store) -> None:
    with connect(store) as connection:
        found = find_duplicates(connection)
    keep_duplicates(store, found)
    keep_duplicates(store, found)
    assert store.read("duplicates").equals(found)
    with connect(store) as connection:
        assert known_duplicates(connection).equals(found)


def stills(bits: list[int], start: float) -> Stills:
    """A still a second; of each the number of bits in which it differs from the first of all."""
    words = np.array([[(1 << n) - 1, 0] for n in bits], np.uint64).reshape(-1, 2)
    return Stills("s", start + np.arange(len(bits), dtype=float), words)


def test_a_part_of_a_shot_lies_over_it_where_it_was_taken_from() -> None:
    whole = stills([0, 12, 24, 36, 48, 60], 100.0)
    part = stills([24, 36, 48], 7.0)
    best = laid_over(part, whole)[0]
    assert (best.offset, best.matched, best.distance) == (95.0, 3, 0.0)
    assert best.covered == 1.0
    assert best.twin_covered == pytest.approx(3 / 6)


def test_without_stills_nothing_is_like_anything() -> None:
    assert laid_over(stills([], 0.0), stills([1], 0.0)) == []
