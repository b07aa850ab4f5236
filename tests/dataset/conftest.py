"""One small release that several modules look at; building it costs seconds."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from curation import stages
from curation.dataset.recipe import Recipe, read_recipe
from curation.settings import Settings
from curation.storage import Place

ROOT = Path(__file__).resolve().parents[2]
KNOWN_AT = datetime(2026, 11, 21, tzinfo=UTC)


def recipe(still: bool = True) -> Recipe:
    order = read_recipe(Place.parse(ROOT / "examples" / "recipes" / "lab-pretraining.yaml"))
    quick = {"preset": "ultrafast", "height": 120, "still": still, "min_seconds": 1.9}
    small = order.shard.model_copy(update={"samples": 3, "buckets": ()})
    return order.model_copy(update={"clip": order.clip.model_copy(update=quick), "shard": small})


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """A store with one release in three shards, and its id."""
    folder = tmp_path_factory.mktemp("made")
    library = folder / "library"
    library.mkdir()
    shutil.copy(ROOT / "examples" / "library" / "window_seat.mp4", library)
    shutil.copytree(ROOT / "examples" / "catalog", folder / "catalog")
    settings = Settings(
        store=str(folder / "store"), library=str(library), catalog=str(folder / "catalog")
    )
    stages.ingest(settings, now=KNOWN_AT)
    stages.analyse(settings)
    return settings, stages.release(settings, recipe(), known_at=KNOWN_AT).release_id


@pytest.fixture
def folder(made: tuple[Settings, str], tmp_path: Path) -> Path:
    """A copy of the release which a test may spoil."""
    settings, release_id = made
    shutil.copytree(Path(settings.store) / "releases" / release_id, tmp_path / release_id)
    return tmp_path / release_id
