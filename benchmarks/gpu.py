"""Frames a second of a CUDA card's decoder, alone and through our analysis, and what it gives.

Films are made here: a minute or less of a shared film (else of the example library) enlarged to
1080p and to 4K, as H.264 and as HEVC. Of each:

- `engine`: one stream through the card's own decoder with its scaler to 320 pixels, so that next
  to nothing is copied back; a stream is decoded by one NVDEC engine, so this is its speed;
- `card`: as many such streams at once as --streams says, each in a process of its own, together;
- `frames, small`: curation.media.frames, where the card makes pictures small as `engine` does;
- `frames, whole`: the same, whole pictures copied back and made small by the processor;
- `analysis`: curation.analysis.analyse_film, everything, beside the same on the processor;
- `thumbs`: mean absolute difference of 8-bit thumbs of card and processor over all frames;
- `boundaries`: whether shots found by the card's pictures are those of the processor's.

The scaler is the `resize` option of FFmpeg's h264_cuvid and hevc_cuvid: PyAV's FFmpeg is built
without the filter scale_cuda, and has no other that scales on the card.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import multiprocessing
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any

import av
import av.error
import av.filter
import numpy as np

from benchmarks.films import enlarged, folder, source
from curation.analysis import FilmJob, analyse_film
from curation.console import show
from curation.media import choose_device, frames

Report = dict[str, Any]

HEIGHTS = {"1080p": 1080, "4K": 2160}
CODECS = ("h264", "hevc")
SCALERS = ("scale_cuda", "scale_npp", "scale2ref_npp")
WIDTH = 320
EXAMPLES = """examples:
  benchmarks/gpu.py                           H.264 and HEVC, 1080p and 4K, 20 s each
  benchmarks/gpu.py --seconds 60 --streams 8  longer films, a card with more engines
  benchmarks/gpu.py --made ~/made --json      keep the films; print one JSON object

Without a card it says so and measures nothing."""


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20, help="of each film")
    parser.add_argument("--streams", type=int, default=8, help="decoded at once for `card`")
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    parser.add_argument("--made", type=Path, help="folder for films it makes; else they go again")
    options = parser.parse_args()
    choice = choose_device("auto")
    if choice.device != "cuda":
        print(f"nothing measured: {choice.reason}")
        return
    with folder(options.made) as made:
        films = [
            (f"{codec} {name}", codec, film(made, codec, name, options.seconds))
            for codec in CODECS
            for name in HEIGHTS
        ]
        rows = [of_film(name, codec, path, options.streams) for name, codec, path in films]
    report: Report = {"card": card(), "offered": offered(), "streams": options.streams}
    report["chosen"] = choice.reason
    report |= {"PyAV": version("av"), "libavcodec": av.library_versions["libavcodec"]}
    report["films"] = rows
    if options.json:
        json.dump(report, sys.stdout, indent=1)
        return
    names = list(rows[0])
    show(names, [[row[name] for name in names] for row in rows], title="frames a second")
    print(choice.reason)
    print(f"{report['card']}; PyAV {report['PyAV']}; on the card: {', '.join(report['offered'])}")


def film(made: Path, codec: str, name: str, seconds: float) -> Path:
    """A shared film enlarged."""
    print(f"making {codec} {name}", file=sys.stderr, flush=True)
    path = made / f"gpu_{codec}_{name}_{seconds:g}.mp4"
    return enlarged(source("sintel_trailer-720p.mp4"), path, codec, HEIGHTS[name], seconds=seconds)


def of_film(name: str, codec: str, path: Path, streams: int) -> Report:
    """One row: frames a second unless told otherwise."""
    print(name, file=sys.stderr, flush=True)
    seen = {device: analysed(path, device) for device in ("cuda", "cpu")}
    count = seen["cuda"]["frames"]
    return {
        "film": name,
        "frames": count,
        "engine": engine(path, codec, 1),
        f"card ({streams} streams)": engine(path, codec, streams),
        "frames, small": rate(path, whole=False),
        "frames, whole": rate(path, whole=True),
        "analysis": f"{count / seen['cuda']['wall_s']:.0f}",
        "analysis on CPU": f"{count / seen['cpu']['wall_s']:.0f}",
        "CPU s a 1000 frames": f"{seen['cuda']['cpu_s'] / count * 1000:.2f}",
        "thumbs": difference(path),
        "boundaries": "equal" if seen["cuda"]["shots"] == seen["cpu"]["shots"] else "differ",
    }


def rate(path: Path, *, whole: bool) -> str:
    """Frames a second as media.frames gives them; those of a film of fields come whole."""
    if not whole and not choose_device("cuda").scales:
        return "not on this card"
    began = time.perf_counter()
    taken = sum(1 for _ in frames(str(path), width=WIDTH, device="cuda", fields=whole))
    return f"{taken / (time.perf_counter() - began):.0f}"


def analysed(path: Path, device: str) -> Report:
    """The whole analysis; every frame on the processor too, as a card looks at every frame."""
    began, cpu = time.perf_counter(), _cpu()
    rows = analyse_film(FilmJob(path.name, str(path), device, exhaustive=True, verify=False))
    if rows.film["status"] != "analysed":
        raise SystemExit(f"{path.name} on {device}: {rows.film['message']}")
    return {
        "wall_s": time.perf_counter() - began,
        "cpu_s": _cpu() - cpu,
        "frames": rows.film["frames_decoded"],
        "shots": [
            (shot["start_frame"], shot["end_frame"], shot["transition_in"]["type"])
            for shot in rows.shots
        ],
    }


def difference(path: Path) -> str:
    """Mean absolute difference of thumbs, in 8-bit levels, and the greatest of a frame's means."""
    means = []
    both = (frames(str(path), width=WIDTH, device=device) for device in ("cuda", "cpu"))
    for one, two in zip_longest(*both):
        if one is None or two is None or one.index != two.index:
            return "other frames"
        means.append(float(np.abs(one.thumb.astype(np.int16) - two.thumb).mean()))
    return f"{np.mean(means):.3f}, at most {max(means):.3f}"


def engine(path: Path, codec: str, streams: int) -> str:
    """Frames a second of so many streams at once, scaled on the card; or why not."""
    decoder = f"{codec}_cuvid"
    if decoder not in av.codecs_available:
        return f"no {decoder}"
    spawn = multiprocessing.get_context("spawn")
    try:
        with concurrent.futures.ProcessPoolExecutor(streams, spawn) as pool:
            spans = list(pool.map(on_card, [(str(path), decoder)] * streams))
    except (av.error.FFmpegError, ValueError, concurrent.futures.BrokenExecutor) as error:
        return f"failed: {error}"
    first, last = min(span[1] for span in spans), max(span[2] for span in spans)
    return f"{sum(span[0] for span in spans) / (last - first):.0f}"


def on_card(given: tuple[str, str]) -> tuple[int, float, float]:
    """Decode one stream; gives frames, and when it began and ended behind the first frame."""
    path, decoder = given
    count, began = 0, time.time()
    with av.open(path) as container:
        stream = container.streams.video[0]
        own = stream.codec_context
        size = f"{WIDTH}x{round(WIDTH * own.height / own.width / 2) * 2}"
        context = av.CodecContext.create(decoder, "r")
        assert isinstance(context, av.VideoCodecContext)  # noqa: S101
        context.extradata = own.extradata
        context.options = {"resize": size}
        for packet in container.demux(stream):
            for frame in context.decode(packet if packet.size else None):
                if frame.width != WIDTH:
                    raise ValueError(f"{decoder} gives {frame.width} wide pictures, not {WIDTH}")
                began = began if count else time.time()
                count += 1
    return count - 1, began, time.time()


def offered() -> list[str]:
    """What PyAV's FFmpeg has for decoding and scaling on a card."""
    decoders = [f"{codec}_cuvid" for codec in CODECS if f"{codec}_cuvid" in av.codecs_available]
    scalers = [name for name in SCALERS if name in av.filter.filters_available]
    return [*decoders, *(scalers or ["no scaling filter"])]


def card() -> str:
    """The card's name and driver."""
    line = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        return f"a card that nvidia-smi does not tell of ({error})"


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
