"""A release whose folder agrees with itself is held against its films all the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from curation import stages
from curation.dataset.fault import Fault
from curation.dataset.manifest import read_manifest
from curation.dataset.verify.row_check import read_rows
from curation.dataset.verify.source_check import _compare, _unpack
from curation.settings import Settings
from curation.storage import Place
from tests.dataset.conftest import recipe

Made = tuple[Settings, str]


def test_clips_are_those_of_their_films(made: Made) -> None:
    settings, release_id = made
    found = stages.verify(settings, release_id, against_films=True)
    assert found.good, found.faults
    assert not [what for what in found.unchecked if "clips" in what]


def test_a_film_that_is_not_at_hand_is_said(made: Made, tmp_path: Path) -> None:
    settings, release_id = made
    away = replace(settings, library=str(tmp_path))
    found = stages.verify(away, release_id, against_films=True)
    assert found.good
    assert any("clips are those of the film" in what for what in found.unchecked)


def test_a_clip_of_other_frames_than_its_row_says_is_found(made: Made, folder: Path) -> None:
    release = Place.parse(folder)
    manifest = read_manifest(release)
    film = str(Path(made[0].library) / "window_seat.mp4")
    rows: list[Any] = [
        row for shard in manifest.shards for row in read_rows(release, manifest, shard)[0] or ()
    ]
    _unpack(release, rows, folder)
    one, other = (row["key"] for row in rows[:2])
    (folder / f"{one}.mp4").replace(folder / "third.mp4")
    (folder / f"{other}.mp4").replace(folder / f"{one}.mp4")
    rows[2] = rows[2] | {"clip": rows[2]["clip"] | {"start_pts": "77"}}
    faults = list(_compare(film, recipe(), rows, folder))
    assert {fault.sample for fault in faults if isinstance(fault, Fault)} == {one, rows[2]["key"]}
