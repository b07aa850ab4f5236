"""The station table: of what it counts, and of releases that are not there."""

from pathlib import Path

import pytest

from curation import stages
from curation.report.stations import ReportError, stations
from curation.settings import Settings
from curation.tables import Store
from curation.tables.query import connect


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with releases in the tables alone."""
    store = Store.at(tmp_path / "store")
    names = ("lab-pretraining-0a1b2c3d4e5f", "low-key-study-5f4e3d2c1b0a")
    store.append("releases", [{"release_id": name} for name in names])
    row = {"release_id": names[0], "status": "released"}
    parts = [row | {"shot_id": part, "source_shot_id": "a"} for part in "bcd"]
    store.append("selections", parts)
    return store


def test_a_release_counts_clips_for_a_shot_may_be_several(store: Store) -> None:
    with connect(store) as connection:
        found = stations(connection, "lab-pretraining-0a1b2c3d4e5f")
    of_release = [one for one in found if one.name.startswith("release")]
    assert {one.unit for one in of_release} == {"clips"}
    assert of_release[-1].passed == 3


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("lab-pretraining-0a1b2c3d4e5", "did you mean lab-pretraining-0a1b2c3d4e5f"),
        ("low-key-stuy", "did you mean low-key-study-5f4e3d2c1b0a"),
        ("x", "did you mean lab-pretraining-0a1b2c3d4e5f or low-key-study-5f4e3d2c1b0a"),
    ],
)
def test_of_an_unknown_release_the_nearest_are_named(store: Store, name: str, near: str) -> None:
    with connect(store) as connection, pytest.raises(ReportError, match=near):
        stations(connection, name)
    with pytest.raises(ReportError, match=near):
        stages.place_of(Settings(store=str(store)), name)


def test_without_releases_it_is_said_that_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="'x' here; none has been made yet"):
        stages.place_of(Settings(store=str(tmp_path)), "x")
