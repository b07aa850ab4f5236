"""High dynamic range: which films have it, and on what display they say they were mastered."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from av.buffer import Buffer
from av.video.frame import VideoFrame

from curation.media.info import VideoInfo

PQ: Final = "smpte2084"
HLG: Final = "arib-std-b67"

_MASTERING = struct.Struct("=22i")
_LIGHT = struct.Struct("=2I")


def is_hdr(info: VideoInfo) -> bool:
    """Whether the film's transfer function is PQ or HLG (ITU-R BT.2100)."""
    return info.transfer in (PQ, HLG)


@dataclass(frozen=True, slots=True)
class Mastering:
    """The mastering display (SMPTE ST 2086) and the content's light (CTA-861.3) of a film.

    `primaries` are x and y of red, green, blue and white; None where the film says nothing.
    `luminance` is the least and the most of the display, `light` the brightest pixel and the
    brightest frame's average, all in cd/m².
    """

    primaries: tuple[tuple[float, float], ...] | None
    luminance: tuple[float, float] | None
    light: tuple[int, int] | None

    @property
    def x265(self) -> list[str]:
        """As x265 is told: steps of 0.00002 and of 0.0001 cd/m²."""
        said = []
        if self.primaries and self.luminance:
            r, g, b, w = ((round(x * 50_000), round(y * 50_000)) for x, y in self.primaries)
            low, high = (round(v * 10_000) for v in self.luminance)
            named = (("G", g), ("B", b), ("R", r), ("WP", w), ("L", (high, low)))
            said.append("master-display=" + "".join(f"{n}({x},{y})" for n, (x, y) in named))
        if self.light:
            said.append(f"max-cll={self.light[0]},{self.light[1]}")
        return said


def mastering_of(frame: VideoFrame) -> Mastering | None:
    """What a decoded frame carries of it; None where it carries nothing."""
    try:
        data = cast("Mapping[str, Buffer]", frame.side_data)
        display, light = (
            data.get(n) for n in ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL")
        )
    except ValueError:
        # PyAV 18.1 does not list what goes with a picture that has Exif data.
        return None
    primaries = luminance = None
    if display is not None and len(bytes(display)) >= _MASTERING.size:
        *numbers, has_primaries, has_luminance = _MASTERING.unpack_from(bytes(display))
        values = [n / d if d else 0.0 for n, d in zip(numbers[::2], numbers[1::2], strict=True)]
        if has_primaries:
            primaries = tuple(zip(values[0:8:2], values[1:8:2], strict=True))
        if has_luminance:
            luminance = values[8], values[9]
    levels = _LIGHT.unpack_from(bytes(light)) if light is not None else None
    found = Mastering(primaries, luminance, levels if levels and any(levels) else None)
    return found if primaries or luminance or found.light else None
