"""How well the palette tagger tells medium and monochrome, names main hues, and what it costs.

`labels/palette.csv` holds shots of films read by eye. Each is shown to the tagger as two of its
frames: as it is, and copied to grey, to sepia, to a weak sepia, toned blue-green and tinted amber,
through JPEG of quality 60. truth.json of our own films says of which colour a lamp's filter is.
The safety tagger is shown the same stills of the same shots, of which none is to be found.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any, Final

import cv2
import numpy as np

from benchmarks.films import SHARED, source
from benchmarks.tags_text import COSTED, LABELS, Picture, cost, film, pictures
from curation.console import show
from curation.media import Frame
from curation.media.frame import Still
from curation.tags import Tag, Tagger
from curation.tags.palette import HUES, PaletteTagger
from curation.tags.safety import SafetyTagger

PLACES: Final = (0.3, 0.7)
COPIES: Final[dict[str, Callable[[Any], list[Any]] | None]] = {
    "as it is": None,
    "grey": lambda g: [g, g, g],
    "sepia": lambda g: [1.07 * g, 0.89 * g, 0.69 * g],
    "weak sepia": lambda g: [1.03 * g, g, 0.92 * g],
    "blue-green": lambda g: [g**1.3, g**0.95, g**0.9],
    "amber tint": lambda g: [0.95 * g + 0.05, 0.75 * g + 0.04, 0.4 * g + 0.02],
}


def palette() -> None:
    """Medium, monochrome, hues of filters, and cost."""
    cv2.setNumThreads(1)
    labels = PaletteTagger.facets[3].labels
    show(("of shots", *labels), list(mediums()), title="Medium, by how it was made")
    labels = PaletteTagger.facets[2].labels
    show(("shown", "truth", *labels), list(monochromes()), title="Monochrome")
    show(("filter", *HUES, "neutral", "unknown"), list(filters()), title="Main hue, our own films")
    _show_costs(PaletteTagger())


def safety() -> None:
    """What the safety tagger says of shots that are all fit to be shown, and its cost."""
    cv2.setNumThreads(1)
    count: dict[str, Counter[str]] = defaultdict(Counter)
    for row, stills in shots():
        count[row["how"] or "other"][_said(SafetyTagger(), stills[:1])["nsfw"].label] += 1
    labels = SafetyTagger.facets[0].labels
    rows = [[how, *(seen[label] for label in labels)] for how, seen in count.items()]
    show(("of shots", *labels), rows, title="Safety, where nothing is to be found")
    _show_costs(SafetyTagger())


def _show_costs(tagger: Tagger) -> None:
    show(
        ("film", "stills a shot", "ms a still", "share of FFmpeg's CPU"),
        [cost(source(name), tagger) for name in COSTED],
        title="Cost in an analysis",
    )


@cache
def shots() -> list[tuple[dict[str, str], list[Picture]]]:
    """The labelled shots whose films are here, with two frames of each."""
    by_film: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (LABELS / "palette.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            by_film[row["film"]].append(row)
    found = []
    for name, rows in by_film.items():
        if (path := film(name)) is not None:
            spans = [(int(row["start_frame"]), int(row["end_frame"])) for row in rows]
            at = [[int(a + share * (b - a)) for share in PLACES] for a, b in spans]
            given = pictures(path, [index for both in at for index in both], 320)
            shown = [[given[index][1] for index in both] for both in at]
            found += list(zip(rows, shown, strict=True))
    return found


def mediums() -> Iterator[list[Any]]:
    """A row a way of making: shots by label."""
    count: dict[str, Counter[str]] = defaultdict(Counter)
    for row, stills in shots():
        if row["how"]:
            count[row["how"]][_said(PaletteTagger(), stills)["medium"].label] += 1
    for how, seen in count.items():
        yield [how, *(seen[label] for label in PaletteTagger.facets[3].labels)]


def monochromes() -> Iterator[list[Any]]:
    """A row a copy and a truth: shots by label."""
    for copy, tone in COPIES.items():
        count: dict[str, Counter[str]] = defaultdict(Counter)
        for row, stills in shots():
            shown = stills if tone is None else [toned(still, tone) for still in stills]
            truth = row["monochrome"] if tone is None else "yes" if copy == "grey" else "toned"
            count[truth][_said(PaletteTagger(), shown)["monochrome"].label] += 1
        for truth, seen in count.items():
            yield [copy, truth, *(seen[label] for label in PaletteTagger.facets[2].labels)]


def toned(picture: Picture, tone: Callable[[Any], list[Any]]) -> Picture:
    """A copy in grey with a tone, as a codec leaves it."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32) / 255
    rgb = (np.clip(np.stack(tone(grey), axis=2), 0, 1) * 255).astype(np.uint8)
    quality = (cv2.IMWRITE_JPEG_QUALITY, 60)
    written = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), quality)[1]
    read = np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)


def filters() -> Iterator[list[Any]]:
    """A row a filter's colour: shots by the hue that is said to be their main one."""
    file = SHARED / "demo_library" / "truth.json"
    count: dict[str, Counter[str]] = defaultdict(Counter)
    for one in json.loads(file.read_text())["files"] if file.is_file() else ():
        rows = [shot for shot in one.get("shots", ()) if shot.get("lighting")]
        path = film(one["file"])
        if path is None or not rows:
            continue
        at = [(shot["start"] + shot["end"]) // 2 for shot in rows]
        given = pictures(path, at, 320)
        for shot, index in zip(rows, at, strict=True):
            gel = shot["lighting"].get("gel")
            name = " and ".join(gel) if isinstance(gel, list) else gel or "none"
            count[name][_said(PaletteTagger(), [given[index][1]])["palette"].label] += 1
    for name, seen in sorted(count.items()):
        yield [name, *(seen[label] for label in (*HUES, "neutral", "unknown"))]


def _said(tagger: Tagger, stills: list[Picture]) -> dict[str, Tag]:
    """The tags of a shot of which these stills are shown."""
    meter: Any = tagger.meter(None)  # type: ignore[arg-type]
    seen = [meter(Frame(k, Fraction(k), Still(still)), None) for k, still in enumerate(stills)]
    series = {name: np.array([one[name] for one in seen]) for name in seen[0]}
    summary = tagger.summarise(series, np.arange(float(len(seen))))
    return {tag.facet: tag for tag in tagger.label(summary)}
