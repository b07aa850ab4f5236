"""A film looked at for a person, with nothing stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.analysis.film import FilmJob, analyse_film

if TYPE_CHECKING:
    from curation.media import Timeline, VideoInfo
    from curation.shots import Shot, Transition
    from curation.shots.glance import Glance


@dataclass(frozen=True)
class FoundShots:
    """The shots of one film, for a person or a comparison.

    `decoded` frames were looked at; `notes` say what could not be done as usual.
    """

    name: str
    info: VideoInfo
    timeline: Timeline
    shots: list[Shot]
    transitions: list[Transition]
    decoded: int
    glances: tuple[Glance, ...] = ()
    notes: tuple[str, ...] = ()

    def to_truth(self) -> dict[str, Any]:
        """Boundaries in the form that shot-boundary benchmarks compare."""
        from curation.shots import to_truth_json

        pts = [self.timeline.seconds(index) for index in range(len(self.timeline))]
        rate = None if self.timeline.is_variable else self.info.average_rate
        return to_truth_json(self.name, pts, self.transitions, rate)


def find_shots(film: Path, device: str = "auto", *, exhaustive: bool = False) -> FoundShots:
    """Find the shots of a film without tagging them.

    Raises:
        MediaError: when the film cannot be read.
    """
    from curation.analysis.look import look
    from curation.media import choose_device, probe, read_timeline

    source = str(film)
    info, timeline = probe(source), read_timeline(source)
    chosen = choose_device(device).device
    seen = look(source, info, timeline, (), device=chosen, exhaustive=exhaustive)
    return FoundShots(
        film.name,
        info,
        timeline,
        seen.shots,
        seen.transitions,
        seen.frames,
        seen.glances.all(),
        seen.notes,
    )


def tag_film(
    film: Path,
    names: Sequence[str] | None = None,
    device: str = "auto",
    *,
    exhaustive: bool = False,
    tell: Callable[[str], None] = lambda note: None,
) -> Iterator[dict[str, Any]]:
    """The tags of each shot of a film, as ``{"file", "span", "tags": {family: {facet: …}}}``.

    A still is a film of one frame. A tagger named ``family.part`` says its facets among those of
    its family. What cannot be read gives one ``{"file", "error", "message"}``. `tell` hears the
    film's notes: what is not installed, and what was amiss.
    """
    from curation.tags import family, taggers

    wanted = tuple(tagger.name for tagger in taggers(names))
    job = FilmJob(
        film.name,
        str(film),
        device,
        exhaustive=exhaustive,
        verify=False,
        taggers=wanted,
        stills=True,
    )
    rows = analyse_film(job)
    for note in rows.film.get("notes", ()):
        tell(note)
    if rows.film["status"] != "analysed":
        yield {
            "file": str(film),
            "error": rows.film["reasons"][0],
            "message": rows.film["message"],
        }
    tags: dict[str, dict[str, dict[str, Any]]] = {shot["shot_id"]: {} for shot in rows.shots}
    for tag in rows.tags:
        said = {"label": tag["label"], "confidence": tag["confidence"], **tag["measures"]}
        tags[tag["shot_id"]].setdefault(family(tag["tagger"]), {})[tag["facet"]] = said
    for shot in rows.shots:
        yield {
            "file": str(film),
            "span": [shot["start_frame"], shot["end_frame"]],
            "tags": tags[shot["shot_id"]],
        }
