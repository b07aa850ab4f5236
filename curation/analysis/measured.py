"""What taggers measured: series over a film, cut at its shots, and the labels made of them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from curation.analysis.failure import blaming
from curation.analysis.keys import significant
from curation.models import ModelUnavailableError

if TYPE_CHECKING:
    from curation.media import Frame, VideoInfo
    from curation.tags import Tagger

Row = dict[str, Any]

PAIRED_S: Final = Fraction(1, 4)
"""Frames further apart than this show no motion that can be measured."""


class Series:
    """What one tagger measured over a whole film: a column a measure, a row a frame it was shown.

    Frames may come in any order, each once. `missing` says what a tagger that cannot measure here
    wants installed: it is shown nothing.
    """

    def __init__(self, tagger: Tagger, info: VideoInfo) -> None:
        from curation.tags import sampler

        self.tagger = tagger
        self.missing: str | None = None
        self._by_fields = info.by_fields
        with blaming(tagger, "meter"):
            self._wanted = sampler(tagger.needs)
            try:
                self._meter = tagger.meter(info)
            except ModelUnavailableError as error:
                self.missing = f"{tagger.name}: nothing measured, {error}"
        self._frames: list[int] = []
        self._pts: list[float] = []
        self._columns: dict[str, list[float]] = {}

    @property
    def pairs(self) -> bool:
        """Whether frames are measured with the one before."""
        return self.tagger.needs.pairs

    def watch(self, frame: Frame, before: Frame | None, change: float) -> None:
        """Measure a frame if it is one of those that the tagger samples."""
        if self.missing is None and self._wanted(frame, change):
            self.measure(frame, before)

    def measure(self, frame: Frame, before: Frame | None) -> None:
        """Measure a frame; `before` is the one looked at before it, if there is one."""
        needs, earlier = self.tagger.needs, None
        if needs.pairs and before is not None and frame.pts - before.pts <= PAIRED_S:
            earlier = self._sized(before)
        with blaming(self.tagger, "meter"):
            values = _numbers(self._meter(self._sized(frame), earlier))
            if self._frames and values.keys() != self._columns.keys():
                raise ValueError(f"measures {sorted(values)}, but {sorted(self._columns)} before")
        self._frames.append(frame.index)
        self._pts.append(float(frame.pts))
        for name, value in values.items():
            self._columns.setdefault(name, []).append(significant(value))

    def _sized(self, frame: Frame) -> Frame:
        sized = frame.sized(self.tagger.needs.width)
        return sized.of_one_moment() if self._by_fields else sized

    def lacks(self, start: int, end: int) -> bool:
        """Whether a frame of `[start, end)` is still to be measured: none was, and one can be."""
        return self.missing is None and not any(start <= i < end for i in self._frames)

    def in_order(self) -> None:
        """Sort what was measured by frame."""
        order = sorted(range(len(self._frames)), key=self._frames.__getitem__)
        self._frames = [self._frames[k] for k in order]
        self._pts = [self._pts[k] for k in order]
        self._columns = {n: [column[k] for k in order] for n, column in self._columns.items()}

    def measured(self, shot: Row) -> Row:
        """The row of ``measures`` of one shot, from the frames inside its clean span."""
        import numpy as np

        span = [shot["clean_start"], shot["clean_end"]]
        first, last = np.searchsorted(self._frames, span)
        pts = np.asarray(self._pts[first:last])
        series = {n: np.asarray(column[first:last]) for n, column in self._columns.items()}
        with blaming(self.tagger, "summarise"):
            summary = _numbers(self.tagger.summarise(series, pts))
        return {
            "shot_id": shot["shot_id"],
            "asset_sha256": shot["asset_sha256"],
            "tagger": self.tagger.name,
            "version": self.tagger.version,
            "frames": self._frames[first:last],
            "pts_s": pts.tolist(),
            "series": {name: values.tolist() for name, values in series.items()},
            "summary": {n: significant(v) for n, v in summary.items()},
        }


def labels(tagger: Tagger, measured: Row) -> list[Row]:
    """The rows of ``tags`` that a tagger's labels make of one row of ``measures``.

    Raises:
        TaggerFault: when it raises or gives something else than tags.
    """
    with blaming(tagger, "label"):
        return [
            {
                "shot_id": measured["shot_id"],
                "asset_sha256": measured["asset_sha256"],
                "tagger": tagger.name,
                "label_version": tagger.label_version,
                "facet": _text(tag.facet),
                "label": _text(tag.label),
                "confidence": round(float(tag.confidence), 4),
                "measures": {
                    n: v for n, v in sorted(_numbers(tag.measures).items()) if isfinite(v)
                },
            }
            for tag in tagger.label(measured["summary"])
        ]


def _numbers(given: object) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise TypeError(f"{given!r:.80} is no mapping of names to numbers")
    return {_text(name): float(value) for name, value in given.items()}


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{given!r:.80} is no text")
    return given
