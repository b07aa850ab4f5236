"""The examples of loading a release run as they stand, on a release as it is made."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def said(script: str, folder: Path, home: Path) -> str:
    """What an example prints."""
    line = [sys.executable, str(ROOT / "examples" / "loaders" / script), str(folder)]
    away = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)}
    done = subprocess.run(line, capture_output=True, text=True, env=away, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_duckdb(folder: Path, tmp_path: Path) -> None:
    assert "train" in said("duckdb_query.py", folder, tmp_path / "hf")


@pytest.mark.skipif(importlib.util.find_spec("datasets") is None, reason="no datasets here")
def test_hugging_face_streams(folder: Path, tmp_path: Path) -> None:
    text = said("hf_streaming.py", folder, tmp_path / "hf")
    assert "train" in text
    assert "frames Window Seat" in text


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no torch here")
def test_webdataset_and_torch(folder: Path, tmp_path: Path) -> None:
    assert "train (3, 16, 3, 120," in said("webdataset_torch.py", folder, tmp_path / "hf")
