"""The whole road through Airflow's own scheduler, as ``make demo`` runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from curation.report.stations import newest_release, stations
from curation.tables import Store
from curation.tables.query import connect

ROOT = Path(__file__).resolve().parents[1]

EVERY_OUTCOME = {
    "WINDOW_EXPIRED",
    "HOLDBACK_ACTIVE",
    "CONSENT_WITHDRAWN",
    "LICENCE_UNKNOWN",
    "APPEARANCE_NOT_SURVEYED",
    "KIND_CREDITS",
    "KIND_TITLE",
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, str]:
    folder = tmp_path_factory.mktemp("road")
    done = subprocess.run(
        [sys.executable, "-m", "curation.cli", "airflow", "demo", "--store", folder / "store"],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("CURATION_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return Store.at(folder / "store"), done.stdout + done.stderr


def test_the_demo_shows_every_outcome(ran: tuple[Store, str]) -> None:
    store, output = ran
    connection = connect(store)
    rows = connection.execute(
        "SELECT DISTINCT reasons[1] FROM selections WHERE status = 'excluded'"
    ).fetchall()
    assert {row[0] for row in rows} == EVERY_OUTCOME
    assert connection.execute(
        "SELECT asset_path, reasons FROM films JOIN assets USING (asset_sha256) "
        "WHERE status = 'failed'"
    ).fetchall() == [("broken_reel.mp4", ["CANNOT_OPEN"])]
    assert str(newest_release(connection)) in output
    assert "dataset_release" in output


def test_the_film_with_a_cut_list_is_cut_by_it(ran: tuple[Store, str]) -> None:
    store, output = ran
    connection = connect(store)
    cuts = connection.execute(
        "SELECT start_frame FROM tagged_shots WHERE boundaries_from = 'edl' ORDER BY ALL"
    ).fetchall()
    # As the truth of gel_test.mp4 has it: lights that change, flicker and flash are no cuts.
    assert [cut for (cut,) in cuts] == [0, 45, 115, 200, 275, 355, 415, 495, 580, 660]
    notes = connection.execute("SELECT kind FROM cut_list_notes").fetchall()
    # The picture may show cuts that are none, but never lack one of those that are.
    assert {kind for (kind,) in notes} <= {"cut_not_listed"}
    assert f"a cut list: 1, cut by it: 1, disagreements with the picture: {len(notes)}" in output


def test_the_counts_add_up_at_every_station(ran: tuple[Store, str]) -> None:
    table = stations(connect(ran[0]))
    assert [station.name for station in table if not station.adds_up] == []
    by_name = {(station.name, station.unit): station for station in table}
    assert by_name["analysis", "shots found"].passed == by_name["release: rights", "clips"].entered
    assert by_name["released", "clips"].passed > 0


def test_no_process_stays_behind(ran: tuple[Store, str]) -> None:
    home = str(ran[0].place.local / "airflow").encode()
    left = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/environ")
        if _mentions(path, home) and path.parent.name != str(os.getpid())
    ]
    assert left == []


def _mentions(path: Path, words: bytes) -> bool:
    try:
        return words in path.read_bytes()
    except OSError:
        return False
