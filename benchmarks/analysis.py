"""CPU seconds of analysing films, against decoding them by FFmpeg and against others' tools.

FFmpeg is `ffmpeg -i FILM -f null -` (of imageio-ffmpeg; sound is decoded too, as that line does).
Ours is the whole analysis of a film, coarse and exhaustive; PySceneDetect its detect-adaptive at
its defaults, which finds cuts alone; OpenCV its reader, every frame. Each runs in a process of its
own, in turn, so that noise hits all alike; seconds are user and system time of all threads, the
median of the runs. Of processes in Python interpreter and imports are not counted; of FFmpeg's the
whole. The floor is decoding alone of the packets that the coarse analysis sends.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import imageio_ffmpeg

from benchmarks.films import ROOT, SHARED, enlarged, folder, looped, source
from curation.console import show

Report = dict[str, Any]

IN_TURN = ("ffmpeg", "coarse", "exhaustive", "scenedetect", "opencv")
PARTS = ("decode", "thumbs", "shots", "taggers", "pictures", "demux", "times", "hash", "rest")
LONG_S = 3 * 3600
EXAMPLES = """examples:
  benchmarks/analysis.py                         the films below, three runs each
  benchmarks/analysis.py --runs 1 one.mkv two.mp4
  benchmarks/analysis.py --json > figures.json   every number, boundaries among them
  benchmarks/analysis.py --made ~/made           keep the films it makes, for the next time
  benchmarks/analysis.py --long                  memory and time of a film of three hours, alone

films, if none are named: Agent 327, the Sintel trailer and Big Buck Bunny of CURATION_SHARED, and
a minute of Agent 327 in 1080p as H.264 with groups of pictures of 250 frames, without grain and
with, and 20 s as ProRes."""


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object, no tables")
    parser.add_argument("--made", type=Path, help="folder for films it makes; else they go again")
    parser.add_argument(
        "--long", action="store_true", help="loop the film (Big Buck Bunny) to three hours instead"
    )
    options = parser.parse_args()
    with folder(options.made) as made:
        if options.long:
            film = options.films[0].resolve() if options.films else source("bbb_full_424x240.mkv")
            report = of_long(film, made)
            tables = long_tables
        else:
            films = [film.resolve() for film in options.films] or default_films(made)
            report = {"films": [of_film(film, options.runs) for film in films]}
            tables = film_tables
    report |= {"runs": options.runs, "versions": versions(), "machine": machine()}
    if options.json:
        json.dump(report, sys.stdout, indent=1)
    else:
        tables(report)
        print(
            f"{report['machine']}; {', '.join(f'{n} {v}' for n, v in report['versions'].items())}"
        )


def default_films(made: Path) -> list[Path]:
    """Films of others, and those made of one of them."""
    agent = source("agent327_360p.mkv")
    others = [source("sintel_trailer-720p.mp4"), source("bbb_full_424x240.mkv")]
    start = 40 if agent.is_relative_to(SHARED) else 0
    say("making films")
    return [
        *dict.fromkeys([agent, *others]),
        enlarged(agent, made / "h264_1080p.mp4", "h264", 1080, start=start),
        enlarged(agent, made / "h264_1080p_grain.mp4", "h264", 1080, start=start, grain=6),
        enlarged(agent, made / "prores_1080p.mov", "prores", 1080, start=start, seconds=20),
    ]


def of_film(film: Path, runs: int) -> Report:
    """Everything about one film."""
    seen: dict[str, list[Report]] = {name: [] for name in IN_TURN}
    for run in range(runs):
        for name in IN_TURN:
            say(f"{film.name}: {name}, run {run + 1} of {runs}")
            seen[name].append(ffmpeg_null(film) if name == "ffmpeg" else child(name, film))
    profile, floor = child("profile", film), child("floor", film)
    coarse, exhaustive = seen["coarse"][0], seen["exhaustive"][0]
    cpu = {name: [round(each["cpu_s"], 3) for each in seen[name]] for name in IN_TURN}
    return {
        "film": film.name,
        **{key: coarse[key] for key in ("codec", "size", "duration_s", "frames", "looked_at")},
        "decoded": profile["decoded"],
        "sent": floor["packets"],
        "opencv_frames": seen["opencv"][0]["frames"],
        "backend": seen["scenedetect"][0]["backend"],
        "cpu_s": cpu,
        "median_s": {name: statistics.median(taken) for name, taken in cpu.items()},
        "floor_s": round(floor["cpu_s"], 3),
        "profile_s": profile["seconds"],
        "peak_mib": {
            name: max(each["peak_mib"] for each in seen[name]) for name in ("coarse", "exhaustive")
        },
        "notes": coarse["notes"],
        "boundaries": {
            name: {"cuts": each["cuts"], "graduals": each["graduals"]}
            for name, each in (("coarse", coarse), ("exhaustive", exhaustive))
        },
        "f1": f1(film, coarse, exhaustive),
        "agreement": agreement(coarse, exhaustive),
    }


def of_long(film: Path, made: Path) -> Report:
    """Memory and time of a film of three hours."""
    say(f"making three hours of {film.name}")
    long = looped(film, made / f"long_{film.stem}.mkv", LONG_S)
    seen = {}
    for name in ("coarse", "exhaustive"):
        say(f"{long.name}: {name}")
        seen[name] = {k: v for k, v in child(name, long).items() if k not in ("cuts", "graduals")}
    return {"film": long.name, **seen}


def child(name: str, film: Path) -> Report:
    """What a process of its own says of one contender."""
    line = [sys.executable, "-m", "benchmarks.contenders", name, str(film)]
    ran = subprocess.run(line, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    report: Report = json.loads(ran.stdout)
    return report


def ffmpeg_null(film: Path) -> Report:
    """CPU seconds of FFmpeg decoding a film into nothing."""
    quiet = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error")
    line = [imageio_ffmpeg.get_ffmpeg_exe(), *quiet, "-i", str(film), "-f", "null", "-"]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{film}: ffmpeg ended with {process.returncode}")
    return {"cpu_s": usage.ru_utime + usage.ru_stime}


def f1(film: Path, coarse: Report, exhaustive: Report) -> Report | None:
    """F1 of cuts (within a frame) and of all boundaries by the rule of shared/shots/score.py."""
    rule = scorer()
    files = [film.with_name(f"{film.name}{end}") for end in (".truth.json", ".json")]
    truth = next((file for file in files if file.is_file()), None)
    if rule is None or truth is None:
        return None
    options = argparse.Namespace(count_uncertain=False, count_optional=False)
    scores = {}
    for name, found in (("coarse", coarse), ("exhaustive", exhaustive)):
        told = json.loads(truth.read_text())
        at = rule.score_film(told, found["cuts"], found["graduals"], 1, options)
        scores[name] = {
            "cut": rule.prf(at["cut_tp"], at["fp_cut"], at["cut_fn"])[2],
            "all": rule.prf(at["all_tp"], at["all_fp"], at["all_fn"])[2],
        }
    return scores


def scorer() -> ModuleType | None:
    """The published rule, where it is."""
    file = SHARED / "shots" / "score.py"
    spec = importlib.util.spec_from_file_location("score", file) if file.is_file() else None
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def agreement(one: Report, two: Report) -> float | None:
    """F1 of two lists of boundaries against each other: spans that meet within a frame, paired."""
    spans = [
        sorted([*((cut, cut) for cut in each["cuts"]), *map(tuple, each["graduals"])])
        for each in (one, two)
    ]
    if not any(spans):
        return None
    left, paired = list(spans[1]), 0
    for start, end in spans[0]:
        same = next((s for s in left if s[0] <= end + 1 and start <= s[1] + 1), None)
        if same is not None:
            left.remove(same)
            paired += 1
    return 2 * paired / (len(spans[0]) + len(spans[1]))


def film_tables(report: Report) -> None:
    """CPU seconds, where ours go, and boundaries."""
    films: Sequence[Report] = report["films"]
    rows, parts, bounds = [], [], []
    for each in films:
        base = each["median_s"]["ffmpeg"]
        ratios = [each["median_s"][name] / base for name in IN_TURN[1:]]
        rows.append(
            [
                each["film"],
                f"{each['codec']} {each['size']}",
                f"{each['duration_s']:.0f}",
                f"{base:.2f}",
                *(f"{ratio:.2f}" for ratio in ratios),
                f"{each['floor_s'] / base:.2f}",
                "yes" if ratios[0] <= 0.5 else "no",
            ]
        )
        parts.append(
            [
                each["film"],
                *(f"{each['profile_s'].get(part, 0):.2f}" for part in PARTS),
                f"{sum(each['profile_s'].values()):.2f}",
                f"{each['floor_s']:.2f}",
                f"{each['looked_at']:,}",
                f"{each['decoded']:,}",
                f"{each['frames']:,}",
            ]
        )
        of_both = [
            number((each["f1"] or {}).get(name, {}).get(kind))
            for kind in ("cut", "all")
            for name in ("coarse", "exhaustive")
        ]
        counts = [
            len(each["boundaries"][name]["cuts"]) + len(each["boundaries"][name]["graduals"])
            for name in ("coarse", "exhaustive")
        ]
        peaks = [f"{each['peak_mib'][name]:.0f}" for name in ("coarse", "exhaustive")]
        bounds.append([each["film"], *of_both, number(each["agreement"]), *counts, *peaks])
    show(
        [
            *("film", "codec", "seconds", "ffmpeg CPU s", "ours", "exhaustive", "PySceneDetect"),
            *("OpenCV", "floor", "ours at most half"),
        ],
        rows,
        title=f"CPU seconds in units of ffmpeg's, median of {report['runs']}",
    )
    print()
    show(
        ["film", *PARTS, "sum", "floor", "looked at", "decoded", "frames"],
        parts,
        title="CPU seconds of our coarse analysis by what they are spent on; frames",
    )
    print()
    show(
        [
            *("film", "F1 cuts", "exhaustive", "F1 all", "exhaustive", "agreement"),
            *("boundaries", "exhaustive", "peak MiB", "exhaustive"),
        ],
        bounds,
        title="boundaries and memory, coarse and exhaustive",
    )


def long_tables(report: Report) -> None:
    """A row a way of looking."""
    keys = ("frames", "looked_at", "cpu_s", "wall_s", "imported_mib", "peak_mib")
    ways = ("coarse", "exhaustive")
    rows = [
        [
            way,
            *(f"{report[way][key]:,.0f}" for key in keys),
            "yes" if report[way]["peak_mib"] < 1024 else "no",
        ]
        for way in ways
    ]
    title = f"{report['film']}, {report['coarse']['duration_s'] / 3600:.2f} hours"
    show(["look", *keys, "under 1 GiB"], rows, title=title)


def number(value: float | None) -> str:
    """Three decimals, or nothing to say."""
    return "-" if value is None else f"{value:.3f}"


def versions() -> dict[str, str]:
    """Of all that takes part."""
    import av

    packages = {
        "PyAV": "av",
        "OpenCV": "opencv-python-headless",
        "PySceneDetect": "scenedetect-headless",
        "NumPy": "numpy",
    }
    codec = ".".join(map(str, av.library_versions["libavcodec"]))
    said = {name: version(package) for name, package in packages.items()}
    said["PyAV"] += f" (libavcodec {codec})"
    ffmpeg = str(imageio_ffmpeg.get_ffmpeg_version())
    return {"Python": platform.python_version(), "FFmpeg": ffmpeg, **said}


def machine() -> str:
    """Cores and their maker's name."""
    info = Path("/proc/cpuinfo")
    names = [x for x in info.read_text().splitlines() if "model name" in x] if info.exists() else []
    name = names[0].split(":")[1].strip() if names else platform.processor()
    return f"{os.cpu_count()} cores {name}, {platform.system()}"


def say(what: str) -> None:
    """Progress, apart from the answer."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
