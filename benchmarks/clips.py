"""What cutting a film into clips costs: against decoding and encoding it once, and one ffmpeg each.

    python benchmarks/clips.py [--runs 3] [--preset veryfast] [--height 256] [--seconds 2]
        [--long-gop] [FILM …]

The clips are the film's own shots of a second and more, without their transitions. CPU seconds are
user and system time of all processes and threads. The floor is one ffmpeg that decodes the film
once and encodes the frames of all shots once, as one stream. `per clip` is one ffmpeg after
another, each seeking to its shot (`-ss` before the input) and encoding as many frames as it has.
All encode with the same options, on one thread an encoder. Ours proves every clip besides; `copied`
is ours where the recipe lets a shot that begins at a key frame keep the film's packets.

`--height` scales clips down and `--seconds` splits shots into parts no longer, as trainers take
them. `--long-gop` cuts from a copy of the film made
first: 1920 wide, a key frame every 250 frames and nowhere else, as streams and proxies may have it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import imageio_ffmpeg
from films import source

from curation.media import ClipSpec, Encoding, Timeline, read_timeline, write_clips

FILMS: Final = ("agent327_360p.mkv", "sintel_trailer-720p.mp4")
SHORTEST: Final = 1.0
"""Seconds; shorter shots are left out."""
Spans = list[tuple[int, int]]
Cost = tuple[float, float]
"""CPU seconds, seconds."""


def shots_of(film: Path) -> tuple[Timeline, Spans]:
    """The film's clock, and frames [start, end) of each shot that is cut."""
    from curation.analysis import find_shots

    found = find_shots(film, "cpu", exhaustive=False)
    timeline = read_timeline(str(film))
    spans = [(shot.clean_start, shot.clean_end) for shot in found.shots]
    seconds = [float(timeline.seconds(b) - timeline.seconds(a)) for a, b in spans]
    return timeline, [s for s, length in zip(spans, seconds, strict=True) if length >= SHORTEST]


def parts_of(timeline: Timeline, span: tuple[int, int], seconds: float) -> Spans:
    """Equal parts of a shot, none longer than so many seconds."""
    start, end = span
    count = math.ceil(float(timeline.seconds(end) - timeline.seconds(start)) / seconds)
    edges = [start + (end - start) * k // count for k in range(count + 1)]
    return list(pairwise(edges))


def ours(film: Path, spans: Spans, folder: Path, encode: Encoding) -> int:
    """Cut; how many clips were copied."""
    specs = [ClipSpec(a, b, folder / f"{a}.mp4") for a, b in spans]
    return sum(report.copied for report in write_clips(str(film), specs, encode=encode))


def floor(film: Path, spans: Spans, folder: Path, encode: Encoding) -> list[list[str]]:
    chosen = "+".join(f"between(n,{a},{b - 1})" for a, b in spans)
    filters = ",".join([f"select='{chosen}'", *_scale(encode)])
    line = ["-i", str(film), "-map", "0:v:0", "-vf", filters, *_encoder(encode)]
    return [[*line, "-fps_mode", "passthrough", str(folder / "whole.mp4")]]


def each(
    film: Path, spans: Spans, folder: Path, encode: Encoding, timeline: Timeline
) -> list[list[str]]:
    lines = []
    for a, b in spans:
        seek = f"{float(timeline.seconds(a) - timeline.seconds(0)):.6f}"
        line = ["-ss", seek, "-i", str(film), "-map", "0:v:0", "-frames:v", str(b - a)]
        line += [option for scale in _scale(encode) for option in ("-vf", scale)]
        line += [*_encoder(encode), "-fps_mode", "passthrough", str(folder / f"{a}.mp4")]
        lines.append(line)
    return lines


def _scale(encode: Encoding) -> list[str]:
    return [] if encode.height is None else [f"scale=-2:{encode.height}:flags=lanczos"]


def _encoder(encode: Encoding) -> list[str]:
    quality = ["-preset", encode.preset, "-crf", str(encode.crf)]
    return ["-c:v", encode.codec, *quality, "-pix_fmt", encode.pixel_format, "-threads:v", "1"]


def long_gop(film: Path, folder: Path) -> Path:
    """The film 1920 wide, with a key frame every 250 frames."""
    made = folder / f"{film.stem}-1920-g250.mp4"
    line = ["-i", str(film), "-map", "0:v:0", "-vf", "scale=1920:-2:flags=lanczos"]
    line += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "250"]
    line += ["-keyint_min", "250", "-sc_threshold", "0", "-fps_mode", "passthrough", str(made)]
    run_lines([line])
    return made


def run_lines(lines: Sequence[Sequence[str]]) -> None:
    for line in lines:
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *line], check=True
        )


def cost_of(work: Callable[[], object]) -> Cost:
    """What some work costs in a child of its own, imports not counted."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        before, began = _spent(), time.perf_counter()
        work()
        told = json.dumps((_spent() - before, time.perf_counter() - began))
        os.write(write, told.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        cpu, wall = json.loads(pipe.read() or "[0, 0]")
    if os.waitpid(child, 0)[1]:
        sys.exit("a contender failed")
    return cpu, wall


def _spent() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--preset", default="veryfast")
    parser.add_argument("--crf", type=int, default=20)
    parser.add_argument("--height", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--long-gop", action="store_true")
    given = parser.parse_args()
    encode = Encoding(height=given.height, preset=given.preset, crf=given.crf)
    print("| film | clips | frames | who | CPU s | of the floor | s | of the floor |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with TemporaryDirectory(prefix="benchmark-films-") as folder:
        for film in given.films or [source(name) for name in FILMS]:
            taken = long_gop(film, Path(folder)) if given.long_gop else film
            timeline, spans = shots_of(film)
            if given.seconds is not None:
                spans = [part for span in spans for part in parts_of(timeline, span, given.seconds)]
            _report(taken, timeline, spans, encode, given.runs)


def _report(film: Path, timeline: Timeline, spans: Spans, encode: Encoding, runs: int) -> None:
    """Print what each contender costs."""
    found: dict[str, list[Cost]] = {}
    for _ in range(runs):
        for who, cost in _costs(film, spans, encode, timeline).items():
            found.setdefault(who, []).append(cost)
    middle = {
        who: tuple(map(statistics.median, zip(*costs, strict=True))) for who, costs in found.items()
    }
    frames = sum(end - start for start, end in spans)
    least = middle["floor"]
    for who, (cpu, wall) in middle.items():
        print(
            f"| {film.name} | {len(spans)} | {frames} | {who} | {cpu:.2f} "
            f"| {cpu / least[0]:.2f} | {wall:.2f} | {wall / least[1]:.2f} |",
            flush=True,
        )


def _costs(film: Path, spans: Spans, encode: Encoding, timeline: Timeline) -> dict[str, Cost]:
    """What each contender costs, once."""
    copying = replace(encode, stream_copy=True)
    with TemporaryDirectory(prefix="benchmark-clips-") as name:
        folder = Path(name)
        return {
            "floor": cost_of(lambda: run_lines(floor(film, spans, folder, encode))),
            "per clip": cost_of(lambda: run_lines(each(film, spans, folder, encode, timeline))),
            "ours": cost_of(lambda: ours(film, spans, folder, encode)),
            "copied": cost_of(lambda: ours(film, spans, folder, copying)),
        }


if __name__ == "__main__":
    main()
