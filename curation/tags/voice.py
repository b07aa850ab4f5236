"""Speech, by Silero VAD: how likely somebody speaks, every 32 ms.

The network and how it is fed are those of the package `silero-vad`, of which only the weights are
used: windows of 512 samples at 16 kHz, each with the 64 samples before it, whose state is carried
from one to the next.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from curation.models import Weights, session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE: Final = 16_000
WINDOW: Final = 512

SILERO: Final = Weights(
    package="silero-vad",
    file="silero_vad/data/silero_vad_16k_sequence.onnx",
    sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
    licence="MIT",
)
"""The variant that takes many windows in one call; its answers are those of the others."""

_BEFORE: Final = 64
_AT_ONCE: Final = 512
_STATE: Final = (1, 1, 128)


@cache
def silero() -> InferenceSession:
    """The network; `ModelUnavailableError` where it cannot be had."""
    return session(SILERO.path())


def speech(mono: NDArray[np.float32]) -> NDArray[np.float32]:
    """How likely each window of 512 samples at 16 kHz is speech, in [0, 1]; the last is padded.

    Raises `ModelUnavailableError` where there is no network.
    """
    network = silero()
    count = -(-len(mono) // WINDOW)
    padded = np.zeros(_BEFORE + count * WINDOW, np.float32)
    padded[_BEFORE : _BEFORE + len(mono)] = mono
    if not count:
        return np.zeros(0, np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _BEFORE + WINDOW)[::WINDOW]
    hidden = cell = np.zeros(_STATE, np.float32)
    found = []
    for first in range(0, count, _AT_ONCE):
        given = {
            "input": np.ascontiguousarray(windows[first : first + _AT_ONCE]),
            "h": hidden,
            "c": cell,
        }
        likely, hidden, cell = network.run(["speech_probs", "hn", "cn"], given)
        found.append(np.asarray(likely, np.float32).reshape(-1))
    return np.concatenate(found)
