"""What taggers measured: series over a film, cut at its shots, and the labels made of them."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, cast

from curation.analysis.failure import blaming
from curation.analysis.keys import significant
from curation.models import ModelUnavailableError
from curation.tags.protocol import UNKNOWN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.media import Frame, VideoInfo
    from curation.media.audio import Stretch
    from curation.tags import Meter, Tag, Tagger
    from curation.tags.protocol import SoundMeter

Row = dict[str, Any]

PAIRED_S: Final = Fraction(1, 4)
"""Frames further apart than this show no motion that can be measured."""


@dataclass(frozen=True, eq=False)
class _Table:
    """What was measured, by frame: its number, its PTS in seconds, and a column a measure.

    Views of a series' own numbers, which cannot grow while there are any.
    """

    frames: NDArray[np.int64]
    pts: NDArray[np.float64]
    columns: dict[str, NDArray[np.float64]]

    def span(self, start: int, end: int) -> slice:
        first, last = self.frames.searchsorted((start, end)).tolist()
        return slice(first, last)


class Series:
    """What one tagger measured over a whole film: a column a measure, a row a frame it was shown.

    Frames may come in any order, each once. `missing` says what a tagger that cannot measure here
    wants installed: it is shown nothing. A number takes eight bytes: a tagger of ten measures that
    sees every frame of three hours holds 25 MB.

    `cpu_s` is what the tagger has cost, in CPU seconds of this thread. What several taggers share
    (a picture at their width, the faces in it) is charged to the one that asks first.
    """

    def __init__(self, tagger: Tagger, info: VideoInfo) -> None:
        from curation.tags import sampler

        self.tagger = tagger
        self.missing: str | None = None
        self.cpu_s = 0.0
        self._by_fields = info.by_fields
        with self._at_work("meter"):
            self._wanted = sampler(tagger.needs)
            try:
                self._meter = tagger.meter(info)
            except ModelUnavailableError as error:
                self.missing = f"{tagger.name}: nothing measured, {error}"
        self._frames = array("q")
        self._pts = array("d")
        self._columns: dict[str, array[float]] = {}
        self._ordered: _Table | None = None

    @property
    def pairs(self) -> bool:
        """Whether frames are measured with the one before."""
        return self.tagger.needs.pairs

    @property
    def name(self) -> str:
        """The tagger's."""
        return self.tagger.name

    @property
    def width(self) -> int:
        """Of the pictures that the tagger is shown, at most."""
        return self.tagger.needs.width

    @property
    def per_shot(self) -> int:
        """Stills of each shot that the tagger is shown once shots are known; 0: it samples."""
        return self.tagger.needs.per_shot or 0

    def watch(self, frame: Frame, before: Frame | None, change: float) -> None:
        """Measure a frame if it is one of those that the tagger samples."""
        if self.missing is None and not self.per_shot and self._wanted(frame, change):
            self.measure(frame, before)

    def measure(self, frame: Frame, before: Frame | None) -> None:
        """Measure a frame; `before` is the one looked at before it, if there is one."""
        needs, earlier = self.tagger.needs, None
        if needs.pairs and before is not None and frame.pts - before.pts <= PAIRED_S:
            earlier = self._sized(before)
        with self._at_work("meter"):
            meter = cast("Meter", self._meter)
            values = _numbers(meter(self._sized(frame), earlier))
            self._named(values)
        self._frames.append(frame.index)
        self._pts.append(float(frame.pts))
        for name, value in values.items():
            self._columns[name].append(significant(value))

    def hear(self, stretch: Stretch, frames: Iterable[int], pts: Iterable[float]) -> None:
        """Measure blocks of sound, each with the frame that is shown at its middle and its time."""
        with self._at_work("meter"):
            given = cast("SoundMeter", self._meter)(stretch)
            values = {_text(name): [float(v) for v in column] for name, column in given.items()}
            if wrong := [name for name, column in values.items() if len(column) != len(stretch)]:
                raise ValueError(f"{', '.join(wrong)}: not one number for each of {len(stretch)}")
            self._named(values)
        self._frames.extend(frames)
        self._pts.extend(pts)
        for name, column in values.items():
            self._columns[name].extend(significant(value) for value in column)

    def know(self, facts: Mapping[str, float], frames: Iterable[int], pts: Iterable[float]) -> None:
        """Give every block these measures too; where none was heard, make blocks of them alone."""
        self._ordered = None
        if not self._frames:
            self._frames.extend(frames)
            self._pts.extend(pts)
        for name, value in facts.items():
            self._columns[name] = array("d", [value]) * len(self._frames)

    def _named(self, values: Mapping[str, object]) -> None:
        """Raise `ValueError` for other names than before."""
        if not self._frames:
            self._columns = {name: array("d") for name in values}
        elif values.keys() != self._columns.keys():
            raise ValueError(f"measures {sorted(values)}, but {sorted(self._columns)} before")
        self._ordered = None

    @contextmanager
    def _at_work(self, step: str) -> Iterator[None]:
        started = time.thread_time()
        try:
            with blaming(self.tagger, step):
                yield
        finally:
            self.cpu_s += time.thread_time() - started

    def _sized(self, frame: Frame) -> Frame:
        sized = frame.sized(self.tagger.needs.width)
        return sized.of_one_moment() if self._by_fields else sized

    def lacks(self, start: int, end: int) -> bool:
        """Whether a frame of `[start, end)` is still to be measured: none was, and one can be."""
        if self.missing is not None:
            return False
        return not len(self._table().frames[self._table().span(start, end)])

    def _table(self) -> _Table:
        import numpy as np

        if self._ordered is None:
            if (np.diff(self._frames) < 0).any():
                order = np.argsort(self._frames, kind="stable")
                self._frames = array("q", np.asarray(self._frames)[order].tobytes())
                self._pts = array("d", np.asarray(self._pts)[order].tobytes())
                for name, column in self._columns.items():
                    self._columns[name] = array("d", np.asarray(column)[order].tobytes())
            columns = {name: np.asarray(column) for name, column in self._columns.items()}
            self._ordered = _Table(np.asarray(self._frames), np.asarray(self._pts), columns)
        return self._ordered

    def measured(self, shot: Row) -> Row:
        """The row of ``measures`` of one shot, from the frames inside its clean span; its lists are
        arrays.

        To the tagger's summary come the ``seconds`` that the clean span lasts, where the shot's row
        says them: a coarse look leaves out what stands still.
        """
        table = self._table()
        part = table.span(shot["clean_start"], shot["clean_end"])
        pts = table.pts[part]
        series = {name: column[part] for name, column in table.columns.items()}
        with self._at_work("summarise"):
            summary = _numbers(self.tagger.summarise(series, pts))
        if "clean_end_s" in shot:
            summary.setdefault("seconds", shot["clean_end_s"] - shot["clean_start_s"])
        return {
            "shot_id": shot["shot_id"],
            "asset_sha256": shot["asset_sha256"],
            "tagger": self.tagger.name,
            "version": self.tagger.version,
            "frames": table.frames[part],
            "pts_s": pts,
            "series": {name: values.astype("float32") for name, values in series.items()},
            "summary": {n: significant(v) for n, v in summary.items()},
        }


def labels(tagger: Tagger, measured: Row) -> list[Row]:
    """The rows of ``tags`` that a tagger's labels make of one row of ``measures``.

    Raises:
        TaggerFault: when it raises, or gives something else than a tag at most of each facet that
            it declares, with a label and numbers of that facet.
    """
    with blaming(tagger, "label"):
        tags = tagger.label(measured["summary"])
        _as_declared(tagger, tags)
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
            for tag in tags
        ]


def _as_declared(tagger: Tagger, tags: Sequence[Tag]) -> None:
    """Raise `ValueError` for tags that the tagger's facets do not announce."""
    facets = {facet.name: facet for facet in tagger.facets}
    seen = set[str]()
    for tag in tags:
        facet = facets.get(tag.facet)
        if facet is None:
            raise ValueError(f"facet {tag.facet!r} is not declared; it has {sorted(facets)}")
        if tag.facet in seen:
            raise ValueError(f"facet {tag.facet!r} is given twice")
        seen.add(tag.facet)
        if tag.label not in (*facet.labels, UNKNOWN):
            raise ValueError(f"{tag.facet}: label {tag.label!r} is not among {facet.labels}")
        if tag.label == UNKNOWN and tag.confidence:
            raise ValueError(f"{tag.facet}: unknown has confidence 0, not {tag.confidence}")
        if others := sorted(tag.measures.keys() - facet.measures.keys()):
            raise ValueError(f"{tag.facet}: {', '.join(others)} not among its measures")


def _numbers(given: object) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise TypeError(f"{given!r:.80} is no mapping of names to numbers")
    return {_text(name): float(value) for name, value in given.items()}


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{given!r:.80} is no text")
    return given
