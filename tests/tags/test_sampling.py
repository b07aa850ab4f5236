from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from curation.media import Frame, Still
from curation.shots.eye import mean_change
from curation.tags import Needs, sampler


def film(levels: list[int], rate: Fraction, start: Fraction = Fraction(0)) -> list[Frame]:
    return [
        Frame(i, start + i / rate, Still(np.full((90, 160, 3), level, np.uint8)))
        for i, level in enumerate(levels)
    ]


def taken(frames: list[Frame], needs: Needs) -> list[int]:
    wanted = sampler(needs)
    change = [0.0] + [mean_change(a.thumb, b.thumb) for a, b in pairwise(frames)]
    return [frame.index for frame, step in zip(frames, change, strict=True) if wanted(frame, step)]


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(24000, 1001), Fraction(60)])
def test_the_grid_counts_in_time(rate: Fraction) -> None:
    frames = film([90] * int(10 * rate), rate, start=Fraction(36000))
    assert len(taken(frames, Needs(per_second=4))) == pytest.approx(40, abs=1)


def test_a_shot_between_two_grid_times_is_seen() -> None:
    frames = film([40] * 25 + [120] * 3 + [200] * 20, Fraction(24))
    assert {25, 28} <= set(taken(frames, Needs(per_second=1)))


def test_a_pair_never_spans_a_jump() -> None:
    frames = film([40] * 24 + [120] * 3 + [200] * 20, Fraction(24))
    assert taken(frames, Needs(per_second=1, pairs=True)) == [0, 25, 28]


def test_a_picture_that_keeps_moving_jumps_once() -> None:
    frames = film([20 + 15 * (i % 14) for i in range(48)], Fraction(24))
    assert len(taken(frames, Needs(per_second=1))) <= 6


def test_all_frames_and_no_frames() -> None:
    frames = film([9] * 7, Fraction(24))
    assert taken(frames, Needs(per_second=None)) == list(range(7))
    with pytest.raises(ValueError, match="-1"):
        sampler(Needs(per_second=-1))
