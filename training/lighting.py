"""Train the network of the lighting tagger: makes `curation/tags/lighting/model.json`.

    python -m training.lighting measures.npz          (in an environment that has torch)

The measures are those of `training.measures`. Scenes, never frames, are held out: calibration,
thresholds and the confusion in the card come from five folds, the weights from all scenes. A
question whose accuracy on rendered scenes held out reaches its goal is always answered, any other
where its answer is right 9 times in 10. Films and rendered frames count alike in calibration, for
the network is surer of what it was drawn from than of a stranger's film.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.questions import (
    EYE,
    NUMBERS,
    ONLY_CALIBRATED,
    QUESTIONS,
    Floats,
    Record,
    numbers,
    truth,
)

MODEL = Path(__file__).parents[1] / "curation" / "tags" / "lighting" / "model.json"
FOLDS = 5
HIDDEN = 192
EPOCHS = 40
BATCH = 256
JITTER = 0.1
"""Standard deviations of noise that measures are given while training."""
NOT_LEARNED = ("bar_", "coloured_")
RIGHT = 0.9
"""Share of right answers from which a label is given at all."""
SEED = 1


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
        reached = float(right[at & ~by_eye].mean()) >= asked.goal
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
    parser.add_argument("measures", type=Path)
    parser.add_argument("--plot", type=Path, help="draw reliability there")
    asked = parser.parse_args()
    train(asked.measures, asked.plot)


if __name__ == "__main__":
    main()
