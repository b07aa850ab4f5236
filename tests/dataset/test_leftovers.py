"""What a release that was cut short leaves is told, and goes only when asked."""

import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from curation.cli import app
from curation.dataset.leftovers import leftovers
from curation.tables import Store

PUBLISHED = {"release_id": "a-1", "name": "a"}
HOURS_AGO = time.time() - 2 * 3600


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a published release, two that were cut short, and another kind of plan."""
    store = Store.at(tmp_path / "store")
    store.append("releases", [PUBLISHED])
    for path in (
        *("releases/a-1/manifest.json", "releases/a-2/shards/train-000000.tar"),
        *("staging/a-2/plan.json", "staging/a-2/clips/x.mp4", "staging/a-3/decisions/0.parquet"),
        *("staging/analysis-9/films/0.parquet", "releases/a-4/manifest.json"),
    ):
        file = store.place.local / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"half")
        os.utime(file, (HOURS_AGO, HOURS_AGO))
    return store


def run(store: Store, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments, "--store", str(store)])
    return done.exit_code, f"{done.output}{done.exception}"


def test_what_was_cut_short_is_told_and_nothing_else(store: Store) -> None:
    found = leftovers(store)
    assert [(one.release_id, one.files, one.bytes) for one in found] == [
        ("a-2", 3, 12),
        ("a-3", 1, 4),
        ("a-4", 1, 4),
    ]
    status, said = run(store, "status")
    assert status == 0
    assert "unfinished release a-2, last touched at" in said
    assert "curation discard a-3" in said
    assert run(store, "discard")[1].count("unfinished release") == 3
    assert "a-1" not in said.replace("a-1 ", "")


def test_it_goes_when_asked(store: Store) -> None:
    assert run(store, "discard", "a-2") == (0, "a-2: 3 files, 12 bytes removed\nNone")
    assert [one.release_id for one in leftovers(store)] == ["a-3", "a-4"]
    assert (store.release("a-1") / "manifest.json").exists()
    assert (store.staging("analysis-9") / "films").exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a-1", "is no unfinished release"),
        ("../staging", "is no unfinished release"),
        ("analysis-9", "is no unfinished release"),
        ("a-4", "may have been handed on"),
    ],
)
def test_what_must_stay_stays(store: Store, name: str, why: str) -> None:
    before = sorted(entry.path for entry in store.place.files())
    status, said = run(store, "discard", name)
    assert status != 0
    assert why in said
    assert sorted(entry.path for entry in store.place.files()) == before


def test_one_with_a_manifest_goes_by_the_command_that_its_line_names(store: Store) -> None:
    said = next(str(one) for one in leftovers(store) if one.has_manifest)
    assert "curation discard a-4 --with-manifest" in said
    assert "--with-manifest" not in str(leftovers(store)[0])
    assert "give --with-manifest" in run(store, "discard", "a-4", "--in-use")[1]
    assert run(store, "discard", "a-1", "--with-manifest")[0] != 0
    os.utime(store.release("a-4").local / "manifest.json")
    assert "give --in-use" in run(store, "discard", "a-4", "--with-manifest")[1]
    assert run(store, "discard", "a-4", "--with-manifest", "--in-use")[0] == 0
    assert [one.release_id for one in leftovers(store)] == ["a-2", "a-3"]


def test_what_may_be_in_the_making_goes_only_if_it_is_said(store: Store) -> None:
    os.utime(store.staging("a-2").local / "clips" / "x.mp4")
    assert "touched 0 minutes ago and may be in the making" in run(store, "discard", "a-2")[1]
    assert run(store, "discard", "a-2", "--in-use")[0] == 0
