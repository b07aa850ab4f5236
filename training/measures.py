"""Measure frames of known light, for `training.lighting` to learn from.

    python -m training.measures FRAMES… --films FILMS… --out measures.npz

A folder of FRAMES holds pictures and JSON lists of records beside them: `file`, `scene`, and the
facts that `training.questions` asks for. Every frame is measured as it is and once more mirrored
and spoilt by grade, range, scale, grain and codec. FILMS are folders with the films of
`benchmarks/labels`: rendered light alone makes a network that takes a forest for a room. Where the
key of a film stands was not to be seen by eye well enough, and is not learned from it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from curation.media import Frame
from curation.media.frame import Still
from curation.tags.lighting.meter import LightingMeter
from curation.tags.photometry import light_from, light_of
from training.films import spans
from training.questions import Record

WIDTH = 320
PICTURES = 5
"""Of each labelled span of a film."""
REPEATED = 2
"""Times that each picture of a film counts: there are few of them."""
SEED = 1


def records(folder: Path) -> Iterator[Record]:
    """The records of a folder, their files as paths."""
    for file in sorted(folder.glob("*.json")):
        for record in json.loads(file.read_text()):
            yield record | {"path": str(folder / record["file"])}


def spoilt(picture: Any, rng: np.random.Generator) -> Any:
    """A picture (height, width, 3) as another grade, range, size, grain or codec would show it."""
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
        grey = code @ np.array([[0.2126], [0.7152], [0.0722]], np.float32)
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--films", nargs="+", type=Path, default=[])
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    measure(asked.folders, asked.films, asked.out)


if __name__ == "__main__":
    main()
