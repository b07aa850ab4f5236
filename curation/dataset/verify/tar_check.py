"""The tar of a shard: exactly the members that its rows call for, and not a byte beside them."""

from __future__ import annotations

import hashlib
import re
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from curation.dataset.fault import Fault
from curation.dataset.shards import OWNER
from curation.storage import Place, StorageError
from curation.tables.store import canonical_json

MOST_BYTES = 4 << 30
"""Of one clip; it is hashed and decoded from disk, a block at a time."""

MOST_STILL_BYTES = 256 << 20
MOST_FAULTS = 1000
_BLOCK = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of a tar: its name and size, and whether its header has only what it must have."""

    name: str
    size: int
    is_plain: bool


def check_tar(
    release: Place, path: str, rows: Sequence[Mapping[str, Any]], *, sound: bool
) -> tuple[int, list[Fault]]:
    """Hold a tar against its rows, decoding every clip and still.

    Args:
        path: of the tar in the release.
        rows: of the shard's Parquet file, in order, well shaped.
        sound: whether the clips may carry sound.

    Returns:
        Clips decoded, and every fault; after ``MOST_FAULTS`` the rest is not looked at.
    """
    wanted = {f"{row['key']}.{kind}": (row, kind) for row in rows for kind in _kinds(row)}
    found: list[str] = []
    faults: list[Fault] = []
    clips = 0
    try:
        with (release / path).open() as stream:
            for member in _members(stream):
                found.append(member.name)
                row, kind = wanted.get(member.name, (None, ""))
                if not member.is_plain:
                    faults.append(_at(path, member, "its header is not as releases write them"))
                if row is None:
                    faults.append(_at(path, member, "no row calls for this member"))
                elif what := _content(stream, member, kind, row, sound):
                    faults.append(_at(path, member, what))
                clips += kind == "mp4"
                if len(faults) >= MOST_FAULTS:
                    faults.append(Fault(path, "too many faults; the rest was not looked at"))
                    return clips, faults
    except (tarfile.TarError, OSError, StorageError) as error:
        faults.append(Fault(path, f"cannot be read as a tar: {error}"))
    faults += _listing(path, list(wanted), found)
    return clips, faults


def _kinds(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The members of a sample, in the order in which they are packed."""
    return ("json", "mp4") if row["clip"]["still_sha256"] is None else ("jpg", "json", "mp4")


def _at(path: str, member: _Member, what: str) -> Fault:
    key, _, kind = member.name.partition(".")
    if _NAME.fullmatch(key) and _NAME.fullmatch(kind):
        return Fault(path, f"its .{kind}: {what}", key)
    return Fault(path, f"{member.name!a}: {what}")


def _listing(path: str, wanted: list[str], found: list[str]) -> Iterator[Fault]:
    """Members that are missing, there twice, or in another order than the rows."""
    counted = Counter(found)
    for name in wanted:
        key, _, kind = name.partition(".")
        if not counted[name]:
            yield Fault(path, f"its .{kind} is missing", key)
        elif counted[name] > 1:
            yield Fault(path, f"its .{kind} is there {counted[name]} times", key)
    known = set(wanted)
    order = list(dict.fromkeys(name for name in found if name in known))
    if order != [name for name in wanted if counted[name]]:
        yield Fault(path, "its members are in another order than the rows of the Parquet file")


def _members(stream: BinaryIO) -> Iterator[_Member]:
    """Read a tar header by header; whoever takes a member finds the stream at its data.

    Nothing hides here: padding must be zero, the end must be the end, and there are no links,
    folders or extended headers.

    Raises:
        TarError: at the first thing that is no regular member.
    """
    total = stream.seek(0, 2)
    start = 0
    while True:
        stream.seek(start)
        header = stream.read(tarfile.BLOCKSIZE)
        if len(header) < tarfile.BLOCKSIZE:
            raise tarfile.ReadError(f"it breaks off at byte {start}")
        if not any(header):
            break
        info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        if info.type != tarfile.REGTYPE:
            raise tarfile.ReadError(f"{info.name!a} is no regular file; the rest was not read")
        padded = -(-info.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        data = start + tarfile.BLOCKSIZE
        if info.size < 0 or data + padded > total:
            raise tarfile.ReadError(f"{info.name!a} goes beyond the end")
        stream.seek(data + info.size)
        clean = not any(stream.read(padded - info.size))
        stream.seek(data)
        yield _Member(info.name, info.size, clean and header == _header(info))
        start = data + padded
    end = -(-(start + 2 * tarfile.BLOCKSIZE) // tarfile.RECORDSIZE) * tarfile.RECORDSIZE
    if total != end:
        raise tarfile.ReadError(f"it has {total} bytes, but its members end at {end}")
    stream.seek(start)
    if any(stream.read(end - start)):
        raise tarfile.ReadError("there is something after its last member")


def _header(info: tarfile.TarInfo) -> bytes | None:
    """The header that packing writes for a member of this name and size."""
    plain = tarfile.TarInfo(info.name)
    plain.size, plain.mode, plain.uname, plain.gname = info.size, 0o444, OWNER, OWNER
    try:
        return plain.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")
    except ValueError:
        return None


def _content(
    stream: BinaryIO, member: _Member, kind: str, row: Mapping[str, Any], sound: bool
) -> str | None:
    """What is wrong with a member's data, the stream being at its start."""
    clip = row["clip"]
    if kind == "json":
        text = canonical_json(row).encode()
        same = member.size == len(text) and stream.read(member.size) == text
        return None if same else "it differs from its Parquet row"
    if kind == "jpg":
        if member.size > MOST_STILL_BYTES:
            return f"it has {member.size} bytes; this code reads up to {MOST_STILL_BYTES}"
        return _still(stream.read(member.size), clip)
    if member.size != clip["bytes"]:
        return f"it has {member.size} bytes, its row says {clip['bytes']}"
    if member.size > MOST_BYTES:
        return f"it has {member.size} bytes; this code reads up to {MOST_BYTES}"
    with tempfile.TemporaryDirectory(prefix="curation-verify-") as folder:
        file = Path(folder) / "clip.mp4"
        if _save(stream, member.size, file) != clip["sha256"]:
            return "it has another SHA-256 than its row"
        return _clip(str(file), clip, bool(row.get("has_sound", sound)))


def _save(stream: BinaryIO, size: int, file: Path) -> str:
    digest, left = hashlib.sha256(), size
    with file.open("wb") as writer:
        while left and (block := stream.read(min(left, _BLOCK))):
            digest.update(block)
            writer.write(block)
            left -= len(block)
    return digest.hexdigest()


def _clip(file: str, clip: Mapping[str, Any], sound: bool) -> str | None:
    from curation.media import MediaError, check_clip, probe

    try:
        info = probe(file)
        check_clip(file, frames=clip["frames"])
    except MediaError as error:
        return f"it does not play: {error}"
    if (info.width, info.height) != (clip["width"], clip["height"]):
        return f"{info.width} by {info.height}, its row says {clip['width']} by {clip['height']}"
    if info.audio and not sound:
        return "it has sound, and sound was not asked for"
    return None


def _still(data: bytes, clip: Mapping[str, Any]) -> str | None:
    import cv2
    import numpy as np

    if hashlib.sha256(data).hexdigest() != clip["still_sha256"]:
        return "it has another SHA-256 than its row"
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except (cv2.error, MemoryError) as error:
        return f"it is no picture: {error}"
    if picture is None or not data.startswith(b"\xff\xd8"):
        return "it is no JPEG picture"
    height, width = picture.shape[:2]
    if (width, height) != (clip["width"], clip["height"]):
        return f"{width} by {height}, its row says {clip['width']} by {clip['height']}"
    return None
