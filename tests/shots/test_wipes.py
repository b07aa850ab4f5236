from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.shots.test_detector import Picture, detect, mix, pictures

HEIGHT, WIDTH = 90, 160


def edges(kind: str) -> NDArray[np.float64]:
    """When an edge passes each pixel, from 0 to 1."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    match kind:
        case "left_to_right":
            return np.asarray(x / WIDTH)
        case "top_to_bottom":
            return np.asarray(y / HEIGHT)
        case "iris":
            return np.asarray(np.hypot((x - WIDTH / 2) / WIDTH, (y - HEIGHT / 2) / HEIGHT) * 1.4)
        case _:
            return np.asarray((np.arctan2(y - HEIGHT / 2, x - WIDTH / 2) / np.pi + 1) / 2)


def wipe(a: Picture, b: Picture, frames: int, kind: str) -> list[Picture]:
    when = edges(kind)[..., None]
    return [np.where(when < (i + 1) / (frames + 1), b, a) for i in range(frames)]


@pytest.mark.parametrize("kind", ["left_to_right", "top_to_bottom", "iris", "clock"])
@pytest.mark.parametrize("frames", [9, 18])
def test_a_wipe_has_its_first_and_last_frame(kind: str, frames: int) -> None:
    a, b = pictures(2)
    (found,) = detect([a] * 30 + wipe(a, b, frames, kind) + [b] * 30)
    assert found.type == "wipe"
    assert abs(found.start - 30) <= 2
    assert abs(found.end - (29 + frames)) <= 3


def test_what_crosses_the_picture_and_leaves_is_no_wipe() -> None:
    a, post = pictures(2)
    crossing = []
    for i in range(-4, 20):
        frame = a.copy()
        frame[:, max(0, 10 * i) : max(0, 10 * i + 40)] = post[:, :1]
        crossing.append(frame)
    assert detect([a] * 20 + crossing + [a] * 20) == []


def test_what_moves_in_a_part_of_the_picture_is_no_wipe() -> None:
    a, b = pictures(2)
    part = [a.copy() for _ in range(16)]
    for i, frame in enumerate(part):
        frame[:40, : 10 * i] = b[:40, : 10 * i]
    assert detect([a] * 20 + part + [part[-1]] * 20) == []


def test_a_frame_of_two_fields_is_no_shot() -> None:
    a, b = pictures(2)
    assert [(t.type, t.start) for t in detect([a] * 20 + mix(a, b, 1) + [b] * 20)] == [("cut", 21)]


def test_a_grainy_dissolve_is_still_one() -> None:
    a, b = pictures(2)
    noise = np.random.default_rng(5)
    frames = [f + noise.normal(0, 25, f.shape) for f in mix(a, b, 12)]
    (found,) = detect([a] * 30 + frames + [b] * 30)
    assert found.type == "dissolve"


def test_what_fills_the_picture_in_passing_is_no_pair_of_wipes() -> None:
    a, post = pictures(2)
    through = wipe(a, post, 9, "left_to_right") + wipe(post, a, 9, "left_to_right")
    assert detect([a] * 30 + through + [a] * 30) == []
