"""Some frames of a film are, number by number, the frames that decoding all of them gives."""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest

from curation.media import (
    Frame,
    MediaError,
    Timeline,
    can_be_sparse,
    chosen,
    coarse,
    frames,
    read_timeline,
)
from curation.media.plan import plan_of
from curation.shots import ShotEye
from tests.media.barcode import COUNT, SIZE, encode, number_of, remux
from tests.media.test_formats import FORMATS, JITTER, MPEG2, OPEN, X264, Format

SPARSE = [film for film in FORMATS if not film.by_order and film.size == SIZE]


@dataclass(frozen=True)
class Eye:
    """Judges everything alike."""

    verdict: bool

    def same(self, frame: Frame, entry: Frame, *, hinted: bool) -> bool:
        return self.verdict

    def quiet(self, before: Frame, frame: Frame) -> bool:
        return self.verdict


def numbered(given: Iterable[Frame], timeline: Timeline) -> list[int]:
    """Indices of frames, each of which shows its own picture at its own time."""
    indices = []
    for frame in given:
        assert frame.pts == timeline.seconds(frame.index)
        assert number_of(frame.rgb) == frame.index
        indices.append(frame.index)
    return indices


@pytest.mark.parametrize("film", SPARSE, ids=lambda film: film.name)
def test_every_frame_that_is_given_is_the_right_one(tmp_path: Path, film: Format) -> None:
    path = str(tmp_path / film.name)
    encode(Path(path), times=JITTER if film.jitter else "", **film.options)
    timeline = read_timeline(path)
    assert can_be_sparse(timeline)

    every = coarse(path, timeline, width=SIZE[0], eye=Eye(False))
    assert numbered(every, timeline) == list(range(COUNT))

    plan = plan_of(timeline)
    some = numbered(coarse(path, timeline, width=SIZE[0], eye=Eye(True)), timeline)
    assert some == sorted(set(some))
    assert {int(entry) for entry in plan.entries} <= set(some)

    wanted = np.random.default_rng(3).random(COUNT) < 0.2
    given = numbered(chosen(path, timeline, wanted, width=SIZE[0]), timeline)
    assert given == np.flatnonzero(wanted).tolist()
    for index in (0, 11, 12, 13, COUNT - 1):
        alone = np.arange(COUNT) == index
        assert numbered(chosen(path, timeline, alone, width=SIZE[0]), timeline) == [index]


@pytest.mark.parametrize("options", [X264, X264 | OPEN, MPEG2], ids=["h264", "open", "mpeg2"])
def test_where_nothing_happens_most_is_left_out(tmp_path: Path, options: dict[str, Any]) -> None:
    path = str(encode(tmp_path / "film.mkv", **options))
    timeline = read_timeline(path)
    assert len(list(coarse(path, timeline, width=SIZE[0], eye=Eye(True)))) < COUNT * 0.7


def test_of_key_frames_alone_every_third_will_do(tmp_path: Path) -> None:
    path = str(encode(tmp_path / "film.mkv", **(X264 | {"g": 1})))
    timeline = read_timeline(path)
    given = numbered(coarse(path, timeline, width=SIZE[0], eye=Eye(True)), timeline)
    assert given == [*range(0, COUNT - 1, 3), COUNT - 1]


def test_an_edit_list_is_followed(tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole.mp4", **X264)
    path = str(remux(whole, tmp_path / "cut.mp4", seek=0.76))
    timeline = read_timeline(path)
    given = list(coarse(path, timeline, width=SIZE[0], eye=Eye(False)))
    assert [number_of(f.rgb) for f in given] == list(range(19, COUNT))
    picked = chosen(path, timeline, np.arange(len(timeline)) % 5 == 1, width=SIZE[0])
    assert [number_of(f.rgb) for f in picked] == list(range(20, COUNT, 5))


def test_damage_ends_a_coarse_look(tmp_path: Path) -> None:
    film = encode(tmp_path / "film.mp4", **X264)
    data = bytearray(film.read_bytes())
    middle = data.find(b"mdat") + len(data) // 3
    for at in range(middle, middle + 40):
        data[at] ^= 0x55
    film.write_bytes(data)
    timeline = read_timeline(str(film))
    with pytest.raises(MediaError, match="DECODE_FAILED"):
        list(coarse(str(film), timeline, width=SIZE[0], eye=Eye(False)))


def test_thumbs_show_what_the_picture_shows(tmp_path: Path) -> None:
    for name, options in (("8.mkv", X264), ("10.mkv", X264 | {"pix_fmt": "yuv422p10le"})):
        path = str(encode(tmp_path / name, **options))
        for frame in frames(path, width=SIZE[0], device="cpu"):
            assert number_of(frame.thumb) == frame.index


def test_a_picture_between_two_entries_alike_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "faded.mp4"
    dark = "fade=in:st=1:d=2,fade=out:st=5:d=2,drawbox=140:80:40:20:gray:fill"
    source = f"testsrc2=s=320x180:r=24:d=9,{dark},format=yuv420p"
    entries = ["-g", "192", "-keyint_min", "192", "-sc_threshold", "0"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*command, "-c:v", "libx264", *entries, str(path)], check=True)
    timeline = read_timeline(str(path))
    assert np.flatnonzero(timeline.key).tolist() == [0, 192]

    given = coarse(str(path), timeline, width=96, eye=ShotEye())
    assert max(float(frame.thumb.mean()) for frame in given) > 60
