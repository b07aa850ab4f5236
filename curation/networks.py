"""Networks written as ONNX from the weights of others: layer by layer, once, kept in the cache."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.models import cache_folder

if TYPE_CHECKING:
    from curation.checkpoint import Floats

log = logging.getLogger(__name__)


def kept(stem: str, make: Callable[[], bytes]) -> bytes:
    """A network: from the cache, where its name holds its hash, else made now.

    `stem` tells its weights and how they are written. What lies in the cache damaged is made anew;
    a cache that cannot be used costs time alone.
    """
    folder = cache_folder()
    try:
        for file in sorted(folder.glob(f"{stem}-*.onnx")):
            found = file.read_bytes()
            if file.stem == f"{stem}-{_digest(found)}":
                return found
            log.warning("%s is damaged and is made anew", file)
            file.unlink()
    except OSError as error:
        log.warning("the cache of networks cannot be read: %s", error)
    made = make()
    try:
        _keep(made, folder / f"{stem}-{_digest(made)}.onnx")
    except OSError as error:
        log.warning("%s is converted anew each time: %s", stem, error)
    return made


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _keep(content: bytes, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".network-", delete=False) as part:
        try:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
            os.replace(part.name, file)  # noqa: PTH105 - by name, for it is open
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise


class Graph:
    """ONNX nodes under construction; values go by their names."""

    def __init__(self, tensors: dict[str, Floats]) -> None:
        self.tensors = tensors
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def __call__(
        self, kind: str, *given: str | Floats | list[int], name: str = "", **attributes: Any
    ) -> str:
        """A node whose inputs are values, by name, or constants; gives the name of its value."""
        from onnx import helper

        inputs = [each if isinstance(each, str) else self._constant(each) for each in given]
        name = name or f"{kind}{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def _constant(self, value: Floats | list[int]) -> str:
        from onnx import numpy_helper

        name = f"constant{len(self._constants)}"
        array = np.asarray(value, np.int64 if isinstance(value, list) else np.float32)
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def linear(self, given: str, layer: str, name: str = "") -> str:
        weight, bias = self.tensors[f"{layer}.weight"], self.tensors[f"{layer}.bias"]
        return self("Gemm", given, weight, bias, transB=1, name=name)

    def written(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> bytes:
        """The network of these inputs and outputs (`helper.make_tensor_value_info`)."""
        import onnx
        from onnx import helper

        body = helper.make_graph(self._nodes, name, inputs, outputs, self._constants)
        model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())
