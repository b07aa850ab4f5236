"""Colour: what the numbers of a picture mean, named and, where untagged, guessed on the record.

Names are FFmpeg's (ITU-T H.273 code points), except that range is "limited" or "full".
"""

from dataclasses import dataclass

_MATRICES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    14: "ictcp",
}
_PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "jedec-p22",
}
_TRANSFERS = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}
_RANGES = {1: "limited", 2: "full"}


@dataclass(frozen=True, slots=True)
class Colour:
    """How to read a picture's values; `guessed` names the fields the file left unspecified."""

    matrix: str
    primaries: str
    transfer: str
    range: str
    guessed: tuple[str, ...] = ()


def resolve(
    *, matrix: int, primaries: int, transfer: int, colour_range: int, pix_fmt: str, height: int
) -> Colour:
    """Name the H.273 code points, guessing the unspecified ones.

    Guesses: BT.601 below 720 lines and BT.709 from there (the usual player's rule; 525-line
    primaries but for 576 and 288 lines), limited range; full range of grey alone, which FFmpeg
    writes and reads so. RGB and ``yuvj`` formats are full range.
    """
    rgb = is_rgb(pix_fmt)
    standard = height < 720
    sd_primaries = "bt470bg" if height in (576, 288) else "smpte170m"
    full = rgb or pix_fmt.startswith("yuvj")
    found = {
        "matrix": "gbr" if rgb else _MATRICES.get(matrix if matrix != 0 else -1),
        "primaries": _PRIMARIES.get(primaries),
        "transfer": _TRANSFERS.get(transfer),
        "range": "full" if full else _RANGES.get(colour_range),
    }
    guess = {
        "matrix": "smpte170m" if standard else "bt709",
        "primaries": sd_primaries if standard and not rgb else "bt709",
        "transfer": "iec61966-2-1" if rgb else "smpte170m" if standard else "bt709",
        "range": "full" if pix_fmt.startswith(("gray", "ya")) else "limited",
    }
    return Colour(
        matrix=found["matrix"] or guess["matrix"],
        primaries=found["primaries"] or guess["primaries"],
        transfer=found["transfer"] or guess["transfer"],
        range=found["range"] or guess["range"],
        guessed=tuple(key for key, value in found.items() if value is None),
    )


def codes(colour: Colour) -> str:
    """Its H.273 code points, as FFmpeg's metadata filters of H.264 and HEVC take them."""
    matrix, primaries, transfer = (
        next(code for code, name in names.items() if name == said)
        for names, said in (
            (_MATRICES, colour.matrix),
            (_PRIMARIES, colour.primaries),
            (_TRANSFERS, colour.transfer),
        )
    )
    return (
        f"colour_primaries={primaries}:transfer_characteristics={transfer}:"
        f"matrix_coefficients={matrix}:video_full_range_flag={int(colour.range == 'full')}"
    )


def is_rgb(pix_fmt: str) -> bool:
    """Whether a pixel format holds RGB (no matrix applies)."""
    return pix_fmt.startswith(
        ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2", "pal8", "xyz")
    )
