"""Shots as an OpenTimelineIO document (its JSON schema: Timeline.1, Track.1, Clip.2, …)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from curation.cutlists.conform import Conform
    from curation.shots import Shot, Transition

OURS: Final = "curation"
"""The key of the metadata that says what the schema has no words for."""
MEDIA: Final = "DEFAULT_MEDIA"


def to_otio(film: Conform) -> dict[str, Any]:
    """A timeline of one video track: a clip a shot, a gap for black, transitions between.

    Times are frames at the film's rate, or, where that varies, ticks of its time base, which the
    metadata says. A transition's kind beyond OTIO's own stands in its metadata.
    """
    writer = _Writer(film)
    children: list[dict[str, Any]] = []
    for shot in film.shots:
        if shot.transition_in.gradual:
            children.append(writer.transition(shot.transition_in, shot.start))
        children.append(writer.item(shot))
    last = film.shots[-1]
    if last.transition_out.gradual:
        children.append(writer.transition(last.transition_out, last.end))
    track = _thing("Track.1", film.name, kind="Video", children=children, **_PLAIN)
    stack = _thing("Stack.1", "tracks", children=[track], **_PLAIN)
    return _thing(
        "Timeline.1",
        film.name,
        global_start_time=writer.time(0, film.start),
        tracks=stack,
        metadata={OURS: writer.mapping()},
    )


_PLAIN: Final[dict[str, Any]] = {
    "source_range": None,
    "effects": [],
    "markers": [],
    "enabled": True,
}


class _Writer:
    def __init__(self, film: Conform) -> None:
        self._film = film
        grid = film.grid
        self._counts = grid.slots if grid.uniform else grid.ticks
        self._rate = grid.rate if grid.uniform else 1 / grid.time_base
        self._start = film.start if grid.uniform else 0

    def time(self, frame: int, start: int | None = None) -> dict[str, Any]:
        offset = self._start if start is None else start
        return self._rational(self._counts[frame] + (offset if self._film.grid.uniform else 0))

    def _rational(self, count: int) -> dict[str, Any]:
        rate: Any = self._rate.numerator
        if self._rate.denominator != 1:
            rate = float(self._rate)
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": count}

    def _span(self, first: int, past: int) -> dict[str, Any]:
        return {
            "OTIO_SCHEMA": "TimeRange.1",
            "start_time": self.time(first),
            "duration": self._rational(self._counts[past] - self._counts[first]),
        }

    def item(self, shot: Shot) -> dict[str, Any]:
        said = {OURS: {"frames": [shot.start, shot.end], "kind": shot.kind}}
        common = {**_PLAIN, "source_range": self._span(shot.start, shot.end), "metadata": said}
        if shot.kind == "black":
            return _thing("Gap.1", "", **common)
        media = _thing(
            "ExternalReference.1",
            self._film.name,
            target_url=self._film.uri,
            available_range=self._span(0, self._film.grid.frames),
            available_image_bounds=None,
        )
        return _thing(
            "Clip.2",
            f"{self._film.name} {shot.index:04}",
            media_references={MEDIA: media},
            active_media_reference_key=MEDIA,
            **common,
        )

    def transition(self, t: Transition, at: int) -> dict[str, Any]:
        """A transition whose two shots meet at frame `at`."""
        counts, past = self._counts, t.end + 1
        mixes = t.type not in ("wipe", "iris")
        return _thing(
            "Transition.1",
            t.type,
            transition_type="SMPTE_Dissolve" if mixes else "Custom_Transition",
            in_offset=self._rational(counts[at] - counts[t.start]),
            out_offset=self._rational(counts[past] - counts[at]),
            metadata={OURS: {"type": t.type, "frames": [t.start, past]}},
        )

    def mapping(self) -> dict[str, Any]:
        grid = self._film.grid
        how = "frame i of the film is count i at the rate of each RationalTime"
        if not grid.uniform:
            how = (
                "the frame rate varies: RationalTime counts ticks of the film's time base since "
                "its first frame, and the frames of each item stand in its metadata"
            )
        return {
            "frames": grid.frames,
            "frame_rate": f"{grid.rate}" if grid.uniform else "variable",
            "time_base": f"{grid.time_base}",
            "frame_mapping": how,
        }


def _thing(schema: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"OTIO_SCHEMA": schema, "name": name, "metadata": {}, **fields}
