"""The people tagger: real films, and arithmetic on made-up faces."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.media import Frame, frames, probe
from curation.models import ModelUnavailableError
from curation.tags import Tag
from curation.tags import faces as room
from curation.tags.faces import Box, Face, FaceFinder
from curation.tags.people import SCALES, PeopleTagger, overlap, scale_of, tracks

boxes = st.tuples(*[st.floats(0, 1, width=32)] * 4).map(
    lambda e: Box(min(e[0], e[2]), min(e[1], e[3]), max(e[0], e[2]), max(e[1], e[3]))
)


def tag(film: Path, start: int, end: int) -> dict[str, Tag]:
    """The tags of frames `[start, end)`, one in twelve looked at."""
    tagger, meter = PeopleTagger(), PeopleTagger().meter(probe(str(film)))
    shown: list[Frame] = []
    rows = []
    for frame in frames(str(film), width=tagger.needs.width):
        if start <= frame.index < end and (frame.index - start) % 12 == 0:
            rows.append(meter(frame, None))
            shown.append(frame)
    series = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    pts = np.array([float(frame.pts) for frame in shown])
    return {t.facet: t for t in tagger.label(tagger.summarise(series, pts))}


@pytest.mark.skipif(room.missing() is not None, reason="the extra `models` is not installed")
class TestOnFilm:
    def test_a_close_up_of_one_person(self, library: Path) -> None:
        said = tag(library / "window_seat.mp4", 390, 442)
        assert (said["faces"].label, said["shot_scale"].label) == ("one", "CU")
        place = said["subject"].measures
        assert place["height"] > 0.7
        assert 0 <= place["left"] < place["left"] + place["width"] <= 1

    def test_a_still_life_and_a_title_show_nobody(self, library: Path) -> None:
        for name, span in (("vfr_phone.mp4", (0, 60)), ("night_call.mp4", (78, 132))):
            said = tag(library / name, *span)
            assert [said[f].label for f in ("faces", "shot_scale", "subject")] == [
                "none",
                "unknown",
                "unknown",
            ]

    def test_who_stands_before_the_light_is_neither_seen_nor_denied(self, library: Path) -> None:
        said = tag(library / "night_call.mp4", 302, 314)["faces"]
        assert (said.label, said.measures["hidden_share"]) == ("unknown", 1)

    def test_bars_are_no_part_of_the_picture_a_face_is_measured_in(self, library: Path) -> None:
        place = tag(library / "courtyard.mp4", 420, 480)["subject"].measures
        assert place["top"] >= 0.1
        assert place["top"] + place["height"] <= 0.9

    def test_landscapes_show_nobody(self, shared: Path) -> None:
        said = tag(shared / "films" / "tlRender_BART.m4v", 0, 200)
        assert said["faces"].label == "none"

    def test_a_face_of_a_real_film(self, shared: Path) -> None:
        said = tag(shared / "films" / "moviepy_chaplin.mp4", 96, 144)
        assert said["faces"].label in ("one", "two")
        assert said["shot_scale"].label in ("LS", "MLS", "MS")


def absent() -> FaceFinder:
    raise ModelUnavailableError("pip install it")


def test_without_a_network_it_says_so_and_would_measure_again(
    monkeypatch: pytest.MonkeyPatch, library: Path
) -> None:
    monkeypatch.setattr("curation.tags.people.missing", lambda: None)
    seeing = PeopleTagger().version
    monkeypatch.setattr("curation.tags.people.finder", absent)
    monkeypatch.setattr("curation.tags.people.missing", lambda: "pip install it")
    assert PeopleTagger().version != seeing
    with pytest.raises(ModelUnavailableError, match="pip install it"):
        PeopleTagger().meter(probe(str(library / "vfr_phone.mp4")))
    assert {t.label for t in PeopleTagger().label({})} == {"unknown"}


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=2))
def test_a_larger_face_is_never_a_wider_shot(heights: list[float]) -> None:
    small, large = (SCALES.index(scale_of(height)[0]) for height in sorted(heights))
    assert large <= small


@given(st.floats(0.001, 1))
def test_a_scale_is_likelier_than_any_other_could_be(height: float) -> None:
    name, likely = scale_of(height)
    assert name in SCALES
    assert 1 / len(SCALES) < likely <= 1


@given(boxes, boxes)
def test_overlap_is_a_share_and_of_a_box_with_itself_all(one: Box, other: Box) -> None:
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert 0 <= overlap(one, other) <= 1 + 1e-6
    if one.width * one.height > 1e-6:
        assert overlap(one, one) == pytest.approx(1)


def face(left: float, size: float = 0.2) -> Face:
    return Face(Box(left, 0.2, left + size, 0.2 + size), 0.9, ())


def test_two_people_who_stay_are_two_tracks() -> None:
    runs = tracks([[face(0.1), face(0.6)], [face(0.63), face(0.12)], [], [face(0.6)]])
    assert [[(still, round(f.box.left, 2)) for still, f in run] for run in runs] == [
        [(0, 0.1), (1, 0.12)],
        [(0, 0.6), (1, 0.63), (3, 0.6)],
    ]


@given(st.lists(st.lists(boxes, max_size=5), max_size=5))
def test_every_face_is_in_one_track_once_a_still(found: list[list[Box]]) -> None:
    runs = tracks([[Face(box, 0.9, ()) for box in still] for still in found])
    assert sum(map(len, runs)) == sum(map(len, found))
    assert all(len({still for still, _ in run}) == len(run) for run in runs)


def test_a_doubtful_face_is_neither_said_nor_denied() -> None:
    series = {
        f"face{k}_{part}": np.array([value if k == 1 else math.nan])
        for k in range(1, 5)
        for part, value in zip(
            ("left", "top", "right", "bottom", "score"), (0.4, 0.2, 0.6, 0.5, 0.4), strict=True
        )
    }
    edges = {"picture_left": 0.0, "picture_top": 0.0, "picture_right": 1.0, "picture_bottom": 1.0}
    series |= {name: np.array([value]) for name, value in edges.items()}
    series |= {"aspect": np.array([1.78]), "hides": np.array([0.0])}
    tagger = PeopleTagger()
    said = tagger.label(tagger.summarise(series, np.array([0.0])))
    assert {t.label for t in said} == {"unknown"}
    assert said[0].measures["score"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("stills", "seconds", "label"),
    [(1, 0.5, "none"), (1, 4.2, "unknown"), (2, 1.9, "none"), (2, 9.0, "unknown")],
)
def test_too_few_stills_do_not_say_that_there_is_nobody(
    stills: float, seconds: float, label: str
) -> None:
    measures = {"stills": stills, "hidden_share": 0.0, "score": math.nan, "seconds": seconds}
    assert PeopleTagger().label(measures)[0].label == label
    assert PeopleTagger().label(measures | {"stills": 1, "seconds": math.nan})[0].label == "unknown"
