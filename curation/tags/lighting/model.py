"""A small network from measures of light to labels, read from `model.json` beside this file.

Two hidden layers over standardised measures: 30 µs a shot in NumPy, no library of networks. The
file is written by `training/lighting.py` and says what it was trained on, how it did on scenes
held out, and how sure it must be.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FILE: Final = "model.json"
BOUND: Final = 4.0
"""Standard deviations at which a measure is cut off: beyond them nothing was learned."""


@dataclass(frozen=True, eq=False)
class Head:
    """What the network says of one question.

    `labels` in the order of its outputs, empty for numbers. `unknown_below`: what is less sure is
    wrong more than once in ten on scenes held out; of a subject with a face, and of one without.
    0 where the question reached its goal, 2 where no answer is right so often.
    """

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats
    temperature: float
    unknown_below: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Model:
    """Maps measures by name to what each head says."""

    version: str
    inputs: tuple[str, ...]
    mean: Floats
    scale: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    heads: Mapping[str, Head]
    card: Mapping[str, Any]

    def __call__(self, measures: Mapping[str, float]) -> dict[str, Floats]:
        """Probabilities of a head's labels, or its numbers; a missing measure counts as usual."""
        given = np.array([measures.get(name, math.nan) for name in self.inputs])
        hidden = np.clip((given - self.mean) / self.scale, -BOUND, BOUND)
        hidden[np.isnan(hidden)] = 0.0
        for weights, bias in self.layers:
            hidden = np.maximum(weights @ hidden + bias, 0.0)
        return {name: _said(head, hidden) for name, head in self.heads.items()}


def _said(head: Head, hidden: Floats) -> Floats:
    values: Floats = head.weights @ hidden + head.bias
    if not head.labels:
        return values
    odds = np.exp((values - values.max()) / head.temperature)
    probabilities: Floats = odds / odds.sum()
    return probabilities


@cache
def model() -> Model:
    """The model of this version of the package."""
    return read((files("curation.tags.lighting") / FILE).read_text(encoding="utf-8"))


def read(text: str) -> Model:
    """A model from its file's text."""
    data = json.loads(text)
    layers = tuple((np.array(one["weights"]), np.array(one["bias"])) for one in data["layers"])
    heads = {
        name: Head(
            tuple(one["labels"]),
            np.array(one["weights"]),
            np.array(one["bias"]),
            float(one["temperature"]),
            (float(one["unknown_below"]["face"]), float(one["unknown_below"]["centre"])),
        )
        for name, one in data["heads"].items()
    }
    return Model(
        str(data["version"]),
        tuple(data["inputs"]),
        np.array(data["mean"]),
        np.array(data["scale"]),
        layers,
        heads,
        data["card"],
    )
