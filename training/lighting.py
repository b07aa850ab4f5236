"""Make `curation/tags/lighting/model.json`: measure frames of known light, train a network.

    python -m training.lighting measure FRAMES… --films FILMS… --out measures.npz
    python training/lighting.py train measures.npz          (in an environment that has torch)

A folder of FRAMES holds pictures and JSON lists of records beside them, as a renderer that knows
its lights writes them: `file`, `scene`, and the facts listed in `QUESTIONS`. Every frame is
measured as it is and once more mirrored and spoilt by grade, range, scale, grain and codec. FILMS
are folders with the films of `benchmarks/labels`: rendered light alone makes a network that takes a
forest for a room. Where the key of a film stands was not to be seen by eye well enough, and is not
learned from it.
Scenes, never frames, are held out: calibration, thresholds and the confusion in the card come from
five folds, the weights from all scenes. Films and rendered frames count alike in calibration, for
the network is surer of what it was drawn from than of a stranger's film.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Record = dict[str, Any]

MODEL = Path(__file__).parents[1] / "curation" / "tags" / "lighting" / "model.json"
WIDTH = 320
FOLDS = 5
HIDDEN = 192
EPOCHS = 40
BATCH = 256
PICTURES = 5
"""Of each labelled span of a film."""
REPEATED = 2
"""Times that each picture of a film counts: there are few of them."""
JITTER = 0.1
"""Standard deviations of noise that measures are given while training."""
NOT_LEARNED = ("bar_", "coloured_")
RIGHT = 0.9
"""Share of right answers from which a label is given at all."""
SEED = 1

SIDES = ("front_side", "side", "back_side")
DIRECTIONS = {"back_side": "back"}
YES_NO = ("no", "yes")


@dataclass(frozen=True)
class Question:
    """What is asked of a frame: labels, the true one of a record (None: not asked), a goal."""

    labels: tuple[str, ...]
    truth: Callable[[Record], str | None]
    goal: float
    """Accuracy on rendered scenes held out from which a label is always given."""


def _yes(value: bool | None) -> str | None:
    return None if value is None else YES_NO[bool(value)]


KEY_STYLES = {"high": "high_key", "normal": "normal", "low": "low_key"}
SOURCES = {"fire": "firelight"}

QUESTIONS = {
    "key_style": Question(
        ("high_key", "normal", "low_key"), lambda r: KEY_STYLES.get(r["key_style"]), 0.85
    ),
    "time": Question(("day", "night"), lambda r: r["time"], 0.92),
    "setting": Question(("interior", "exterior"), lambda r: r["setting"], 0.92),
    "tone": Question(
        ("warm", "neutral", "cool", "tinted"),
        lambda r: None if r["bw"] or r["gel"] else r["tone"],
        0.82,
    ),
    "source": Question(
        (
            "artificial",
            "daylight",
            "firelight",
            "fluorescent",
            "golden_hour",
            "mixed",
            "moonlight",
            "neon",
            "overcast",
            "practical",
            "sunny",
        ),
        lambda r: SOURCES.get(r["source"], r["source"]),
        0.70,
    ),
    "gel": Question(YES_NO, lambda r: None if r["bw"] else _yes(bool(r["gel"])), 0.94),
    "mixed": Question(YES_NO, lambda r: None if r["bw"] else _yes(r["mixed"]), 0.9),
    "silhouette": Question(YES_NO, lambda r: _yes(r["silhouette"]), 0.94),
    "backlit": Question(YES_NO, lambda r: _yes(r["backlit"]), 0.85),
    "side": Question(
        ("L", "R"),
        lambda r: r["side"] if r["key_class"] in SIDES and not r["silhouette"] else None,
        0.93,
    ),
    "quality": Question(
        ("hard", "soft"), lambda r: r["quality"] if r["quality"] != "medium" else None, 0.75
    ),
    "direction": Question(
        ("front", "front_side", "side", "back", "top", "under"),
        lambda r: DIRECTIONS.get(r["key_class"], r["key_class"]),
        0.55,
    ),
}
NUMBERS = {"ratio": 1, "white": 2}


EYE = {
    "key_style": "key_style",
    "time": "time",
    "setting": "setting",
    "mixed": "mixed",
    "silhouette": "silhouette",
    "backlit": "backlit",
}
"""Questions answered by eye, and the column of labels. The eye tells cast and source less well than
the network does: of rendered films, 17 of 42 sources were read right."""

ONLY_CALIBRATED = {name: name for name in ("source", "quality", "direction")} | {"tone": "colour"}
"""Labelled by eye too, less well, and not learned: they say how sure the network may be on films,
not from where a label is given."""


def truth(record: Record, name: str, columns: dict[str, str] = EYE) -> str | None:
    """The true label; None where it is not asked or not known."""
    if "by_eye" not in record:
        return QUESTIONS[name].truth(record)
    said = record["by_eye"].get(columns.get(name), "").partition("+")[0]
    return said if said in QUESTIONS[name].labels else None


def numbers(record: Record) -> dict[str, Floats]:
    """Key to fill in stops, and the white of the light as log2 of red and blue over green.

    NaN where it is not asked: of a silhouette there is no ratio, of gels and monochrome no white.
    """
    nothing = math.nan
    if "by_eye" in record:
        return {name: np.full(size, nothing) for name, size in NUMBERS.items()}
    is_lit = record["key_class"] is not None and not record["silhouette"]
    red, green, blue = np.maximum(record["wp"], 1e-3)
    is_white = not (record["bw"] or record["gel"])
    return {
        "ratio": np.array([record["ratio"] if is_lit else nothing]),
        "white": np.array([math.log2(red / green), math.log2(blue / green)])
        if is_white
        else np.full(2, nothing),
    }


# Measures of frames.


def records(folder: Path) -> Iterator[Record]:
    """The records of a folder, their files as paths."""
    for file in sorted(folder.glob("*.json")):
        for record in json.loads(file.read_text()):
            yield record | {"path": str(folder / record["file"])}


def spoilt(picture: Any, rng: np.random.Generator) -> Any:
    """A picture (height, width, 3) as another grade, range, size, grain or codec would show it."""
    import cv2

    high, wide = picture.shape[:2]
    if rng.random() < 0.5:
        size = int(rng.choice([160, 240, 320, 640]))
        small = cv2.resize(picture, (size, high * size // wide), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (wide, high))
    code = picture.astype(np.float32) / 255
    if rng.random() < 0.6:
        code = code * (1 + rng.uniform(-0.05, 0.05))
    if rng.random() < 0.6:
        code = code.clip(1e-4, 1) ** (1 + rng.uniform(-0.06, 0.06))
    if rng.random() < 0.6:
        grey = code @ np.float32([0.2126, 0.7152, 0.0722])[:, None]
        code = grey + (code - grey) * (1 + rng.uniform(-0.15, 0.15))
    if rng.random() < 0.08:
        code = (code * 219 + 16) / 255
    if rng.random() < 0.4:
        code = code + rng.standard_normal((high, wide, 1)) * rng.uniform(0, 0.03)
    picture = (code.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return np.ascontiguousarray(picture)


def mirrored(record: Record) -> Record:
    """What is true of a picture seen in a mirror."""
    if "by_eye" in record:
        return record
    return record | {"side": {"L": "R", "R": "L", None: None}[record["side"]]}


def pictures(folders: Sequence[Path], films: Sequence[Path]) -> Iterator[tuple[Record, Any, Any]]:
    """Every record, its picture in BGR, and the light it is to be read in."""
    import cv2

    from curation.tags.photometry import light_from, light_of
    from training.films import spans

    for folder in folders:
        for record in records(folder):
            yield record, cv2.imread(record["path"]), light_from("bt709", "bt709")
    for row, info, seen in spans(films, PICTURES) if films else ():
        if row["kind"] == "picture":
            for picture in seen * REPEATED:
                record = {"scene": row["film"], "by_eye": dict(row)}
                yield record, picture[..., ::-1], light_of(info)


def measure(folders: Sequence[Path], films: Sequence[Path], out: Path) -> None:
    """Write the measures of every frame, as it is and spoilt, with the records, to `out`."""
    from fractions import Fraction

    import cv2

    from curation.media import Frame, Still
    from curation.tags.lighting.meter import LightingMeter

    cv2.setNumThreads(1)
    rng = np.random.default_rng(SEED)
    rows: list[list[float]] = []
    kept: list[Record] = []
    names: list[str] = []
    for record, picture, light in pictures(folders, films):
        copies = ((picture, record), (spoilt(picture[:, ::-1], rng), mirrored(record)))
        for shown, true in copies:
            still = Still(np.ascontiguousarray(shown[..., ::-1]))
            values = LightingMeter(light)(Frame(0, Fraction(0), still).sized(WIDTH), None)
            names = names or list(values)
            rows.append([values[name] for name in names])
            kept.append(true)
        if len(kept) % 1000 == 0:
            print(f"{len(kept):,} measured")
    np.savez_compressed(
        out, measures=np.array(rows, np.float32), names=names, records=json.dumps(kept)
    )


# The network.


@dataclass(frozen=True, eq=False)
class Data:
    """Rows of measures standardised (n, m), with labels (n,), -1 where not asked, and numbers."""

    inputs: Floats
    labels: dict[str, NDArray[np.int64]]
    numbers: dict[str, Floats]
    scenes: NDArray[np.str_]

    def part(self, rows: NDArray[np.bool_]) -> Data:
        return Data(
            self.inputs[rows],
            {name: values[rows] for name, values in self.labels.items()},
            {name: values[rows] for name, values in self.numbers.items()},
            self.scenes[rows],
        )


def told(said: Sequence[Record]) -> tuple[dict[str, NDArray[np.int64]], dict[str, Floats]]:
    """What is known of each record, as `Data` holds it."""
    labels = {}
    for name, asked in QUESTIONS.items():
        true = [truth(record, name) for record in said]
        labels[name] = np.array([-1 if t is None else asked.labels.index(t) for t in true])
    known = [numbers(record) for record in said]
    return labels, {name: np.array([one[name] for one in known]) for name in NUMBERS}


def fitted(data: Data) -> Any:
    """A network trained on these rows."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    inputs = torch.tensor(data.inputs, dtype=torch.float32)
    labels = {name: torch.tensor(values) for name, values in data.labels.items()}
    facts = {name: torch.tensor(values).float() for name, values in data.numbers.items()}
    sizes = {name: len(asked.labels) for name, asked in QUESTIONS.items()} | NUMBERS
    weights = {}
    for name, asked in QUESTIONS.items():
        count = np.bincount(data.labels[name][data.labels[name] >= 0], minlength=len(asked.labels))
        balance = np.sqrt(count.sum() / np.maximum(count, 1))
        weights[name] = torch.tensor(balance / balance.mean()).float()

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(inputs.shape[1], HIDDEN)
            self.two = nn.Linear(HIDDEN, HIDDEN)
            self.heads = nn.ModuleDict({n: nn.Linear(HIDDEN, size) for n, size in sizes.items()})
            self.drop, self.less = nn.Dropout(0.3), nn.Dropout(0.1)

        def forward(self, given: torch.Tensor) -> dict[str, torch.Tensor]:
            hidden = self.drop(functional.relu(self.one(self.less(given))))
            hidden = self.drop(functional.relu(self.two(hidden)))
            return {name: head(hidden) for name, head in self.heads.items()}

    network = Network()
    steps = EPOCHS * len(inputs) // BATCH
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps + 1)
    for _ in range(steps):
        rows = torch.randint(len(inputs), (BATCH,))
        said = network(inputs[rows] + torch.randn(BATCH, inputs.shape[1]) * JITTER)
        loss = torch.zeros(())
        for name in QUESTIONS:
            true = labels[name][rows]
            if (asked := true >= 0).any():
                loss = loss + functional.cross_entropy(
                    said[name][asked], true[asked], weight=weights[name], label_smoothing=0.05
                )
        for name, weight in (("ratio", 1.0), ("white", 6.0)):
            asked = ~torch.isnan(facts[name][rows][:, 0])
            if asked.any():
                loss = loss + weight * functional.smooth_l1_loss(
                    said[name][asked], facts[name][rows][asked], beta=0.1
                )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        pace.step()
    return network.eval()


def answers(network: Any, inputs: Floats) -> dict[str, Floats]:
    """What a network says, before calibration."""
    import torch

    with torch.no_grad():
        said = network(torch.tensor(inputs, dtype=torch.float32))
    return {name: values.numpy().astype(np.float64) for name, values in said.items()}


def held_out(data: Data) -> dict[str, Floats]:
    """What networks say of scenes that they were not trained on."""
    names = np.unique(data.scenes)
    fold_of = dict(
        zip(names, np.random.default_rng(SEED).permutation(len(names)) % FOLDS, strict=True)
    )
    fold = np.array([fold_of[scene] for scene in data.scenes])
    found: dict[str, Floats] = {}
    for k in range(FOLDS):
        said = answers(fitted(data.part(fold != k)), data.inputs[fold == k])
        for name, values in said.items():
            found.setdefault(name, np.zeros((len(fold), values.shape[1])))[fold == k] = values
        print(f"fold {k + 1} of {FOLDS}")
    return found


# Calibration.


def softmax(values: Floats, temperature: float) -> Floats:
    odds = np.exp((values - values.max(axis=1, keepdims=True)) / temperature)
    return odds / odds.sum(axis=1, keepdims=True)


def shares(by_eye: NDArray[np.bool_]) -> Floats:
    """Weights of rows by which rendered frames count as much in all as films do."""
    films = by_eye.mean()
    if films in (0.0, 1.0):
        return np.full(len(by_eye), 1 / len(by_eye))
    return np.where(by_eye, 0.5 / by_eye.sum(), 0.5 / (~by_eye).sum())


def temperature(values: Floats, true: NDArray[np.int64], weights: Floats) -> float:
    """The temperature of least log loss (Guo et al., "On calibration of…", ICML 2017)."""
    tried = np.geomspace(0.3, 10.0, 60)
    rows = np.arange(len(true))
    losses = [-weights @ np.log(softmax(values, t)[rows, true] + 1e-9) for t in tried]
    return float(tried[int(np.argmin(losses))])


def threshold(sure: Floats, right: NDArray[np.bool_], weights: Floats) -> float:
    """Confidence from which answers are right 9 times in 10.

    2 where no such confidence holds a hundredth of them.
    """
    order = np.argsort(-sure)
    share = np.cumsum((right * weights)[order]) / np.cumsum(weights[order])
    good = np.flatnonzero(share >= RIGHT)
    if not len(good) or good[-1] < max(20, 0.01 * len(order)):
        return 2.0
    return float(sure[order][good[-1]])


def reaches(right: NDArray[np.bool_], scenes: int, goal: float) -> bool:
    """Whether a share of right answers cannot be told from its goal or a better one.

    It is known to one standard error, of as many answers as there are scenes.
    """
    share = float(right.mean())
    return share + math.sqrt(share * (1 - share) / scenes) >= goal


def balanced(true: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Mean share of right answers over the labels there are."""
    return float(np.mean([(said[true == k] == k).mean() for k in np.unique(true)]))


def train(given: Path, plot: Path | None) -> None:
    """Write the model and its card; print how it does on scenes held out."""
    read = np.load(given)
    names = [str(name) for name in read["names"]]
    used = [k for k, name in enumerate(names) if not name.startswith(NOT_LEARNED)]
    names, rows = [names[k] for k in used], read["measures"][:, used].astype(np.float64)
    said = json.loads(str(read["records"]))
    mean, scale = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0) + 1e-6
    inputs = np.nan_to_num(np.clip((rows - mean) / scale, -4, 4))
    scenes = np.array([record["scene"] for record in said])
    data = Data(inputs, *told(said), scenes)
    by_eye = np.array(["by_eye" in record for record in said])
    has_face = rows[:, names.index("subject_sure")] > 0
    out = held_out(data)
    np.savez(given.with_suffix(".held_out.npz"), **out)
    heads: dict[str, Any] = {}
    curves: dict[str, tuple[Floats, Floats]] = {}
    for name, asked in QUESTIONS.items():
        said_so = [truth(record, name, EYE | ONLY_CALIBRATED) for record in said]
        true = np.array([-1 if t is None else asked.labels.index(t) for t in said_so])
        at = true >= 0
        weights = np.zeros(len(true))
        weights[at] = shares(by_eye[at])
        heat = temperature(out[name][at], true[at], weights[at])
        probable = softmax(out[name], heat)
        sure, best = probable.max(axis=1), probable.argmax(axis=1)
        right = best == true
        reached = reaches(right[at & ~by_eye], len(np.unique(scenes[at & ~by_eye])), asked.goal)
        below = {}
        judges = at & ~by_eye if name in ONLY_CALIBRATED else at
        for place, where in (("face", judges & has_face), ("centre", judges & ~has_face)):
            least = threshold(sure[where], right[where], weights[where])
            below[place] = 0.0 if reached else round(least, 3)
        given_at = at & (sure >= np.where(has_face, below["face"], below["centre"]))
        confusion = np.zeros((len(asked.labels), len(asked.labels)), int)
        np.add.at(confusion, (true[at], best[at]), 1)
        heads[name] = {
            "labels": asked.labels,
            "temperature": round(heat, 3),
            "unknown_below": below,
            "held_out": {
                "frames": int(at.sum()),
                "scenes": len(np.unique(scenes[at])),
                "accuracy": round(float(right[at].mean()), 3),
                "balanced": round(balanced(true[at], best[at]), 3),
                "given": round(float(given_at.sum() / at.sum()), 3),
                "right_where_given": round(float(right[given_at].mean()), 3)
                if given_at.any()
                else None,
                "confusion": confusion.tolist(),
            },
        }
        curves[name] = (sure[at], right[at])
        for place, where in (("rendered", ~by_eye), ("films", by_eye)):
            if (among := at & where).any():
                heads[name]["held_out"][place] = {
                    "frames": int(among.sum()),
                    "accuracy": round(float(right[among].mean()), 3),
                    "balanced": round(balanced(true[among], best[among]), 3),
                    "given": round(float((given_at & where).sum() / among.sum()), 3),
                    "right_where_given": round(float(right[given_at & where].mean()), 3),
                }
        print(
            f"{name:11s}",
            {k: v for k, v in heads[name]["held_out"].items() if k != "confusion"},
            below,
        )
    for name in NUMBERS:
        known = ~np.isnan(data.numbers[name][:, 0])
        error = np.abs(out[name] - data.numbers[name])[known]
        heads[name] = {
            "labels": [],
            "temperature": 1.0,
            "unknown_below": {"face": 0.0, "centre": 0.0},
            "held_out": {"frames": int(known.sum()), "mean_error": round(float(error.mean()), 3)},
        }
        print(name, heads[name]["held_out"])
    network = fitted(data)
    state = {k: v.numpy().astype(np.float64) for k, v in network.state_dict().items()}
    for name, head in heads.items():
        head |= layer(state, f"heads.{name}")
    model = {
        "card": {
            "trained_by": "training/lighting.py",
            "frames": len(said),
            "scenes": len(np.unique(scenes)),
            "data_sha256": hashlib.sha256(given.read_bytes()).hexdigest(),
            "what": "rendered frames of known light and films labelled by eye, each as it is, and "
            "mirrored and spoilt",
        },
        "inputs": names,
        "mean": rounded(mean),
        "scale": rounded(scale),
        "layers": [layer(state, "one"), layer(state, "two")],
        "heads": heads,
    }
    body = json.dumps(model, separators=(",", ":"))
    version = hashlib.sha256(body.encode()).hexdigest()[:8]
    MODEL.write_text(
        json.dumps({"version": version} | model, separators=(",", ":")).replace(',"', ',\n"') + "\n"
    )
    print(f"{MODEL}: {MODEL.stat().st_size:,} bytes, version {version}")
    if plot is not None:
        draw(curves, plot)


def rounded(values: Floats) -> list[Any]:
    return [rounded(v) if np.ndim(v) else float(f"{v:.4g}") for v in values]


def layer(state: dict[str, Floats], name: str) -> dict[str, Any]:
    return {
        "weights": rounded(state[f"{name}.weight"]),
        "bias": rounded(state[f"{name}.bias"]),
    }


def draw(curves: dict[str, tuple[Floats, Floats]], plot: Path) -> None:
    """Reliability: share right against confidence, a curve a question."""
    from matplotlib import pyplot

    figure, every = pyplot.subplots(3, 4, figsize=(12, 9), sharex=True, sharey=True)
    for axes, (name, (sure, right)) in zip(every.flat, curves.items(), strict=False):
        edges = np.quantile(sure, np.linspace(0, 1, 11))
        groups = np.clip(np.searchsorted(edges, sure, side="right") - 1, 0, 9)
        points = [
            (sure[groups == k].mean(), right[groups == k].mean())
            for k in range(10)
            if (groups == k).any()
        ]
        axes.plot([0, 1], [0, 1], color="0.8")
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3)
        axes.set_title(name)
    figure.supxlabel("confidence")
    figure.supylabel("share right, scenes held out")
    figure.tight_layout()
    figure.savefig(plot, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("measure", help="measure frames whose light is known")
    one.add_argument("folders", nargs="*", type=Path)
    one.add_argument("--films", nargs="+", type=Path, default=[])
    one.add_argument("--out", type=Path, required=True)
    two = verbs.add_parser("train", help="train the network and write its file")
    two.add_argument("measures", type=Path)
    two.add_argument("--plot", type=Path, help="draw reliability there")
    asked = parser.parse_args()
    if asked.verb == "measure":
        measure(asked.folders, asked.films, asked.out)
    else:
        train(asked.measures, asked.plot)


if __name__ == "__main__":
    main()
