"""How fast a release is read: through webdataset, against plain tar reading of the same bytes.

    python benchmarks/loading.py store/releases/<release> [--megabytes 2000] [--runs 5]

The release's tars are read in turn, over and over, until so many megabytes were read; both readers
hand over every member's bytes and decode nothing. The files lie in the page cache, so that the
readers are measured and not the disk.
"""

from __future__ import annotations

import argparse
import statistics
import tarfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

Reader = Callable[[str], Iterator[int]]


def plain(tar: str) -> Iterator[int]:
    """Sizes of members, as Python's own tarfile reads them."""
    with tarfile.open(tar) as shard:
        for member in shard:
            stream = shard.extractfile(member)
            yield len(stream.read()) if stream else 0


def webdataset(tar: str) -> Iterator[int]:
    """Sizes of members, as webdataset hands them over in samples."""
    import webdataset as wds

    for sample in wds.WebDataset(tar, shardshuffle=False):
        yield sum(len(value) for key, value in sample.items() if not key.startswith("__"))


def speed(reader: Reader, tars: list[str], megabytes: float) -> float:
    """Megabytes a second."""
    read, began = 0, time.perf_counter()
    for tar in cycle(tars):
        read += sum(reader(tar))
        if read >= megabytes * 1e6:
            break
    return read / 1e6 / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("--megabytes", type=float, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    tars = [str(path) for path in sorted(given.release.glob("shards/*.tar"))]
    readers: dict[str, Reader] = {"tarfile": plain, "webdataset": webdataset}
    found: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(given.runs):
        for name, reader in readers.items():
            found[name].append(speed(reader, tars, given.megabytes))
    base = statistics.median(found["tarfile"])
    print("| reader | MB/s | of tarfile |\n| --- | --- | --- |")
    for name, speeds in found.items():
        middle = statistics.median(speeds)
        print(f"| {name} | {middle:.0f} | {middle / base:.2f} |")


if __name__ == "__main__":
    main()
