"""What is cut off a picture is black, and what is kept is all that was asked for."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.media import (
    ClipSpec,
    Crop,
    Encoding,
    MediaCode,
    MediaError,
    VideoInfo,
    frames,
    probe,
    write_clips,
)

FAST = Encoding(preset="ultrafast", crf=8)
MakeFilm = Callable[..., Path]


def boxed(top: int, left: int, size: tuple[int, int] = (128, 96)) -> npt.NDArray[np.uint8]:
    wide, high = size
    noise = np.random.default_rng(3).integers(60, 230, (high, wide, 3)).astype(np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 3)
    picture[:top] = picture[high - top :] = 0
    picture[:, :left] = picture[:, wide - left :] = 0
    return np.asarray(picture, np.uint8)


@pytest.mark.parametrize("codec", ["libx264", "libx264rgb", "libx265"])
def test_a_clip_is_the_picture_inside_its_bars(
    make_film: MakeFilm, tmp_path: Path, codec: str
) -> None:
    kinds = {"libx264": "yuv420p", "libx264rgb": "rgb24", "libx265": "yuv420p10le"}
    picture = boxed(12, 8)
    film = make_film("film.mkv", codec=codec, pix_fmt=kinds[codec], picture=picture)
    spec = ClipSpec(4, 20, tmp_path / "a.mp4", tmp_path / "a.jpg", crop=Crop(8, 12, 112, 72))
    [report] = write_clips(str(film), [spec], encode=replace(FAST, stream_copy=True))
    assert (report.width, report.height, str(report.crop)) == (112, 72, "112x72+8+12")
    assert not report.copied
    source, shown = (next(iter(frames(str(p)))).rgb for p in (film, spec.path))
    assert shown.shape == (72, 112, 3)
    assert np.abs(shown.astype(int) - source[12:84, 8:120].astype(int)).mean() < 3
    still = cv2.imread(str(spec.still))
    assert still is not None
    assert still.shape == shown.shape
    assert np.abs(still[..., ::-1].astype(int) - shown.astype(int)).mean() < 3


def test_a_crop_is_of_the_upright_picture_of_square_pixels(
    make_film: MakeFilm, tmp_path: Path
) -> None:
    film = make_film(
        size=(96, 96), aspect=Fraction(4, 3), rotation=90, picture=boxed(8, 16, (96, 96))
    )
    info = probe(str(film))
    assert (info.display_width, info.display_height) == (96, 128)
    crop = Crop(8, 22, 80, 84)
    spec = ClipSpec(0, 12, tmp_path / "a.mp4", crop=crop)
    write_clips(str(film), [spec], encode=replace(FAST, height=60))
    shown = next(iter(frames(str(spec.path)))).rgb
    assert shown.shape == (60, 58, 3)
    assert shown.min() > 20


@pytest.mark.parametrize(("top", "where"), [(4, "above"), (12, "")])
def test_a_bar_that_holds_picture_is_not_cut_off(
    make_film: MakeFilm, tmp_path: Path, top: int, where: str
) -> None:
    film = make_film(picture=boxed(top, 0))
    spec = ClipSpec(0, 12, tmp_path / "a.mp4", crop=Crop(0, 12, 128, 72))
    if not where:
        write_clips(str(film), [spec], encode=FAST)
        return
    with pytest.raises(MediaError, match=f"the bar {where} the picture") as caught:
        write_clips(str(film), [spec], encode=FAST)
    assert caught.value.code is MediaCode.NOT_A_BAR
    assert not list(tmp_path.glob("a.mp4*"))


def test_a_crop_outside_the_picture_is_refused(make_film: MakeFilm, tmp_path: Path) -> None:
    spec = ClipSpec(0, 12, tmp_path / "a.mp4", crop=Crop(0, 40, 128, 60))
    with pytest.raises(ValueError, match="128x60"):
        write_clips(str(make_film()), [spec], encode=FAST)


@settings(deadline=None)
@given(st.data(), st.integers(8, 4096), st.sampled_from([0, 90]))
def test_a_part_of_the_stored_picture_lies_within_the_shown(
    data: st.DataObject, stored: int, rotation: int
) -> None:
    shown = data.draw(st.integers(8, 4096))
    x = data.draw(st.integers(0, shown // 4)) * 2
    width = data.draw(st.integers(1, (shown - x) // 2)) * 2
    sides = {"width": 8, "height": stored} if rotation else {"width": stored, "height": 8}
    info = SimpleNamespace(display_width=shown, display_height=8, rotation=rotation, **sides)
    part = Crop(x, 0, width, 8).within(cast("VideoInfo", info))
    assert (part.x % 2, part.width % 2) == (0, 0)
    assert part.x * shown >= x * stored
    if part.width > 2:
        assert (part.x + part.width) * shown <= (x + width) * stored
