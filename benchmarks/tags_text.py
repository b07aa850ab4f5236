"""How well the text tagger finds text: stills labelled by eye, text drawn over shots, and cost.

`labels/text.csv` holds stills of films read by eye; `labels/films.csv` says of whole shots whether
text is laid over them; truth.json of our own films says what is lettered in each shot. Over shots
without text are drawn, at two of their frames: subtitles, a mark, a timecode, a caption that is no
subtitle, and a sign that moves as it would in the scene.
"""

from __future__ import annotations

import csv
import resource
import statistics
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import imageio_ffmpeg
import numpy as np

from benchmarks.films import ROOT, SHARED, source
from curation.analysis.look import look
from curation.console import show
from curation.media import Frame, chosen, probe, read_timeline
from curation.media.frame import Still
from curation.tags import Tagger
from curation.tags.faces import Box
from curation.tags.people import overlap
from curation.tags.text import TextTagger
from curation.tags.text_boxes import finder

LABELS: Final = Path(__file__).with_name("labels")
FOLDERS: Final = (SHARED / "films", SHARED / "demo_library", ROOT / "examples" / "library")
COSTED: Final = ("agent327_360p.mkv", "sintel_trailer-720p.mp4", "bbb_full_424x240.mkv")
DRAWN_WIDTH: Final = 1280
LINES: Final = (
    "I never said that.",
    "Where were you last night?",
    "We have to go now - they are coming.",
    "No!",
    "Es ist viel zu spät, Anna.",
)
SIZES: Final = (0.04, 0.05, 0.065)
"""Heights of the type (from ascender to descender), in heights of the picture."""
CASES: Final = ("nothing", "subtitle", "caption", "sign that moves", "mark", "timecode")

Picture = np.ndarray[Any, np.dtype[np.uint8]]


def text() -> None:
    """Text found in stills, of shots, drawn over shots, and what it costs."""
    cv2.setNumThreads(1)
    show(
        ("film", "with text", "found", "without", "false", "ms a still"),
        list(stills()),
        title="Stills labelled by eye",
    )
    labels = TextTagger.facets[0].labels
    show(("laid over", *labels), list(shots()), title="Shots labelled by eye, two stills each")
    tables = drawn()
    show(("drawn", *labels, "box"), list(tables[0]), title="Drawn over shots: text, by label")
    show(("drawn", "shots", "mark", "timecode"), list(tables[1]), title="Drawn: marks, timecode")
    show(
        ("film", "stills a shot", "ms a still", "share of FFmpeg's CPU"),
        [cost(source(name), TextTagger()) for name in COSTED],
        title="Cost in an analysis",
    )


def film(name: str) -> Path | None:
    """A labelled film, if it is here."""
    return next((f / name for f in FOLDERS if (f / name).is_file()), None)


def pictures(path: Path, indices: Sequence[int], width: int) -> dict[int, tuple[Fraction, Picture]]:
    """Some frames of a film: their times and pictures."""
    timeline = read_timeline(str(path))
    wanted = np.isin(np.arange(len(timeline)), indices)
    return {
        frame.index: (frame.pts, frame.rgb.copy())
        for frame in chosen(str(path), timeline, wanted, width=width, exact=True)
    }


def stills() -> Iterator[list[Any]]:
    """A row a film: stills with text and how many are found, without and how many are not."""
    by_film: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (LABELS / "text.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            by_film[row["film"]].append(row)
    total = Counter[str]()
    every: list[float] = []
    for name, rows in by_film.items():
        path = film(name)
        if path is None:
            continue
        given = pictures(path, [int(row["frame"]) for row in rows], TextTagger.needs.width)
        count, spent = Counter[str](), []
        for row in rows:
            started = time.process_time()
            found = bool(finder().find(given[int(row["frame"])][1]))
            spent.append(time.process_time() - started)
            if row["text"]:
                truth = "without" if row["text"] == "none" else "with"
                count[truth] += 1
                count[truth, found] += 1
        total += count
        every += spent
        yield _counted(name, count, spent)
    yield _counted("all", total, every)


def _counted(name: str, count: Counter[Any], spent: Sequence[float]) -> list[Any]:
    found = [count["with"], count["with", True], count["without"], count["without", True]]
    return [name, *found, f"{1e3 * statistics.mean(spent):.1f}"]


def spans() -> Iterator[tuple[str, int, int, str, str]]:
    """Film, first and past-last frame, whether text is laid over it, and kind."""
    with (LABELS / "films.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            first, past = int(row["start_frame"]), int(row["end_frame"])
            yield row["film"], first, past, row["overlay_text"], row["kind"]


def shots() -> Iterator[list[Any]]:
    """A row a kind of truth, a column a label."""
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for name, given in _by_film(spans()):
        frames = pictures(
            film(name), sorted({i for s in given for i in _two(*s[1:3])}), TextTagger.needs.width
        )
        for _, first, past, over, kind in given:
            tags = tagged([frames[i] for i in _two(first, past)])
            truth = "no" if over == "no" else kind
            said[truth][tags["text"].label] += 1
    labels = TextTagger.facets[0].labels
    for truth, count in said.items():
        yield [truth, *(count[label] for label in labels)]


def _by_film(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    by_film: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        if film(row[0]) is not None:
            by_film[row[0]].append(row)
    yield from by_film.items()


def _two(first: int, past: int) -> tuple[int, int]:
    return first + (past - first) // 4, first + (past - first) * 3 // 4


def tagged(given: Sequence[tuple[Fraction, Picture]]) -> dict[str, Any]:
    """Tags of a shot of these stills, by facet."""
    tagger = TextTagger()
    meter = tagger.meter(None)
    rows = [meter(Frame(0, at, Still(p), tagger.needs.width), None) for at, p in given]
    series = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    pts = np.array([float(at) for at, _ in given])
    return {tag.facet: tag for tag in tagger.label(tagger.summarise(series, pts))}


def drawn() -> tuple[list[list[Any]], list[list[Any]]]:
    """For each case the labels of text and how many boxes fit; and marks and timecodes found."""
    said: dict[str, Counter[str]] = defaultdict(Counter)
    marks: dict[str, Counter[str]] = defaultdict(Counter)
    number = 0
    for name, given in _by_film(s for s in spans() if s[3] == "no" and s[2] - s[1] >= 36):
        frames = pictures(
            film(name), sorted({i for s in given for i in _two(*s[1:3])}), DRAWN_WIDTH
        )
        for _, first, past, *_ in given:
            pair = [frames[i] for i in _two(first, past)]
            if tagged(pair)["text"].label != "none":
                continue  # something is lettered in the scene
            number += 1
            for case in CASES:
                boxed = [
                    (at, *over(picture, case, number, k, float(at)))
                    for k, (at, picture) in enumerate(pair)
                ]
                tags = tagged([(at, picture) for at, picture, _ in boxed])
                said[case][tags["text"].label] += 1
                told = tags["text"].measures
                found = [
                    Box(*(told[f"{edge}{k}"] for edge in ("left", "top", "right", "bottom")))
                    for k in (1, 2, 3)
                ]
                truths = [box for *_, box in boxed if box is not None]
                said[case]["box"] += any(overlap(f, t) >= 0.5 for f in found for t in truths)
                marks[case]["shots"] += 1
                marks[case]["mark"] += tags["mark"].label != "unknown"
                marks[case]["timecode"] += tags["timecode"].label == "burnt_in"
    columns = (*TextTagger.facets[0].labels, "box")
    return (
        [[case, *(said[case][column] for column in columns)] for case in CASES],
        [[case, *(marks[case][c] for c in ("shots", "mark", "timecode"))] for case in CASES],
    )


def over(
    picture: Picture, case: str, number: int, still: int, at: float
) -> tuple[Picture, Box | None]:
    """A picture 640 wide with something drawn over it, and where."""
    high = round(DRAWN_WIDTH * picture.shape[0] / picture.shape[1])
    whole = cv2.resize(picture, (DRAWN_WIDTH, high), interpolation=cv2.INTER_LINEAR)
    box = None
    size = round(SIZES[number % len(SIZES)] * high)
    if case == "subtitle":
        line = LINES[number % len(LINES)]
        wide = measured(line, size)
        box = lettered(whole, line, ((DRAWN_WIDTH - wide) // 2, round(0.94 * high)), size)
    elif case == "caption":
        box = lettered(whole, "Amsterdam, 1986", (80, round(0.7 * high)), size)
    elif case == "sign that moves":
        shift = still * (60 + 15 * (number % 5))
        box = lettered(whole, "BARBERSHOP", (300 + shift, round(0.45 * high)), size, rim=0)
    elif case == "mark":
        box = lettered(whole, "TV4", (DRAWN_WIDTH - 160, round(0.13 * high)), size, rim=0)
    elif case == "timecode":
        at += 3600
        hours, minutes, seconds = int(at // 3600), int(at // 60) % 60, int(at) % 60
        line = f"{hours:02}:{minutes:02}:{seconds:02}:{int(at % 1 * 24):02}"
        place = (DRAWN_WIDTH - measured(line, size)) // 2, round(0.1 * high)
        box = lettered(whole, line, place, size, rim=3 if number % 2 else -1)
    half = DRAWN_WIDTH // 2, high // 2
    return cv2.resize(whole, half, interpolation=cv2.INTER_AREA), box


def measured(line: str, size: int) -> int:
    """Pixels across a line of type."""
    return cv2.getTextSize((0, 0), line, (0, 0), cv2.FontFace("sans"), size)[2]


def lettered(whole: Picture, line: str, place: tuple[int, int], size: int, rim: int = 2) -> Box:
    """Write a line of white type, its baseline's left end at `place`; gives its box.

    With a black rim of so many pixels; negative: on a black bar.
    """
    face = cv2.FontFace("sans")
    left, top, wide, deep = cv2.getTextSize((0, 0), line, place, face, size)
    if rim < 0:
        cv2.rectangle(whole, (left - 8, top - 8), (left + wide + 8, top + deep + 8), 0, -1)
    for dx in range(-rim, rim + 1, max(1, rim)):
        for dy in range(-rim, rim + 1, max(1, rim)):
            cv2.putText(whole, line, (place[0] + dx, place[1] + dy), (0, 0, 0), face, size)
    cv2.putText(whole, line, place, (255, 255, 255), face, size)
    high, across = whole.shape[:2]
    return Box(left / across, top / high, (left + wide) / across, (top + deep) / high)


def cost(path: Path, tagger: Tagger) -> list[Any]:
    """Stills a shot and CPU of a tagger in one analysis, beside FFmpeg decoding the film."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-f", "null", "-"], check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    decode = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    timed = Timed(tagger)
    info, timeline = probe(str(path)), read_timeline(str(path))
    seen = look(str(path), info, timeline, [timed], device="cpu", exhaustive=False)
    return [
        path.name,
        f"{len(timed.spent) / len(seen.shots):.1f}",
        f"{1e3 * statistics.mean(timed.spent):.1f}",
        f"{sum(timed.spent) / decode:.2f}",
    ]


class Timed:
    """A tagger under a clock: `spent` holds the CPU seconds of each frame."""

    def __init__(self, tagger: Tagger) -> None:
        self.spent: list[float] = []
        self._tagger = tagger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tagger, name)

    def meter(self, video: Any) -> Any:
        """The tagger's meter, timed."""
        inner = self._tagger.meter(video)

        def timed(frame: Frame, before: Frame | None) -> dict[str, float]:
            started = time.process_time()
            measures = inner(frame, before)
            self.spent.append(time.process_time() - started)
            return measures

        return timed
