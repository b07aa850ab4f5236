"""A forger's tools: releases changed, with every hash and paper written anew."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.dataset.filing import file_papers
from curation.dataset.shards import Shard
from curation.dataset.verify import verify
from curation.storage import Place
from curation.tables.store import canonical_json, rows_of

CARD = "cards/lighting.json"
TAR, PARQUET = "shards/train-000000.tar", "parquet/split=train/train-000000.parquet"
Members = list[tuple[str, bytes]]
Row = dict[str, Any]


def said(folder: Path) -> str:
    """All faults of a folder, one a line."""
    return "\n".join(str(fault) for fault in verify(Place.parse(folder)).faults)


@contextmanager
def manifest(folder: Path) -> Iterator[dict[str, Any]]:
    file = folder / "manifest.json"
    data = json.loads(file.read_text())
    yield data
    file.write_text(json.dumps(data))


def reseal(folder: Path) -> None:
    """Write all papers, sizes and hashes anew, as a forger who has this code would."""
    with manifest(folder) as data:
        files = [*data["cards"], *(file for shard in data["shards"] for file in shard["files"])]
        _rehash(folder, files)
        with suppress(AttributeError, KeyError, TypeError, ValueError, pa.ArrowException):
            _refile(folder, data)
        _rehash(folder, data["papers"])
        data["totals"]["bytes"] = sum(file["bytes"] for file in (*files, *data["papers"]))


def _refile(folder: Path, data: dict[str, Any]) -> None:
    cards = [json.loads((folder / card["path"]).read_text()) for card in data["cards"]]
    file_papers(
        Place.parse(folder),
        data,
        [Shard.from_json(shard) for shard in data["shards"]],
        cards={card["tagger"]: card for card in cards},
        negative=(folder / "left_out.parquet").read_bytes(),
    )


def _rehash(folder: Path, files: list[dict[str, Any]]) -> None:
    for file in files:
        raw = (folder / file["path"]).read_bytes()
        file |= {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def members_of(path: Path) -> Members:
    with tarfile.open(path) as tar:
        pairs = [(member.name, tar.extractfile(member)) for member in tar.getmembers()]
        return [(name, stream.read()) for name, stream in pairs if stream]


def write_tar(path: Path, members: Members) -> None:
    """Write members as packing does."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.uname, info.gname = len(data), 0o444, "curation", "curation"
            tar.addfile(info, io.BytesIO(data))


def forge_tar(folder: Path, change: Callable[[Members], Members]) -> None:
    write_tar(folder / TAR, change(members_of(folder / TAR)))
    reseal(folder)


def forge_rows(folder: Path, change: Callable[[list[Row]], list[Row] | None]) -> None:
    """Change rows, and the ``.json`` members and hashes that follow from them."""
    table = pq.read_table(folder / PARQUET, partitioning=None)
    rows = rows_of(table)
    rows = change(rows) or rows
    forge_table(folder, pa.Table.from_pylist(rows, schema=table.schema))
    text = {f"{row['key']}.json": canonical_json(row).encode() for row in rows}
    forge_tar(folder, lambda members: [(n, text.get(n, data)) for n, data in members])


def forge_table(folder: Path, table: pa.Table) -> None:
    pq.write_table(table, folder / PARQUET)
    reseal(folder)


def put(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(data: Any) -> None:
        for part in path[:-1]:
            data = data[part]
        data[path[-1]] = to

    return change


def first(*path: str, to: object) -> Callable[[list[Row]], None]:
    return lambda rows: put(*path, to=to)(rows[0])
