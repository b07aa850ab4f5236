"""Files that torch wrote: their tensors are read, and nothing else is admitted."""

from __future__ import annotations

import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.checkpoint import _MAGIC, tensors

GIVEN = {
    "weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "bias": np.array([7, 8], np.float32),
}


class _Storage:
    def __init__(self, key: str, count: int) -> None:
        self.pid = ("storage", _Named("torch", "FloatStorage"), key, "cpu", count, None)


class _Named:
    """A global of torch, pickled by its name alone."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Tensor:
    def __init__(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> None:
        self.arguments: tuple[Any, ...] = (storage, offset, shape, strides, False, {})


class _Writer(pickle._Pickler):
    """Writes what torch writes, without it."""

    def persistent_id(self, obj: Any) -> Any:
        return obj.pid if isinstance(obj, _Storage) else None

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, _Named):
            self.write(f"c{obj.module}\n{obj.name}\n".encode())  # type: ignore[attr-defined]
        elif isinstance(obj, _Tensor):
            self.save(_Named("torch._utils", "_rebuild_tensor_v2"))
            self.save(obj.arguments)
            self.write(pickle.REDUCE)  # type: ignore[attr-defined]
        else:
            super().save(obj, save_persistent_id)  # type: ignore[misc]


def pickled(path: Path, content: object) -> bytes:
    with path.open("wb") as file:
        _Writer(file, 2).dump(content)
    return path.read_bytes()


def layout() -> tuple[dict[str, _Tensor], dict[str, bytes]]:
    """Both tensors in one storage, the second behind the first, whose axes lie turned about."""
    numbers = np.concatenate([GIVEN["weight"].transpose(2, 0, 1).ravel(), GIVEN["bias"]])
    storage = _Storage("5", len(numbers))
    held = {
        "weight": _Tensor(storage, 0, (2, 3, 4), (3, 1, 6)),
        "bias": _Tensor(storage, 24, (2,), (1,)),
    }
    return held, {"5": numbers.tobytes()}


def check(file: Path) -> None:
    read = tensors(file)
    assert read.keys() == GIVEN.keys()
    for name, array in GIVEN.items():
        np.testing.assert_array_equal(read[name], array)


def test_an_archive_is_read(tmp_path: Path) -> None:
    held, storages = layout()
    with zipfile.ZipFile(tmp_path / "new.pth", "w") as archive:
        archive.writestr("archive/data.pkl", pickled(tmp_path / "pickle", held))
        for key, numbers in storages.items():
            archive.writestr(f"archive/data/{key}", numbers)
    check(tmp_path / "new.pth")


def test_the_older_layout_is_read(tmp_path: Path) -> None:
    held, storages = layout()
    parts = [_MAGIC, 1001, {"little_endian": True}, held, list(storages)]
    content = b"".join(pickled(tmp_path / "pickle", part) for part in parts)
    content += b"".join(struct.pack("<q", len(b) // 4) + b for b in storages.values())
    (tmp_path / "old.pth").write_bytes(content)
    check(tmp_path / "old.pth")


def test_nothing_but_tensors_is_admitted(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.pth", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Path.unlink))
    (tmp_path / "old.pth").write_bytes(pickle.dumps(Path.unlink))
    for name in ("evil.pth", "old.pth"):
        with pytest.raises(pickle.UnpicklingError, match="is no tensor"):
            tensors(tmp_path / name)


def test_a_tensor_keeps_to_its_numbers(tmp_path: Path) -> None:
    held = {"weight": _Tensor(_Storage("5", 4), 1, (2, 2), (2, 1))}
    with zipfile.ZipFile(tmp_path / "evil.pth", "w") as archive:
        archive.writestr("archive/data.pkl", pickled(tmp_path / "pickle", held))
        archive.writestr("archive/data/5", bytes(16))
    with pytest.raises(pickle.UnpicklingError, match="beyond its 4 numbers"):
        tensors(tmp_path / "evil.pth")


def test_another_file_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(pickle.dumps("film"))
    with pytest.raises(pickle.UnpicklingError, match="no checkpoint"):
        tensors(tmp_path / "file")


def test_what_torch_writes_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    turned = torch.from_numpy(GIVEN["weight"].transpose(2, 0, 1).copy()).permute(1, 2, 0)
    held = {"weight": turned, "bias": torch.from_numpy(GIVEN["bias"])}
    for new in (True, False):
        torch.save(held, tmp_path / "torch.pth", _use_new_zipfile_serialization=new)
        check(tmp_path / "torch.pth")
