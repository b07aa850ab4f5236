"""How well the camera tagger names moves, and what it costs.

`clips` are made so that their camera is known (`camera_clips`): those of seed 1 were used to choose
thresholds, those of seed 7 were not. `demo` are the shots of our little films, by their truth file;
`films` those of labels/camera.csv. A found shot answers for the truth of whose frames it shares at
least three fifths; what the eye could not name does not count.
"""

from __future__ import annotations

import csv
import json
import resource
import statistics
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import imageio_ffmpeg
import numpy as np

from benchmarks.camera_clips import WIDE, Clip, clips
from benchmarks.films import SHARED, source
from curation.analysis.look import look
from curation.console import show
from curation.media import Frame, probe, read_timeline
from curation.shots.eye import mean_change
from curation.tags import Tag, sampler
from curation.tags.camera import CameraMeter, CameraTagger
from curation.tags.protocol import UNKNOWN

LABELS: Final = Path(__file__).with_name("labels") / "camera.csv"
COSTED: Final = ("sintel_trailer-720p.mp4", "agent327_360p.mkv")
CLIPS: Final = 240
HELD_OUT: Final = 7
SHARED_PART: Final = 0.6
TAGGER: Final = CameraTagger()
MOVES: Final = TAGGER.facets[0].labels
DEMO: Final = {
    "push_in": ("zoom", "in"),
    "pull_out": ("zoom", "out"),
    "whip_pan": ("whip", "right"),
    "static": ("static", ""),
    "handheld": ("handheld", ""),
}


@dataclass(frozen=True)
class Answer:
    """The truth of one shot, empty where it is not known, and what the tagger said."""

    material: str
    name: str
    move: str
    direction: str
    shake: str
    said: dict[str, Tag]


def camera() -> None:
    """Moves, directions and shake found, and cost, of the camera tagger."""
    cv2.setNumThreads(1)
    answers = [*made(), *demo(), *films()]
    show(
        ("material", "shots", "said", "right", "direction", "right", "shake", "right"),
        list(summary(answers)),
        title="Camera",
    )
    for material in dict.fromkeys(answer.material for answer in answers):
        own = [answer for answer in answers if answer.material == material]
        show(("", *MOVES), list(confusion(own)), title=f"Truth by label, {material}")
    show(("confidence", "said", "right"), list(calibration(answers)), title="Confidence")
    show(
        ("film", "pairs", "ms a pair", "ms a frame looked at", "share of FFmpeg's CPU"),
        [cost(source(name)) for name in COSTED],
        title="Cost in an analysis",
    )


def made() -> Iterator[Answer]:
    """Clips that no threshold was chosen on; none without shared/lighting."""
    stills = sorted((SHARED / "lighting" / "frames").rglob("*.jpg"))
    for clip in clips(stills, CLIPS, HELD_OUT) if stills else ():
        shake = "yes" if clip.shakes else "no"
        yield Answer("clips", clip.kind, clip.move, clip.direction, shake, tagged(clip))


def tagged(clip: Clip) -> dict[str, Tag]:
    """What the tagger says of frames, shown as an analysis would."""
    wanted, meter = sampler(TAGGER.needs), CameraMeter(WIDE / clip.frames[0].rgb.shape[0])
    before: Frame | None = None
    rows = []
    for frame in clip.frames:
        change = mean_change(frame.thumb, before.thumb) if before else 0.0
        if wanted(frame, change):
            near = before is not None and frame.pts - before.pts <= 0.25
            rows.append((float(frame.pts), meter(frame, before if near else None)))
        before = frame
    pts = np.array([at for at, _ in rows])
    series = {name: np.array([row[name] for _, row in rows]) for name in rows[0][1]}
    seconds = float(clip.frames[-1].pts - clip.frames[0].pts)
    return {t.facet: t for t in TAGGER.label({**TAGGER.summarise(series, pts), "seconds": seconds})}


def demo() -> Iterator[Answer]:
    """Shots of our own films that are pictures: cards and credits have no camera."""
    file = SHARED / "demo_library" / "truth.json"
    for film in json.loads(file.read_text())["files"] if file.is_file() else ():
        known = [
            (
                shot["start"],
                shot["end"],
                *DEMO.get(shot["camera_move"], tuple(shot["camera_move"].split("_"))),
                "yes" if shot["camera_move"] == "handheld" else "no",
            )
            for shot in film.get("shots", ())
            if shot["kind"] == "picture"
        ]
        if known:
            yield from matched("demo", file.with_name(film["file"]), known)


def films() -> Iterator[Answer]:
    """Shots of others' films, labelled by eye."""
    by_film: dict[str, list[Any]] = defaultdict(list)
    with LABELS.open(newline="") as lines:
        for row in csv.DictReader(lines):
            span = int(row["start_frame"]), int(row["end_frame"])
            by_film[row["film"]].append((*span, row["move"], row["direction"], row["shake"]))
    for name, known in by_film.items():
        if (SHARED / "films" / name).is_file():
            yield from matched("films", SHARED / "films" / name, known)


def matched(material: str, film: Path, known: Sequence[Any]) -> Iterator[Answer]:
    """The labels of a film's shots beside their truth."""
    timeline = read_timeline(str(film))
    seen = look(str(film), probe(str(film)), timeline, [TAGGER], device="cpu", exhaustive=False)
    for start, end, move, direction, shake in known:
        for shot in seen.shots:
            first, past = shot.clean_start, shot.clean_end
            common, both = min(past, end) - max(first, start), max(past, end) - min(first, start)
            if common < SHARED_PART * both:
                continue
            row = {
                "shot_id": "",
                "asset_sha256": "",
                "clean_start": first,
                "clean_end": past,
                "clean_start_s": float(timeline.seconds(first)),
                "clean_end_s": float(timeline.seconds(past - 1)),
            }
            said = TAGGER.label(seen.series[0].measured(row)["summary"])
            yield Answer(material, film.name, move, direction, shake, {t.facet: t for t in said})


def summary(answers: Sequence[Answer]) -> Iterator[list[Any]]:
    """A row a material, and a row a film: what was known, said and right."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[answer.material].append(answer)
    for answer in answers:
        groups[f"{answer.material}: {answer.name}"].append(answer)
    for group, own in groups.items():
        known = [a for a in own if a.move != UNKNOWN]
        said = [a for a in known if a.said["camera_move"].label != UNKNOWN]
        way = _told(own, "camera_direction", lambda a: a.direction)
        shake = _told(own, "camera_shake", lambda a: {"yes": "shaky", "no": "steady"}.get(a.shake))
        yield [group, len(known), len(said), sum(_right(a) for a in said), *way, *shake]


def _right(answer: Answer) -> bool:
    return answer.said["camera_move"].label == answer.move


def _told(
    answers: Sequence[Answer], facet: str, truth: Callable[[Answer], str | None]
) -> tuple[int, int]:
    said = [a for a in answers if truth(a) and a.said[facet].label not in (UNKNOWN, "none")]
    return len(said), sum(a.said[facet].label == truth(a) for a in said)


def confusion(answers: Sequence[Answer]) -> Iterator[list[Any]]:
    """A row a true move, a column a label."""
    seen = Counter((a.move, a.said["camera_move"].label) for a in answers)
    for truth in MOVES:
        if any(move == truth for move, _ in seen):
            yield [truth, *(seen[truth, label] for label in MOVES)]


def calibration(answers: Sequence[Answer]) -> Iterator[list[Any]]:
    """How often labels of a confidence are right, where the move is known."""
    known = [a for a in answers if a.move != UNKNOWN]
    for low, high in ((0.7, 0.8), (0.8, 0.9), (0.9, 1.0)):
        own = [a for a in known if low <= a.said["camera_move"].confidence < high]
        if own:
            right = statistics.mean(_right(a) for a in own)
            yield [f"{low} to {high}", len(own), f"{right:.2f}"]


def cost(film: Path) -> list[Any]:
    """CPU of the tagger in one analysis, beside FFmpeg decoding the film."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", film, "-f", "null", "-"]
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    decode = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    tagger = Timed()
    info, timeline = probe(str(film)), read_timeline(str(film))
    seen = look(str(film), info, timeline, [tagger], device="cpu", exhaustive=False)
    spent, pairs = sum(tagger.spent), len(tagger.spent)
    each = f"{1e3 * spent / pairs:.2f}", f"{1e3 * spent / seen.frames:.2f}"
    return [film.name, pairs, *each, f"{spent / decode:.3f}"]


class Timed:
    """The tagger under a clock: `spent` holds the CPU seconds of each pair."""

    def __init__(self) -> None:
        self.spent: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(TAGGER, name)

    def meter(self, video: Any) -> Any:
        """The tagger's meter, timed."""
        inner = TAGGER.meter(video)

        def timed(frame: Frame, before: Frame | None) -> dict[str, float]:
            frame.thumb  # noqa: B018 - made for the shots anyway
            started = time.process_time()
            measures = inner(frame, before)
            self.spent.append(time.process_time() - started)
            return measures

        return timed
