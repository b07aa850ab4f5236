"""What a container's own structure tells, read without FFmpeg: its end, edits, holes and crop.

Each question costs a few short reads. Silence means nothing: a structure that is not understood
is left to FFmpeg.
"""

import contextlib
import re
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

MAX_EDITS = 4096
"""FFmpeg repeats the index of an MP4 for every edit; films have one or two, a cutter's reference
movie some hundreds."""

_MAX_BOXES = 1024
_FARTHEST = 1 << 43
"""Bytes, 8 TiB; some file systems refuse to seek beyond 16."""
_PLACES = 16
_WINDOW = 1 << 17
_LEAST_WINDOW = 1 << 12

_MXF_PARTITION = bytes.fromhex("060e2b34020501010d010201")
_MXF_FOOTER = _MXF_PARTITION + b"\x01\x04"
_TAIL = 1 << 20
_EBML, _SEGMENT = bytes.fromhex("1a45dfa3"), bytes.fromhex("18538067")
_TRACKS, _TRACK, _VIDEO = bytes.fromhex("1654ae6b"), b"\xae", b"\xe0"
_CROPS = (b"\x54\xbb", b"\x54\xaa", b"\x54\xcc", b"\x54\xdd")
_SAMPLE_TABLE = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_VISUAL_ENTRY = 78
"""Bytes of a visual sample entry before the boxes that it holds (ISO/IEC 14496-12, 12.1.3)."""
_TS_SIZES = (188, 192, 204)
_TS_RUN = re.compile(rb"(?s)G.{187}G.{187}G|G.{191}G.{191}G|G.{203}G.{203}G")
_PS_CODE = re.compile(rb"\x00\x00\x01[\xba-\xef]")


@contextlib.contextmanager
def _reading(source: str | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, str):
        with Path(source).open("rb") as file:
            yield file
    else:
        yield source


def ends_early(source: str | BinaryIO) -> bool:
    """Whether the file is shorter than its outermost structure says."""
    with _reading(source) as file:
        size = file.seek(0, 2)
        head = _at(file, 0, 64)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return any(end > size for _, _, end in _boxes(file, 0, size))
        if head[:4] == b"RIFF":
            return any(end > size for end in _riffs(file, size))
        if head[:4] == _EBML:
            return _segment_end(file) > size
        if head[:12] == _MXF_PARTITION:
            start = 16 + _ber_length(head[16:])
            footer = int.from_bytes(head[start + 24 : start + 32])
            tail = _at(file, max(0, size - _TAIL), _TAIL)
            return footer >= size or (footer == 0 and _MXF_FOOTER not in tail)
        unit = _ts_unit(_at(file, 0, 1024))
        return unit > 0 and size % unit > 0


def edits(source: str | BinaryIO) -> int:
    """How many entries the edit lists of an MP4 state; 0 for anything else."""
    with _reading(source) as file:
        lists = _inside(file, 0, file.seek(0, 2), (b"moov", b"trak", b"edts", b"elst"))
        return sum(int.from_bytes(_at(file, content + 4, 4)) for content, _ in lists)


def holes(source: str | BinaryIO) -> float:
    """The share of places in an MPEG transport or programme stream that hold none of it.

    Looks at no more than 16 places; 0 for anything else.
    """
    with _reading(source) as file:
        size = file.seek(0, 2)
        head = _at(file, 0, 1024)
        pattern = _TS_RUN if _ts_unit(head) else _PS_CODE if head[:4] == b"\0\0\1\xba" else None
        window = min(_WINDOW, size // _PLACES)
        if pattern is None or window < _LEAST_WINDOW:
            return 0.0
        steps = range(0, size - window + 1, max(1, (size - window) // (_PLACES - 1)))
        return sum(not pattern.search(_at(file, at, window)) for at in steps) / len(steps)


def crop(source: str | BinaryIO) -> tuple[int, int, int, int] | None:
    """Pixels that a container has cut off a picture: at its top, bottom, left and right.

    The clean aperture of an MP4 (ISO/IEC 14496-12, 12.1.4) or the PixelCrop of a Matroska film
    (RFC 9559, 5.1.4.1.28); None where nothing is cut off.
    """
    with _reading(source) as file:
        size = file.seek(0, 2)
        of_kind = _pixel_crop if _at(file, 0, 4) == _EBML else _clean_aperture
        sides = of_kind(file, size)
    return sides if sides and any(sides) and min(sides) >= 0 else None


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    # Behind its end a file may be sought, an object in a store may not.
    if offset >= min(_FARTHEST, file.seek(0, 2)):
        return b""
    file.seek(offset)
    return file.read(size)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start of the content and stated end of the boxes of an MP4 in [start, end)."""
    for _ in range(_MAX_BOXES):
        head = _at(file, start, 16)
        if start + 8 > end or len(head) < 8:
            return
        size, kind, content = int.from_bytes(head[:4]), head[4:8], start + 8
        if size == 1:
            size, content = int.from_bytes(head[8:16]), start + 16
        if size == 0:
            size = end - start
        # Noise behind the last box is no box that lacks its end.
        if size < content - start or not kind.isascii():
            return
        yield kind, content, start + size
        start += size


def _clean_aperture(file: BinaryIO, size: int) -> tuple[int, int, int, int] | None:
    for table, table_end in _inside(file, 0, size, _SAMPLE_TABLE):
        for _, entry, entry_end in _boxes(file, table + 8, table_end):
            wide, high = struct.unpack(">2H", _at(file, entry + 24, 4).ljust(4, b"\0"))
            for kind, at, end in _boxes(file, entry + _VISUAL_ENTRY, min(entry_end, table_end)):
                if kind == b"clap" and end - at >= 32:
                    return _sides(wide, high, struct.unpack(">4I4i", _at(file, at, 32)))
    return None


def _sides(wide: int, high: int, stated: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """What lies beyond an aperture of a width, a height and two offsets of its centre."""
    numbers = list(zip(stated[::2], stated[1::2], strict=True))
    if any(below == 0 for _, below in numbers):
        return None
    width, height, right, down = (Fraction(above, below) for above, below in numbers)
    left, top = (wide - width) / 2 + right, (high - height) / 2 + down
    return round(top), round(high - height - top), round(left), round(wide - width - left)


def _inside(
    file: BinaryIO, start: int, end: int, path: tuple[bytes, ...]
) -> Iterator[tuple[int, int]]:
    """Start and end of the content of each box of an MP4 at the end of a path of kinds."""
    for kind, content, box_end in _boxes(file, start, end):
        if kind == path[0] and path[1:]:
            yield from _inside(file, content, min(box_end, end), path[1:])
        elif kind == path[0]:
            yield content, min(box_end, end)


def _pixel_crop(file: BinaryIO, size: int) -> tuple[int, int, int, int] | None:
    for _, segment, segment_end in _elements(file, 0, size, _SEGMENT):
        for _, tracks, tracks_end in _elements(file, segment, segment_end, _TRACKS):
            for _, track, track_end in _elements(file, tracks, tracks_end, _TRACK):
                for _, video, video_end in _elements(file, track, track_end, _VIDEO):
                    stated = {
                        kind: int.from_bytes(_at(file, at, end - at))
                        for kind, at, end in _elements(file, video, video_end)
                        if kind in _CROPS and end - at <= 8
                    }
                    top, bottom, left, right = (stated.get(kind, 0) for kind in _CROPS)
                    return top, bottom, left, right
    return None


def _elements(
    file: BinaryIO, start: int, end: int, wanted: bytes | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of the elements of a Matroska file in [start, end)."""
    for _ in range(_MAX_BOXES):
        head = _at(file, start, 12)
        if start >= end or not head or not head[0]:
            return
        kind = head[: 9 - head[0].bit_length()]
        length, used = _vint(head[len(kind) :])
        content = start + len(kind) + used
        if not used:
            return
        unknown = length == (1 << 7 * used) - 1
        start = end if unknown else min(end, content + length)
        if wanted is None or kind == wanted:
            yield kind, content, start


def _riffs(file: BinaryIO, size: int) -> Iterator[int]:
    start = 0
    for _ in range(_MAX_BOXES):
        head = _at(file, start, 8)
        stated = int.from_bytes(head[4:8], "little")
        # A writer that could not go back left nothing or everything in the size.
        if head[:4] != b"RIFF" or not 0 < stated < 0xFFFFFFF0:
            return
        start += 8 + stated
        yield start
        start += start % 2


def _segment_end(file: BinaryIO) -> int:
    start = 4
    for _ in range(8):
        length, used = _vint(_at(file, start, 8))
        start += used + length
        if _at(file, start, 4) == _SEGMENT:
            length, used = _vint(_at(file, start + 4, 8))
            unknown = length == (1 << 7 * used) - 1
            return 0 if unknown or not used else start + 4 + used + length
    return 0


def _vint(data: bytes) -> tuple[int, int]:
    """An EBML length and the bytes that it takes."""
    used = 9 - data[0].bit_length() if data and data[0] else 0
    return int.from_bytes(data[:used]) & ((1 << 7 * used) - 1), used


def _ber_length(data: bytes) -> int:
    """The bytes that a BER length takes."""
    return 1 + (data[0] & 0x7F if data and data[0] & 0x80 else 0)


def _ts_unit(head: bytes) -> int:
    """The packet size of a transport stream that begins with `head`; 0 if it is none."""
    for unit in _TS_SIZES:
        first = 4 if unit == 192 else 0
        if len(head) > first + 3 * unit and all(head[first + k * unit] == 0x47 for k in range(4)):
            return unit
    return 0
