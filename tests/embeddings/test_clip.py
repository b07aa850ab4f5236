"""open_clip: a network from a local folder, both of its towers; where it is not installed, words.

What needs torch is skipped without it. The network is a tiny one with random weights.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from curation.embeddings import clip
from curation.embeddings import embedder as door
from curation.embeddings.clip import OpenClip, chosen
from curation.embeddings.efficientnet import EfficientNetLite0
from curation.embeddings.embedder import reader
from curation.models import ModelUnavailableError

TINY = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 32},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    open_clip = pytest.importorskip("open_clip")
    made = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(1)
    network = open_clip.CLIP(**TINY)
    torch.save(network.state_dict(), made / "open_clip_pytorch_model.bin")
    mean, std = [0.48, 0.46, 0.41], [0.27, 0.26, 0.28]
    config = {"model_cfg": TINY, "preprocess_cfg": {"size": [32, 32], "mean": mean, "std": std}}
    (made / "open_clip_config.json").write_text(json.dumps(config))
    return made


def test_a_local_network_embeds_pictures_and_words(folder: Path) -> None:
    embedder = OpenClip(str(folder))
    pictures = np.random.default_rng(1).integers(0, 256, (35, 90, 160, 3), np.uint8)
    texts = ["a lamp at night", "a street by day"]
    seen, read = embedder.embed(pictures), embedder.embed_words(texts)
    assert embedder.dimensions == 24
    assert embedder.logit_scale == pytest.approx(1 / 0.07, rel=1e-3)
    for found, count in ((seen, 35), (read, 2)):
        assert found.shape == (count, 24)
        assert found.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(embedder.embed(pictures[:1]), seen[:1], atol=1e-5)
    assert not np.allclose(seen[0], seen[1])
    assert embedder.embed(pictures[:0]).shape == (0, 24)


def test_the_whole_picture_counts(folder: Path) -> None:
    embedder = OpenClip(str(folder))
    plain = np.full((1, 90, 160, 3), 40, np.uint8)
    lit = plain.copy()
    lit[:, :, :20] = 220
    assert not np.allclose(embedder.embed(plain), embedder.embed(lit), atol=1e-3)


def test_other_weights_are_another_version(folder: Path, tmp_path: Path) -> None:
    first = OpenClip(str(folder)).version
    (tmp_path / "open_clip_config.json").write_text("{}")
    assert first.startswith(f"{folder.name}-")
    assert OpenClip(str(tmp_path)).version != first


def test_a_network_that_does_not_load_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text("{}")
    with pytest.raises(ModelUnavailableError, match="cannot be loaded"):
        OpenClip(str(tmp_path)).embed_words(["x"])


def test_it_is_there_where_a_network_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(clip.VARIABLE, raising=False)
    assert chosen() is None
    monkeypatch.setenv(clip.VARIABLE, "ViT-B-32/openai")
    monkeypatch.setattr(door, "embedders", lambda: (EfficientNetLite0(), OpenClip("x")))
    for name in (None, "open_clip"):
        assert isinstance(reader(name), OpenClip)
    assert reader("efficientnet_lite0") is None


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailableError, match=r"film-curation\[words\]"):
        OpenClip("ViT-B-32/openai").version  # noqa: B018
