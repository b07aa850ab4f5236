"""CLIP and SigLIP by way of open_clip: pictures and words in one space.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021
(arXiv:2103.00020); Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023
(arXiv:2303.15343). An extra: torch is asked for nowhere else. Which network is up to whoever runs
it: `CURATION_OPEN_CLIP` names one of open_clip's, as `ViT-B-32/laion2b_s34b_b79k`, whose weights it
then fetches, or a local folder with `open_clip_config.json` and weights. Licences of weights and of
what they were trained on are theirs to check.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from curation.models import ModelUnavailableError

if TYPE_CHECKING:
    from curation.embeddings.embedder import Pictures, Vectors

VARIABLE: Final = "CURATION_OPEN_CLIP"
EXTRA: Final = "film-curation[words]"
BATCH: Final = 32


def chosen() -> OpenClip | None:
    """The network that `CURATION_OPEN_CLIP` names; None where it names none."""
    named = os.environ.get(VARIABLE)
    return OpenClip(named) if named else None


class OpenClip:
    """A network of open_clip: both towers, on a card where torch sees one.

    `CURATION_DEVICE=cpu` keeps it off the card. It is loaded when first asked. The whole picture is
    squeezed into the network's square: cropped to its middle, as open_clip does by itself, a wide
    film would lose half of what it shows.
    """

    name = "open_clip"
    width = 480

    def __init__(self, model: str) -> None:
        self._model = model

    @property
    def version(self) -> str:
        for package in ("torch", "open_clip"):
            if find_spec(package) is None:
                raise ModelUnavailableError(f"{package} is not installed: pip install '{EXTRA}'")
        folder = Path(self._model)
        return f"{folder.name}-{_digest(folder)}" if folder.is_dir() else self._model

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Any, str]:
        """The network, what prepares pictures and texts for it, and where it runs."""
        self.version  # noqa: B018 - said what is missing
        import open_clip
        import torch

        name, _, weights = self._model.partition("/")
        if Path(self._model).is_dir():
            name, weights = f"local-dir:{self._model}", ""
        card = os.environ.get("CURATION_DEVICE") != "cpu" and torch.cuda.is_available()
        device = "cuda" if card else "cpu"
        torch.set_num_threads(1)
        try:
            model, _, prepare = open_clip.create_model_and_transforms(
                name, weights or None, device=device, image_resize_mode="squash"
            )
            tokenizer = open_clip.get_tokenizer(name)
        except Exception as error:
            raise ModelUnavailableError(
                f"{VARIABLE}={self._model} cannot be loaded: {type(error).__name__}: {error}; name "
                "MODEL/WEIGHTS as open_clip lists them, or a folder with open_clip_config.json"
            ) from error
        model.eval()
        return model, prepare, tokenizer, device

    @cached_property
    def dimensions(self) -> int:
        return int(self.embed_words(["a film"]).shape[1])

    @property
    def logit_scale(self) -> float:
        return float(self._loaded[0].logit_scale.detach().exp())

    def embed(self, pictures: Pictures) -> Vectors:
        """Vectors (n, dimensions), in batches."""
        import torch
        from PIL import Image

        model, prepare, _, device = self._loaded
        found = []
        with torch.inference_mode():
            for first in range(0, len(pictures), BATCH):
                part = [prepare(Image.fromarray(p)) for p in pictures[first : first + BATCH]]
                given = torch.stack(part).to(device)
                found.append(model.encode_image(given, normalize=True).float().cpu().numpy())
        return self._stacked(found)

    def embed_words(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, dimensions); of a long text its beginning."""
        import torch

        model, _, tokenizer, device = self._loaded
        found = []
        with torch.inference_mode():
            for first in range(0, len(texts), BATCH):
                given = tokenizer(list(texts[first : first + BATCH])).to(device)
                found.append(model.encode_text(given, normalize=True).float().cpu().numpy())
        return self._stacked(found)

    def _stacked(self, found: list[Vectors]) -> Vectors:
        return np.concatenate(found) if found else np.zeros((0, self.dimensions), np.float32)


@cache
def _digest(folder: Path) -> str:
    """Of the files that make the network what it is."""
    whole = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix in (".json", ".safetensors", ".bin", ".pt"):
            with file.open("rb") as content:
                whole.update(hashlib.file_digest(content, "sha256").digest())
    return whole.hexdigest()[:12]
