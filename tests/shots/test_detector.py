from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from curation.media import Frame, Still, frames
from curation.shots import (
    ShotDetector,
    ShotSettings,
    Transition,
    assemble,
    to_score_json,
    to_truth_json,
)

Picture = NDArray[np.float64]


def pictures(count: int, seed: int = 7) -> list[Picture]:
    """Random soft pictures, as different from each other as shots are."""
    coarse = np.random.default_rng(seed).uniform(20, 230, (count, 9, 16, 3))
    return list(coarse.repeat(10, axis=1).repeat(10, axis=2))


def film(stills: list[Picture], step: Fraction = Fraction(1, 24)) -> Iterator[Frame]:
    """Frames of a film, a little noisy as film is, whose time starts ten hours in."""
    noise = np.random.default_rng(1)
    for index, still in enumerate(stills):
        grainy = still + noise.normal(0, 1.0, still.shape)
        shown = Still(grainy.clip(0, 255).astype(np.uint8))
        yield Frame(index, 36000 + index * step, shown)


def detect(stills: list[Picture], **settings: Any) -> list[Transition]:
    detector = ShotDetector(ShotSettings(**settings))
    for frame in film(stills):
        detector.feed(frame)
    return detector.finish()


def mix(a: Picture, b: Picture, frames: int) -> list[Picture]:
    weights = [(i + 1) / (frames + 1) for i in range(frames)]
    return [(1 - w) * a + w * b for w in weights]


def test_cuts_have_the_frame_of_the_new_shot() -> None:
    a, b, c = pictures(3)
    found = detect([a] * 20 + [b] * 5 + [c] * 20)
    assert [(t.type, t.start, t.end) for t in found] == [("cut", 20, 20), ("cut", 25, 25)]


def test_a_flash_is_no_boundary() -> None:
    a, _ = pictures(2)
    assert detect([a] * 20 + [a * 0 + 250] * 3 + [a] * 20) == []


def test_a_dissolve_has_its_first_and_last_mixed_frame() -> None:
    a, b = pictures(2)
    (found,) = detect([a] * 30 + mix(a, b, 18) + [b] * 30)
    assert found.type == "dissolve"
    assert abs(found.start - 30) <= 2
    assert abs(found.end - 47) <= 2


@pytest.mark.parametrize("held", [4, 60])
def test_short_black_is_one_transition_and_long_black_two(held: int) -> None:
    a, b = pictures(2)
    black = a * 0
    stills = [a] * 20 + mix(a, black, 12) + [black] * held + mix(black, b, 12) + [b] * 20
    kinds = [t.type for t in detect(stills)]
    assert kinds == (["fade_through_black"] if held == 4 else ["fade_out", "fade_in"])


def test_an_exposure_change_is_no_dissolve() -> None:
    (a,) = pictures(1)
    assert detect([a * 0.3] * 20 + mix(a * 0.3, a, 18) + [a] * 20) == []


def test_frames_out_of_order_are_refused() -> None:
    first, second = film(pictures(2))
    detector = ShotDetector()
    detector.feed(second)
    with pytest.raises(ValueError, match=r"frame 0 .* was fed after frame 1"):
        detector.feed(first)
    with pytest.raises(ValueError, match="presentation order"):
        detector.feed(replace(first, index=2))


def test_frames_that_were_not_decoded_leave_the_numbers_of_the_others() -> None:
    a, b = pictures(2)
    detector = ShotDetector()
    for frame in film([a] * 20 + [b] * 20):
        if frame.index not in (3, 4, 21):
            detector.feed(frame)
    assert [t.start for t in detector.finish()] == [20]


def test_no_frames_is_an_error() -> None:
    with pytest.raises(ValueError, match="no frame"):
        ShotDetector().finish()


def test_the_settings_are_json_for_the_work_key() -> None:
    plain = json.dumps(ShotSettings().canonical())
    assert plain != json.dumps(ShotSettings(min_content=12.0).canonical())


def test_truth_json_reads_as_a_prediction() -> None:
    pts = [Fraction(i, 25) for i in range(100)]
    found = [Transition("dissolve", 50, 59, 0.5), Transition("cut", 20, 20, 0.75)]
    film = to_truth_json("a.mp4", pts, found, Fraction(25))
    assert film["boundaries"][0] == {"type": "cut", "frame": 20, "pts": 0.8, "score": 0.75}
    assert to_score_json("x", [film])["films"]["a.mp4"] == {"cuts": [20], "graduals": [[50, 59]]}
    with pytest.raises(ValueError, match="of 59"):
        to_truth_json("a.mp4", pts[:59], found)


def test_the_package_imports_no_opencv() -> None:
    code = "import sys, curation.shots; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


DEMO = ["night_call.mp4", "night_call_tv_cut.mp4", "vfr_phone.mp4"]


@pytest.mark.parametrize("name", DEMO)
def test_demo_films_come_out_as_they_were_cut(
    name: str, library: Path, truth: dict[str, dict[str, Any]]
) -> None:
    detector = ShotDetector()
    count = 0
    for frame in frames(str(library / name)):
        detector.feed(frame)
        count += 1
    shots = assemble(detector.finish(), count, detector.black_spans)
    known = truth[name]["shots"]
    assert [s.transition_in.type for s in shots] == [k["transition_in"]["type"] for k in known]
    assert all(abs(s.start - k["start"]) <= 1 for s, k in zip(shots, known, strict=True))
    assert shots[-1].end == known[-1]["end"] == count


def test_a_cut_shows_up_to_the_end_of_the_film() -> None:
    a, b = pictures(2)
    assert [t.start for t in detect([a] * 20 + [b] * 2)] == [20]


def test_a_lamp_that_goes_on_is_no_cut() -> None:
    (a,) = pictures(1)
    assert detect([a * 0.4] * 20 + [a] * 20) == []


def test_a_caption_that_comes_and_goes_is_no_cut() -> None:
    (a,) = pictures(1)
    captioned = a.copy()
    captioned[60:] = 255 - captioned[60:] // 2
    assert detect([a] * 20 + [captioned] * 20 + [a] * 20) == []


def test_a_cut_among_frames_left_out_is_placed_by_looking_again() -> None:
    a, b = pictures(2)
    detector, given = ShotDetector(), list(film([a] * 20 + [b] * 20))
    for frame in given:
        if frame.index not in (19, 20, 21):
            detector.feed(frame)
    assert detector.unsure == [(18, 22)]
    detector.look_again(given[18:23])
    assert [t.start for t in detector.finish()] == [20]


def test_what_moves_while_frames_are_left_out_is_no_cut() -> None:
    a, b = pictures(2)
    detector, given = ShotDetector(), list(film([a] * 20 + mix(a, b, 4) + [b] * 20))
    for frame in given:
        if not 20 <= frame.index < 24:
            detector.feed(frame)
    detector.look_again(given[19:25])
    assert [t.type for t in detector.finish() if t.type == "cut"] == []
