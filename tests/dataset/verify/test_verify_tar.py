"""What verification sees of tars, clips and stills, with every hash written anew."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.dataset.verify import row_check, tar_check
from curation.media import ClipSpec, Encoding, write_clips
from curation.settings import Settings
from curation.tables.store import rows_of
from tests.dataset.verify.forgery import (
    PARQUET,
    TAR,
    Members,
    first,
    forge_rows,
    forge_table,
    forge_tar,
    members_of,
    reseal,
    said,
)


def _flip_in(kind: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        at = next(i for i, (name, _) in enumerate(members) if name.endswith(kind))
        data = bytearray(members[at][1])
        data[len(data) // 2] ^= 1
        return [*members[:at], (members[at][0], bytes(data)), *members[at + 1 :]]

    return change


def _swap(kind: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        data = dict(members)
        one, two = [name for name in data if name.endswith(kind)][:2]
        data[one], data[two] = data[two], data[one]
        return list(data.items())

    return change


def _lose(kind: str) -> Callable[[Members], Members]:
    return lambda members: [m for m in members if not m[0].endswith(kind)]


def _deep(members: Members) -> Members:
    return [(n, b"[" * 200_000 if n.endswith(".json") else data) for n, data in members]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_flip_in(".jpg"), "its .jpg: it has another SHA-256"),
        (_flip_in(".mp4"), "its .mp4: it has another SHA-256"),
        (_flip_in(".json"), "its .json: it differs from its Parquet row"),
        (_swap(".jpg"), "its .jpg: it has another SHA-256"),
        (_swap(".mp4"), "its .mp4: it has"),
        (_lose(".jpg"), "its .jpg is missing"),
        (_lose(".mp4"), "its .mp4 is missing"),
        (_lose(".json"), "its .json is missing"),
        (_deep, "its .json: it differs from its Parquet row"),
        (lambda m: [*m, (m[0][0].replace(".jpg", ".txt"), b"x")], "its .txt: no row calls for"),
        (lambda m: [*m, ("stranger.mp4", b"x")], "sample stranger: its .mp4: no row calls for"),
        (lambda m: [*m, ("../\x1b[2J", b"x")], "'../\\x1b[2J': no row calls for this member"),
        (lambda m: [*m, m[2]], "its .mp4 is there 2 times"),
        (lambda m: m[::-1], "in another order than the rows"),
        (lambda m: [("./" + m[0][0], m[0][1]), *m[1:]], "no row calls for this member"),
        (lambda m: [], "its .mp4 is missing"),
    ],
)
def test_a_tar_with_other_members_is_found(
    folder: Path, change: Callable[[Members], Members], fault: str
) -> None:
    forge_tar(folder, change)
    assert fault in said(folder)


def _behind_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100] + b"s" * 100)


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + bytes(10240))


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _padding(path: Path) -> None:
    with tarfile.open(path) as tar:
        member = next(m for m in tar.getmembers() if m.size % 512)
    raw = bytearray(path.read_bytes())
    raw[member.offset_data + member.size] = 1
    path.write_bytes(raw)


def _odd(kind: bytes, **fields: Any) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        members = members_of(path)
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data) if kind == tarfile.REGTYPE else 0
                info.type = kind
                for field, value in fields.items():
                    setattr(info, field, value)
                tar.addfile(info, io.BytesIO(data))

    return spoil


def _huge(path: Path) -> None:
    info = tarfile.TarInfo("x.mp4")
    info.size = 1 << 50
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240 - 512))


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (_behind_the_end, "there is something after its last member"),
        (_longer, "but its members end at"),
        (_half, "goes beyond the end"),
        (_padding, "its header is not as releases write them"),
        (_odd(tarfile.REGTYPE, mtime=7), "its header is not as releases write them"),
        (_odd(tarfile.SYMTYPE, linkname="/etc/passwd"), "is no regular file"),
        (_odd(tarfile.DIRTYPE), "is no regular file"),
        (_huge, "goes beyond the end"),
        (lambda path: path.write_bytes(b""), "breaks off at byte 0"),
        (lambda path: path.write_bytes(b"no tar" * 1000), "cannot be read as a tar"),
    ],
)
def test_a_tar_that_is_built_oddly_is_found(
    folder: Path, spoil: Callable[[Path], object], fault: str
) -> None:
    spoil(folder / TAR)
    reseal(folder)
    assert fault in said(folder)


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (b"no picture", "it is no JPEG picture"),
        (cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes(), "8 by 8, its row says"),
    ],
)
def test_a_still_that_is_none_is_found(folder: Path, picture: bytes, fault: str) -> None:
    digest = hashlib.sha256(picture).hexdigest()
    forge_rows(folder, first("clip", "still_sha256", to=digest))
    forge_tar(folder, lambda m: [(m[0][0], picture), *m[1:]])
    assert fault in said(folder)


def test_sound_that_was_not_asked_for_is_found(
    made: tuple[Settings, str], folder: Path, tmp_path: Path
) -> None:
    row = rows_of(pq.read_table(folder / PARQUET, partitioning=None))[0]
    spec = ClipSpec(row["clean_start"], row["clean_end"], tmp_path / "loud.mp4")
    film = Path(made[0].library) / "window_seat.mp4"
    loud = Encoding(height=120, crf=20, preset="ultrafast", audio=True)
    (report,) = write_clips(str(film), [spec], encode=loud)
    clip = row["clip"] | {"sha256": report.sha256, "bytes": report.bytes}
    forge_rows(folder, first("clip", to=clip))
    forge_tar(folder, lambda m: [*m[:2], (m[2][0], spec.path.read_bytes()), *m[3:]])
    fault = "its .mp4: it has sound, and sound was not asked for"
    assert said(folder) == f"{TAR} sample {row['key']}: {fault}"


def test_what_is_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as small:
        small.setattr(tar_check, "MOST_BYTES", 1000)
        small.setattr(tar_check, "MOST_STILL_BYTES", 1000)
        assert "bytes; this code reads up to 1000" in said(folder)
    table = pq.read_table(folder / PARQUET, partitioning=None)
    forge_table(folder, table.append_column("bomb", pa.array(["0" * 1_000_000] * 3)))
    for most, fault in ((20_000, "bytes; this code reads up to"), (500_000, "its rows need more")):
        with monkeypatch.context() as small:
            small.setattr(row_check, "MOST_BYTES", most)
            assert fault in said(folder)


def test_many_faults_end_early(folder: Path) -> None:
    forge_tar(folder, lambda m: [*m, *((f"x{n}.txt", b"") for n in range(2000))])
    assert said(folder).count("\n") < 1100
    assert "too many faults" in said(folder)
