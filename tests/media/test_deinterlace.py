"""Clips of films of fields show whole pictures, one for each frame and at its time."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from curation.media import ClipSpec, Encoding, frames, probe, read_timeline, scan_of, write_clips
from tests.media.scanned import COUNT, SIZE, Grey, film, interlaced, pan, progressive, telecined

START, END = 7, 51
FINE = Encoding(preset="ultrafast", crf=8)


def clip_of(source: Path, start: int = START, end: int = END) -> tuple[ClipSpec, str]:
    """A clip with its still, whose times are the film's; and what was done to its pictures."""
    folder = source.with_name(f"{source.stem} clips")
    folder.mkdir()
    spec = ClipSpec(start, end, folder / "clip.mp4", folder / "still.jpg")
    [report] = write_clips(str(source), [spec], encode=FINE)
    whole, clip = read_timeline(str(source)), read_timeline(str(spec.path))
    assert [clip.seconds(i) for i in range(len(clip))] == [
        whole.seconds(i) - whole.seconds(start) for i in range(start, end)
    ]
    assert report.frames == len(clip) == end - start
    return spec, report.deinterlaced


def kind_of(path: Path) -> str:
    return scan_of(str(path), read_timeline(str(path)), probe(str(path))).kind


def shown(spec: ClipSpec) -> list[Grey]:
    pictures = [f.rgb[..., 1] for f in frames(str(spec.path), width=SIZE[0], device="cpu")]
    still = cv2.imread(str(spec.still))
    assert still is not None
    return [*pictures, np.asarray(still[..., 1], np.uint8)]


def psnr(one: Grey, two: Grey) -> float:
    error = float(np.mean((one.astype(float) - two) ** 2))
    return 10 * float(np.log10(255**2 / max(error, 1e-9)))


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("film.mp4", {"crf": 8}),
    ("film.mpg", {"vcodec": "mpeg2video", "q:v": 2}),
    ("ten.mkv", {"vcodec": "libx265", "pix_fmt": "yuv420p10le", "preset": "ultrafast"}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=[name for name, _ in OPTIONS])
@pytest.mark.parametrize("order", ["tff", "bff"])
def test_a_frame_of_fields_becomes_a_picture_of_the_first(
    tmp_path: Path, order: str, name: str, options: dict[str, Any]
) -> None:
    scene = pan(1.5)
    source = film(tmp_path / name, interlaced(scene, order), order, **options)
    spec, how = clip_of(source)
    assert how == f"interlaced {order}: bwdif"
    assert kind_of(spec.path) == "progressive"
    moments = [*range(START, END), (START + END) // 2]
    for frame, picture in zip(moments, shown(spec), strict=True):
        first, second = scene(2 * frame), scene(2 * frame + 1)
        assert psnr(picture, first) > max(29.0, psnr(picture, second))


@pytest.mark.parametrize("cadence", ["2:3", "2:3:3:2"])
def test_pulled_down_fields_become_the_pictures_that_they_were(
    tmp_path: Path, cadence: str
) -> None:
    scene = pan(1.5)
    source = film(tmp_path / "film.mp4", telecined(scene, cadence, "tff"), "tff", crf=8)
    spec, how = clip_of(source)
    assert how == f"telecined {cadence} tff: fieldmatch, bwdif"
    assert kind_of(spec.path) == "progressive"
    whole = [scene(2.5 * n) for n in range(COUNT)]
    *pictures, still = shown(spec)
    found = [int(np.argmax([psnr(p, one) for one in whole])) for p in pictures]
    assert min(psnr(p, whole[n]) for p, n in zip(pictures, found, strict=True)) > 33
    steps = np.diff(found)
    assert set(steps.tolist()) == {0, 1}
    assert abs(int(np.sum(steps == 0)) - len(steps) / 5) <= 2
    assert psnr(still, whole[found[(END - START) // 2]]) > 31


def test_pictures_of_more_than_eight_bits_are_filled_up_and_not_made_eight(tmp_path: Path) -> None:
    given = {"vcodec": "libx265", "pix_fmt": "yuv420p10le", "preset": "ultrafast"}
    source = film(tmp_path / "film.mkv", telecined(pan(1.5), "2:3", "tff"), "tff", **given)
    spec, how = clip_of(source)
    assert how == "telecined 2:3 tff: bwdif"
    assert kind_of(spec.path) == "progressive"


@pytest.mark.parametrize("flag", ["", "tff"])
def test_whole_pictures_are_left_as_they_are(tmp_path: Path, flag: str) -> None:
    source = film(tmp_path / "film.mp4", progressive(pan(1.5)), flag, crf=8)
    spec, how = clip_of(source)
    assert how == ""
    for index, picture in enumerate(shown(spec)[:-1]):
        assert psnr(picture, pan(1.5)(2 * (START + index))) > 33


def test_a_clip_is_the_same_whatever_is_cut_beside_it(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", telecined(pan(1.5), "2:3", "tff"), "tff")
    specs = [ClipSpec(a, b, tmp_path / f"{a}.mp4") for a, b in ((5, 20), (20, 33), (30, COUNT))]
    together = [r.sha256 for r in write_clips(str(source), specs, encode=FINE)]
    alone = [r.sha256 for s in specs for r in write_clips(str(source), [s], encode=FINE)]
    assert together == alone


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("r08_interlaced_25i.mp4", "interlaced tff: bwdif"),
        ("r09_telecine_2997i.mpg", "telecined 2:3 tff: fieldmatch, bwdif"),
    ],
)
def test_reels_of_fields_give_clips_of_pictures(
    shared: Path, tmp_path: Path, name: str, how: str
) -> None:
    source = tmp_path / name
    source.symlink_to(shared / "shots" / name)
    spec, done = clip_of(source, 100, 400)
    assert done == how
    assert kind_of(spec.path) == "progressive"
    assert read_timeline(str(spec.path)).seconds(300) > Fraction(9)
