from __future__ import annotations

from fractions import Fraction

import numpy as np

from curation.media import Frame, Still
from curation.shots import ShotEye


def test_two_cards_on_black_are_not_the_same() -> None:
    upper, lower = (np.zeros((36, 64, 3), np.uint8) for _ in range(2))
    upper[10:12, 20:44] = lower[20:22, 20:44] = 200
    one, two = (Frame(k, Fraction(k), Still(each)) for k, each in enumerate((upper, lower)))
    assert not ShotEye().same(one, two, hinted=True)
    assert ShotEye().same(one, one, hinted=True)
