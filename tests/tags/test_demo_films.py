"""Taggers on films whose light is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from curation.media import Frame, frames, probe
from curation.shots.eye import mean_change
from curation.tags import Tag, Tagger, sampler, taggers

if TYPE_CHECKING:
    from curation.tags import Meter


def tag(path: Path, spans: list[tuple[int, int]]) -> list[dict[str, Tag]]:
    """The tags of each span of frames, by facet."""
    video = probe(str(path))
    every = [t for t in taggers(["lighting", "quality"]) if t.name != "quality.defects"]
    feeds = [(t, sampler(t.needs), cast("Meter", t.meter(video))) for t in every]
    rows: list[list[tuple[int, float, dict[str, float]]]] = [[] for _ in feeds]
    before: Frame | None = None
    for frame in frames(str(path)):
        change = mean_change(frame.thumb, before.thumb) if before is not None else 0.0
        for (_, wanted, meter), kept in zip(feeds, rows, strict=True):
            if wanted(frame, change):
                kept.append((frame.index, float(frame.pts), meter(frame, before)))
        before = frame
    return [
        {
            found.facet: found
            for (tagger, _, _), kept in zip(feeds, rows, strict=True)
            for found in describe(tagger, [r for r in kept if start <= r[0] < end])
        }
        for start, end in spans
    ]


def describe(tagger: Tagger, rows: list[tuple[int, float, dict[str, float]]]) -> tuple[Tag, ...]:
    series = {name: np.array([row[2][name] for row in rows]) for name in rows[0][2]}
    return tagger.label(tagger.summarise(series, np.array([row[1] for row in rows])))


def test_a_dark_film_and_a_letterboxed_one(library: Path, truth: dict[str, dict[str, Any]]) -> None:
    known = truth["night_call.mp4"]["shots"]
    night = tag(library / "night_call.mp4", [(s["start"], s["end"]) for s in known])
    lit = [n for n, k in zip(night, known, strict=True) if k["kind"] == "picture"]
    styles = [n["key_style"].label for n in lit]
    assert set(styles) <= {"low_key", "unknown"}
    assert styles.count("low_key") > len(styles) / 2
    assert all(n["content"].label == "picture" and n["bars"].label != "letterbox" for n in night)

    known = truth["courtyard.mp4"]["shots"]
    yard = tag(library / "courtyard.mp4", [(s["start"], s["end"]) for s in known])
    assert {y["bars"].label for y in yard} == {"letterbox"}
    whip = [y["motion"].measures["motion_widths_s"] for y in yard]
    assert known[int(np.argmax(whip))]["camera_move"] == "whip_pan"
