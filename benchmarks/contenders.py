"""What `analysis.py` times, each in a process of its own; prints one JSON object.

    python -m benchmarks.contenders coarse FILM

CPU seconds are user and system time of all threads, counted once everything is imported.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Report = dict[str, Any]


def coarse(film: str) -> Report:
    """Our whole analysis, all taggers among it, as the pipeline does it."""
    return _analysed(film, exhaustive=False)


def exhaustive(film: str) -> Report:
    """The same, looking at every frame."""
    return _analysed(film, exhaustive=True)


def profile(film: str) -> Report:
    """The coarse analysis under a clock for each of its parts, which costs a little itself."""
    import curation.analysis.film as film_module
    import curation.media as media
    from curation.analysis import look
    from curation.analysis.measured import Series
    from curation.media import decode, picture, sparse
    from curation.shots import ShotDetector, ShotEye
    from curation.storage import Place

    clock = _Clock()
    decoded: Counter[str] = Counter()
    calls: list[tuple[str, Any, str]] = [
        ("hash", Place, "_is_still"),
        ("times", media, "probe"),
        ("times", media, "read_timeline"),
        ("times", sparse, "probe"),
        ("times", sparse, "plan_of"),
        ("decode", sparse._Reader, "_placed"),
        ("thumbs", picture.Easel, "_thumb"),
        ("pictures", picture.Easel, "_rgb"),
        ("shots", ShotDetector, "feed"),
        ("shots", ShotDetector, "finish"),
        ("shots", ShotEye, "same"),
        ("shots", ShotEye, "quiet"),
        ("shots", look, "assemble"),
        ("taggers", Series, "watch"),
        ("taggers", Series, "measure"),
        ("taggers", Series, "measured"),
        ("taggers", film_module, "labels"),
    ]
    walks: list[tuple[str, Any, str]] = [
        ("demux", sparse, "packets"),
        ("decode", decode, "decoded"),
    ]
    for part, owner, name in calls:
        setattr(owner, name, clock.timed(part, getattr(owner, name)))
    for part, owner, name in walks:
        setattr(owner, name, clock.stepped(part, getattr(owner, name)))

    def counting(reader: sparse._Reader, packet: Any) -> Any:
        found = placed(reader, packet)
        decoded["frames"] += len(found)
        return found

    placed = sparse._Reader._placed
    vars(sparse)["_Reader"]._placed = counting
    report = _analysed(film, exhaustive=False, clock=clock)
    report["seconds"] = {part: round(spent, 3) for part, spent in clock.spent.items()}
    report["decoded"] = decoded["frames"] or report["looked_at"]
    return report


def floor(film: str) -> Report:
    """Decoding alone of the packets that the coarse analysis sends, thrice; the median."""
    from curation.media import frames, read_timeline, sparse
    from curation.media.source import opened, video_stream

    sent: list[tuple[bool, list[tuple[Any, bool]]]] = []
    make, send, drain = (sparse._Reader.__init__, sparse._Reader.send, sparse._Reader.drain)

    def made(reader: Any, *given: Any, filtered: bool) -> None:
        make(reader, *given, filtered=filtered)
        reader.ops = []
        sent.append((filtered, reader.ops))

    def sending(reader: Any, packet: Any, *, whole: bool) -> Any:
        reader.ops.append((packet, whole))
        return send(reader, packet, whole=whole)

    def draining(reader: Any) -> Any:
        reader.ops.append((None, True))
        return drain(reader)

    kind = vars(sparse)["_Reader"]
    kind.__init__, kind.send, kind.drain = made, sending, draining
    report = _analysed(film, exhaustive=False)
    kind.__init__, kind.send, kind.drain = make, send, drain
    timeline = read_timeline(film)
    taken = []
    for _ in range(3):
        spent = 0.0
        for filtered, ops_of_one in sent:
            with opened(film) as container:
                stream = video_stream(container, film)
                reader = sparse._Reader(stream, timeline, film, filtered=filtered)
                began = _cpu()
                for packet, whole in ops_of_one:
                    if packet is None:
                        reader.drain()
                    else:
                        reader.send(packet, whole=whole)
                spent += _cpu() - began
        if not sent:
            began = _cpu()
            for _ in frames(film, device="cpu", timeline=timeline):
                pass
            spent = _cpu() - began
        taken.append(spent)
    sends = sum(packet is not None for _, each in sent for packet, _ in each)
    return {**report, "cpu_s": statistics.median(taken), "packets": sends or report["frames"]}


def scenedetect(film: str) -> Report:
    """PySceneDetect's detect-adaptive: its library, its backend, its defaults."""
    from scenedetect import AdaptiveDetector, SceneManager, open_video

    began = _cpu()
    video = open_video(film)
    manager = SceneManager()
    manager.add_detector(AdaptiveDetector())
    manager.detect_scenes(video)
    scenes = manager.get_scene_list()
    return {
        "cpu_s": _cpu() - began,
        "backend": video.BACKEND_NAME,
        "cuts": [start.frame_num for start, _ in scenes[1:]],
    }


def opencv(film: str) -> Report:
    """OpenCV's reader, every frame in BGR at full size."""
    import cv2

    began = _cpu()
    capture, count = cv2.VideoCapture(film), 0
    while capture.read()[0]:
        count += 1
    capture.release()
    return {"cpu_s": _cpu() - began, "frames": count}


CONTENDERS: dict[str, Callable[[str], Report]] = {
    each.__name__: each for each in (coarse, exhaustive, profile, floor, scenedetect, opencv)
}


class _Clock:
    """CPU seconds by part; a part inside another is not counted in that one."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._parts = ["rest"]
        self._since = time.process_time()

    def start(self) -> None:
        self.spent.clear()
        self._since = time.process_time()

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        self.tick()
        self._parts.append(part)
        try:
            yield
        finally:
            self.tick()
            self._parts.pop()

    def tick(self) -> None:
        now = time.process_time()
        self.spent[self._parts[-1]] += now - self._since
        self._since = now

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*args: Any, **kwargs: Any) -> Any:
            with self.on(part):
                return call(*args, **kwargs)

        return inner

    def stepped(self, part: str, walk: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
        def inner(*args: Any, **kwargs: Any) -> Iterator[Any]:
            steps, done = walk(*args, **kwargs), object()
            while True:
                with self.on(part):
                    item = next(steps, done)
                if item is done:
                    return
                yield item

        return inner


def _analysed(film: str, *, exhaustive: bool, clock: _Clock | None = None) -> Report:
    import curation.analysis.look
    import curation.analysis.rows
    import curation.tags
    from curation.analysis import FilmJob, analyse_film
    from curation.storage import Place

    curation.tags.taggers()
    job = FilmJob(Place.parse(film).sha256(), film, "cpu", exhaustive=exhaustive)
    start_mib = peak_mib()
    if clock is not None:
        clock.start()
    wall, began = time.perf_counter(), _cpu()
    rows = analyse_film(job)
    spent, wall = _cpu() - began, time.perf_counter() - wall
    if clock is not None:
        clock.tick()
    if rows.film["status"] != "analysed":
        raise SystemExit(f"{film}: {rows.film['message']}")
    entries = [rows.shots[0]["transition_in"], *(shot["transition_out"] for shot in rows.shots)]
    return {
        "cpu_s": spent,
        "wall_s": wall,
        "frames": rows.film["frames"],
        "looked_at": rows.film["frames_decoded"],
        "notes": rows.film["notes"],
        "codec": rows.film["codec"],
        "size": f"{rows.film['width']}x{rows.film['height']}",
        "duration_s": rows.film["duration_s"],
        "imported_mib": start_mib,
        "peak_mib": peak_mib(),
        "cuts": [t["start"] for t in entries if t["type"] == "cut"],
        "graduals": [
            [t["start"], t["end"]] for t in entries if t["type"] not in ("cut", "start", "end")
        ],
    }


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_mib() -> float:
    """This process's greatest resident memory so far."""
    status = Path("/proc/self/status")
    if status.is_file():  # not getrusage's, which counts the process that started this one
        (line,) = (at for at in status.read_text().splitlines() if at.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    json.dump(CONTENDERS[sys.argv[1]](sys.argv[2]), sys.stdout)
