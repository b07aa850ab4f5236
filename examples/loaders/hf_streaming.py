"""Rows and clips of a release through Hugging Face datasets, streamed, nothing copied or prepared.

    python examples/loaders/hf_streaming.py store/releases/<release>

Offline by itself: it reads the files that are there. Needs datasets, webdataset and av.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import av
from datasets import IterableDataset, load_dataset


def rows(release: Path, split: str) -> IterableDataset:
    """The rows of a split, without the clips."""
    files = sorted(str(path) for path in release.glob(f"parquet/split={split}/*.parquet"))
    return load_dataset("parquet", data_files={split: files}, split=split, streaming=True)


def samples(release: Path, split: str) -> IterableDataset:
    """The rows of a split with their clips: `json`, `mp4` and, where there are stills, `jpg`."""
    files = sorted(str(path) for path in release.glob(f"shards/{split}-*.tar"))
    data = load_dataset("webdataset", data_files={split: files}, split=split, streaming=True)
    return data.decode(False)


def frames_of(sample: dict[str, Any]) -> int:
    """How many frames of a clip decode."""
    with av.open(io.BytesIO(sample["mp4"]["bytes"])) as clip:
        return sum(1 for _ in clip.decode(video=0))


if __name__ == "__main__":
    release = Path(sys.argv[1])
    for split in sorted(path.name.partition("=")[2] for path in release.glob("parquet/split=*")):
        print(split, sum(row["seconds"] for row in rows(release, split)), "seconds")
        for sample in samples(release, split).take(3):
            print(sample["__key__"], frames_of(sample), "frames", sample["json"]["title"])
