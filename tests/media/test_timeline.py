"""Times from packets agree with the frames that decode, on every kind of film."""

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from pyarrow import fs

from curation.media import MediaCode, MediaError, Timeline, frames, read_timeline
from curation.media.source import video_stream
from tests.media.conftest import SHARED


def agrees(path: Path) -> Timeline:
    timeline = read_timeline(str(path))
    got = [(f.index, f.pts) for f in frames(str(path), width=32, device="cpu")]
    assert got == [(i, timeline.seconds(i)) for i in range(len(timeline))]
    assert (np.diff(timeline.pts) > 0).all()
    return timeline


@pytest.mark.parametrize("name", ["vfr_phone.mp4", "night_call_tv_cut.mp4"])
def test_demo_films(library: Path, name: str) -> None:
    agrees(library / name)


@pytest.mark.parametrize(
    "name",
    [
        "films/mdn_friday.mp4",
        "films/tlRender_Dinky.m4v",
        "films/torchcodec_nasa_13013.mp4",
        "films/webrtc_chrome.webm",
        "shots/r07_vfr.mp4",
        "shots/r09_telecine_2997i.mpg",
        "shots/r10_hevc10.mkv",
        "shots/r13_ts_offset_opengop.ts",
    ],
)
def test_shared_films(shared: Path, name: str) -> None:
    agrees(shared / name)


def shared_films() -> list[str]:
    kinds = {".mp4", ".m4v", ".mkv", ".webm", ".mpg", ".ts"}
    folders = (SHARED / "films", SHARED / "shots")
    found = sorted(f for folder in folders for f in folder.glob("*") if f.suffix in kinds)
    return [str(film.relative_to(SHARED)) for film in found]


@pytest.mark.parametrize("name", shared_films())
def test_times_from_packets_are_those_of_a_whole_decode(shared: Path, name: str) -> None:
    path = str(shared / name)
    with av.open(path) as film:
        stream = video_stream(film, path)
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"skip_loop_filter": "all"}
        decoded = [frame.pts for frame in film.decode(stream)]
    assert read_timeline(path).pts.tolist() == decoded


def test_an_offset_of_ten_hours_stays(shared: Path) -> None:
    timeline = read_timeline(str(shared / "shots" / "r13_ts_offset_opengop.ts"))
    assert timeline.seconds(0) == 36_000 + Fraction(3, 5)
    assert not timeline.is_variable


def test_variable_rate_is_exact(make_film: Callable[..., Path]) -> None:
    pts = np.cumsum([0, 3000, 3000, 4500, 1500, 9000, 3003, 2997, 3000, 6000]).tolist()
    timeline = agrees(make_film(pts=pts, base=Fraction(1, 90_000)))
    assert timeline.is_variable
    assert [timeline.seconds(i) for i in range(len(pts))] == [Fraction(p, 90_000) for p in pts]
    between = int((timeline.pts[5] + timeline.pts[6]) // 2)
    assert timeline.index_at(between) == 5
    assert timeline.index_at(-5) == 0
    with pytest.raises(IndexError):
        timeline.seconds(len(timeline) + 1)


def test_one_frame(make_film: Callable[..., Path]) -> None:
    timeline = agrees(make_film(pts=(0,)))
    assert timeline.seconds(1) == Fraction(1, 24)
    assert not timeline.is_variable


def test_an_edit_list_hides_frames(
    tmp_path: Path, make_film: Callable[..., Path], run_ffmpeg: Callable[..., None]
) -> None:
    film = tmp_path / "edit.mp4"
    run_ffmpeg("-ss", "0.5", "-i", make_film(pts=range(48)), "-c", "copy", film)
    timeline = agrees(film)
    assert len(timeline) < 48
    assert any("edit list" in note for note in timeline.notes)


def test_a_container_without_presentation_times(
    tmp_path: Path, make_film: Callable[..., Path], run_ffmpeg: Callable[..., None]
) -> None:
    film = tmp_path / "film.avi"
    run_ffmpeg("-i", make_film(), "-c", "copy", film)
    timeline = agrees(film)
    assert timeline.by_order
    assert len(timeline) == 24


def test_a_clock_that_jumps_back(
    tmp_path: Path, make_film: Callable[..., Path], run_ffmpeg: Callable[..., None]
) -> None:
    part = tmp_path / "part.ts"
    run_ffmpeg("-i", make_film(), "-c", "copy", part)
    spliced = tmp_path / "spliced.ts"
    spliced.write_bytes(part.read_bytes() * 2)
    timeline = agrees(spliced)
    assert len(timeline) == 48
    assert any("jumps back" in note for note in timeline.notes)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_truncated_film_gives_what_it_has_and_says_so(
    make_film: Callable[..., Path], name: str
) -> None:
    film = make_film(name, pts=range(120))
    if name == "film.mp4":
        film = _index_first(film)
    whole = film.read_bytes()
    film.write_bytes(whole[: len(whole) * 3 // 5])
    assert read_timeline(str(film)).truncated
    got: list[int] = []
    with pytest.raises(MediaError) as caught:
        got.extend(f.index for f in frames(str(film), device="cpu"))
    assert caught.value.code == MediaCode.TRUNCATED
    assert len(got) > 20


def _index_first(film: Path) -> Path:
    moved = film.with_name("front.mp4")
    with (
        av.open(str(film)) as old,
        av.open(str(moved), "w", options={"movflags": "faststart"}) as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    return moved


def test_file_objects_of_any_kind(library: Path) -> None:
    path = library / "vfr_phone.mp4"
    want = read_timeline(str(path))
    memory = io.BytesIO(path.read_bytes())
    memory.seek(77)
    with fs.LocalFileSystem().open_input_file(str(path)) as remote:
        for source in (memory, remote):
            timeline = read_timeline(source)
            assert (timeline.pts == want.pts).all()
            assert sum(1 for _ in frames(source, width=32, device="cpu")) == len(want)
            assert not source.closed
