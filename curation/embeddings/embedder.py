"""What an embedder is: pictures, and words where it reads them, to vectors of unit length.

Embedders are found through entry points, group `curation.embedders`, so that others add theirs
outside.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final, Protocol, cast

from curation.models import ModelUnavailableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pictures = NDArray[np.uint8]
    Vectors = NDArray[np.float32]

GROUP: Final = "curation.embedders"
DEFAULT: Final = "efficientnet_lite0"

_log = logging.getLogger(__name__)


class Embedder(Protocol):
    """Makes vectors of pictures. Made without arguments and cheaply: what is large waits."""

    @property
    def name(self) -> str:
        """The name it is registered under."""

    @property
    def version(self) -> str:
        """Of its vectors: those of another version are not to be compared with them.

        Raises `ModelUnavailableError` where what it needs is not installed.
        """

    @property
    def width(self) -> int:
        """Of the pictures that it wants, at most; they have a film's own shape."""

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""

    def embed(self, pictures: Pictures) -> Vectors:
        """Vectors (n, dimensions) of unit length of uint8 R'G'B' pictures (n, height, width, 3).

        Colours are the film's own: primaries and transfer as they are, so a picture of high
        dynamic range looks pale to a network that learned from others. Raises
        `ModelUnavailableError` where it cannot be run here.
        """


class Reader(Embedder, Protocol):
    """An embedder that puts words where the pictures lie that they describe."""

    @property
    def logit_scale(self) -> float:
        """By which cosines are multiplied before a softmax over texts."""

    def embed_words(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, dimensions) of unit length. Raises `ModelUnavailableError`."""


@cache
def embedders() -> tuple[Embedder, ...]:
    """The embedders that load and are meant to be used here, by name; a process has its own.

    One that does not load is logged as a warning and left out. One that nothing was chosen for,
    as `open_clip` without a model, is none.
    """
    found: dict[str, Embedder] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        try:
            made: Embedder | None = point.load()()
        except Exception as error:  # noqa: BLE001 - a broken plug-in stops no other
            _log.warning("embedder %r does not load: %s", point.name, error)
            continue
        if made is not None and made.name == point.name:
            found.setdefault(point.name, made)
    return tuple(found.values())


def reader(name: str | None = None) -> Reader | None:
    """The first embedder, or the one of that name, if it reads words; None where none does."""
    for each in embedders():
        if name in (None, each.name) and hasattr(type(each), "embed_words"):
            return cast("Reader", each)
    return None


def versions() -> dict[str, str | None]:
    """The version of each embedder, None where what it needs is not installed: for a work key."""
    said: dict[str, str | None] = {}
    for embedder in embedders():
        try:
            said[embedder.name] = embedder.version
        except ModelUnavailableError:
            said[embedder.name] = None
    return said
