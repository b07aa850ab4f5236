from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from curation.cutlists import grid_of
from curation.cutlists.check import better_offset, disagreements, doubts
from curation.shots import Transition
from tests.cutlists.films import steady


def cut(frame: int) -> Transition:
    return Transition("cut", frame, frame)


def film(cuts: list[int], frames: int = 200) -> dict[int, NDArray[np.uint8]]:
    """A noisy film whose picture changes at each of `cuts`."""
    random = np.random.default_rng(3)
    scenes = random.integers(20, 230, (len(cuts) + 1, 36, 64, 3))
    shown = {}
    for frame in range(frames):
        scene = scenes[sum(frame >= at for at in cuts)]
        shown[frame] = (scene + random.normal(0, 2, scene.shape)).clip(0, 255).astype(np.uint8)
    return shown


PICTURES = film([40, 80, 120])


def told(listed: list[Transition], found: list[Transition]) -> list[tuple[int, str]]:
    held = doubts(listed, found, complete=True)
    return [(one.frame, one.what) for one in disagreements(held, PICTURES)]


def test_agreement_is_silent() -> None:
    assert told([cut(40), cut(80), cut(121)], [cut(40), cut(80), cut(120)]) == []


def test_what_the_detector_missed_and_the_picture_shows_is_believed() -> None:
    assert told([cut(40), Transition("dissolve", 75, 85)], [cut(80)]) == []


def test_a_listed_cut_without_a_change_is_told() -> None:
    assert told([cut(60)], []) == [(60, "the list has a cut and the picture does not change")]
    ((frame, what),) = told([cut(45)], [])
    assert frame == 45
    assert what.endswith("does not change here but 5 frames earlier")


def test_a_listed_dissolve_between_equal_pictures_is_told() -> None:
    ((frame, what),) = told([Transition("dissolve", 50, 60)], [])
    assert (frame, what[-18:]) == (50, "same on both sides")


def test_a_clear_cut_that_is_not_listed_is_told() -> None:
    (one,) = told([cut(40), cut(80)], [cut(40), cut(80), cut(120), cut(150)])
    assert one == (120, "a clear cut in the picture is not in the list")


def test_of_a_partial_list_only_its_own_cuts_are_asked_for() -> None:
    held = doubts([cut(40)], [cut(40), cut(80)], complete=False)
    assert (held.listed, held.found) == ((), ())
    assert not held.frames(200).any()


def test_a_list_that_begins_elsewhere_is_seen() -> None:
    grid = grid_of(steady(500, Fraction(24)))
    cuts = [20, 55, 61, 130, 222, 340]
    late = [cut(frame + 12) for frame in cuts]
    assert better_offset(late, [cut(frame) for frame in cuts], grid) == -12
    assert better_offset(late, late[:4], grid) is None
    assert better_offset([], late, grid) is None
