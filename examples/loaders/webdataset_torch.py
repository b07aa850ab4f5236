"""Batches of clips for PyTorch, from the tars of a release.

    python examples/loaders/webdataset_torch.py store/releases/<release>

A shard holds clips of one bucket, so the first frames of any of its clips make a batch without
padding: `f064` in a shard's name promises 64 frames. Needs webdataset, torch and av.
"""

from __future__ import annotations

import io
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
import webdataset as wds

FRAMES = 16
"""Frames of a sample; clips that have fewer are left out."""


def sample(raw: dict[str, Any]) -> dict[str, Any]:
    """The first frames of a clip (frames, 3, height, width), uint8, and what is said of it."""
    with av.open(io.BytesIO(raw["mp4"])) as clip:
        frames = [f.to_ndarray(format="rgb24") for f in islice(clip.decode(video=0), FRAMES)]
    row = json.loads(raw["json"])
    return {
        "key": raw["__key__"],
        "video": torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2),
        "caption": row.get("lighting_caption", ""),
    }


def bucket_of(tar: Path) -> str:
    """`640x360-f064` of `train-640x360-f064-000003.tar`."""
    return tar.stem.partition("-")[2].rpartition("-")[0]


def batches(release: Path, split: str, size: int = 4, workers: int = 2) -> Iterator[dict[str, Any]]:
    """Batches of one bucket each, bucket after bucket; mix them as your sampler likes."""
    buckets: dict[str, list[str]] = defaultdict(list)
    for tar in sorted(release.glob(f"shards/{split}-*.tar")):
        buckets[bucket_of(tar)].append(str(tar))
    for tars in buckets.values():
        clips = wds.WebDataset(tars, shardshuffle=False, empty_check=False).shuffle(100)
        long_enough = clips.select(lambda raw: json.loads(raw["json"])["frames"] >= FRAMES)
        yield from torch.utils.data.DataLoader(
            long_enough.map(sample), batch_size=size, num_workers=min(workers, len(tars))
        )


if __name__ == "__main__":
    release = Path(sys.argv[1])
    for split in ("train", "val", "test"):
        for batch in batches(release, split):
            print(split, tuple(batch["video"].shape), batch["caption"][0])
