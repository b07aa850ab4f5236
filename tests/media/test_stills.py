from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.media import MediaCode, MediaError, probe, read_still, still_format

GREY = 125
"""18 % of white in BT.1886."""
CARD = np.full((90, 160, 3), GREY, np.uint8)
CARD[:, :20] = (0, 0, 255)


def written(path: Path, pixels: NDArray[np.integer[Any]]) -> str:
    assert cv2.imwrite(str(path), pixels)
    return str(path)


def turned(path: Path) -> str:
    """A JPEG whose Exif data says that its right side is up."""
    data = cv2.imencode(".jpg", CARD, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    entry = struct.pack(">HHHIHH", 1, 0x112, 3, 1, 6, 0) + bytes(4)
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + entry
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    return str(path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "colour") for name in ("a.jpg", "a.png", "a.webp", "a.tif", "a.bmp", "a.avif")),
        *((name, "grey") for name in ("a.jpg", "a.png", "a.tif")),
        *((name, kind) for name in ("a.png", "a.tif") for kind in ("deep", "alpha")),
    ],
)
def test_a_grey_is_the_same_in_every_format(tmp_path: Path, name: str, kind: str) -> None:
    cards: dict[str, NDArray[np.integer[Any]]] = {
        "colour": CARD,
        "grey": CARD[..., 0],
        "deep": CARD.astype(np.uint16) * 257,
        "alpha": np.dstack([CARD, np.full(CARD.shape[:2], 255, np.uint8)]),
    }
    path = written(tmp_path / name, cards[kind])
    info, frame = read_still(path)
    assert abs(int(frame.rgb[45, 100, 1]) - GREY) <= 1
    assert (info.width, info.height, info.transfer) == (160, 90, "bt709")
    assert frame.sized(64).rgb.shape == (36, 64, 3)
    if kind != "grey":
        assert frame.rgb[45, 8, 0] > 250 > 10 > frame.rgb[45, 8, 2]


def test_a_turned_picture_is_upright(tmp_path: Path) -> None:
    info, frame = read_still(turned(tmp_path / "turned.jpg"))
    assert (info.display_width, info.display_height) == (90, 160)
    assert frame.rgb[8, 45, 0] > 250


def test_a_film_of_pictures_with_exif_data_is_upright(tmp_path: Path) -> None:
    picture = Path(turned(tmp_path / "turned.jpg")).read_bytes()
    film = tmp_path / "film.avi"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuvj420p"
        packet = av.Packet(picture)
        packet.stream, packet.pts, packet.dts = stream, 0, 0
        packet.time_base, packet.is_keyframe = Fraction(1, 25), True
        container.mux(packet)
    assert probe(str(film)).rotation == 270


@pytest.mark.parametrize(("name", "kept"), [("a.jpg", 0.7), ("a.png", 0.7), ("a.jpg", 0.1)])
def test_a_picture_cut_short_is_told(tmp_path: Path, name: str, kept: float) -> None:
    path = Path(written(tmp_path / name, CARD))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(MediaError, match="ends early") as told:
        read_still(str(path))
    assert told.value.code is MediaCode.DECODE_FAILED


def test_a_picture_beyond_any_size_is_told(tmp_path: Path) -> None:
    path = Path(written(tmp_path / "a.bmp", CARD))
    head = bytearray(path.read_bytes())
    head[18:26] = struct.pack("<ii", 70_000, 70_000)
    path.write_bytes(head)
    with pytest.raises(MediaError) as told:
        read_still(str(path))
    assert told.value.code is MediaCode.ABSURD_HEADER


def test_what_is_no_still_is_left_to_films(tmp_path: Path) -> None:
    for name, data in {"empty": b"", "text": b"hello world, no picture"}.items():
        (tmp_path / name).write_bytes(data)
        assert still_format(str(tmp_path / name)) is None
    assert still_format(str(tmp_path / "absent")) is None
    moving = cv2.Animation()
    moving.frames = [CARD, CARD // 2]
    moving.durations = [100, 100]
    for name in ("a.gif", "a.png", "a.webp"):
        assert cv2.imwriteanimation(str(tmp_path / name), moving)
    assert still_format(str(tmp_path / "a.gif")) is None
    assert still_format(str(tmp_path / "a.png")) is None
    with pytest.raises(MediaError, match="animated WebP"):
        read_still(str(tmp_path / "a.webp"))
