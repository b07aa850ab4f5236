"""Clips hold exactly the frames that were chosen, at their own times, byte for byte the same."""

import io
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from curation.media import (
    ClipReport,
    ClipSpec,
    Encoding,
    MediaCode,
    MediaError,
    check_clip,
    frames,
    probe,
    read_timeline,
    write_clips,
)
from curation.media.audio import sound_reel

FAST = Encoding(preset="ultrafast", crf=12)
Pictures = dict[int, npt.NDArray[np.uint8]]


def pictures(path: Path, width: int = 320) -> Pictures:
    return {f.index: f.rgb for f in frames(str(path), width=width, device="cpu")}


def psnr(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> float:
    error = float(np.mean((a.astype(float) - b.astype(float)) ** 2))
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


def cut_at(folder: Path, *bounds: int) -> list[ClipSpec]:
    return [ClipSpec(a, b, folder / f"{a}.mp4", folder / f"{a}.jpg") for a, b in pairwise(bounds)]


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def holds(spec: ClipSpec, report: ClipReport, film: Path, source: Pictures) -> None:
    """The clip is frames [start, end) of the film in picture and time."""
    timeline, clip = read_timeline(str(film)), read_timeline(str(spec.path))
    check_clip(str(spec.path), spec.end - spec.start)
    start = timeline.seconds(spec.start)
    wanted = [timeline.seconds(i) - start for i in range(spec.start, spec.end)]
    assert [clip.seconds(i) for i in range(len(clip))] == wanted
    assert (report.start_pts, report.end_pts) == (start, timeline.seconds(spec.end))
    assert report.frames == spec.end - spec.start
    shown = pictures(spec.path)
    for i in (0, len(shown) - 1):
        own = psnr(shown[i], source[spec.start + i])
        assert own > 32
        beyond = spec.start + (i - 1 if i == 0 else i + 1)
        if beyond in source:
            assert own > psnr(shown[i], source[beyond])


def test_variable_rate_demo_film(library: Path, tmp_path: Path) -> None:
    film = library / "vfr_phone.mp4"
    source = pictures(film)
    specs = cut_at(tmp_path, 3, 40, 104, 105, 210)
    done: list[ClipReport] = []
    reports = write_clips(str(film), specs, encode=FAST, on_done=done.append)
    assert done == reports
    for spec, report in zip(specs, reports, strict=True):
        holds(spec, report, film, source)
    assert not list(tmp_path.glob("*.tmp"))


def test_overlapping_clips_of_a_ten_hour_transport_stream(shared: Path, tmp_path: Path) -> None:
    film = shared / "shots" / "r13_ts_offset_opengop.ts"
    source = {f.index: f.rgb for f, _ in zip(frames(str(film)), range(140), strict=False)}
    specs = [
        ClipSpec(0, 60, tmp_path / "a.mp4"),
        ClipSpec(20, 130, tmp_path / "b.mp4"),
        ClipSpec(20, 40, tmp_path / "c.mp4"),
    ]
    for spec, report in zip(specs, write_clips(str(film), specs, encode=FAST), strict=True):
        holds(spec, report, film, source)


def test_same_input_same_bytes(library: Path, tmp_path: Path) -> None:
    film = library / "night_call_tv_cut.mp4"
    encode = Encoding(height=120, audio=True)
    runs = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        specs = cut_at(folder, 10, 60, 110)
        source = str(film) if name == "one" else io.BytesIO(film.read_bytes())
        reports = write_clips(source, specs, encode=encode)
        stills = [s.still.read_bytes() for s in specs if s.still]
        runs.append(([(r.sha256, r.bytes) for r in reports], stills))
    assert runs[0] == runs[1]


def test_ten_bits_and_colour_tags_survive(make_film: Callable[..., Path], tmp_path: Path) -> None:
    film = make_film("film.mkv", codec="libx265", pix_fmt="yuv420p10le", options={"crf": "4"})
    spec = ClipSpec(4, 20, tmp_path / "clip.mp4")
    encode = Encoding(preset="ultrafast", crf=4, pixel_format="yuv420p10le")
    [report] = write_clips(str(film), [spec], encode=encode)
    info = probe(str(spec.path))
    assert (info.bit_depth, info.matrix, info.guessed) == (10, "smpte170m", ())
    holds(spec, report, film, pictures(film))


def test_clips_are_upright_with_square_pixels(
    make_film: Callable[..., Path], tmp_path: Path
) -> None:
    film = make_film(size=(96, 96), aspect=Fraction(4, 3), rotation=90)
    [spec] = cut_at(tmp_path, 0, 24)
    [report] = write_clips(str(film), [spec], encode=FAST)
    info = probe(str(spec.path))
    assert (info.width, info.height, info.rotation) == (96, 128, 0)
    assert info.sample_aspect_ratio == 1
    assert (report.width, report.height) == (96, 128)
    holds(spec, report, film, pictures(film))


def test_still_is_the_middle_frame(library: Path, tmp_path: Path) -> None:
    film = library / "vfr_phone.mp4"
    [spec] = cut_at(tmp_path, 10, 31)
    write_clips(str(film), [spec], encode=Encoding(height=180, preset="ultrafast"))
    assert spec.still is not None
    still = cv2.imread(str(spec.still))
    assert still is not None
    rgb = np.asarray(cv2.cvtColor(still, cv2.COLOR_BGR2RGB), np.uint8)
    scores = {i: psnr(rgb, p) for i, p in pictures(film).items() if 10 <= i < 31}
    assert max(scores, key=lambda i: scores[i]) == 20
    assert rgb.shape == (180, 320, 3)


def test_sound_is_cut_to_the_sample(make_film: Callable[..., Path], tmp_path: Path) -> None:
    film = make_film(tone=True)
    specs = [ClipSpec(6, 18, tmp_path / "clip.mp4"), ClipSpec(18, 24, tmp_path / "rest.mp4")]
    write_clips(str(film), specs, encode=Encoding(preset="ultrafast", audio=True))
    with av.open(str(specs[0].path)) as clip:
        [sound] = clip.streams.audio
        heard = np.concatenate([f.to_ndarray()[0] for f in clip.decode(sound)])
    with av.open(str(film)) as whole:
        source = np.concatenate([f.to_ndarray()[0] for f in whole.decode(audio=0)])
    assert 24_000 <= len(heard) < 25_024
    errors = {
        lag: float(np.abs(heard[4_000:20_000] - source[16_000 + lag : 32_000 + lag]).mean())
        for lag in range(-40, 41)
    }
    assert min(errors, key=lambda lag: errors[lag]) == 0


def test_abutting_stretches_of_sound_share_and_lose_nothing(
    make_film: Callable[..., Path],
) -> None:
    film = str(make_film(tone=True))
    bounds = [Fraction(i, 24) for i in (0, 5, 6, 13, 24, 30)]
    with sound_reel(film) as reel, sound_reel(film) as whole:
        assert reel is not None
        assert whole is not None
        parts = [reel.cut(a, b) for a, b in pairwise(bounds)]
        joined = whole.cut(bounds[0], bounds[-1])
    assert (np.concatenate(parts) == joined).all()
    assert joined.shape == (60_000, 1)
    assert not joined[50_000:].any()


def test_a_film_without_sound_gives_clips_without(
    make_film: Callable[..., Path], tmp_path: Path
) -> None:
    [spec] = cut_at(tmp_path, 0, 24)
    write_clips(str(make_film()), [spec], encode=Encoding(preset="ultrafast", audio=True))
    assert probe(str(spec.path)).audio == ()


def test_encoder_failure_tells_why_and_leaves_nothing(library: Path, tmp_path: Path) -> None:
    film = str(library / "vfr_phone.mp4")
    with pytest.raises(MediaError) as caught:
        write_clips(film, cut_at(tmp_path, 0, 50, 99), encode=Encoding(codec="nonesuch"))
    assert caught.value.code == MediaCode.ENCODE_FAILED
    assert "nonesuch" in caught.value.message
    assert not list(tmp_path.glob("*.mp4*"))


def test_a_callers_exception_leaves_no_process(library: Path, tmp_path: Path) -> None:
    def stop(report: ClipReport) -> None:
        raise KeyboardInterrupt

    specs = cut_at(tmp_path, *range(0, 200, 20))
    with pytest.raises(KeyboardInterrupt):
        write_clips(str(library / "vfr_phone.mp4"), specs, encode=FAST, on_done=stop)
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("bounds", [[(5, 5)], [(0, 99)], [(9, 12), (3, 6)]])
def test_specs_must_make_sense(
    make_film: Callable[..., Path], tmp_path: Path, bounds: list[tuple[int, int]]
) -> None:
    specs = [ClipSpec(a, b, tmp_path / f"{a}.mp4") for a, b in bounds]
    with pytest.raises(ValueError, match="clip"):
        write_clips(str(make_film()), specs, encode=FAST)


def test_check_clip_counts_and_decodes(make_film: Callable[..., Path]) -> None:
    film = make_film()
    check_clip(str(film), 24)
    with pytest.raises(MediaError) as caught:
        check_clip(str(film), 25)
    assert caught.value.code == MediaCode.FRAME_COUNT
    data = bytearray(film.read_bytes())
    data[1500:1900] = bytes(400)
    film.write_bytes(data)
    with pytest.raises(MediaError):
        check_clip(str(film), 24)


def test_a_frame_that_stays_for_a_month_is_refused_in_words(
    make_film: Callable[..., Path], tmp_path: Path
) -> None:
    month = 30 * 24 * 3600 * 1000 + 7
    film = make_film("gap.mkv", pts=(0, month, month + 40), base=Fraction(1, 1000))
    spec = ClipSpec(0, 1, tmp_path / "gap.mp4")
    with pytest.raises(MediaError, match="its last frame stays 2592000 s") as caught:
        write_clips(str(film), [spec], encode=Encoding(preset="ultrafast"))
    assert caught.value.code is MediaCode.ENCODE_FAILED
