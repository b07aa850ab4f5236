"""The text tagger: text drawn over real film, and arithmetic on made-up boxes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from curation.media import Frame, Still, chosen, frames, read_timeline
from curation.models import ModelUnavailableError
from curation.tags import Tag
from curation.tags import text_boxes as room
from curation.tags.faces import Box
from curation.tags.people import overlap
from curation.tags.text import TextTagger
from curation.tags.text_boxes import TextFinder, finder
from curation.tags.timecode import seconds

if TYPE_CHECKING:
    from curation.media import VideoInfo

Pixels = NDArray[np.uint8]

needs_network = pytest.mark.skipif(
    room.missing() is not None, reason="the extra `models` is not installed"
)


def tagged(stills: Sequence[Pixels], gap: int = 2) -> dict[str, Tag]:
    """The tags of a shot of these stills, `gap` seconds apart."""
    tagger, meter = TextTagger(), TextTagger().meter(cast("VideoInfo", None))
    shown = [Frame(i, Fraction(gap * i), Still(p), 640) for i, p in enumerate(stills)]
    rows = [meter(frame, None) for frame in shown]
    series = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    pts = np.array([float(frame.pts) for frame in shown])
    return {t.facet: t for t in tagger.label(tagger.summarise(series, pts))}


@pytest.fixture(scope="module")
def scenes(root: Path) -> list[Pixels]:
    """Two pictures that have nothing in common and no letters."""
    film = str(root / "examples" / "library" / "window_seat.mp4")
    timeline = read_timeline(film)
    wanted = np.isin(np.arange(len(timeline)), (200, 590))
    return [enlarged(frame.rgb) for frame in chosen(film, timeline, wanted, width=640)]


def enlarged(picture: Pixels) -> Pixels:
    return np.asarray(cv2.resize(picture, (640, 360)), np.uint8)


def lettered(picture: Pixels, line: str, place: tuple[int, int], scale: float = 0.7) -> Pixels:
    """White type with a black rim; `place` is the left end of its baseline."""
    drawn = picture.copy()
    for colour, thick in (((0, 0, 0), 5), ((255, 255, 255), 2)):
        cv2.putText(drawn, line, place, cv2.FONT_HERSHEY_DUPLEX, scale, colour, thick, cv2.LINE_AA)
    return drawn


@needs_network
class TestOverFilm:
    def test_a_picture_without_letters_has_no_text(self, scenes: list[Pixels]) -> None:
        said = tagged(scenes)
        assert [said[f].label for f in ("text", "mark", "timecode")] == ["none", "unknown", "none"]

    def test_a_subtitle_is_found_where_it_is(self, scenes: list[Pixels]) -> None:
        line, font = "Where were you last night?", cv2.FONT_HERSHEY_DUPLEX
        wide, high = cv2.getTextSize(line, font, 0.7, 2)[0]
        left = (640 - wide) // 2
        tag = tagged([lettered(scene, line, (left, 330)) for scene in scenes])["text"]
        assert tag.label == "subtitle"
        told = tag.measures
        found = Box(told["left1"], told["top1"], told["right1"], told["bottom1"])
        truth = Box(left / 640, (330 - high) / 360, (left + wide) / 640, 336 / 360)
        assert overlap(found, truth) > 0.6
        assert told["lower_share"] == pytest.approx(3 * told["share"], rel=0.05)

    def test_what_stands_over_a_changing_ground_is_laid_over_it(self, scenes: list[Pixels]) -> None:
        caption = [lettered(scene, "Amsterdam, 1986", (60, 230)) for scene in scenes]
        assert tagged(caption)["text"].label == "overlay"
        assert tagged(caption[:1] * 2)["text"].label == "unknown"

    def test_what_moves_is_in_the_scene(self, scenes: list[Pixels]) -> None:
        sign = [lettered(scenes[0], "BARBERSHOP", (x, 180), 1.0) for x in (90, 160)]
        assert tagged(sign)["text"].label == "scene"

    def test_a_mark_in_a_corner(self, scenes: list[Pixels]) -> None:
        tag = tagged([lettered(scene, "TV 4", (545, 45), 0.8) for scene in scenes])["mark"]
        assert tag.label == "lettered"
        assert tag.measures["mark_left"] * 640 == pytest.approx(545, abs=8)
        still = tagged([lettered(scenes[0], "TV 4", (545, 45), 0.8)] * 2)["mark"]
        assert (still.label, still.measures["mark_stands"]) == ("unknown", 1)

    @pytest.mark.parametrize(("gap", "label"), [(2, "burnt_in"), (9, "unknown")])
    def test_a_timecode_that_goes_on_as_time_does(
        self, scenes: list[Pixels], gap: int, label: str
    ) -> None:
        shown = [
            lettered(scene, clock, (220, 40), 0.8)
            for scene, clock in zip(scenes, ("01:02:03:04", "01:02:05:04"), strict=True)
        ]
        tag = tagged(shown, gap)["timecode"]
        assert tag.label == label
        assert tag.measures["timecode_s"] == 3723

    def test_a_card_shows_nothing_else(self) -> None:
        card = np.full((360, 640, 3), 20, np.uint8)
        for row, line in enumerate(("Directed by", "A. Example", "Written by", "B. Example")):
            card = lettered(card, line, (240, 110 + 50 * row))
        assert tagged([card])["text"].label == "card"

    def test_a_ring_in_a_corner_of_black_is_no_card(self) -> None:
        black = np.zeros((360, 640, 3), np.uint8)
        cv2.circle(black, (590, 40), 22, (255, 255, 255), 5, cv2.LINE_AA)
        cv2.circle(black, (590, 40), 8, (255, 255, 255), 3, cv2.LINE_AA)
        assert tagged([black, black])["text"].label in ("none", "unknown")

    def test_credits_that_climb_over_a_picture_are_not_in_the_scene(
        self, scenes: list[Pixels]
    ) -> None:
        rolled = [lettered(scenes[0], "ASSISTANT EDITOR", (150, y)) for y in (250, 150)]
        tag = tagged(rolled)["text"]
        assert (tag.label, tag.measures["climbed"]) == ("unknown", 1)

    def test_titles_of_our_films(self, library: Path) -> None:
        film = frames(str(library / "window_seat.mp4"), width=640, device="cpu")
        title = next(islice(film, 40, None)).rgb
        assert finder().find(title)

    @pytest.mark.parametrize("shape", [(1, 1), (2, 640), (360, 2), (16, 16)])
    def test_however_small_a_picture_it_is_looked_at(self, shape: tuple[int, int]) -> None:
        noise = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
        assert tagged([noise])["text"].label in ("none", "unknown", "card")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("01:02:03:04", 3723),
        ("10:00:00;12", 36000),
        ("0214:26:04", 8066),
        ("01020304", None),
        ("25:00:00:00", None),
        ("10:61:00:00", None),
        ("12:34:56", None),
        ("Scene 12:30", None),
    ],
)
def test_a_timecode_has_eight_digits(text: str, told: float | None) -> None:
    assert seconds(text) == told


@given(st.text(max_size=14))
def test_no_text_breaks_the_clock(text: str) -> None:
    told = seconds(text)
    assert told is None or 0 <= told < 86400


def absent() -> TextFinder:
    raise ModelUnavailableError("pip install it")


def test_without_a_network_it_says_so_and_would_measure_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("curation.tags.text.missing", lambda: None)
    seeing = TextTagger().version
    monkeypatch.setattr("curation.tags.text.finder", absent)
    monkeypatch.setattr("curation.tags.text.missing", lambda: "pip install it")
    assert TextTagger().version != seeing
    with pytest.raises(ModelUnavailableError, match="pip install it"):
        TextTagger().meter(cast("VideoInfo", None))
    assert {t.label for t in TextTagger().label({})} == {"unknown"}


def test_every_label_and_number_is_declared() -> None:
    facets = {facet.name: facet for facet in TextTagger.facets}
    for tag in TextTagger().label({"stills": 2, "text_share": 0, "timecode_share": 0}):
        assert tag.label in facets[tag.facet].labels
        assert set(tag.measures) == set(facets[tag.facet].measures)


@pytest.mark.parametrize(
    ("stills", "seconds", "label"), [(1, 0.9, "none"), (1, 2.6, "unknown"), (2, 2.6, "none")]
)
def test_one_still_does_not_say_that_a_long_shot_has_no_text(
    stills: float, seconds: float, label: str
) -> None:
    measures = {"stills": stills, "text_share": 0.0, "seconds": seconds}
    assert TextTagger().label(measures)[0].label == label
