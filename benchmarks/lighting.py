"""How well the lighting tagger knows light, beside the commonest answer and plain rules.

Rendered stills are those of shared/lighting, whose light is known and whose scenes the network was
never shown; films are those of shared/films, labelled by eye (`labels/README.md`). `all`: the
likeliest label of every frame; `given`: how often one is given at all, and right then. Where
`on faces` stands, only frames in which a face was found count. The rules are one threshold a
question, as one would write them without data. The network learned from these films too: what it
learned is scored by networks that were not shown the film (the card of the model), the rest here.
"""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from benchmarks.films import ROOT, SHARED
from curation.console import show
from curation.media import Frame
from curation.media.frame import Still
from curation.tags import Tag
from curation.tags.lighting import LightingTagger
from curation.tags.lighting.model import FILE, model
from curation.tags.photometry import light_from, temperature
from curation.tags.protocol import UNKNOWN
from training.films import spans
from training.questions import EYE, QUESTIONS, Record

FOLDERS: Final = (SHARED / "films", SHARED / "demo_library", ROOT / "examples" / "library")
PICTURES: Final = 3
"""Frames of a labelled span that are measured."""
ON_SUBJECT: Final = ("side", "quality", "direction", "backlit", "silhouette")
FACET: Final = {"tone": "colour"}
BY_EYE: Final = ("contrast", "quality", "direction", "side", "colour", "source")
"""Facets labelled by eye that are not learned from."""

Tags = Mapping[str, Tag]


@dataclass(frozen=True)
class Case:
    """What is true of a frame, what was measured, and what the tagger says."""

    true: Record
    measures: Mapping[str, float]
    tags: Tags


def main() -> None:
    """Print the tables."""
    cv2.setNumThreads(1)
    show(("model", "made of"), [(model().version, json.dumps(model().card))])
    cases = list(stills(SHARED / "lighting"))
    print()
    show(
        ("question", "frames", "commonest", "rule", "all", "balanced", "given", "right then"),
        list(judged(cases)),
        title=f"Rendered stills: {len(cases)} of {len({c.true['scene'] for c in cases})} scenes",
    )
    print()
    show(("number", "frames", "constant", "rule", "tagger"), list(measured(cases)))
    print()
    show(
        ("question", "frames", "balanced", "all", "given", "right then"),
        list(held_out()),
        title="Films labelled by eye, each held out: frames",
    )
    print()
    seen = list(films())
    show(
        ("facet", "shots", "commonest", "all", "given", "right then", "confused"),
        list(agreed(seen)),
        title=f"Films labelled by eye, facets not learned from them: {len(seen)} shots",
    )
    print()
    show(("what", "ms a frame of 320x180, one core"), list(cost()))


# Rendered stills.


def stills(folder: Path) -> Iterator[Case]:
    """The labelled stills, measured."""
    tagger, meter = LightingTagger(), _meter()
    for true in json.loads((folder / "labels.json").read_text()):
        bgr = np.asarray(cv2.imread(str(folder / true["file"])), np.uint8)
        still = Still(np.ascontiguousarray(bgr[..., ::-1]))
        values = meter(Frame(0, Fraction(0), still).sized(tagger.needs.width), None)
        yield Case(true, values, _tags(tagger, [values]))


def _meter() -> Callable[[Frame, Frame | None], dict[str, float]]:
    from curation.tags.lighting.meter import LightingMeter

    return LightingMeter(light_from("bt709", "bt709"))


def _tags(tagger: LightingTagger, rows: Sequence[Mapping[str, float]]) -> Tags:
    series = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    said = tagger.label(tagger.summarise(series, np.arange(len(rows), dtype=float)))
    return {tag.facet: tag for tag in said}


def likeliest(tag: Tag) -> str:
    """The label that a tag would give if it had to."""
    odds = {name[2:]: p for name, p in tag.measures.items() if name.startswith("p_")}
    if tag.facet == "gel":
        return "yes" if tag.measures["p_yes"] > 0.5 else "no"
    return max(odds, key=odds.__getitem__) if odds else tag.label


def judged(cases: Sequence[Case]) -> Iterator[list[Any]]:
    """A row a question: accuracy, its mean over the labels, and what is given."""
    for name, asked in QUESTIONS.items():
        for where in ("", " on faces") if name in ON_SUBJECT else ("",):
            rows = [
                (true, case)
                for case in cases
                if (true := asked.truth(case.true)) is not None
                and (not where or case.measures["subject_sure"] > 0)
            ]
            facet = FACET.get(name, name)
            said = [likeliest(case.tags[facet]) for _, case in rows]
            kept = [
                true == label or (name == "gel" and true == "yes" and label not in ("none",))
                for (true, case), label in zip(rows, said, strict=True)
                if case.tags[facet].label != UNKNOWN
            ]
            rule = RULES.get(name)
            yield [
                name + where,
                len(rows),
                _share([true == _commonest(rows) for true, _ in rows]),
                _share([true == rule(case.measures) for true, case in rows]) if rule else "-",
                _share([true == label for (true, _), label in zip(rows, said, strict=True)]),
                _balanced([true for true, _ in rows], said),
                _share([True] * len(kept) + [False] * (len(rows) - len(kept))),
                _share(kept),
            ]


def _commonest(rows: Sequence[tuple[str, Any]]) -> str:
    return Counter(true for true, _ in rows).most_common(1)[0][0]


def _share(right: Sequence[bool]) -> str:
    return f"{statistics.mean(right):.3f}" if right else "-"


def _balanced(true: Sequence[str], said: Sequence[str]) -> str:
    by: dict[str, list[bool]] = defaultdict(list)
    for one, other in zip(true, said, strict=True):
        by[one].append(one == other)
    return f"{statistics.mean(statistics.mean(each) for each in by.values()):.3f}"


def _kelvin(measures: Mapping[str, float], name: str) -> tuple[float, float]:
    white = 2.0 ** np.array([measures[f"{name}_red"], 0.0, measures[f"{name}_blue"]])
    return temperature(white, light_from("bt709", "bt709"))


def _tone(measures: Mapping[str, float]) -> str:
    kelvin, duv = _kelvin(measures, "grey")
    mired = 1e6 / kelvin
    if abs(duv) > 0.022:
        return "tinted"
    return "warm" if mired > 199 else "cool" if mired < 129 else "neutral"


RULES: Final[dict[str, Callable[[Mapping[str, float]], str]]] = {
    "key_style": lambda m: (
        "low_key"
        if m["shadow_share"] > 0.5
        else "high_key"
        if m["shadow_share"] < 0.1
        else "normal"
    ),
    "time": lambda m: "night" if m["median_stops"] < -4 else "day",
    "setting": lambda m: "exterior" if m["top_bottom"] > 1 else "interior",
    "tone": _tone,
    "gel": lambda m: "yes" if m["strong_share"] > 0.3 else "no",
    "mixed": lambda m: "yes" if abs(m["high_blue"] - m["low_blue"]) > 0.7 else "no",
    "silhouette": lambda m: "yes" if m["border_over_middle"] > 3 else "no",
    "backlit": lambda m: "yes" if m["border_over_middle"] > 1 else "no",
    "side": lambda m: "R" if m["subject_left_right"] > 0 else "L",
    "quality": lambda m: "hard" if m["subject_slope_99"] > 1.5 else "soft",
}


def measured(cases: Sequence[Case]) -> Iterator[list[Any]]:
    """A row a number: its error beside that of the best constant and of a plain measure."""
    lit = [c for c in cases if c.true["key_class"] and not c.true["silhouette"]]
    true = np.array([case.true["ratio"] for case in lit])
    said = np.array([case.tags["contrast"].measures["ratio_stops"] for case in lit])
    plain = np.array([(c.measures["subject_p90"] - c.measures["subject_p10"]) for c in lit])
    yield [
        "ratio, mean error in stops",
        len(lit),
        *(f"{np.abs(true - one).mean():.2f}" for one in (np.median(true), plain, said)),
    ]
    white = [c for c in cases if not c.true["bw"] and not c.true["gel"]]
    mired = np.array([1e6 / case.true["cct"] for case in white])
    found = np.array([1e6 / case.tags["colour"].measures["cct_k"] for case in white])
    grey = np.array([1e6 / _kelvin(case.measures, "grey")[0] for case in white])
    yield [
        "apparent CCT, median error in mired",
        len(white),
        *(f"{np.median(np.abs(mired - one)):.1f}" for one in (np.median(mired), grey, found)),
    ]


# Films.


@dataclass(frozen=True)
class Seen:
    """A labelled span of a film and what the tagger says of it."""

    row: Mapping[str, str]
    tags: Tags


def films() -> Iterator[Seen]:
    """The labelled spans whose films are here."""
    tagger = LightingTagger()
    for row, info, pictures in spans(FOLDERS, PICTURES):
        meter = tagger.meter(info)
        values = [meter(Frame(0, Fraction(0), Still(picture)), None) for picture in pictures]
        yield Seen(row, _tags(tagger, values))


def held_out() -> Iterator[list[Any]]:
    """A row a question that was learned from films too, as the model's card has it."""
    heads = json.loads((files("curation.tags.lighting") / FILE).read_text())["heads"]
    for name in EYE:
        films = heads[name]["held_out"]["films"]
        names = ("frames", "balanced", "accuracy", "given", "right_where_given")
        yield [name, *(films[n] for n in names)]


def agreed(seen: Sequence[Seen]) -> Iterator[list[Any]]:
    """A row a facet: agreement with the eye where the eye could tell."""
    for facet in BY_EYE:
        rows = [
            (true, one.tags[facet])
            for one in seen
            if one.row["kind"] == "picture" and (true := _read(facet, one.row[facet])) is not None
        ]
        said = [(true, likeliest(tag)) for true, tag in rows]
        kept = [(true, tag.label) for true, tag in rows if tag.label != UNKNOWN]
        wrong = Counter(pair for pair in kept if pair[0] != pair[1])
        yield [
            facet,
            len(rows),
            _share([true == _commonest(rows) for true, _ in rows]),
            _share([true == label for true, label in said]),
            f"{len(kept) / max(1, len(rows)):.3f}",
            _share([true == label for true, label in kept]),
            ", ".join(f"{true} as {label} {n}" for (true, label), n in wrong.most_common(3)),
        ]


_LABELS: Final = {facet.name: facet.labels for facet in LightingTagger.facets}


def _read(facet: str, label: str) -> str | None:
    """A label by eye as the tagger would say it; None where it is not one of its own."""
    label = label.partition("+")[0]
    return label if label in _LABELS[facet] and label != UNKNOWN else None


# Cost.


def cost() -> Iterator[list[Any]]:
    """CPU of the measures, without and with the search for a face."""
    from curation.tags.frame_bars import bars
    from curation.tags.lighting import features
    from curation.tags.lighting.modelling import modelling
    from curation.tags.lighting.sight import sight
    from curation.tags.subject import subject

    light = light_from("bt709", "bt709")
    folder = SHARED / "lighting"
    files = [row["file"] for row in json.loads((folder / "labels.json").read_text())][::6]
    pictures = []
    for file in files:
        bgr = np.asarray(cv2.imread(str(folder / file)), np.uint8)
        small = cv2.resize(bgr, (320, 180), interpolation=cv2.INTER_AREA)
        pictures.append(np.ascontiguousarray(small[..., ::-1], np.uint8))
    abouts = [subject(Frame(0, Fraction(0), Still(picture))) for picture in pictures]
    steps: dict[str, Callable[[int], object]] = {
        "bars": lambda k: bars(np.asarray(cv2.cvtColor(pictures[k], cv2.COLOR_RGB2GRAY), np.uint8)),
        "light of the frame": lambda k: features.measure(sight(pictures[k], light)),
        "light on the subject": lambda k: modelling(pictures[k], light, abouts[k]),
    }
    total = 0.0
    for name, step in steps.items():
        spent = []
        for k in range(len(pictures)):
            step(k)
            started = time.process_time()
            for _ in range(5):
                step(k)
            spent.append((time.process_time() - started) / 5)
        total += statistics.median(spent)
        yield [name, f"{1e3 * statistics.median(spent):.2f}"]
    yield ["all that is always measured", f"{1e3 * total:.2f}"]


if __name__ == "__main__":
    main()
