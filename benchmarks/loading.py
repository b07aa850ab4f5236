"""How fast a release is read: through webdataset, against plain tar reading of the same bytes.

    python benchmarks/loading.py store/releases/<release> [--megabytes 2000] [--runs 5]

The release's samples are repeated under new keys until they fill a shard of a usual size, which is
read over and over; both readers hand over every member's bytes and decode nothing. The file lies in
the page cache, so that the readers are measured and not the disk.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

Reader = Callable[[list[str]], Iterator[int]]


def plain(tars: list[str]) -> Iterator[int]:
    """Sizes of members, as Python's own tarfile reads them."""
    for tar in tars:
        with tarfile.open(tar) as shard:
            for member in shard:
                stream = shard.extractfile(member)
                yield len(stream.read()) if stream else 0


def webdataset(tars: list[str]) -> Iterator[int]:
    """Sizes of samples, as webdataset hands them over."""
    import webdataset as wds

    for sample in wds.WebDataset(tars, shardshuffle=False):
        yield sum(len(value) for key, value in sample.items() if not key.startswith("__"))


def enlarged(tars: list[str], folder: Path, megabytes: float) -> list[str]:
    """The samples of some tars over and over, under new keys, in tars of so many megabytes."""
    blobs: list[tuple[str, bytes]] = []
    for tar in tars:
        with tarfile.open(tar) as shard:
            members = [(m.name, shard.extractfile(m)) for m in shard]
            blobs += [(name, stream.read()) for name, stream in members if stream]
    times = max(1, round(megabytes * 1e6 / sum(len(data) for _, data in blobs)))
    whole = folder / "shard.tar"
    with tarfile.open(whole, "w") as shard:
        for number in range(times):
            for name, data in blobs:
                info = tarfile.TarInfo(f"{number:06d}{name}")
                info.size = len(data)
                shard.addfile(info, io.BytesIO(data))
    return [str(whole)]


def speed(reader: Reader, tars: list[str], times: int) -> float:
    """Megabytes a second."""
    began = time.perf_counter()
    read = sum(reader(tars * times))
    return read / 1e6 / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("--megabytes", type=float, default=2000)
    parser.add_argument("--shard", type=float, default=200, help="megabytes of a shard")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    small = [str(path) for path in sorted(given.release.glob("shards/*.tar"))]
    readers: dict[str, Reader] = {"tarfile": plain, "webdataset": webdataset}
    found: dict[str, list[float]] = {name: [] for name in readers}
    with TemporaryDirectory(prefix="benchmark-loading-") as folder:
        tars = enlarged(small, Path(folder), given.shard)
        times = max(1, round(given.megabytes / given.shard))
        for _ in range(given.runs):
            for name, reader in readers.items():
                found[name].append(speed(reader, tars, times))
    base = statistics.median(found["tarfile"])
    print("| reader | MB/s | of tarfile |\n| --- | --- | --- |")
    for name, speeds in found.items():
        middle = statistics.median(speeds)
        print(f"| {name} | {middle:.0f} | {middle / base:.2f} |")


if __name__ == "__main__":
    main()
