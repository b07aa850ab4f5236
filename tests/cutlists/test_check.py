from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from curation.cutlists import Placed, grid_of
from curation.cutlists.check import (
    Disagreement,
    better_offset,
    beyond,
    disagreements,
    doubts,
    misfit,
)
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


def test_a_few_cuts_that_meet_by_chance_move_no_list() -> None:
    random = np.random.default_rng(5)
    grid = grid_of(steady(20_000, Fraction(24)))
    for _ in range(20):
        ours, theirs = (
            [cut(int(frame)) for frame in sorted(set(random.integers(0, 20_000, count)))]
            for count in (600, 5)
        )
        assert better_offset(ours, theirs, grid) is None


def unseen(count: int) -> list[Disagreement]:
    return [Disagreement("cut_not_seen", frame, "nothing") for frame in range(count)]


def test_a_list_that_cannot_be_this_films_is_told() -> None:
    cuts = tuple(cut(frame) for frame in range(10, 100, 10))
    put = Placed(cuts, (), (0, 200))
    assert misfit(put, unseen(4), None) is None
    assert misfit(put, unseen(4), 2) is None
    assert misfit(put, unseen(5), None) == (
        "at 5 of its 9 boundaries nothing happens in the picture"
    )
    assert misfit(put, [], -12) == "most cuts of the picture lie 12 frames before those of the list"
    assert misfit(Placed(cuts, (), (0, 200), late=3), [], None) == (
        "3 of its boundaries would lie behind the film's end"
    )
    assert misfit(Placed((), (), (200, 200)), [], None) is not None
    # Two cuts are too few to say whose list it is.
    assert misfit(Placed(cuts[:2], (), (0, 200)), unseen(2), None) is None


def test_a_list_speaks_of_its_own_reach_alone() -> None:
    put = Placed((), (), (50, 150))
    told = [t for t in (cut(20), cut(50), cut(80), cut(149), cut(180)) if beyond(t, put, 200)]
    assert [t.start for t in told] == [20, 50, 149, 180]
    # A frame or two of rounding at the end are no other film.
    assert not beyond(cut(197), Placed((), (), (0, 198)), 200)
