"""Lists that others made: what they mean, and what is told of those that are damaged."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.cutlists import (
    CutList,
    CutListError,
    grid_of,
    placed,
    read_cut_list,
    to_edl,
    to_otio,
)
from curation.shots import Transition
from curation.storage import Place
from tests.cutlists.films import conform, plain, steady

R24 = Fraction(24)
HEAD = "TITLE: A\nFCM: NON-DROP FRAME\n"
A = "001  A  V  C        00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n"
B = "002  B  V  C        00:00:09:00 00:00:10:00 01:00:01:00 01:00:02:00\n"
GRID = grid_of(steady(100, R24))
CPL = """<?xml version="1.0"?>
<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">
<EditRate>24 1</EditRate><SegmentList><Segment><SequenceList>
<c:MainImageSequence xmlns:c="http://www.smpte-ra.org/ns/2067-2/2020"><ResourceList>
{}
</ResourceList></c:MainImageSequence></SequenceList></Segment></SegmentList></CompositionPlaylist>"""
RESOURCE = (
    "<Resource><IntrinsicDuration>100</IntrinsicDuration><EntryPoint>{}</EntryPoint>"
    "<SourceDuration>{}</SourceDuration><TrackFileId>{}</TrackFileId></Resource>\n"
)


def read(folder: Path, text: str | bytes, name: str = "a.edl", rate: Fraction = R24) -> CutList:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_cut_list(Place.parse(path), rate)


def frames(listed: CutList) -> list[tuple[str, int, int]]:
    return [(e.type, int(e.start * listed.rate), int(e.end * listed.rate)) for e in listed.edits]


EXPECTED = {
    "25fps.edl": (25, 496, [("cut", 161, 161), ("cut", 361, 361), ("cut", 447, 447)]),
    "dissolve_test.edl": (24, 20, [("dissolve", 9, 18)]),
    "wipe_test.edl": (24, 20, [("wipe", 9, 18)]),
    "gap_test.edl": (24, 126, [("cut", n, n) for n in (24, 40, 64, 102)]),
    "premiere_example.edl": (24, 81, [("cut", 31, 31)]),
    "transition_duration.edl": (
        24,
        408,
        [("cut", 106, 106), ("dissolve", 180, 205), ("cut", 253, 253)],
    ),
    "simple_cut.otio": (24, 19, [("cut", 3, 3), ("cut", 9, 9), ("cut", 13, 13)]),
    "transition_test.otio": (
        24,
        150,
        [("fade_in", 0, 9), ("dissolve", 40, 59), ("cut", 100, 100), ("fade_out", 140, 149)],
    ),
    "CPL_BLACKL_202_HD_REC709_178_LAS_8fad47bb-ab01-4f0d-a08c-d1e6c6cb62b4_corrected.xml": (
        24,
        5971,
        [("cut", n, n) for n in (900, 948, 2863, 2911, 5535, 5583)],
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_real_lists(shared: Path, name: str) -> None:
    rate, length, expected = EXPECTED[name]
    listed = read_cut_list(Place.parse(shared / "catalogs/cutlists" / name), Fraction(rate))
    assert round(listed.seconds * listed.rate) == length
    film = grid_of(steady(length, listed.rate))
    assert plain(placed(listed, film).transitions) == expected
    assert not placed(listed, film).notes


def test_a_slip_in_a_real_list_is_seen(shared: Path) -> None:
    path = shared / "catalogs/cutlists/timecode_mismatch.edl"
    listed = read_cut_list(Place.parse(path), Fraction(25))
    assert ("cut", 496, 496) in frames(listed)
    assert "line 13 records out 2 frames before line 16" in listed.notes[0]


def test_upper_tracks_hide_lower_ones(shared: Path) -> None:
    path = shared / "catalogs/cutlists/multitrack.otio"
    cuts = [start for _, start, _ in frames(read_cut_list(Place.parse(path), R24))]
    assert cuts == [482, 962, 1198, 1838, 1957, 2677]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (B, [("cut", 24, 24)]),
        (B.replace("B", "BL"), [("cut", 24, 24)]),
        (
            B.replace("C  ", "D 12") + "* a remark\n",
            [("dissolve", 24, 36)],
        ),
        ("002 BL V C 00:00:00:00 00:00:00:00 01:00:01:00 01:00:01:00\n" + B.replace("C  ", "D 12"),
         [("fade_in", 24, 36)]),
        (B.replace("B ", "BL").replace("C  ", "D 12"), [("fade_out", 24, 36)]),
        (B.replace("C  ", "W101 12"), [("iris", 24, 36)]),
        (B.replace("V", "AA/V"), [("cut", 24, 24)]),
        (B.replace("V", "V1"), [("cut", 24, 24)]),
        (A.replace("V", "A2") + B.replace("V", "V2") + B, [("cut", 24, 24)]),
        (B.replace("01:00:01:00", "01:00:01:12"), [("cut", 24, 24), ("cut", 36, 36)]),
        ("M2   B   012.5   00:00:09:00\nGPI 3\n" + B, [("cut", 24, 24)]),
    ],
)  # fmt: skip
def test_events(tmp_path: Path, second: str, expected: list[tuple[str, int, int]]) -> None:
    assert frames(read(tmp_path, HEAD + A + second)) == expected
    # C-mode lists stand in the order of their sources.
    if second == B:
        assert frames(read(tmp_path, HEAD + B + A)) == expected


def test_short_black_between_fades_is_one_transition(tmp_path: Path) -> None:
    out = "002 BL V D 12 00:00:00:00 00:00:02:00 01:00:01:00 01:00:0{}:00\n"
    back = "003 B V D 12 00:00:00:00 00:00:02:00 01:00:0{0}:00 01:00:09:00\n"
    black = "003 BL V C 00:00:00:00 00:00:00:00 01:00:0{0}:00 01:00:0{0}:00\n"
    short = read(tmp_path, HEAD + A + out.format(3) + black.format(3) + back.format(3))
    assert frames(short) == [("fade_through_black", 24, 84)]
    long = read(tmp_path, HEAD + A + out.format(4) + black.format(4) + back.format(4))
    assert frames(long) == [("fade_out", 24, 36), ("fade_in", 96, 108)]


def test_drop_frame_and_midnight(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    text = (
        "FCM: DROP FRAME\n001 A V C 00:00:00:00 00:00:10:00 23:59:59:00 00:00:59:29\n"
        "002 A V C 00:00:00:00 00:00:10:00 00:00:59:29 00:01:10:00\n"
    )
    listed = read(tmp_path, text, rate=rate)
    assert frames(listed) == [("cut", 30 + 1799, 30 + 1799)]
    assert listed.seconds * rate == 30 + 2098


def test_resources_that_go_on_are_no_cut(tmp_path: Path) -> None:
    text = CPL.format(
        RESOURCE.format(0, 40, "a") + RESOURCE.format(40, 20, "a") + RESOURCE.format(0, 40, "b")
    )
    listed = read(tmp_path, text, "cpl.xml")
    assert frames(listed) == [("cut", 60, 60)]
    assert not listed.complete


def test_a_list_is_put_where_the_film_begins(tmp_path: Path) -> None:
    listed = read(tmp_path, HEAD + A + B)
    assert plain(placed(listed, GRID, offset=10).transitions) == [("cut", 34, 34)]
    assert placed(listed, GRID, offset=-24).transitions == ()
    assert (
        "1 of its boundaries lie outside the film, first line 4"
        in placed(listed, GRID, offset=-24).notes
    )
    assert "the list ends 52 frames before the film's end" in placed(listed, GRID).notes


def test_a_list_at_another_rate_is_placed_by_time(tmp_path: Path) -> None:
    film = grid_of(steady(100, Fraction(50)))
    listed = read(tmp_path, HEAD + "* FRAME RATE: 24\n" + A + B, rate=film.rate)
    assert plain(placed(listed, film).transitions) == [("cut", 50, 50)]
    near = grid_of(steady(100_000, R24 * Fraction(1000, 1001)))
    long = A + B.replace("01:00:01:00", "02:00:00:00").replace("01:00:02:00", "02:00:01:00")
    (_, cut) = placed(read(tmp_path, HEAD + "* FRAME RATE: 24\n" + long), near).transitions
    assert cut.start == 86400


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"no cut list|no event"),
        (HEAD, "no event of pictures"),
        (HEAD + A.replace("V", "A"), "no event of pictures"),
        (HEAD + A[:40] + "\n", "line 3: an event is"),
        (HEAD + A.replace(" C ", " Q "), "line 3: 'Q' stands where"),
        (HEAD + A.replace("01:00:01:00", "01:00:01:24"), "line 3: .*no frame 24 at 24.*FRAME RATE"),
        (HEAD + A + B.replace("01:00:02:00", "00:59:59:00"), "line 4: it records out"),
        (HEAD + "* FRAME RATE: fast\n" + A, "line 3: 'fast' is no frame rate"),
        ("FCM: DROP FRAME\n" + A, "line 2: drop-frame timecode counts 30"),
        (b"TITLE: \x00\x00\x01", "is no text"),
        (HEAD + A.replace("01:00:01:00", "01:00:00:00"), "no length"),
    ],
)
def test_bad_lists_are_told_with_their_line(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(CutListError, match=words):
        read(tmp_path, text)


def document(**changes: Any) -> str:
    """An OTIO document of ours with the first clip changed."""
    made = to_otio(conform(GRID, [Transition("cut", 40, 40), Transition("dissolve", 60, 69)]))
    made["tracks"]["children"][0]["children"][0].update(changes)
    return json.dumps(made)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "readable JSON.*line 1"),
        ('{"OTIO_SCHEMA": "Timeline.1"}', "has no tracks"),
        ('{"OTIO_SCHEMA": "Timeline.1", "tracks": {"OTIO_SCHEMA": "Stack.1", "children": []}}',
         "no clip of pictures"),
        ('{"OTIO_SCHEMA": "SerializableCollection.1", "children": []}', "holds 0 timelines"),
        (document(OTIO_SCHEMA="Wobble.1"), r"children\[0\]: Wobble is no part"),
        (document(source_range=3), r"children\[0\].source_range: is no TimeRange"),
        (document(source_range={"duration": {"value": 1, "rate": 0}}), "start_time: is no"),
        (document(source_range=None, media_references={}), "available_range: is no TimeRange"),
        ("[" * 100_000, "nested too deep"),
    ],
)  # fmt: skip
def test_bad_documents_are_told_with_their_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CutListError, match=words):
        read(tmp_path, text, "a.otio")


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ("<Resource/>", "line 5: IntrinsicDuration is ''"),
        (RESOURCE.format(90, 20, "a"), "plays 20 frames from 90 of a track of 100"),
        (RESOURCE.format(0, 0, "a"), "plays 0 frames"),
        (RESOURCE.format(0, "9" * 30, "a"), "SourceDuration is"),
        (RESOURCE.format(0, 9, "a").replace("</R", "<RepeatCount>99999999</RepeatCount></R"),
         "repeats 99999999 times"),
        (RESOURCE.format(0, 9, "a").replace("<I", "<EditRate>24 0</EditRate><I"), "EditRate is"),
        ("", "no main image"),
        ("<a>", "not readable XML.*line"),
    ],
)  # fmt: skip
def test_bad_playlists_are_told_with_their_line(tmp_path: Path, resource: str, words: str) -> None:
    with pytest.raises(CutListError, match=words):
        read(tmp_path, CPL.format(resource), "cpl.xml")


def test_a_playlist_with_a_doctype_is_refused(tmp_path: Path) -> None:
    text = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><CompositionPlaylist/>'
    with pytest.raises(CutListError, match="DOCTYPE"):
        read(tmp_path, text, "cpl.xml")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_is_told_and_never_crashes(tmp_path: Path, data: st.DataObject) -> None:
    found = [Transition("cut", 20, 20), Transition("wipe", 40, 50), Transition("fade_out", 90, 99)]
    film = conform(GRID, found)
    name, text = data.draw(
        st.sampled_from(
            [
                ("a.edl", to_edl(film)),
                ("a.otio", json.dumps(to_otio(film))),
                ("a.xml", CPL.format(RESOURCE.format(0, 40, "a"))),
            ]
        )
    )
    raw = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
        raw = raw or bytearray(b" ")
    try:
        listed = read(tmp_path, bytes(raw), name)
    except CutListError:
        return
    placed(listed, GRID)
