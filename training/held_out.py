"""How the facets of light that no network answers do on renders of known light.

Of `contrast`, the stills of shared/lighting, whose scenes the network was never shown; of
`dynamics`, its clips, each as one shot. Writes the confusion that travels with the tags:

    python -m training.held_out ../shared/lighting
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.lighting import likeliest, stills
from curation.analysis.measured import Series, labels
from curation.media import frames, probe, read_timeline
from curation.tags.lighting.card import UNLEARNED
from curation.tags.lighting.dynamics import DynamicsTagger
from curation.tags.lighting.tagger import CONTRASTS
from curation.tags.protocol import UNKNOWN

FILE = Path(__file__).parents[1] / "curation" / "tags" / "lighting" / UNLEARNED

Answer = tuple[str, str, str]
"""Scene, true label, label that was said."""


def contrasts(folder: Path) -> Iterator[Answer]:
    """Of each still with a key light and a lit subject."""
    for case in stills(folder):
        if case.true["key_class"] and not case.true["silhouette"]:
            true = next(name for limit, name in CONTRASTS if case.true["ratio"] < limit)
            yield case.true["scene"], true, likeliest(case.tags["contrast"])


def dynamics(folder: Path) -> Iterator[Answer]:
    """Of each clip as one shot."""
    tagger = DynamicsTagger()
    for clip in json.loads((folder / "labels.json").read_text()):
        film = str(folder / clip["file"])
        info, timeline = probe(film), read_timeline(film)
        series, before = Series(tagger, info), None
        for frame in frames(film, width=64, device="cpu", timeline=timeline):
            series.measure(frame, before)
            before = frame
        span = {"clean_start": 0, "clean_end": len(timeline), "shot_id": "", "asset_sha256": ""}
        span |= {"clean_start_s": 0.0, "clean_end_s": float(timeline.seconds(len(timeline)))}
        (tag,) = labels(tagger, series.measured(span))
        yield clip["scene"], clip["dynamic"], tag["label"]


def confused(answers: Sequence[Answer], named: Sequence[str]) -> dict[str, Any]:
    """A facet's confusion and scores."""
    table = [[0] * len(named) for _ in named]
    for _, true, said in answers:
        table[named.index(true)][named.index(said)] += 1
    right = sum(table[k][k] for k in range(len(named)))
    each = [table[k][k] / sum(table[k]) for k in range(len(named)) if sum(table[k])]
    return {
        "labels": list(named),
        "frames": len(answers),
        "scenes": len({scene for scene, _, _ in answers}),
        "accuracy": round(right / len(answers), 3),
        "balanced": round(sum(each) / len(each), 3),
        "confusion": table,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="shared/lighting")
    folder = parser.parse_args().folder
    kinds = [label for label in DynamicsTagger.facets[0].labels if label != UNKNOWN]
    found = {
        "contrast": confused(list(contrasts(folder)), [name for _, name in CONTRASTS]),
        "dynamics": confused(list(dynamics(folder / "clips")), kinds),
    }
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    for name, each in found.items():
        print(name, each)


if __name__ == "__main__":
    main()
