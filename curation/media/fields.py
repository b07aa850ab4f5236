"""Packets of H.264 that hold but the second field of a frame (ITU-T H.264, 7.3.2.1 and 7.3.3).

Interlaced film may code a frame as a pair of fields, which transport streams, and what was
remuxed from them, store as two packets for one decoded frame.
"""

import re
from dataclasses import dataclass

_START = re.compile(rb"\x00\x00\x01(?=.)", re.DOTALL)
_SLICE, _IDR, _SPS = 1, 5, 7
_HEADER = 256
"""Bytes of a unit within which all that is asked for lies."""
_FRONT = 4096
"""Bytes of a packet within which its first slice begins."""

# Profiles whose parameter sets say more of chroma (7.3.2.1.1).
_CHROMA = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})


class SecondFields:
    """Tells, packet by packet in file order, which are second fields.

    `extradata` is the stream's, of either kind (Annex B or AVCC).
    """

    def __init__(self, extradata: bytes | None) -> None:
        self._length = 0
        self._rules: _Rules | None = None
        self._open: tuple[int, bool] | None = None
        if extradata and extradata[0] == 1 and len(extradata) > 8:
            self._length = (extradata[4] & 3) + 1
            self._rules = _rules(extradata[8:])
        elif extradata:
            self._learn(extradata)

    def has(self, packet: memoryview) -> bool:
        """Whether this packet completes the frame of the one before."""
        if self._rules is not None and self._rules.frames_only:
            return False
        data = bytes(packet[:_FRONT])
        if self._rules is None:
            self._learn(data)
        field = self._field(data)
        completes = (
            field is not None and self._open is not None and self._open == (field[0], not field[1])
        )
        self._open = None if completes else field
        return completes

    def _learn(self, data: bytes) -> None:
        for unit in self._units(data):
            if unit[0] & 31 == _SPS:
                self._rules = _rules(unit)

    def _field(self, data: bytes) -> tuple[int, bool] | None:
        """Frame number and whether it is the bottom field; None for a frame or what is unclear."""
        if self._rules is None:
            return None
        for unit in self._units(data):
            if unit[0] & 31 in (_SLICE, _IDR):
                bits = _Bits(unit[1:])
                for _ in ("first macroblock", "slice type", "picture parameter set"):
                    bits.golomb()
                bits.take(2 * self._rules.separate_planes)
                number = bits.take(self._rules.number_bits)
                return (number, bool(bits.take(1))) if bits.take(1) else None
        return None

    def _units(self, data: bytes) -> list[bytes]:
        """The beginnings of the units of a packet."""
        if not self._length:
            return [data[m.end() : m.end() + _HEADER] for m in _START.finditer(data)]
        units, at = [], 0
        while at + self._length < len(data):
            start = at + self._length
            units.append(data[start : start + _HEADER])
            at = start + int.from_bytes(data[at:start])
        return units


@dataclass(frozen=True, slots=True)
class _Rules:
    """What of a sequence parameter set is needed to read a slice header."""

    frames_only: bool
    number_bits: int
    separate_planes: int


def _rules(unit: bytes) -> _Rules | None:
    if len(unit) < 8:
        return None
    profile, bits, planes = unit[1], _Bits(unit[4:]), 0
    bits.golomb()
    if profile in _CHROMA:
        chroma = bits.golomb()
        planes = bits.take(1) if chroma == 3 else 0
        bits.golomb()
        bits.golomb()
        bits.take(1)
        if bits.take(1):
            for matrix in range(12 if chroma == 3 else 8):
                if bits.take(1):
                    _skip_matrix(bits, 16 if matrix < 6 else 64)
    number_bits = bits.golomb() + 4
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()
    bits.golomb()
    bits.take(1)
    bits.golomb()
    bits.golomb()
    return _Rules(bool(bits.take(1)), min(number_bits, 16), planes)


def _skip_matrix(bits: "_Bits", size: int) -> None:
    """Read over a scaling list (7.3.2.1.1.1)."""
    last = step = 8
    for _ in range(size):
        if step:
            code = bits.golomb()
            step = (last + (code + 1) // 2 * (1 if code % 2 else -1)) % 256
        last = step or last


class _Bits:
    """Reads bits; beyond the end they are ones, which ends every code."""

    def __init__(self, data: bytes) -> None:
        clean = data.replace(b"\0\0\3", b"\0\0")
        self._bits = "".join(f"{byte:08b}" for byte in clean)
        self._at = 0

    def take(self, count: int) -> int:
        word = self._bits[self._at : self._at + count].ljust(count, "1")
        self._at += count
        return int(word or "0", 2)

    def golomb(self) -> int:
        """An unsigned Exp-Golomb code (9.1)."""
        end = self._bits.find("1", self._at)
        zeros = max(0, end - self._at) if end >= 0 else 0
        self._at += zeros
        return self.take(zeros + 1) - 1
