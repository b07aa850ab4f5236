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
CLOCK_STARTS = {"23.976": 86400, "29.97": 107892 - 100, "59.94": 24 * 215784 - 50}
Write = Callable[[Conform], str]


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
    film = conform(FILMS[name], found, CLOCK_STARTS.get(name, 0))
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


@pytest.mark.parametrize("name", FILMS)
def test_opentimelineio_reads_what_we_write(name: str) -> None:
    opentimelineio = pytest.importorskip("opentimelineio")
    found = [
        Transition("fade_in", 0, 5),
        Transition("cut", 30, 30),
        Transition("dissolve", 50, 70),
        Transition("fade_out", 100, 109),
        Transition("fade_in", 160, 169),
        Transition("wipe", 180, 189),
    ]
    film = conform(FILMS[name], found)
    theirs: Any = opentimelineio.adapters.read_from_string(as_otio(film), "otio_json")
    (track,) = theirs.video_tracks()
    items = [child for child in track if not isinstance(child, opentimelineio.schema.Transition)]
    counts = film.grid.slots if film.grid.uniform else film.grid.ticks
    for shot, item in zip(film.shots, items, strict=True):
        span = item.trimmed_range_in_parent()
        assert span.start_time.value == counts[shot.start]
        assert span.end_time_exclusive().value == counts[shot.end]
        assert item.source_range.start_time == span.start_time
        assert isinstance(item, opentimelineio.schema.Gap) == (shot.kind == "black")
    mixes = [child for child in track if isinstance(child, opentimelineio.schema.Transition)]
    assert len(mixes) == 5
    again = theirs.to_json_string()
    assert json.loads(again)["tracks"]["children"][0]["children"]
    assert opentimelineio.schema.Timeline.is_equivalent_to(
        theirs, opentimelineio.adapters.read_from_string(again, "otio_json")
    )
