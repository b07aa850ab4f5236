from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.cutlists import Clock, TimecodeError, clock_of

RATES = [
    Fraction(*rate) for rate in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (60000, 1001))
]
CLOCKS = [
    *(Clock(base) for base in (24, 25, 30, 48, 50, 60, 100, 120)),
    *(Clock(base, drop=True) for base in (30, 60, 120)),
]


@pytest.mark.parametrize("clock", CLOCKS)
@settings(deadline=None)
@given(data=st.data())
def test_every_frame_has_one_name(clock: Clock, data: st.DataObject) -> None:
    frame = data.draw(st.integers(0, clock.frames_a_day - 1))
    assert clock.frame(clock.text(frame)) == frame


@pytest.mark.parametrize("base", [30, 60])
def test_names_follow_each_other_for_an_hour(base: int) -> None:
    clock = Clock(base, drop=True)
    names = [clock.text(frame) for frame in range(108 * base // 30 * 1000)]
    assert names == sorted(set(names))
    assert [clock.frame(name) for name in names] == list(range(len(names)))


@pytest.mark.parametrize(
    ("rate", "frame", "name"),
    [
        (RATES[0], 86400, "01:00:00:00"),
        (RATES[1], 35, "00:00:01:11"),
        (RATES[2], 90000, "01:00:00:00"),
        (RATES[3], 1799, "00:00:59;29"),
        (RATES[3], 1800, "00:01:00;02"),
        (RATES[3], 17982, "00:10:00;00"),
        (RATES[3], 107892, "01:00:00;00"),
        (RATES[4], 3600, "00:01:00;04"),
        (RATES[4], 215784, "01:00:00;00"),
    ],
)
def test_known_names(rate: Fraction, frame: int, name: str) -> None:
    assert clock_of(rate).text(frame) == name
    assert clock_of(rate).frame(name.replace(";", ".")) == frame


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("00:01:00;00", "leaves out"),
        ("00:01:00;01", "leaves out"),
        ("00:00:00;30", "no frame 30"),
        ("24:00:00;00", "no time of a day"),
        ("00:60:00;00", "no time of a day"),
        ("1:2:3", "no timecode"),
        ("\u0660\u0660:00:00;00", "no timecode"),
    ],
)
def test_names_of_no_frame(text: str, words: str) -> None:
    with pytest.raises(TimecodeError, match=words):
        Clock(30, drop=True).frame(text)


def test_clocks_that_there_are_not() -> None:
    with pytest.raises(TimecodeError, match="not 25"):
        Clock(25, drop=True)
    with pytest.raises(TimecodeError, match="cannot be counted"):
        Clock(0)
    with pytest.raises(TimecodeError, match="beyond the 24 hours"):
        Clock(24).text(24 * 86400)
