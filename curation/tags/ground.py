"""How much of a picture is a ground of one level, as behind letters and logos."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVELS: Final = 5
"""8-bit levels that count as one: codecs leave flat grounds within two of their own."""
MOSTLY: Final = 0.75
"""Share from which a picture is letters on a ground: cards and credits of our demo films have 0.86
to 0.98, 64 pixels wide from 0.82 on; scenes of ours and of films, night among them, up to 0.72."""


def ground(grey: NDArray[np.uint8]) -> float:
    """Share of a picture, luma (rows, columns) inside its bars, that has its commonest level."""
    levels = np.bincount(grey.ravel(), minlength=256)
    return float(np.convolve(levels, np.ones(LEVELS, np.int64)).max() / grey.size)
