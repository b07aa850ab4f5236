from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CURATION_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def library() -> Path:
    """The folder of the demo films."""
    for folder in (ROOT / "examples" / "library", SHARED / "demo_library"):
        if (folder / "night_call.mp4").exists():
            return folder
    pytest.skip("no demo films here")


@pytest.fixture(scope="session")
def truth() -> dict[str, dict[str, Any]]:
    """What is known about each demo film, by file name."""
    path = SHARED / "demo_library" / "truth.json"
    if not path.exists():
        pytest.skip("no truth of the demo films here")
    return {film["file"]: film for film in json.loads(path.read_text())["files"]}


@pytest.fixture(scope="session")
def films() -> Path:
    """The folder of the shared films."""
    if not (SHARED / "films").is_dir():
        pytest.skip("no shared films here")
    return SHARED / "films"
