"""Pictures stand upright in square pixels, however they are stored."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from curation.analysis import FilmJob, analyse_film
from curation.media import ClipSpec, Encoding, frames, probe, write_clips
from curation.media.frame import Pixels
from tests.media.barcode import remux

SIZE = (192, 128)


def chart(size: tuple[int, int], aspect: Fraction = Fraction(1)) -> Pixels:
    """A disc that is round where pixels are `aspect` wide, and a corner of each colour."""
    wide, high = size
    picture = np.full((high, wide, 3), 70, np.uint8)
    axes = round(high * 0.3 / aspect), round(high * 0.3)
    cv2.ellipse(picture, (wide // 2, high // 2), axes, 0, 0, 360, (160, 160, 160), -1)
    y, x = high // 5, wide // 5
    picture[:y, :x] = 200, 40, 40
    picture[:y, -x:] = 40, 200, 40
    picture[-y:, :x] = 40, 40, 200
    picture[-y:, -x:] = 220, 220, 220
    return picture


def film(
    path: Path,
    picture: Pixels,
    *,
    aspect: Fraction = Fraction(1),
    turn: int = 0,
    mirror: bool = False,
    codec: str = "libx264",
    pix_fmt: str = "yuv444p",
) -> Path:
    """A film of one picture; `turn` degrees counter-clockwise and mirrored when it is shown."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=24)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.sample_aspect_ratio = aspect
        if turn or mirror:
            stream.set_display_rotation(turn, hflip=mirror)
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def off(shown: npt.NDArray[np.uint8], want: npt.NDArray[np.uint8]) -> float:
    assert shown.shape == want.shape
    return float(np.abs(shown.astype(int) - want).mean())


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_turned_and_mirrored_as_players_show_it(tmp_path: Path, turn: int, mirror: bool) -> None:
    path = film(tmp_path / "film.mov", chart(SIZE), turn=turn, mirror=mirror)
    seen = np.rot90(chart(SIZE), turn // 90)
    want = np.ascontiguousarray(seen[:, ::-1] if mirror else seen)
    high, wide = want.shape[:2]
    info = probe(str(path))
    assert (info.display_width, info.display_height, info.mirrored) == (wide, high, mirror)
    for width in (wide, 64):
        size = width, round(high * width / wide / 2) * 2
        small = np.asarray(cv2.resize(want, size, interpolation=cv2.INTER_AREA), np.uint8)
        assert off(next(frames(str(path), width=width, device="cpu")).rgb, small) < 3
    clip, still = tmp_path / "clip.mp4", tmp_path / "still.jpg"
    write_clips(str(path), [ClipSpec(0, 3, clip, still)], encode=Encoding(crf=8))
    assert off(next(frames(str(clip), width=wide, device="cpu")).rgb, want) < 6
    picture = cv2.imread(str(still))
    assert picture is not None
    assert off(np.asarray(picture[..., ::-1], np.uint8), want) < 6


@pytest.mark.parametrize("turn", [0, 90])
@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(16, 11), Fraction(8, 9)])
def test_a_disc_is_round(tmp_path: Path, aspect: Fraction, turn: int) -> None:
    path = film(tmp_path / "film.mp4", chart(SIZE, aspect), aspect=aspect, turn=turn)
    info = probe(str(path))
    assert info.sample_aspect_ratio == aspect
    for width in (info.display_width, 96):
        shown = next(frames(str(path), width=width, device="cpu")).rgb
        high, wide = shown.shape[:2]
        assert wide / high == pytest.approx(info.display_width / info.display_height, rel=0.02)
        disc = cv2.inRange(shown, np.full(3, 120), np.full(3, 200))
        rows, columns = np.flatnonzero(disc[:, wide // 2]), np.flatnonzero(disc[high // 2])
        across, down = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
        assert across == pytest.approx(down, rel=0.06)


@pytest.mark.parametrize(
    ("size", "pix_fmt"),
    [
        ((131, 97), "yuv444p"),
        ((130, 98), "yuv420p"),
        ((178, 102), "yuv420p10le"),
        ((322, 182), "yuv420p"),
        ((250, 130), "yuv422p"),
    ],
)
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_what_lies_beyond_the_picture_is_cropped(
    tmp_path: Path, size: tuple[int, int], pix_fmt: str, codec: str
) -> None:
    """Both codecs store whole blocks of 8 or 16 pixels and say what of them is to be seen."""
    path = film(tmp_path / "film.mkv", chart(size), codec=codec, pix_fmt=pix_fmt)
    info = probe(str(path))
    assert (info.display_width, info.display_height) == size
    shown = next(frames(str(path), width=size[0], device="cpu")).rgb
    want = np.asarray(cv2.resize(chart(size), (size[0], shown.shape[0])), np.uint8)
    assert abs(shown.shape[0] - size[1]) <= 1
    assert off(shown, want) < 5


def apertured(path: Path, *stated: int) -> Path:
    """Give an MP4 with its index at the end a clean aperture of those eight numbers."""
    data = path.read_bytes()
    box = struct.pack(">I4s4I4i", 40, b"clap", *stated)
    at = data.index(b"avcC") - 4
    longer = bytearray(data[:at] + box + data[at:])
    for parent in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        start = data.rindex(parent, 0, at) - 4
        size = int.from_bytes(data[start : start + 4]) + len(box)
        longer[start : start + 4] = struct.pack(">I", size)
    path.write_bytes(longer)
    return path


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_what_the_container_crops_is_kept_and_said(tmp_path: Path, name: str) -> None:
    # 172 x 100 around a centre that lies 2 pixels to the right and half a pixel up.
    source = apertured(film(tmp_path / "film.mp4", chart(SIZE)), 172, 1, 200, 2, 2, 1, -1, 2)
    path = source if name == source.name else remux(source, tmp_path / name)
    info = probe(str(path))
    assert info.crop in ((14, 14, 12, 8), (13, 15, 12, 8))
    assert next(frames(str(path), width=SIZE[0], device="cpu")).rgb.shape == (128, 192, 3)
    row = analyse_film(FilmJob("x", str(path), "cpu", verify=False)).film
    assert any("12 and 8 pixels off the stored picture" in note for note in row["notes"])


@pytest.mark.parametrize(
    "stated",
    [(192, 1, 128, 1, 0, 1, 0, 1), (192, 0, 128, 1, 0, 1, 0, 1), (999, 1, 9, 1, 0, 1, 0, 1)],
)
def test_an_aperture_that_cuts_nothing_or_nonsense_is_none(
    tmp_path: Path, stated: tuple[int, ...]
) -> None:
    assert probe(str(apertured(film(tmp_path / "film.mp4", chart(SIZE)), *stated))).crop is None
