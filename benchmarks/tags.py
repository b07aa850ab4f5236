"""How well taggers label what a person labelled, and what they cost.

`people.csv` holds stills of films, each from the middle of a shot, read by one person by eye.
`framing`, by what of the main person the frame cuts: ECU chin or forehead, CU below the shoulders,
MCU at the chest, MS at the waist or hips, MLS at the knees; LS shows a person whole or nearly, ELS
less than half as high as the picture; `none` nobody, or no head. `face` is `yes` where an eye and
the nose of somebody drawn or real are seen, at least a twentieth of the picture high. What could be
called either is left empty and does not count. Framing of `rendered` films is that of their truth
file, before the virtual camera cropped up to 1.25 times tighter. The tagger is shown that one
still. Faces of animals are no faces: their stills count for framing alone. `studies` are the
rendered stills of shared/lighting, with the framing of their labels; those that show a person count
as showing a face, although some are dark.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import statistics
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import imageio_ffmpeg
import numpy as np

from benchmarks.films import ROOT, SHARED, source
from benchmarks.tags_camera import camera
from benchmarks.tags_embedding import embedding
from benchmarks.tags_marks import marks
from benchmarks.tags_palette import palette, safety
from benchmarks.tags_quality import quality
from benchmarks.tags_sound import sound
from benchmarks.tags_text import text
from curation.analysis.look import look
from curation.console import show
from curation.media import Frame, chosen, probe, read_timeline
from curation.media.frame import Still as Pixels
from curation.tags import Tag
from curation.tags.faces import SURE, FaceFinder
from curation.tags.people import SCALES, PeopleTagger
from curation.tags.protocol import UNKNOWN

LABELS: Final = Path(__file__).with_name("people.csv")
FOLDERS: Final = (SHARED / "films", ROOT / "examples" / "library", SHARED / "demo_library")
WIDTHS: Final = (256, 320, 480)
COSTED: Final = ("agent327_360p.mkv", "sintel_trailer-720p.mp4", "bbb_full_424x240.mkv")


@dataclass(frozen=True)
class Still:
    """A labelled frame; `framing` and `face` are empty where a person could not tell."""

    material: str
    frame: Frame
    framing: str
    face: str


def main() -> None:
    """Print the tables of the taggers that are asked for."""
    tables = {
        "camera": camera,
        "embedding": embedding,
        "marks": marks,
        "palette": palette,
        "people": people,
        "quality": quality,
        "safety": safety,
        "sound": sound,
        "text": text,
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("taggers", nargs="*", choices=[*tables, []], help="all, if none is named")
    for name in parser.parse_args().taggers or tables:
        tables[name]()


def people() -> None:
    """Faces found, framing, and cost, of the people tagger."""
    cv2.setNumThreads(1)
    stills = [*labelled(LABELS), *studies(SHARED / "lighting")]
    for width in WIDTHS:
        scores, spent = searched(stills, width)
        show(
            ("material", "show a face", "found", "doubtful", "show none", "false", "doubtful"),
            list(presence(stills, scores)),
            title=f"Faces, {width} wide, {1e3 * statistics.median(spent):.1f} ms a still",
        )
    tags = [tagged(still.frame) for still in stills]
    show(
        ("shows", "stills", "none", "unknown", "faces"),
        list(denied(stills, tags)),
        title="Whether faces are denied, by what the picture shows",
    )
    said = [each["shot_scale"] for each in tags]
    show(
        ("material", "framed people", "said", "right", "one step off", "mean confidence"),
        list(framing(stills, said)),
        title="Framing",
    )
    show(("", *SCALES, UNKNOWN), list(confusion(stills, said)), title="Framing, truth by label")
    show(
        ("film", "stills a shot", "ms a still", "share of FFmpeg's CPU"),
        [cost(source(name)) for name in COSTED],
        title="Cost in an analysis",
    )


def labelled(file: Path) -> Iterator[Still]:
    """The labelled stills whose films are here."""
    by_film: dict[str, list[dict[str, str]]] = defaultdict(list)
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            by_film[row["film"]].append(row)
    for name, rows in by_film.items():
        film = next((f / name for f in FOLDERS if (f / name).is_file()), None)
        if film is None:
            continue
        timeline, at = read_timeline(str(film)), {int(row["frame"]): row for row in rows}
        wanted = np.isin(np.arange(len(timeline)), list(at))
        for frame in chosen(str(film), timeline, wanted, width=max(WIDTHS), exact=True):
            row = at[frame.index]
            frame.sized(max(WIDTHS)).rgb  # noqa: B018 - painted while the decoder holds it
            yield Still(row["material"], frame, row["framing"], row["face"])


def studies(folder: Path) -> Iterator[Still]:
    """The stills of shared/lighting, where it is here."""
    labels = folder / "labels.json"
    for row in json.loads(labels.read_text()) if labels.is_file() else ():
        bgr = np.asarray(cv2.imread(str(folder / row["file"])), np.uint8)
        frame = Frame(0, Fraction(0), Pixels(np.ascontiguousarray(bgr[..., ::-1])))
        person = row["framing"] != "insert"
        framing, face = (row["framing"], "yes") if person else ("none", "no")
        yield Still("studies", frame, framing, face)


def searched(stills: Sequence[Still], width: int) -> tuple[list[float], list[float]]:
    """The best score in each still, 0 where there is none, and the CPU seconds of each search."""
    finder = FaceFinder(width)
    scores, spent = [], []
    for still in stills:
        picture = still.frame.sized(width).rgb
        started = time.process_time()
        found = finder.find(picture)
        spent.append(time.process_time() - started)
        scores.append(max((face.score for face in found), default=0.0))
    return scores, spent


def tagged(frame: Frame) -> dict[str, Tag]:
    """The tags, by facet, of a shot of which one still was seen."""
    tagger = PeopleTagger()
    measures = tagger.meter(None)(frame.sized(tagger.needs.width), None)
    series = {name: np.array([value]) for name, value in measures.items()}
    return {tag.facet: tag for tag in tagger.label(tagger.summarise(series, np.zeros(1)))}


def denied(stills: Sequence[Still], tags: Sequence[dict[str, Tag]]) -> Iterator[list[Any]]:
    """A row for a face, for somebody without one, and for nobody: what is said of faces."""
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for still, each in zip(stills, tags, strict=True):
        somebody = still.framing in SCALES
        shown = "a face" if still.face == "yes" else "somebody" if somebody else still.framing
        label = each["faces"].label
        said[shown][label if label in ("none", UNKNOWN) else "faces"] += 1
    for shown, name in (("a face", "a face"), ("somebody", "no face"), ("none", "nobody")):
        seen = said[shown]
        yield [name, seen.total(), seen["none"], seen[UNKNOWN], seen["faces"]]


def presence(stills: Sequence[Still], scores: Sequence[float]) -> Iterator[list[Any]]:
    """A row a material: found, doubtful and invented faces."""
    best: dict[tuple[str, str], list[float]] = defaultdict(list)
    for still, score in zip(stills, scores, strict=True):
        for group in (still.material, "all"):
            best[group, still.face].append(score)
    for group in (*dict.fromkeys(still.material for still in stills), "all"):
        row: list[Any] = [group]
        for truth in ("yes", "no"):
            given = best[group, truth]
            sure = sum(score >= SURE for score in given)
            row += [len(given), sure, sum(score > 0 for score in given) - sure]
        yield row


def framing(stills: Sequence[Still], said: Sequence[Tag]) -> Iterator[list[Any]]:
    """A row a material: how many framings were said, and how far they were off."""
    off: dict[str, list[int]] = defaultdict(list)
    sure: dict[str, list[float]] = defaultdict(list)
    framed: Counter[str] = Counter()
    for still, tag in zip(stills, said, strict=True):
        if still.framing not in SCALES:
            continue
        for group in (still.material, "all"):
            framed[group] += 1
            if tag.label in SCALES:
                off[group].append(abs(SCALES.index(tag.label) - SCALES.index(still.framing)))
                sure[group].append(tag.confidence)
    for group, count in framed.items():
        steps = Counter(off[group])
        mean = f"{statistics.mean(sure[group]):.2f}" if sure[group] else "-"
        yield [group, count, len(off[group]), steps[0], steps[1], mean]


def confusion(stills: Sequence[Still], said: Sequence[Tag]) -> Iterator[list[Any]]:
    """A row a framing, a column a label."""
    seen = Counter((still.framing, tag.label) for still, tag in zip(stills, said, strict=True))
    for truth in (*SCALES, "none"):
        yield [truth, *(seen[truth, label] for label in (*SCALES, UNKNOWN))]


def cost(film: Path) -> list[Any]:
    """Stills a shot and CPU of the tagger in one analysis, beside FFmpeg decoding the film."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", film, "-f", "null", "-"], check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    decode = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    tagger = Timed()
    info, timeline = probe(str(film)), read_timeline(str(film))
    seen = look(str(film), info, timeline, [tagger], device="cpu", exhaustive=False)
    return [
        film.name,
        f"{len(tagger.spent) / len(seen.shots):.1f}",
        f"{1e3 * sum(tagger.spent) / len(tagger.spent):.1f}",
        f"{sum(tagger.spent) / decode:.2f}",
    ]


class Timed:
    """The tagger under a clock: `spent` holds the CPU seconds of each frame."""

    def __init__(self) -> None:
        self.spent: list[float] = []
        self._tagger = PeopleTagger()

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


if __name__ == "__main__":
    main()
