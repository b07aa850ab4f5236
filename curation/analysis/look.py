"""One pass over a film's frames, which feeds the shot detector and all taggers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from curation.analysis.glances import Glances
from curation.analysis.keys import WIDTH
from curation.analysis.measured import Series
from curation.analysis.shelf import Shelf
from curation.analysis.vectors import Vectors
from curation.isolation import Progress
from curation.media import (
    MediaCode,
    MediaError,
    Source,
    Timeline,
    can_be_sparse,
    chosen,
    coarse,
    frames,
)
from curation.media.frame import Still
from curation.media.source import name_of
from curation.models import ModelUnavailableError, Provider
from curation.shots import Shot, ShotDetector, ShotEye, ShotSettings, Transition, assemble
from curation.shots.kinds import name_shots
from curation.shots.transnet import TransNet

if TYPE_CHECKING:
    from curation.embeddings.embedder import Embedder
    from curation.media import Frame, VideoInfo
    from curation.tags import Tagger

Mask = npt.NDArray[np.bool_]


class Watcher(Protocol):
    """Somebody who is shown frames of a film."""

    @property
    def pairs(self) -> bool:
        """Whether each frame is to come with the one before it."""

    def measure(self, frame: Frame, before: Frame | None) -> None:
        """Look at a frame."""

    def lacks(self, start: int, end: int) -> bool:
        """Whether a frame of `[start, end)` is still to be shown."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What one pass over a film saw."""

    shots: list[Shot]
    transitions: list[Transition]
    series: list[Series]
    glances: Glances
    frames: int
    notes: tuple[str, ...] = ()
    vectors: Sequence[Vectors] = ()


def look(
    source: Source,
    info: VideoInfo,
    timeline: Timeline,
    taggers: Sequence[Tagger],
    embedders: Sequence[Embedder] = (),
    *,
    device: str,
    exhaustive: bool,
) -> Seen:
    """Find the shots of a film, name their kinds, measure them and embed a still of each.

    Decodes what is needed, or every frame if `exhaustive`, if a card does it, or if the film's
    timeline or a fault leave no choice. What fails on a card is looked at by the processor.

    The vision library is kept to one thread from here on: films are looked at side by side, and
    on pictures of this size its threads cost more than they save.

    Raises:
        MediaError: when the film cannot be read to its end.
        TaggerFault: when a tagger fails.
    """
    cv2.setNumThreads(1)
    how = source, info, timeline, taggers, embedders
    try:
        seen = _looked(*how, device=device, exhaustive=exhaustive)
    except MediaError as fault:
        if device == "cpu" or fault.code is not MediaCode.DECODE_FAILED:
            raise
        seen = _looked(*how, device="cpu", exhaustive=exhaustive)
        note = f"looked at by the processor after a fault on the card ({fault.message})"
        seen = replace(seen, notes=(*seen.notes, note))
    return with_kinds(source, timeline, seen)


def _looked(
    source: Source,
    info: VideoInfo,
    timeline: Timeline,
    taggers: Sequence[Tagger],
    embedders: Sequence[Embedder],
    *,
    device: str,
    exhaustive: bool,
) -> Seen:
    widths = [tagger.needs.width for tagger in taggers] + [each.width for each in embedders]
    width = max([WIDTH, *widths])
    how = info, timeline, taggers, embedders
    whole = frames(source, width=width, device=device, timeline=timeline, fields=info.by_fields)
    provider: Provider = "cpu" if device == "cpu" else "cuda"
    if exhaustive or device != "cpu" or not can_be_sparse(timeline):
        seen = _watched(source, whole, *how, provider, every=True)
        fill(source, timeline, seen, exact=True)
        return seen
    some = coarse(source, timeline, width=width, eye=ShotEye())
    try:
        seen = _watched(source, some, *how, provider, every=False)
    except MediaError as fault:
        if fault.code is not MediaCode.DECODE_FAILED:
            raise
        seen = _watched(source, whole, *how, provider, every=True)
        fill(source, timeline, seen, exact=True)
        note = f"looked at exhaustively after a fault ({fault.message})"
        return replace(seen, notes=(*seen.notes, note))
    fill(source, timeline, seen)
    return seen


def _network(provider: Provider) -> tuple[TransNet | None, tuple[str, ...]]:
    """What judges doubtful cuts, or a note that there is none."""
    try:
        return TransNet(provider), ()
    except ModelUnavailableError as error:
        return None, (f"doubtful cuts were left out: {error}",)


def measure(
    source: Source,
    info: VideoInfo,
    timeline: Timeline,
    taggers: Sequence[Tagger],
    at: Mapping[str, Collection[int]],
    *,
    exhaustive: bool,
) -> tuple[list[Series], int]:
    """Show taggers, by name, certain frames of a film; gives their series and the frames decoded.

    Pixels are those of the look that `exhaustive` tells of. A pair is of neighbours, where a coarse
    look may have paired a frame with one a little earlier.
    """
    cv2.setNumThreads(1)
    series = [Series(tagger, info) for tagger in taggers]
    wanting: dict[int, list[Series]] = {}
    for each in series:
        for index in at[each.tagger.name] if each.missing is None else ():
            wanting.setdefault(index, []).append(each)
    width = max([WIDTH, *(tagger.needs.width for tagger in taggers)])
    return series, _show(source, timeline, wanting, width=width, exact=exhaustive)


def embed(
    source: Source,
    info: VideoInfo,
    timeline: Timeline,
    embedders: Sequence[Embedder],
    at: Collection[int],
    *,
    exhaustive: bool,
) -> tuple[list[Vectors], int]:
    """Show embedders certain frames of a film; gives their vectors and the frames decoded."""
    cv2.setNumThreads(1)
    vectors = [Vectors(embedder, info) for embedder in embedders]
    working = [each for each in vectors if each.missing is None]
    if not working:
        return vectors, 0
    width = max([WIDTH, *(each.width for each in working)])
    wanting = dict.fromkeys(at, working)
    return vectors, _show(source, timeline, wanting, width=width, exact=exhaustive)


def _watched(
    source: Source,
    given: Iterator[Frame],
    info: VideoInfo,
    timeline: Timeline,
    taggers: Sequence[Tagger],
    embedders: Sequence[Embedder],
    provider: Provider,
    *,
    every: bool,
) -> Seen:
    settings = ShotSettings()
    network, notes = _network(provider)
    detector = ShotDetector(settings, network, settings.share(info.width, info.height))
    series, glances = [Series(tagger, info) for tagger in taggers], Glances(info)
    vectors = [Vectors(embedder, info) for embedder in embedders]
    shelf = Shelf(info, [*series, *vectors])
    count, progress = 0, Progress()
    before: Frame | None = None
    for frame in given:
        progress(f"frame {frame.index:,} of {len(timeline):,}")
        change = detector.feed(frame)
        glances.watch(frame, before, change)
        shelf.watch(frame, change)
        for each in series:
            each.watch(frame, before, change)
        before = frame
        count += 1
    if every and count != len(timeline):
        raise MediaError(
            MediaCode.DECODE_FAILED,
            f"{name_of(source)}: {count} frames decoded where the packets promise "
            f"{len(timeline)}; the file is damaged, remux or replace it",
        )
    if count == 0:
        raise MediaError(
            MediaCode.DECODE_FAILED, f"{name_of(source)}: no frame decodes; fetch it again"
        )
    if unsure := detector.unsure:
        wanted = np.zeros(len(timeline), np.bool_)
        for first, last in unsure:
            wanted[first : last + 1] = True
        again = _certain(source, timeline, wanted, width=WIDTH, exact=False)
        detector.look_again(_thumbs_alone(again))
    transitions = detector.finish()
    shots = assemble(transitions, len(timeline), detector.black_spans)
    del detector, network  # 200 MB, before the taggers' networks are loaded
    shelf.show(shots)
    return Seen(shots, transitions, series, glances, count, notes, vectors)


def _thumbs_alone(given: Iterator[Frame]) -> Iterator[Frame]:
    """The same for somebody who keeps frames: nothing but thumbs, for each holds a whole picture
    of the decoder's."""
    for frame in given:
        yield replace(frame, picture=Still(frame.thumb))


def fill(source: Source, timeline: Timeline, seen: Seen, *, exact: bool = False) -> None:
    """Show each watcher a frame of every shot that it has seen nothing of.

    Raises:
        MediaError: when the film cannot be read.
        TaggerFault: when a tagger fails.
    """
    widths = [each.width for each in seen.series] + [each.width for each in seen.vectors]
    width = max([WIDTH, *widths])
    watchers: list[Watcher] = [seen.glances, *seen.series, *seen.vectors]
    wanting: dict[int, list[Watcher]] = {}
    for shot in seen.shots:
        start, end = shot.clean_start, shot.clean_end
        for each in watchers:
            if start < end and each.lacks(start, end):
                wanting.setdefault((start + end) // 2, []).append(each)
    _show(source, timeline, wanting, width=width, exact=exact)


def with_kinds(source: Source, timeline: Timeline, seen: Seen) -> Seen:
    """The same with its shots' kinds named.

    A card is believed only where it was looked at throughout, for a picture may lie between. Raises
    `MediaError` when the film cannot be read.
    """
    named = name_shots(seen.shots, seen.glances.all())
    spans = [(shot.clean_start, shot.clean_end) for shot in named if shot.kind != "picture"]
    gaps = [index for span in spans for index in seen.glances.gaps(*span, timeline)]
    if gaps:
        wanting = {index: [seen.glances] for index in gaps}
        _show(source, timeline, wanting, width=WIDTH, exact=False)
        named = name_shots(seen.shots, seen.glances.all())
    return replace(seen, shots=named)


def _show(
    source: Source,
    timeline: Timeline,
    wanting: Mapping[int, Sequence[Watcher]],
    *,
    width: int,
    exact: bool,
) -> int:
    """Measure certain frames, for a tagger of pairs with the one before; gives frames decoded."""
    wanted = np.zeros(len(timeline), np.bool_)
    wanted[list(wanting)] = True
    paired = [i - 1 for i, given in wanting.items() if any(each.pairs for each in given)]
    wanted[[index for index in paired if index >= 0]] = True
    count, before = 0, None
    for frame in _certain(source, timeline, wanted, width=width, exact=exact):
        for each in wanting.get(frame.index, ()):
            each.measure(frame, before)
        count, before = count + 1, frame
    return count


def _certain(
    source: Source, timeline: Timeline, wanted: Mask, *, width: int, exact: bool
) -> Iterator[Frame]:
    last = -1
    if can_be_sparse(timeline):
        try:
            for frame in chosen(source, timeline, wanted, width=width, exact=exact):
                last = frame.index
                yield frame
            return
        except MediaError as fault:
            if fault.code is not MediaCode.DECODE_FAILED:
                raise
    for frame in frames(source, width=width, device="cpu", timeline=timeline):
        if wanted[frame.index] and frame.index > last:
            yield frame
