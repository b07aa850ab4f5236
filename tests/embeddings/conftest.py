"""What tests of embeddings share: a network ready to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.embeddings.efficientnet import EfficientNetLite0
from curation.models import ModelUnavailableError


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURATION_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def lite0(cache: Path) -> EfficientNetLite0:
    """The default embedder; tests of it skip where its weights are not installed."""
    embedder = EfficientNetLite0()
    try:
        embedder.version  # noqa: B018
    except ModelUnavailableError as error:
        pytest.skip(str(error))
    return embedder
