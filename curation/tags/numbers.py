"""Small arithmetic that taggers share."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from curation.tags.protocol import UNKNOWN, Tag


def middle(values: NDArray[np.float64]) -> float:
    """Median of the finite values of an array of shape (samples,); NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else math.nan


def sureness(margin: float, scale: float) -> float:
    """Confidence of a decision `margin` away from its threshold: 0.5 on it, 0.88 at 2 `scale`."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, margin / scale)))


def pick(measures: Mapping[str, float], *names: str) -> dict[str, float]:
    """These numbers, NaN for those that are missing."""
    return {name: float(measures.get(name, math.nan)) for name in names}


def unknown(facet: str, shown: Mapping[str, float]) -> Tag:
    """The tag of a facet that cannot be decided."""
    return Tag(facet, UNKNOWN, 0.0, shown)


def measured(shown: Mapping[str, float]) -> bool:
    """Whether every number is there."""
    return all(math.isfinite(value) for value in shown.values())
