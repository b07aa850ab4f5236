"""A constant rate shows what is on screen at each tick, and nothing beyond the shot."""

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.media import ClipSpec, Encoding, Timeline, frames, read_timeline, write_clips
from curation.media.cadence import constant, count_at, own, rate_of

BASES = st.sampled_from([Fraction(1, 24), Fraction(1, 1000), Fraction(1001, 24_000)])
RATES = st.sampled_from([6.0, 8.0, 12.5, 15.0, 23.976, 24.0, 25.0, 29.97, 60.0, 240.0])
STEPS = st.lists(st.integers(1, 90), min_size=1, max_size=40)


def clock(base: Fraction, steps: list[int], start: int = 0) -> Timeline:
    pts = np.array([start + t for t in itertools.accumulate([0, *steps])], np.int64)
    none = np.zeros(len(steps), np.int64)
    return Timeline(base, pts[:-1], int(pts[-1]), none.astype(bool), none, none)


@settings(deadline=None)
@given(BASES, STEPS, st.integers(-(10**9), 10**9), RATES, st.data())
def test_at_each_tick_stands_what_is_on_screen(
    base: Fraction, steps: list[int], offset: int, fps: float, data: st.DataObject
) -> None:
    timeline, rate = clock(base, steps, offset), rate_of(fps)
    start = data.draw(st.integers(0, len(steps) - 1))
    end = data.draw(st.integers(start + 1, len(steps)))
    length = timeline.seconds(end) - timeline.seconds(start)
    if length * rate > 2000:
        return
    found = constant(timeline, start, end, rate)
    shown = found.frames
    assert shown[0] == start
    assert list(shown) == sorted(shown)
    assert shown[-1] < end
    assert [t * found.base for t in found.ticks] == [k / rate for k in range(len(shown) + 1)]
    if len(shown) > 1:
        assert abs(len(shown) / rate - length) <= Fraction(500_001, 1_000_000) / rate
        assert found.ticks[-2] * found.base < length
    for k, index in enumerate(shown[1:], start=1):
        now = timeline.seconds(start) + k / rate
        assert timeline.seconds(index) <= now + base
        if index + 1 < end:
            assert timeline.seconds(index + 1) > now
    assert found.repeated == len(shown) - len(set(shown))


@settings(deadline=None)
@given(STEPS, st.integers(1, 60))
def test_every_frame_at_its_own_time_is_the_film_as_it_is(steps: list[int], count: int) -> None:
    timeline = clock(Fraction(1, 1000), steps, 77)
    end = min(count, len(steps))
    found = own(timeline, 0, end)
    assert (found.frames, found.repeated) == (tuple(range(end)), 0)
    assert list(found.ticks) == [*timeline.pts[:end], timeline.ticks(end)]


@pytest.mark.parametrize("fps", [23.976, 24, 25, 29.97, 50, 59.94, 120])
def test_a_clock_that_rounds_gives_each_frame_once_at_the_films_own_rate(fps: float) -> None:
    """Matroska counts milliseconds."""
    rate = rate_of(fps)
    times = [round(1000 * k / rate) for k in range(200)]
    timeline = clock(Fraction(1, 1000), list(np.diff(times)), 33)
    for start, end in ((0, 199), (3, 100), (11, 12), (1, 150)):
        found = constant(timeline, start, end, rate)
        assert found.frames == tuple(range(start, end))


def test_rates_are_those_that_are_meant() -> None:
    meant = {
        23.976: "24000/1001",
        23.98: "24000/1001",
        29.97: "30000/1001",
        59.94: "60000/1001",
        24: "24",
        25.0: "25",
        12.5: "25/2",
        0.5: "1/2",
    }
    assert {fps: str(rate_of(fps)) for fps in meant} == meant
    with pytest.raises(ValueError, match="above 0"):
        rate_of(0)
    assert [count_at(Fraction(25, 2), Fraction(n, 25)) for n in (1, 25, 26, 27)] == [1, 13, 13, 14]


def test_a_count_beyond_the_shot_is_refused() -> None:
    timeline = clock(Fraction(1, 24), [1] * 24)
    assert len(constant(timeline, 0, 24, Fraction(12), 12).frames) == 12
    with pytest.raises(ValueError, match="beyond the shot"):
        constant(timeline, 0, 24, Fraction(12), 13)


@pytest.mark.parametrize(("fps", "repeats"), [(8, False), (48, True)])
def test_clips_of_a_film_of_variable_rate(
    library: Path, tmp_path: Path, fps: int, repeats: bool
) -> None:
    film, start, end = str(library / "vfr_phone.mp4"), 20, 90
    spec = ClipSpec(start, end, tmp_path / "clip.mp4", tmp_path / "clip.jpg")
    encode = Encoding(preset="ultrafast", crf=12, fps=Fraction(fps), stream_copy=True)
    [report] = write_clips(film, [spec], encode=encode)
    timeline, clip = read_timeline(film), read_timeline(str(spec.path))
    chosen = constant(timeline, start, end, Fraction(fps)).frames
    assert (report.frames, report.source_frames) == (len(chosen), 70)
    assert report.fps == fps
    assert report.repeated == len(chosen) - len(set(chosen))
    assert report.left_out == 70 - len(set(chosen))
    assert (report.repeated > 0) == repeats
    assert (report.left_out > 0) == (not repeats)
    assert not report.copied
    assert [clip.seconds(k) for k in range(len(clip))] == [
        Fraction(k, fps) for k in range(len(chosen))
    ]
    source = {f.index: f.rgb.astype(float) for f in frames(film) if f.index in range(18, 93)}
    for k, shown in enumerate(frames(str(spec.path))):
        errors = {
            i: float(np.square(source[i] - shown.rgb).mean())
            for i in range(chosen[k] - 1, chosen[k] + 2)
        }
        assert min(errors, key=lambda i: errors[i]) == chosen[k]


@pytest.mark.parametrize("fps", [Fraction(1), Fraction(999_999_999, 10_000_000)])
def test_the_coarsest_and_the_finest_clock_are_read_back(
    make_film: Callable[..., Path], tmp_path: Path, fps: Fraction
) -> None:
    film = make_film(base=Fraction(1, 8))
    spec = ClipSpec(0, 24, tmp_path / "clip.mp4")
    [report] = write_clips(str(film), [spec], encode=Encoding(preset="ultrafast", fps=fps))
    source, clip = read_timeline(str(film)), read_timeline(str(spec.path))
    assert report.frames == len(clip) == count_at(fps, source.seconds(24))
    assert [clip.seconds(k) for k in range(len(clip))] == [k / fps for k in range(len(clip))]


@pytest.mark.parametrize("fps", [12, 60])
def test_sound_keeps_to_the_picture(
    make_film: Callable[..., Path], tmp_path: Path, fps: int
) -> None:
    film = make_film(tone=True)
    spec = ClipSpec(6, 19, tmp_path / "clip.mp4")
    write_clips(
        str(film), [spec], encode=Encoding(preset="ultrafast", audio=True, fps=Fraction(fps))
    )
    with av.open(str(spec.path)) as cut:
        heard = np.concatenate([f.to_ndarray()[0] for f in cut.decode(audio=0)])
    with av.open(str(film)) as whole:
        source = np.concatenate([f.to_ndarray()[0] for f in whole.decode(audio=0)])
    seconds = float(
        read_timeline(str(spec.path)).seconds(count_at(Fraction(fps), Fraction(13, 24)))
    )
    assert abs(len(heard) / 48_000 - seconds) <= 1 / fps + 1024 / 48_000
    errors = {
        lag: float(np.abs(heard[4_000:16_000] - source[16_000 + lag : 28_000 + lag]).mean())
        for lag in range(-40, 41)
    }
    assert min(errors, key=lambda lag: errors[lag]) == 0
