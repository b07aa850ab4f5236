"""What we write, our own readers and OpenTimelineIO's give back, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from curation.cutlists import Conform, grid_of, placed, read_cut_list, to_edl, to_otio
from curation.media import Timeline
from curation.shots import Transition
from curation.storage import Place
from tests.cutlists.films import conform, happenings, plain, steady, timeline

FRAMES = 200
NTSC = Fraction(1000, 1001)
TIMELINES: dict[str, Timeline] = {
    "23.976": steady(FRAMES, 24 * NTSC),
    "23.976 in milliseconds": steady(FRAMES, 24 * NTSC, Fraction(1, 1000)),
    "24": steady(FRAMES, Fraction(24)),
    "25 from ten hours on": steady(FRAMES, Fraction(25), Fraction(1, 90000), 3_240_000_000),
    "29.97": steady(FRAMES, 30 * NTSC),
    "29.97 without dropping": steady(FRAMES, 30 * NTSC),
    "30": steady(FRAMES, Fraction(30)),
    "50": steady(FRAMES, Fraction(50)),
    "59.94": steady(FRAMES, 60 * NTSC, Fraction(1, 90000)),
    "VFR, 24 and 60": timeline(
        [*range(0, 3750 * 100, 3750), *range(3750 * 100, 3750 * 100 + 1500 * 100, 1500)],
        Fraction(1, 90000),
    ),
    "VFR, a phone": timeline(
        [i * 3000 + (i * 7919) % 1400 for i in range(FRAMES)], Fraction(1, 90000)
    ),
}
FILMS = {name: grid_of(film) for name, film in TIMELINES.items()}
STARTS = {
    "23.976": 86400,
    "29.97": 107892 - 100,
    "29.97 without dropping": 108000 - 100,
    "50": 180_000,
    "59.94": 24 * 215784 - 50,
}
"""Timecode of first frames: before the hour, and, at 59.94, before midnight."""
Write = Callable[[Conform], str]


def from_start(name: str, found: list[Transition]) -> Conform:
    drop = False if "without dropping" in name else None
    return conform(FILMS[name], found, STARTS.get(name, 0), drop=drop)


def as_otio(film: Conform) -> str:
    return json.dumps(to_otio(film))


FORMATS: dict[str, Write] = {"edl": to_edl, "otio": as_otio}


def back(film: Conform, text: str, path: Path) -> list[Transition]:
    path.write_text(text)
    # A wrong rate of the film would be seen: our lists say their own.
    found = placed(read_cut_list(Place.parse(path), film.grid.rate), film.grid)
    assert not found.notes
    return list(found.transitions)


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize("ending", FORMATS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(found=happenings(FRAMES))
def test_the_same_transitions_come_back(
    tmp_path: Path, name: str, ending: str, found: list[Transition]
) -> None:
    film = from_start(name, found)
    text = FORMATS[ending](film)
    assert plain(back(film, text, tmp_path / f"a.{ending}")) == plain(film.transitions())


def test_an_edl_as_editing_tools_know_it() -> None:
    film = conform(
        FILMS["29.97"],
        [
            Transition("fade_in", 0, 9),
            Transition("cut", 40, 40),
            Transition("dissolve", 60, 69),
            Transition("wipe", 100, 119),
            Transition("fade_out", 190, 199),
        ],
        start=1790,
    )
    events = [line for line in to_edl(film).splitlines() if line[:3].isdecimal()]
    assert to_edl(film).splitlines()[1] == "FCM: DROP FRAME"
    # Old tools read by columns, and some readers take no remark before the first event.
    assert to_edl(film).splitlines()[3] == (
        "001  AX       V     D    010 00:00:59;20 00:01:01;02 00:00:59;20 00:01:01;02"
    )
    assert [" ".join(event.split()) for event in events] == [
        "001 BL V C 00:00:00;00 00:00:00;00 00:00:59;20 00:00:59;20",
        "001 AX V D 010 00:00:59;20 00:01:01;02 00:00:59;20 00:01:01;02",
        "002 AX V C 00:01:01;02 00:01:01;22 00:01:01;02 00:01:01;22",
        "003 AX V C 00:01:01;22 00:01:01;22 00:01:01;22 00:01:01;22",
        "003 AX V D 010 00:01:01;22 00:01:03;02 00:01:01;22 00:01:03;02",
        "004 AX V C 00:01:03;02 00:01:03;02 00:01:03;02 00:01:03;02",
        "004 AX V W001 020 00:01:03;02 00:01:06;02 00:01:03;02 00:01:06;02",
        "005 AX V C 00:01:06;02 00:01:06;02 00:01:06;02 00:01:06;02",
        "005 BL V D 010 00:00:00;00 00:00:00;10 00:01:06;02 00:01:06;12",
    ]


def test_a_fade_through_black_goes_to_black_and_comes_back() -> None:
    text = to_edl(conform(FILMS["24"], [Transition("fade_through_black", 50, 60)]))
    assert [line.split()[1:5] for line in text.splitlines() if " D " in line] == [
        ["BL", "V", "D", "006"],
        ["AX", "V", "D", "005"],
    ]


@pytest.mark.parametrize(
    ("name", "rate", "base"),
    [("VFR, 24 and 60", 60, "1/90000"), ("23.976", Fraction(24000, 1001), "1001/12288000")],
)
def test_files_say_how_frames_are_counted(name: str, rate: Fraction, base: str) -> None:
    film = conform(FILMS[name], [Transition("cut", 150, 150)])
    text = to_edl(film)
    assert f"* FRAME RATE: {Fraction(rate).numerator}/{Fraction(rate).denominator}" in text
    assert ("* VARIABLE FRAME RATE" in text) == ("* FILM FRAMES: 150 TO 199" in text)
    assert ("* VARIABLE FRAME RATE" in text) == name.startswith("VFR")
    said = to_otio(film)["metadata"]["curation"]
    assert (said["time_base"], said["frame_rate"] == "variable") == (base, name.startswith("VFR"))


EACH = [
    Transition("fade_in", 0, 5),
    Transition("cut", 30, 30),
    Transition("dissolve", 50, 70),
    Transition("fade_out", 100, 109),
    Transition("fade_in", 150, 159),
    Transition("cut", 165, 165),
    Transition("wipe", 180, 189),
    Transition("fade_out", 195, 199),
]
"""Of every kind one that editing tools know; between the fades in the middle there is black."""


@pytest.mark.parametrize("name", [name for name in FILMS if FILMS[name].uniform])
def test_events_lie_where_opentimelineio_counts_their_timecodes(name: str) -> None:
    opentime = pytest.importorskip("opentimelineio").opentime
    film = from_start(name, EACH)
    rate, first = float(film.grid.rate), STARTS.get(name, 0)
    dropping = name in ("29.97", "59.94")
    day = film.clock.frames_a_day

    def frame(text: str) -> int:
        assert (";" in text) == dropping
        return (int(opentime.from_timecode(text, rate).value) - first) % day

    events = [line.split() for line in to_edl(film).splitlines() if line[:3].isdecimal()]
    assert [(e[1], e[3], e[4] if len(e) == 9 else "", *map(frame, e[-2:])) for e in events] == [
        ("BL", "C", "", 0, 0),
        ("AX", "D", "006", 0, 30),
        ("AX", "C", "", 30, 50),
        ("AX", "C", "", 50, 50),
        ("AX", "D", "021", 50, 100),
        ("AX", "C", "", 100, 100),
        ("BL", "D", "010", 100, 110),
        ("BL", "C", "", 110, 150),
        ("BL", "C", "", 150, 150),
        ("AX", "D", "010", 150, 165),
        ("AX", "C", "", 165, 180),
        ("AX", "C", "", 180, 180),
        ("AX", "W001", "010", 180, 195),
        ("AX", "C", "", 195, 195),
        ("BL", "D", "005", 195, 200),
    ]
    # A film without tape: each picture is taken from where it stands in the film.
    assert all(e[-4:-2] == e[-2:] for e in events if e[1] == "AX")


@pytest.mark.parametrize("name", FILMS)
def test_opentimelineio_reads_what_we_write(name: str) -> None:
    otio = pytest.importorskip("opentimelineio")
    film, first = from_start(name, EACH), STARTS.get(name, 0)
    theirs: Any = otio.adapters.read_from_string(as_otio(film), "otio_json")
    grid = film.grid
    counts, rate = (grid.slots, grid.rate) if grid.uniform else (grid.ticks, 1 / grid.time_base)
    (track,) = theirs.video_tracks()
    assert theirs.global_start_time == otio.opentime.RationalTime(first, float(rate))
    assert theirs.duration().value == counts[-1]
    mixes = [child for child in track if isinstance(child, otio.schema.Transition)]
    items = [child for child in track if child not in mixes]
    for shot, item in zip(film.shots, items, strict=True):
        span = item.trimmed_range_in_parent()
        assert span.start_time.rate == float(rate)
        assert span.start_time.value == counts[shot.start]
        assert span.end_time_exclusive().value == counts[shot.end]
        assert item.source_range.start_time.value == counts[shot.start] + first
        assert isinstance(item, otio.schema.Gap) == (shot.kind == "black")
        if shot.kind != "black":
            media = item.media_reference.available_range
            assert (media.start_time.value, media.duration.value) == (first, counts[-1])
    for t, mix in zip([t for t in EACH if t.gradual], mixes, strict=True):
        span = mix.range_in_parent()
        assert span.start_time.value == counts[t.start]
        assert span.end_time_exclusive().value == counts[t.end + 1]
        assert (mix.transition_type == "SMPTE_Dissolve") == (t.type != "wipe")
    again = otio.adapters.read_from_string(theirs.to_json_string(), "otio_json")
    assert otio.schema.Timeline.is_equivalent_to(theirs, again)
