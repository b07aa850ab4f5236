"""Spans of films whose light was labelled by eye."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from curation.media import chosen, probe, read_timeline

LABELS: Final = Path(__file__).parents[1] / "benchmarks" / "labels" / "films.csv"
WIDTH: Final = 320


def spans(
    folders: Sequence[Path], pictures: int
) -> Iterator[tuple[Mapping[str, str], Any, list[Any]]]:
    """Each labelled span whose film is in one of the folders: its row, its film's `VideoInfo`, and
    so many pictures of it, evenly spread, RGB (height, width, 3)."""
    by_film: dict[str, list[dict[str, str]]] = defaultdict(list)
    with LABELS.open(newline="") as lines:
        for row in csv.DictReader(lines):
            by_film[row["film"]].append(row)
    for name, rows in by_film.items():
        film = next((str(f / name) for f in folders if (f / name).is_file()), None)
        if film is None:
            continue
        timeline, info = read_timeline(film), probe(film)
        at: dict[int, int] = {}
        for k, row in enumerate(rows):
            first, past = int(row["start_frame"]), int(row["end_frame"])
            shares = [(2 * n + 1) / (2 * pictures) for n in range(pictures)]
            at |= {first + int(share * (past - first)): k for share in shares}
        wanted = np.isin(np.arange(len(timeline)), list(at))
        seen: dict[int, list[Any]] = defaultdict(list)
        for frame in chosen(film, timeline, wanted, width=WIDTH, exact=True):
            seen[at[frame.index]].append(frame.sized(WIDTH).rgb.copy())
        for k, row in enumerate(rows):
            if seen[k]:
                yield row, info, seen[k]
