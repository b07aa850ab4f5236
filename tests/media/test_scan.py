"""How films were scanned is seen in their pictures, whatever their flags say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.media import Scan, frames, probe, read_timeline, scan_of
from curation.media.scan import PLACES, RUN
from tests.media.barcode import encode
from tests.media.field_pairs import encode_fields
from tests.media.scanned import Grey, film, interlaced, pan, progressive, telecined


def scanned(path: Path) -> Scan:
    return scan_of(str(path), read_timeline(str(path)), probe(str(path)))


def pictures(kind: str) -> Iterator[Grey]:
    scene = pan(1.5)
    match kind.split():
        case "interlaced", order:
            return interlaced(scene, order)
        case "telecined", cadence, order:
            return telecined(scene, cadence, order)
    return progressive(scene)


@pytest.mark.parametrize("flag", ["", "tff", "bff"])
@pytest.mark.parametrize(
    "kind",
    [
        "progressive",
        "interlaced tff",
        "interlaced bff",
        "telecined 2:3 tff",
        "telecined 2:3 bff",
        "telecined 2:3:3:2 tff",
    ],
)
def test_pictures_tell_and_not_flags(tmp_path: Path, kind: str, flag: str) -> None:
    scan = scanned(film(tmp_path / "film.mp4", pictures(kind), flag))
    assert scan.text == kind
    assert scan.flagged == (f"interlaced {flag}" if flag else "progressive")
    assert scan.by_fields == (kind != "progressive")
    agree = kind == "progressive" if not flag else kind.endswith(flag)
    assert (scan.note is None) == agree
    assert scan.frames <= PLACES * RUN


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("film.mpg", {"vcodec": "mpeg2video", "q:v": 4}),
        ("film.ts", {"vcodec": "mpeg2video", "q:v": 4}),
        ("film.mxf", {"vcodec": "mpeg2video", "q:v": 4, "pix_fmt": "yuv422p"}),
        ("film.avi", {}),
        ("ten.mkv", {"vcodec": "libx265", "pix_fmt": "yuv420p10le", "preset": "ultrafast"}),
        ("film.mov", {"vcodec": "prores_ks", "pix_fmt": "yuv422p10le"}),
        ("rgb.mkv", {"vcodec": "ffv1", "pix_fmt": "gbrp"}),
        ("packed.mov", {"vcodec": "rawvideo", "pix_fmt": "uyvy422"}),
    ],
)
def test_in_every_sort_of_file(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    path = film(tmp_path / name, interlaced(pan(1.5), "tff"), "tff", **options)
    assert scanned(path).text == "interlaced tff"


def test_what_does_not_move_says_nothing(tmp_path: Path) -> None:
    scan = scanned(film(tmp_path / "still.mp4", interlaced(pan(0), "tff"), "tff"))
    assert (scan.kind, scan.moving, scan.by_fields, scan.note) == ("unknown", 0, False, None)


def test_a_flag_that_lies_is_noted(tmp_path: Path) -> None:
    scan = scanned(film(tmp_path / "film.mp4", interlaced(pan(1.5), "bff"), ""))
    assert scan.note is not None
    assert scan.note.startswith("flagged progressive, but its pictures are interlaced bff (")


def test_frames_stored_as_two_packets(tmp_path: Path) -> None:
    scan = scanned(encode_fields(tmp_path / "fields.ts", packets_a_frame=2))
    assert scan.frames == 2 * RUN
    assert scan.kind == "progressive"


def test_a_film_shorter_than_a_run(tmp_path: Path) -> None:
    assert scanned(encode(tmp_path / "short.mp4", count=3, vcodec="libx264")).kind == "unknown"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r08_interlaced_25i.mp4", "interlaced tff"),
        ("r09_telecine_2997i.mpg", "telecined 2:3 tff"),
        ("r10_hevc10.mkv", "progressive"),
        ("r12_lowbitrate_grain_24p.mp4", "progressive"),
    ],
)
def test_reels(shared: Path, name: str, text: str) -> None:
    scan = scanned(shared / "shots" / name)
    assert (scan.text, scan.note) == (text, None)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "nv12", "gbrp"])
@pytest.mark.parametrize("width", [160, 320, 400])
def test_a_picture_of_one_moment_is_that_of_its_first_lines(
    tmp_path: Path, pix_fmt: str, width: int
) -> None:
    scene = pan(3.0)
    codec = "rawvideo" if pix_fmt == "nv12" else "ffv1"
    options: dict[str, Any] = {"vcodec": codec, "pix_fmt": pix_fmt}
    woven = film(tmp_path / "woven.nut", interlaced(scene, "tff", 4), "tff", **options)
    whole = film(tmp_path / "whole.nut", progressive(scene, 4), **options)
    for fields, want in zip(
        frames(str(woven), width=width, device="cpu"),
        frames(str(whole), width=width, device="cpu"),
        strict=True,
    ):
        one, both = fields.of_one_moment().rgb.astype(int), fields.rgb.astype(int)
        assert one.shape == want.rgb.shape
        right = np.abs(one - want.of_one_moment().rgb).mean()
        assert right < 0.1
        assert np.abs(both - want.rgb).mean() > 3
