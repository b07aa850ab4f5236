"""Faces and subjects of real pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from curation.media import Frame, frames
from curation.media.frame import Still
from curation.models import ModelUnavailableError
from curation.tags import faces as room
from curation.tags.faces import Box, Face, FaceFinder, faces
from curation.tags.subject import CENTRE, person, subject

pytest.importorskip("onnxruntime", reason="the extra `models` is not installed")


def still(pixels: room.Pixels) -> Frame:
    return Frame(0, Fraction(0), Still(pixels), 320)


@pytest.fixture(scope="module")
def close_up(library: Path) -> room.Pixels:
    """A woman's face at a window, a third of the picture high and more."""
    return next(f.rgb for f in frames(str(library / "window_seat.mp4")) if f.index == 200)


def test_a_face_is_found_where_it_is_at_any_size(close_up: room.Pixels) -> None:
    whole = FaceFinder().find(close_up)
    half = FaceFinder().find(np.ascontiguousarray(close_up[::2, ::2]))
    assert len(whole) == len(half) == 1
    assert np.allclose(whole[0].box, half[0].box, atol=0.03)
    assert whole[0].box.left < whole[0].points[2][0] < whole[0].box.right


def test_a_film_shot_with_the_camera_on_its_side_is_searched_upright(
    close_up: room.Pixels, tmp_path: Path
) -> None:
    lying = np.ascontiguousarray(np.rot90(close_up, -1)[:, : close_up.shape[0] // 2 * 2])
    film = tmp_path / "phone.mp4"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = lying.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(90)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(lying, "rgb24")))
        container.mux(stream.encode(None))
    (frame,) = frames(str(film), width=320)
    assert frame.rgb.shape[1] > frame.rgb.shape[0]
    found, upright = faces(frame), FaceFinder().find(close_up)
    assert np.allclose(found[0].box, upright[0].box, atol=0.03)


def test_no_face_in_noise_and_darkness() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (180, 320, 3), np.uint8)
    assert FaceFinder().find(noise) == ()
    for high, wide in ((1, 1), (640, 96), (33, 400)):
        assert FaceFinder().find(np.zeros((high, wide, 3), np.uint8)) == ()


def test_a_frame_is_searched_once_for_all_who_ask(
    close_up: room.Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = still(close_up)
    found = faces(frame)
    monkeypatch.setattr(FaceFinder, "find", lambda *_: pytest.fail("searched twice"))
    assert faces(frame.sized(160)) is found
    said = subject(frame.sized(640))
    assert (said.source, said.face) == ("face", found[0])


def absent() -> FaceFinder:
    raise ModelUnavailableError("not installed")


def test_the_middle_stands_in_and_says_so(
    close_up: room.Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert subject(still(np.zeros((90, 160, 3), np.uint8))).source == "centre"
    monkeypatch.setattr(room, "finder", absent)
    alone = subject(still(close_up))
    assert (alone.box, alone.source, alone.confidence) == (CENTRE, "centre", 0.0)
    with pytest.raises(ModelUnavailableError):
        faces(still(close_up))


def test_a_person_is_upright_below_the_face_and_inside_the_picture() -> None:
    far = person(Face(Box(0.48, 0.2, 0.52, 0.28), 0.9, ()), 16 / 9)
    assert far.top < 0.2 < 0.28 + 0.2 < far.bottom
    assert far.left < 0.48 < 0.52 < far.right
    near = person(Face(Box(0.2, 0.0, 0.8, 1.0), 0.9, ()), 16 / 9)
    assert (near.top, near.bottom) == (0.0, 1.0)
    assert 0.0 <= near.left < near.right <= 1.0


def test_pixels_of_a_box_are_never_none() -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    assert Box(0.25, 0.5, 0.75, 1.0).pixels(picture).shape == (45, 80, 3)
    assert Box(1.0, 1.0, 1.0, 1.0).pixels(picture).shape == (1, 1, 3)
