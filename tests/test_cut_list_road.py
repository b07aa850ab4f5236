"""A film that the catalog gives a cut list, from the row of its asset to its shots."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from duckdb import DuckDBPyConnection

from curation import stages
from curation.analysis import (
    FilmJob,
    GivenList,
    KnownFilm,
    analyse_film,
    find_shots,
    to_conform,
)
from curation.cutlists import to_edl, to_otio
from curation.report.cut_lists import on_cut_lists
from curation.settings import Settings
from curation.shots import Transition, assemble
from curation.storage import Place
from curation.tables import Store
from curation.tables.packed import Packed
from curation.tables.query import connect
from tests.test_stages import MAY_ANALYSE, WORKS

HEAD = "TITLE: A\nFCM: NON-DROP FRAME\n"
ROOT = Path(__file__).resolve().parents[1]
SHOTS = (210, 290, 345, 400, 570)
"""A frame early in each of five shots of night_call.mp4, which go on for more than a second."""
SECOND = 25


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of each of five shots, 125 frames at 25 a second, from 01:00:00:00."""
    path = tmp_path_factory.mktemp("film") / "film.mov"
    chosen = "+".join(f"between(n,{first},{first + SECOND - 1})" for first in SHOTS)
    cut = f"select='{chosen}',setpts=N/25/TB,scale=160:90"
    source = ("-i", str(ROOT / "examples/library/night_call.mp4"), "-an", "-vf", cut)
    program = imageio_ffmpeg.get_ffmpeg_exe()
    made = (*source, "-r", "25", "-timecode", "01:00:00:00", str(path))
    subprocess.run([program, "-loglevel", "error", *made], check=True)
    return path


def time(frame: int) -> str:
    return f"01:00:{frame // SECOND:02}:{frame % SECOND:02}"


def edl(*cuts: int, length: int = 125, more: str = "") -> str:
    ends = [0, *cuts, length]
    lines = [
        f"{number:03} T{number} V C 00:00:00:00 00:00:09:00 {time(start)} {time(end)}"
        for number, (start, end) in enumerate(pairwise(ends), start=1)
    ]
    return HEAD + "\n".join([*lines, more, ""])


class Studio:
    """A catalog with two films, one of which comes with a list."""

    def __init__(self, folder: Path, film: Path) -> None:
        self.catalog, library = folder / "catalog", folder / "films"
        (self.catalog / "lists").mkdir(parents=True)
        library.mkdir()
        (self.catalog / "works.csv").write_text(WORKS)
        (self.catalog / "rules.csv").write_text(MAY_ANALYSE)
        (library / "film.mov").write_bytes(film.read_bytes())
        (library / "other.mov").write_bytes(film.read_bytes() + b"\0")
        self.settings = Settings(
            store=str(folder / "store"), library=str(library), catalog=str(self.catalog)
        )
        self.name_list("film.edl")

    def name_list(self, name: str, offset: str = "") -> None:
        rows = (f"film.mov,E,lists/{name},{offset}", "other.mov,E,,", "")
        header = "asset_path,work_id,cut_list,cut_list_offset"
        (self.catalog / "assets.csv").write_text("\n".join([header, *rows]))

    def write(self, text: str, name: str = "film.edl") -> None:
        (self.catalog / "lists" / name).write_text(text)

    def run(self, **options: Any) -> dict[str, int]:
        stages.ingest(self.settings)
        return stages.analyse(self.settings, **options)

    def tables(self) -> DuckDBPyConnection:
        return connect(Store.at(self.settings.store))

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.tables().execute(query).fetchall()

    def spans(self) -> list[tuple[int, int]]:
        return self.ask(
            "SELECT start_frame, end_frame FROM tagged_shots WHERE asset_path = 'film.mov' "
            "ORDER BY ALL"
        )

    def end(self) -> tuple[str, str | None]:
        query = (
            "SELECT status, reasons[1] FROM films JOIN assets USING (asset_sha256) "
            "WHERE asset_path = 'film.mov'"
        )
        ((status, reason),) = self.ask(query)
        return status, reason


@pytest.fixture
def studio(tmp_path: Path, film: Path) -> Studio:
    return Studio(tmp_path, film)


def test_the_list_is_the_truth_and_the_picture_is_heard(studio: Studio) -> None:
    studio.write(edl(10, 25, 50, 100))
    assert studio.run() == {"analysed": 2}
    assert studio.spans() == [(0, 10), (10, 25), (25, 50), (50, 100), (100, 125)]
    assert studio.ask(
        "SELECT asset_path, boundaries_from, count(*) FROM tagged_shots GROUP BY ALL ORDER BY ALL"
    ) == [("film.mov", "edl", 5), ("other.mov", "detector", 5)]
    assert studio.ask("SELECT kind, frame, seconds, timecode FROM cut_list_notes ORDER BY 2") == [
        ("cut_not_seen", 10, 0.4, "01:00:00:10"),
        ("cut_not_listed", 75, 3.0, "01:00:03:00"),
    ]
    assert on_cut_lists(studio.tables()) == (
        "films that come with a cut list: 1, cut by it: 1, disagreements with the picture: 2"
    )
    measured = "SELECT count(*) FROM measures WHERE len(frames) = 0"
    assert studio.ask(measured) == [(0,)]


def test_a_changed_list_makes_this_films_shots_again_and_no_others(studio: Studio) -> None:
    studio.write(edl(25, 50, 75, 100))
    studio.run()
    assert stages.plan_analysis(studio.settings).parts == ()
    studio.write(edl(25, 50, 75, 90))
    stages.ingest(studio.settings)
    assert stages.plan_analysis(studio.settings).films == 1
    assert stages.analyse(studio.settings) == {"analysed": 1}
    assert studio.spans()[-1] == (90, 125)
    # The same words under another name are the same list.
    studio.write(edl(25, 50, 75, 90), "renamed.edl")
    studio.name_list("renamed.edl")
    assert studio.run() == {}
    studio.name_list("renamed.edl", "1")
    assert studio.run() == {"analysed": 1}
    assert studio.spans()[1] == (26, 51)
    (studio.catalog / "assets.csv").write_text("asset_path,work_id\nfilm.mov,E\nother.mov,E\n")
    assert studio.run() == {"analysed": 1}
    assert studio.ask("SELECT count(*) FROM cut_list_notes") == [(0,)]
    assert {row[0] for row in studio.ask("SELECT boundaries_from FROM shots")} == {"detector"}


def test_a_list_that_does_not_fit_fails_its_film_until_it_is_mended(studio: Studio) -> None:
    studio.write(edl(11, 33, 58, 87))
    assert studio.run() == {"failed": 1, "analysed": 1}
    assert studio.end() == ("failed", "CUT_LIST_DOES_NOT_FIT")
    assert studio.spans() == []
    found = studio.ask("SELECT kind, count(*) FROM cut_list_notes GROUP BY ALL ORDER BY ALL")
    assert found == [("cut_not_listed", 4), ("cut_not_seen", 4)]
    assert studio.run() == {}
    studio.write(edl(25, 50, 75, 100))
    assert studio.run() == {"analysed": 1}
    assert studio.end() == ("analysed", None)


def _rewrite(studio: Studio) -> None:
    studio.write(edl(50))


def _remove(studio: Studio) -> None:
    (studio.catalog / "lists" / "film.edl").unlink()


@pytest.mark.parametrize(
    ("change", "reason"), [(_rewrite, "CONTENT_CHANGED"), (_remove, "FILE_MISSING")]
)
def test_a_list_that_changed_since_it_was_catalogued_is_not_taken_for_it(
    studio: Studio, change: Callable[[Studio], None], reason: str
) -> None:
    studio.write(edl(25, 50, 75, 100))
    stages.ingest(studio.settings)
    change(studio)
    assert stages.analyse(studio.settings) == {"failed": 1, "analysed": 1}
    assert studio.end() == ("failed", reason)
    studio.write(edl(25, 50, 75, 100))
    assert studio.run() == {"analysed": 1}


def job_of(film: Path, path: Path, offset: int = 0) -> FilmJob:
    given = GivenList(str(path), Place.parse(path).sha256(), offset)
    return FilmJob("x", str(film), "cpu", verify=False, cut_list=given)


def analysed(film: Path, path: Path, offset: int = 0) -> list[dict[str, Any]]:
    rows = analyse_film(job_of(film, path, offset))
    assert rows.film["status"] == "analysed", rows.film["message"]
    return rows.shots


def happened(shots: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    outs = [shot["transition_out"] for shot in shots]
    return [(t["type"], t["start"], t["end"]) for t in outs if t["type"] != "end"]


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("", "CUT_LIST_UNREADABLE", "no event of pictures"),
        (edl(25).replace(" V C", " A C"), "CUT_LIST_UNREADABLE", "no event of pictures"),
        (edl(25).replace("00:01:00", "00:01:99"), "CUT_LIST_UNREADABLE", "line 3: .*no frame 99"),
        (edl(25, 50, 200, length=250), "CUT_LIST_DOES_NOT_FIT", "1 of its boundaries would lie"),
        (edl(10, 35, 60, 85), "CUT_LIST_DOES_NOT_FIT", "if it began at frame 15 and not at 0"),
        (edl(11, 33, 58, 87), "CUT_LIST_DOES_NOT_FIT", "at 4 of its 4 boundaries nothing happens"),
    ],
)
def test_a_list_that_cannot_be_believed_is_told_with_its_remedy(
    film: Path, tmp_path: Path, text: str, reason: str, words: str
) -> None:
    path = tmp_path / "a.edl"
    path.write_text(text)
    rows = analyse_film(job_of(film, path))
    assert rows.film["reasons"] == [reason]
    assert re.search(words, rows.film["message"]), rows.film["message"]
    assert rows.film["message"].endswith("ingest the catalog again")
    assert not rows.shots


def event(number: int, reel: str, how: str, start: int, end: int) -> str:
    return f"{number:03} {reel} {how} 00:00:10:00 00:00:20:00 {time(start)} {time(end)}\n"


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # Sound beside the pictures, keys and an upper track.
        ([(1, "A", "V C", 0, 25), (2, "S", "A2 C", 9, 30), (3, "T", "V2 C", 4, 8),
          (4, "B", "AA/V C", 25, 125)], [("cut", 25, 25)]),
        # A dissolve that both pictures have handles for, a wipe, and a fade at the end.
        ([(1, "A", "V C", 0, 20), (2, "A", "V C", 20, 20), (2, "B", "V D 010", 20, 70),
          (3, "B", "V C", 70, 70), (3, "C", "V W001 008", 70, 115),
          (4, "C", "V C", 115, 115), (4, "BL", "V D 010", 115, 125)],
         [("dissolve", 20, 29), ("wipe", 70, 77), ("fade_out", 115, 124)]),
        # Nothing is recorded between two reels.
        ([(1, "A", "V C", 0, 25), (2, "B", "V C", 50, 125)], [("cut", 25, 25), ("cut", 50, 50)]),
    ],
)  # fmt: skip
def test_what_events_mean_is_what_shots_hold(
    film: Path, tmp_path: Path, events: list[tuple[int, str, str, int, int]], expected: object
) -> None:
    path = tmp_path / "a.edl"
    path.write_text(HEAD + "".join(event(*one) for one in events) + "M2 B 012.5 00:00:10:00\n")
    shots = analysed(film, path)
    assert happened(shots) == expected
    mixed = {
        frame
        for kind, first, last in happened(shots)
        if kind != "cut"
        for frame in range(first, last + 1)
    }
    clean = [f for shot in shots for f in range(shot["clean_start"], shot["clean_end"])]
    assert sorted([*clean, *mixed]) == list(range(125))


def test_a_film_of_varying_rate_lands_where_its_own_list_says(tmp_path: Path) -> None:
    phone = ROOT / "examples" / "library" / "vfr_phone.mp4"
    found = find_shots(phone, "cpu")
    cuts = [Transition("cut", 77, 77), Transition("dissolve", 120, 130)]
    named = to_conform(phone, replace(found, shots=assemble(cuts, 210)))
    for name, text in (("a.edl", to_edl(named)), ("a.otio", json.dumps(to_otio(named)))):
        path = tmp_path / name
        path.write_text(text)
        shots = analysed(phone, path)
        assert happened(shots) == [("cut", 77, 77), ("dissolve", 120, 130)]
        assert {shot["boundaries_from"] for shot in shots} == {path.suffix[1:]}
        assert [shot["start_s"] for shot in shots] == [0.0, 2.7, 5.1]


def test_a_playlist_names_some_cuts_and_the_detector_the_others(film: Path, tmp_path: Path) -> None:
    path = tmp_path / "cpl.xml"
    resource = "<Resource><IntrinsicDuration>{}</IntrinsicDuration><TrackFileId>{}</TrackFileId>"
    path.write_text(
        "<CompositionPlaylist><EditRate>25 1</EditRate><SegmentList><Segment><SequenceList>"
        f"<MainImageSequence><ResourceList>{resource.format(60, 'a')}</Resource>"
        f"{resource.format(65, 'b')}</Resource></ResourceList></MainImageSequence>"
        "</SequenceList></Segment></SegmentList></CompositionPlaylist>"
    )
    shots = analysed(film, path)
    assert {shot["boundaries_from"] for shot in shots} == {"imf_cpl"}
    assert [start for _, start, _ in happened(shots)] == [25, 50, 60, 75, 100]


def test_a_list_of_one_reel_leaves_the_others_to_the_detector(film: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.edl"
    path.write_text(edl(25, length=50))
    assert happened(analysed(film, path, 50)) == [("cut", n, n) for n in (25, 50, 75, 100)]


def test_new_measures_keep_the_list_and_what_is_said_of_it(film: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.edl"
    path.write_text(edl(10, 25, 50, 75, 100))
    job = job_of(film, path)
    first = analyse_film(job)
    assert len(first.cut_list_notes) == 1
    aged = (row | {"version": "0"} if row["tagger"] == "quality" else row for row in first.measures)
    known = KnownFilm(first.shots, Packed("measures", aged), first.cut_list_notes, first.embeddings)
    again = analyse_film(replace(job, known=known))
    assert again.film["device_reason"].startswith("measured again")
    assert (again.shots, again.cut_list_notes) == (first.shots, first.cut_list_notes)
