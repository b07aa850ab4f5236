"""H.264 coded as pairs of fields, which no encoder at hand writes: uncompressed, by the bits."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from tests.media.barcode import COUNT, bars

_GOP = 12
_DELIMITER = b"\0\0\0\1\x09\x10"


def encode_fields(path: Path, *, packets_a_frame: int, count: int = COUNT) -> Path:
    """A film of 160x96 whose frames are two fields, in one packet or in two."""
    raw = path.with_suffix(".h264")
    raw.write_bytes(b"".join(_unit(n, bottom) for n in range(2) for bottom in (False, True)))
    with av.open(str(raw)) as source, av.open(str(path), "w") as film:
        stream = film.add_stream_from_template(source.streams.video[0])
        for number in range(count):
            top, bottom = _unit(number, False), _unit(number, True)
            parts = [top + bottom] if packets_a_frame == 1 else [top, bottom]
            for part, data in enumerate(parts):
                packet = av.Packet(data)
                packet.pts = packet.dts = number * 3600 + part * 1800
                packet.time_base = Fraction(1, 90_000)
                packet.stream = stream
                packet.is_keyframe = number % _GOP == 0
                film.mux(packet)
    return path


def _unit(number: int, bottom: bool) -> bytes:
    """One field with all that goes before it."""
    sets = _sequence_set() + _picture_set() if number % _GOP == 0 and not bottom else b""
    return _DELIMITER + sets + _field(number, bottom)


def _golomb(value: int) -> str:
    bits = f"{value + 1:b}"
    return "0" * (len(bits) - 1) + bits


def _filled(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)


def _nal(header: int, payload: bytes) -> bytes:
    protected = bytearray()
    for byte in payload:
        if protected[-2:] == b"\0\0" and byte < 4:
            protected.append(3)
        protected.append(byte)
    return b"\0\0\0\1" + bytes([header]) + bytes(protected)


def _sequence_set() -> bytes:
    codes = _golomb(0) + _golomb(4) + _golomb(2) + _golomb(1) + "0" + _golomb(9) + _golomb(2)
    clock = f"1{1:032b}{50:032b}1"
    limits = "1" + "1" + _golomb(0) * 2 + _golomb(10) * 2 + _golomb(0) + _golomb(1)
    # Main profile, level 3; not frames only, no cropping, direct 8x8; usability with a clock.
    flags = "00" + "1" + "0" + "1" + "0000" + clock + "000" + limits + "1"
    return _nal(0x67, _filled(f"{77:08b}{0:08b}{30:08b}" + codes + flags))


def _picture_set() -> bytes:
    codes = _golomb(0) * 2 + "00" + _golomb(0) * 3 + "000" + _golomb(0) * 3 + "100" + "1"
    return _nal(0x68, _filled(codes))


def _field(number: int, bottom: bool) -> bytes:
    entry = number % _GOP == 0 and not bottom
    head = _golomb(0) + _golomb(7) + _golomb(0) + f"{number % _GOP:08b}" + "1" + str(int(bottom))
    head += _golomb(number // _GOP % 2) + "00" if entry else "0"
    data = b"".join(_macroblocks(number, bottom, head + _golomb(0) + _golomb(1)))
    return _nal(0x65 if entry else 0x61, data + b"\x80")


def _macroblocks(number: int, bottom: bool, head: str) -> Iterator[bytes]:
    """The slice's header and the uncompressed macroblocks (I_PCM), byte by byte."""
    picture = bars(number)[int(bottom) :: 2]
    for y in range(0, picture.shape[0], 16):
        for x in range(0, picture.shape[1], 16):
            yield _filled(head + _golomb(25))
            yield picture[y : y + 16, x : x + 16].tobytes() + bytes([128]) * 128
            head = ""
