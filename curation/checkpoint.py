"""Tensors in files that torch wrote, read without torch.

Both of its layouts: a zip archive, and what `torch.save` wrote before version 1.6, which is pickles
one after the other and then the numbers. A pickle can ask for any code to be run; here it is
admitted tensors and nothing else.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]

_MAGIC: Final = 0x1950A86A20F9469CFC6C
"""With which a file of the older layout begins."""


def tensors(file: Path) -> dict[str, Floats]:
    """The tensors of a checkpoint by name.

    Raises `UnpicklingError` for one that holds anything else.
    """
    with file.open("rb") as content:
        read: dict[str, Floats] = (
            _archived(content) if zipfile.is_zipfile(content) else _in_a_row(content)
        )
    return read


def _archived(content: IO[bytes]) -> Any:
    with zipfile.ZipFile(content) as archive:
        top = archive.namelist()[0].partition("/")[0]

        def storage(key: str, kind: npt.DTypeLike, _: int) -> Array:
            return np.frombuffer(archive.read(f"{top}/data/{key}"), kind)

        return _Reader(io.BytesIO(archive.read(f"{top}/data.pkl")), storage).load()


def _in_a_row(content: IO[bytes]) -> Any:
    """Three pickles on the layout, one of the tensors, one of their storages' names; numbers."""
    storages: dict[str, Array] = {}

    def storage(key: str, kind: npt.DTypeLike, count: int) -> Array:
        return storages.setdefault(key, np.zeros(count, kind))

    content.seek(0)
    if _Reader(content, storage).load() != _MAGIC:
        raise pickle.UnpicklingError("this is no checkpoint of torch")
    for _ in range(2):
        _Reader(content, storage).load()
    read = _Reader(content, storage).load()
    for key in _Reader(content, storage).load():
        content.seek(8, io.SEEK_CUR)
        given = storages[key]
        given[:] = np.frombuffer(content.read(given.nbytes), given.dtype)
    return read


class _Reader(pickle.Unpickler):
    """Reads tensors and admits nothing else."""

    def __init__(self, content: IO[bytes], storage: Any) -> None:
        super().__init__(content)
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        admitted = {
            "collections.OrderedDict": OrderedDict,
            "torch._utils._rebuild_tensor_v2": _tensor,
            "torch.FloatStorage": np.dtype("<f4"),
            "torch.LongStorage": np.dtype("<i8"),
        }
        try:
            return admitted[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is no tensor") from None

    def persistent_load(self, pid: Any) -> Array:
        _, kind, key, _, count, *_ = pid
        given: Array = self._storage(key, kind, count)
        return given


def _tensor(
    storage: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> Array:
    """A view of the storage, which is the tensor's numbers in any order of its axes."""
    reach = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if min((offset, *shape, *strides)) < 0 or offset + reach >= max(1, len(storage)):
        raise pickle.UnpicklingError(f"a tensor {shape} reaches beyond its {len(storage)} numbers")
    steps = [stride * storage.itemsize for stride in strides]
    return as_strided(storage[offset:], shape, steps)
