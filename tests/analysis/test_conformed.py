"""The editor's list, the film's own timecode, and a list that names some cuts only."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from curation.analysis import FoundShots, conformed, find_shots, to_conform
from curation.cutlists import to_edl
from curation.storage import Place

CPL = """<CompositionPlaylist><EditRate>30000 1001</EditRate><SegmentList><Segment><SequenceList>
<MainImageSequence><ResourceList><Resource><IntrinsicDuration>30</IntrinsicDuration></Resource>
<Resource><IntrinsicDuration>{}</IntrinsicDuration><TrackFileId>b</TrackFileId></Resource>
</ResourceList></MainImageSequence></SequenceList></Segment></SegmentList></CompositionPlaylist>"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of red and two of blue at 29.97, whose first frame is 00:09:59;28."""
    path = tmp_path_factory.mktemp("film") / "a.mov"
    colours = [f"color={name}:size=64x48:rate=30000/1001:d=2.002" for name in ("red", "blue")]
    sources = [part for colour in colours for part in ("-f", "lavfi", "-i", colour)]
    joined = ("-filter_complex", "concat=n=2", "-timecode", "00:09:59;28", str(path))
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-loglevel", "error", *sources, *joined], check=True)
    return path


@pytest.fixture(scope="module")
def found(film: Path) -> FoundShots:
    return find_shots(film, "cpu")


def test_lists_begin_at_the_films_own_timecode(film: Path, found: FoundShots) -> None:
    events = [line.split() for line in to_edl(to_conform(film, found)).splitlines()]
    assert ["001", "AX", "V", "C", *["00:09:59;28", "00:10:01;28"] * 2] in events
    assert ["002", "AX", "V", "C", *["00:10:01;28", "00:10:03;28"] * 2] in events


def test_a_list_is_believed_and_doubted(film: Path, found: FoundShots, tmp_path: Path) -> None:
    path = tmp_path / "wrong.edl"
    path.write_text(
        to_edl(to_conform(film, found)).replace("00:10:01;28", "00:10:00;28")  # 30 frames early
    )
    got = conformed(film, found, Place.parse(path))
    assert [(t.type, t.start) for t in got.shots.transitions] == [("cut", 30)]
    assert [(shot.start, shot.end) for shot in got.shots.shots] == [(0, 30), (30, 120)]
    assert [(one.frame, one.what[:8]) for one in got.disagreements] == [
        (30, "the list"),
        (60, "a clear "),
    ]


def test_a_partial_list_leaves_what_was_found(
    film: Path, found: FoundShots, tmp_path: Path
) -> None:
    path = tmp_path / "cpl.xml"
    path.write_text(CPL.format(90))
    got = conformed(film, found, Place.parse(path))
    assert [t.start for t in got.shots.transitions] == [30, 60]
    assert [one.frame for one in got.disagreements] == [30]
    assert "names joins of finished films" in got.notes[-1]


def test_where_a_list_says_nothing_the_picture_is_believed(
    film: Path, found: FoundShots, tmp_path: Path
) -> None:
    path = tmp_path / "part.edl"
    head = "TITLE: A\nFCM: NON-DROP FRAME\n"
    event = "001 A V C 00:00:00:00 00:00:01:10 00:00:00:00 00:00:01:10\n"
    path.write_text(head + event)
    for offset in (0, 60, 70):
        got = conformed(film, found, Place.parse(path), offset)
        assert [t.start for t in got.shots.transitions] == [60]
        assert not got.disagreements
        assert got.misfit is None
    assert conformed(film, found, Place.parse(path), 120).misfit is not None
    whole = path.read_text().replace("00:00:01:10", "00:00:04:00")
    path.write_text(whole)
    got = conformed(film, found, Place.parse(path))
    assert not got.shots.transitions
    assert [(one.kind, one.frame) for one in got.disagreements] == [("cut_not_listed", 60)]
