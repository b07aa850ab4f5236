"""What an embedder makes of a film: a vector a shot, of the still nearest the shot's middle."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from curation.analysis.failure import blaming
from curation.models import ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from curation.embeddings.embedder import Embedder
    from curation.media import Frame, VideoInfo
    from curation.media.frame import Pixels

Row = dict[str, Any]

BATCH: Final = 4
"""Stills that are embedded together: 16 take 150 MB and half as much time more."""
PLAIN: Final = 2.0
"""Standard deviation of 8-bit R'G'B' below which a still shows nothing: every black picture would
be a copy of every other. Of 329 stills of films five lie below 1, all others above 8."""


class Vectors:
    """The vectors that one embedder makes of the frames it is shown.

    `missing` says what an embedder that cannot work here wants installed: it is shown nothing.
    """

    pairs, per_shot = False, 1

    def __init__(self, embedder: Embedder, info: VideoInfo) -> None:
        self.embedder, self.width = embedder, embedder.width
        self.missing: str | None = None
        self._version = ""
        self._by_fields = info.by_fields
        self._times: dict[int, Fraction] = {}
        self._waiting: dict[int, Pixels] = {}
        self._made: dict[int, np.ndarray[Any, np.dtype[np.float32]]] = {}
        self.cpu_s = 0.0
        with blaming(embedder, "version"):
            try:
                self._version = embedder.version
            except ModelUnavailableError as error:
                self.missing = f"{embedder.name}: nothing embedded, {error}"

    @property
    def name(self) -> str:
        """The embedder's."""
        return self.embedder.name

    def measure(self, frame: Frame, before: Frame | None) -> None:
        """Embed a frame, sooner or later."""
        if self.missing is not None:
            return
        sized = frame.sized(self.width)
        rgb = (sized.of_one_moment() if self._by_fields else sized).rgb
        self._times[frame.index] = frame.pts
        if rgb.std(axis=(0, 1)).max() < PLAIN:
            return
        self._waiting[frame.index] = rgb.copy()
        if len(self._waiting) == BATCH:
            self._embed()

    def lacks(self, start: int, end: int) -> bool:
        """Whether a frame of `[start, end)` is still to be embedded: none was, and one can be."""
        return self.missing is None and not any(start <= at < end for at in self._times)

    def rows(self, shots: Sequence[Row]) -> list[Row]:
        """The rows of ``embeddings`` of these shots; one that shows nothing, or nothing of its own,
        has none.

        Raises:
            TaggerFault: when the embedder fails, or gives other vectors than it says.
        """
        if self._waiting:
            self._embed()
        found = []
        for shot in shots:
            start, end = int(shot["clean_start"]), int(shot["clean_end"])
            inside = [at for at in self._made if start <= at < end]
            if inside:
                at = min(inside, key=lambda at: abs(2 * at + 1 - start - end))
                found.append(self._row(shot, at))
        return found

    def _row(self, shot: Row, at: int) -> Row:
        return {
            "shot_id": shot["shot_id"],
            "asset_sha256": shot["asset_sha256"],
            "embedder": self.embedder.name,
            "version": self._version,
            "frame": at,
            "pts_s": float(self._times[at]),
            "vector": self._made[at],
        }

    def _embed(self) -> None:
        started = time.thread_time()
        with blaming(self.embedder, "embed"):
            found = self.embedder.embed(np.stack(list(self._waiting.values())))
            wanted = len(self._waiting), self.embedder.dimensions
            if found.shape != wanted or not np.allclose(
                np.linalg.norm(found, axis=1), 1, atol=1e-3
            ):
                raise ValueError(f"vectors {found.shape} are not {wanted} of unit length")
        self._made.update(zip(self._waiting, np.asarray(found, np.float32), strict=True))
        self._waiting.clear()
        self.cpu_s += time.thread_time() - started


def standing(
    stored: Sequence[Row], embedders: Sequence[Embedder]
) -> tuple[list[Row], list[Embedder]]:
    """Of a film's stored rows those that are good as they are, and the embedders that lack theirs.

    Rows of an embedder that is not installed here are good: nothing here could make them.
    """
    kept: list[Row] = []
    stale: list[Embedder] = []
    for embedder in embedders:
        own = [row for row in stored if row["embedder"] == embedder.name]
        try:
            good = [row for row in own if row["version"] == embedder.version]
        except ModelUnavailableError:
            good = own
        kept += good
        if not good:
            stale.append(embedder)
    return kept, stale


def stills_of(shots: Sequence[Row], stored: Sequence[Row]) -> Collection[int]:
    """The frames to embed: those that were before, of a shot that never was its middle."""
    before = {row["shot_id"]: int(row["frame"]) for row in stored}
    spans = {s["shot_id"]: (int(s["clean_start"]), int(s["clean_end"])) for s in shots}
    return {
        before.get(shot, (start + end) // 2) for shot, (start, end) in spans.items() if start < end
    }
