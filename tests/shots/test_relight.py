"""A change of the light is told from a change of the picture."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.media import Frame, Still
from curation.shots import ShotDetector, ShotSettings
from curation.shots.doubt import Doubts
from curation.shots.relight import only_light

Picture = NDArray[np.float64]
ALIKE = ShotSettings().light_alike


def scene(seed: int) -> Picture:
    """A drawn room of discs and slabs in linear light, as bright as any other."""
    random = np.random.default_rng(seed)
    canvas = np.full((144, 256, 3), 0.2)
    for _ in range(60):
        x, y, size = random.integers((0, 0, 8), (256, 144, 40)).tolist()
        colour = random.uniform(0.02, 0.6, 3).tolist()
        if random.random() < 0.5:
            cv2.circle(canvas, (x, y), size // 2, colour, -1)
        else:
            cv2.rectangle(canvas, (x, y), (x + size, y + size // 2), colour, -1)
    return np.asarray(canvas * (0.2 / canvas.mean()))


def frame(light: Picture, index: int = 0) -> Frame:
    noise = np.random.default_rng(index).normal(0, 1.5, light.shape)
    coded = 255 * np.clip(light, 0, 1) ** (1 / 2.4) + noise
    return Frame(index, Fraction(index, 24), Still(coded.clip(0, 255).astype(np.uint8)))


def cuts(*shown: Picture) -> list[int]:
    """Of a film of each light or scene for a second."""
    detector = ShotDetector()
    for index in range(24 * len(shown)):
        detector.feed(frame(shown[index // 24], index))
    return [t.start for t in detector.finish()]


LAMP = np.linspace(2.5, 0.4, 256)[None, :, None] * np.linspace(1.6, 0.7, 144)[:, None, None]
"""Light from one side and above."""


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "light",
    [0.1, 0.25, 3.0, np.array([1.0, 0.15, 0.1]), np.array([0.1, 0.2, 1.0]), 0.15 * LAMP],
    ids=["off", "halved twice", "on", "red", "blue", "one lamp"],
)
def test_another_light_is_no_cut(light: float | Picture, seed: int) -> None:
    room = scene(seed)
    assert cuts(room, room * light, room) == []


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("light", [1.0, 0.1, 3.0], ids=["as bright", "darker", "brighter"])
def test_another_scene_is_a_cut_in_any_light(light: float, seed: int) -> None:
    assert cuts(scene(seed), scene(seed + 100) * light) == [24]


@pytest.mark.parametrize("seed", range(5))
def test_a_cut_across_a_frame_of_both_shots_is_a_cut(seed: int) -> None:
    """The mixed frame is like each of the two."""
    one, other = scene(seed), scene(seed + 100) * 0.2
    stills = [one] * 24 + [(one + other) / 2] + [other] * 24
    detector = ShotDetector()
    for index, still in enumerate(stills):
        detector.feed(frame(still, index))
    (cut,) = [t.boundary for t in detector.finish()]
    assert cut in (24, 25)


def test_the_same_room_from_elsewhere_is_another_picture() -> None:
    """As in a jump cut, even where the light changes with it."""
    room = scene(3)
    nearer = np.asarray(cv2.resize(room[20:110, 60:220], (256, 144)), np.float64) * 0.4
    pair = [frame(room).thumb] * 2 + [frame(nearer).thumb] * 2
    assert not only_light(pair, ALIKE)


def test_blank_pictures_are_alike_in_nothing() -> None:
    black, flat = (np.full((36, 64, 3), level, np.uint8) for level in (0, 128))
    assert not only_light([black, black, flat, flat], ALIKE)
    assert not only_light([black] * 4, ALIKE)


def test_a_light_is_no_doubt() -> None:
    room, changes = scene(1), {24: 80.0}
    doubts = Doubts(ShotSettings(), 1.0, [])
    for index in range(48):
        light = room if index < 24 else room * 0.1
        doubts.feed(frame(light, index), changes.get(index, 1.0))
    assert doubts.finish() == []


@pytest.mark.parametrize("left_out", [range(22, 26), range(20, 24), range(24, 28)])
def test_light_and_cut_among_frames_left_out(left_out: range) -> None:
    for behind, expected in ((scene(1) * 0.15, []), (scene(101) * 0.15, [24])):
        given = [frame(scene(1) if k < 24 else behind, k) for k in range(48)]
        detector = ShotDetector()
        for each in given:
            if each.index not in left_out:
                detector.feed(each)
        spans = detector.unsure
        detector.look_again(e for e in given if any(a <= e.index <= b for a, b in spans))
        assert [t.start for t in detector.finish()] == expected
