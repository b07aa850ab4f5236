"""Frames: colour, size, damage, device."""

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from curation.media import (
    DeviceChoice,
    MediaCode,
    MediaError,
    choose_device,
    decode,
    device,
    frames,
    probe,
    read_timeline,
)
from curation.media.picture import Size

# BT.601 and BT.709 luma weights of red and blue (ITU-R BT.601-7, BT.709-6).
WEIGHTS = {"smpte170m": (0.299, 0.114), "bt709": (0.2126, 0.0722)}


def yuv_of(rgb: tuple[int, int, int], matrix: str, full: bool) -> tuple[int, int, int]:
    kr, kb = WEIGHTS[matrix]
    r, g, b = (c / 255 for c in rgb)
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    if full:
        return round(255 * y), round(128 + 255 * cb), round(128 + 255 * cr)
    return round(16 + 219 * y), round(128 + 224 * cb), round(128 + 224 * cr)


@pytest.mark.parametrize("matrix", ["smpte170m", "bt709"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("rgb", [(200, 60, 40), (30, 160, 90), (128, 128, 128)])
def test_colour_is_read_by_the_films_own_matrix_and_range(
    tmp_path: Path, matrix: str, full: bool, rgb: tuple[int, int, int]
) -> None:
    film = tmp_path / "flat.mp4"
    with av.open(str(film), "w") as out:
        stream = out.add_stream("libx264", rate=24, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.colorspace = 1 if matrix == "bt709" else 6
        stream.codec_context.color_range = 2 if full else 1
        frame = av.VideoFrame(64, 64, "yuv420p")
        for plane, value in zip(frame.planes, yuv_of(rgb, matrix, full), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts = 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    info = probe(str(film))
    assert (info.matrix, info.colour_range) == (matrix, "full" if full else "limited")
    picture = next(frames(str(film), device="cpu")).rgb
    assert np.abs(picture.reshape(-1, 3).astype(int) - rgb).max() <= 2


def test_rotation_turns_the_picture_as_players_do(make_film: Callable[..., Path]) -> None:
    picture = np.full((96, 128, 3), 40, np.uint8)
    picture[:24, :32] = 220
    for rotation, corner in {90: (-1, 0), 180: (-1, -1), -90: (0, -1)}.items():
        film = make_film(f"r{rotation}.mp4", pts=(0,), picture=picture, rotation=rotation)
        shown = next(frames(str(film), device="cpu")).rgb
        bright = [shown[y, x].mean() > 150 for y in (0, -1) for x in (0, -1)]
        assert shown.shape == ((96, 128, 3) if rotation == 180 else (128, 96, 3))
        assert shown[corner].mean() > 150
        assert sum(bright) == 1


def test_size_is_even_and_never_enlarged(make_film: Callable[..., Path]) -> None:
    film = str(make_film(size=(128, 90), pts=(0,)))
    assert next(frames(film, device="cpu")).rgb.shape == (90, 128, 3)
    assert next(frames(film, width=50, device="cpu")).rgb.shape == (36, 50, 3)


def test_ten_bits_come_out_like_eight(make_film: Callable[..., Path]) -> None:
    eight = make_film("eight.mp4", pts=(0,), options={"qp": "0"})
    ten = make_film(
        "ten.mkv", pts=(0,), codec="libx265", pix_fmt="yuv420p10le", options={"crf": "4"}
    )
    first, second = (next(frames(str(f), device="cpu")).rgb.astype(int) for f in (eight, ten))
    assert np.abs(first - second).mean() < 2


def test_goes_on_past_a_hole(make_film: Callable[..., Path]) -> None:
    film = make_film(pts=range(120), options={"g": "10", "bf": "0"})
    data = bytearray(film.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = b"\x55" * 400
    film.write_bytes(data)
    timeline = read_timeline(str(film))
    got = [(f.index, f.pts) for f in frames(str(film), device="cpu")]
    assert len(got) > 90
    assert got == sorted(set(got))
    assert all(timeline.seconds(i) == pts for i, pts in got)
    assert got[-1][0] == len(timeline) - 1


def test_noise_in_place_of_a_film_never_escapes(
    make_film: Callable[..., Path], tmp_path: Path
) -> None:
    whole = make_film(pts=range(48)).read_bytes()
    noise = np.random.default_rng(7)
    for trial in range(40):
        data = bytearray(whole)
        for _ in range(int(noise.integers(1, 60))):
            data[int(noise.integers(len(data)))] = int(noise.integers(256))
        film = tmp_path / f"noise{trial}.mp4"
        film.write_bytes(data)
        indices: list[int] = []
        with contextlib.suppress(MediaError):
            indices.extend(f.index for f in frames(str(film), width=32, device="cpu"))
        assert indices == sorted(set(indices))


def test_device_falls_back_with_a_reason() -> None:
    choice = choose_device("auto")
    assert choice.reason
    assert choose_device("cpu").device == "cpu"
    with pytest.raises(ValueError, match="choose auto"):
        choose_device("tpu")
    if choice.device == "cpu":
        with pytest.raises(MediaError) as caught:
            choose_device("cuda")
        assert caught.value.code == MediaCode.NO_CUDA


def test_a_film_that_the_cards_scaler_refuses_is_decoded_whole(
    make_film: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal is that of a machine without a card, whose processor stands in for it."""
    if choose_device("auto").device == "cuda":
        pytest.skip("this machine has a card")
    film = str(make_film(size=(128, 96)))
    assert device._scaling_trouble()
    monkeypatch.setattr(decode, "accelerator", lambda choice: None)
    claimed = DeviceChoice("cuda", "claimed", scales=True)
    given = list(decode._decoded(film, read_timeline(film), claimed, Size(64, 48)))
    assert [(index, native.width) for index, native in given] == [(i, 128) for i in range(24)]


def test_pictures_of_the_cards_scaler_are_those_of_the_processor(shared: Path) -> None:
    if not choose_device("auto").scales:
        pytest.skip("no card that makes pictures small")
    film = str(shared / "films" / "sintel_trailer-720p.mp4")
    both = (frames(film, width=320, device=name) for name in ("cuda", "cpu"))
    for one, two in itertools.islice(zip(*both, strict=True), 400):
        assert one.index == two.index
        assert np.abs(one.rgb.astype(int) - two.rgb).mean() < 2
        assert np.abs(one.thumb.astype(int) - two.thumb).mean() < 1
