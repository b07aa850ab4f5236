"""Timecode burnt into a picture: eight digits and what parts them, read.

The network is the recogniser of PP-OCRv4 (Baidu, Apache-2.0) as `rapidocr-onnxruntime` ships it,
of the kind of Shi et al., "An end-to-end trainable neural network for image-based sequence
recognition" (TPAMI 2017); of what it reads the likeliest letter at each step counts, repeats and
blanks left out (Graves et al., ICML 2006).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.models import Weights, session

Pixels = NDArray[np.uint8]

RECOGNISER: Final = Weights(
    "rapidocr-onnxruntime",
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
    "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
    "Apache-2.0",
)
TALL: Final = 48
"""Pixels of height that the network wants."""
LONG: Final = (3.5, 13.0)
"""Width of a timecode in its heights, with some ground around it."""
SURE: Final = 0.7
"""Mean probability of its letters under which nothing counts as read."""
_STEP = 16
# SMPTE ST 12-1: hours, minutes, seconds, frames; of small separators the network drops some.
_FORM = re.compile(r"(\d\d)[:;.]?(\d\d)[:;.]?(\d\d)[:;.]?(\d\d)")


class Reader:
    """The recogniser on one CPU core; raises `ModelUnavailableError` where it is not installed."""

    def __init__(self) -> None:
        self._session = session(RECOGNISER.path())
        listed = self._session.get_modelmeta().custom_metadata_map["character"]
        self._letters = ("", *listed.splitlines(), " ")

    def read(self, rgb: Pixels) -> tuple[str, float]:
        """What one line of text says, uint8 RGB (height, width, 3), and how sure it is."""
        high, wide = rgb.shape[:2]
        across = -(-max(TALL, round(wide * TALL / high)) // _STEP) * _STEP
        line = cv2.resize(rgb, (across, TALL), interpolation=cv2.INTER_CUBIC)[..., ::-1]
        shown = (line.transpose(2, 0, 1) / np.float32(127.5) - np.float32(1))[None]
        likely = self._session.run(None, {"x": np.ascontiguousarray(shown)})[0][0]
        best = likely.argmax(axis=1)
        new = (best > 0) & np.append(True, best[1:] != best[:-1])
        text = "".join(self._letters[k] for k in best[new])
        return text, float(likely.max(axis=1)[new].mean()) if new.any() else 0.0


def timecode(rgb: Pixels) -> float | None:
    """Seconds since midnight, without the frames, that a line of text shows as a timecode.

    None where it does not. Raises `ModelUnavailableError` where no network is installed.
    """
    high, wide = rgb.shape[:2]
    if not LONG[0] <= wide / max(1, high) <= LONG[1]:
        return None
    text, sure = _reader().read(rgb)
    return seconds(text) if sure >= SURE else None


def seconds(text: str) -> float | None:
    """Seconds of a timecode `HH:MM:SS:FF`, one of whose separators at least is there; else None."""
    form = _FORM.fullmatch(text.strip())
    if form is None or text.strip().isdigit():
        return None
    hours, minutes, whole, frames = (int(part) for part in form.groups())
    if hours > 23 or minutes > 59 or whole > 59 or frames > 59:
        return None
    return 3600.0 * hours + 60.0 * minutes + whole


@cache
def _reader() -> Reader:
    return Reader()
