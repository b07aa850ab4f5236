from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.shots import GRADUAL, Shot, Transition, TransitionType, assemble

TYPES: list[TransitionType] = list(get_args(TransitionType))


@st.composite
def transitions(draw: st.DrawFn) -> Transition:
    kind, start = draw(st.sampled_from(TYPES)), draw(st.integers(0, 120))
    length = draw(st.integers(0, 40)) if kind in GRADUAL else 0
    return Transition(kind, start, start + length, draw(st.floats(0, 1)))


@given(st.lists(transitions(), max_size=12), st.integers(1, 100), st.randoms())
def test_any_transitions_give_a_partition(
    found: list[Transition], frames: int, random: Random
) -> None:
    shots = assemble(found, frames)
    assert shots[0].start == 0
    assert shots[-1].end == frames
    assert all(a.end == b.start and a.transition_out is b.transition_in for a, b in pairwise(shots))
    for index, shot in enumerate(shots):
        assert shot.index == index
        assert shot.start < shot.end
        assert shot.start <= shot.clean_start <= shot.clean_end <= shot.end
    random.shuffle(found)
    assert assemble(found, frames) == shots


def spans(shots: list[Shot]) -> list[tuple[int, int]]:
    return [(s.start, s.end) for s in shots]


def test_a_dissolve_is_split_in_the_middle_and_left_out_of_the_clean_spans() -> None:
    first, second = assemble([Transition("dissolve", 10, 19)], 40)
    assert (first.end, first.clean_end) == (15, 10)
    assert (second.start, second.clean_start) == (15, 20)


def test_fades_around_long_black_leave_a_black_shot() -> None:
    fades = [Transition("fade_out", 10, 19), Transition("fade_in", 80, 89)]
    shots = assemble(fades, 120)
    assert spans(shots) == [(0, 20), (20, 80), (80, 120)]
    assert [s.kind for s in shots] == ["picture", "black", "picture"]


def test_a_head_fade_is_the_way_in_and_no_boundary() -> None:
    (shot,) = assemble([Transition("fade_in", 0, 23), Transition("fade_out", 70, 79)], 80)
    assert (shot.transition_in.type, shot.transition_out.type) == ("fade_in", "fade_out")
    assert (shot.clean_start, shot.clean_end) == (24, 70)


def test_a_cut_inside_a_gradual_belongs_to_it() -> None:
    found = [Transition("cut", 12, 12, 1.0), Transition("dissolve", 10, 19, 0.1)]
    assert spans(assemble(found, 40)) == [(0, 15), (15, 40)]


def test_a_shot_in_measured_black_is_black() -> None:
    shots = assemble([Transition("cut", 10, 10), Transition("cut", 80, 80)], 120, [(9, 81)])
    assert [s.kind for s in shots] == ["picture", "black", "picture"]


def test_a_picture_between_fades_is_not_black_where_black_was_measured() -> None:
    fades = [Transition("fade_out", 10, 19), Transition("fade_in", 80, 89)]
    assert [s.kind for s in assemble(fades, 120, [(19, 21)])] == ["picture"] * 3


def test_no_frames_no_shots() -> None:
    with pytest.raises(ValueError, match="0 frames"):
        assemble([], 0)
