"""Films of a textured scene in motion, scanned whole, by fields or pulled down to fields."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import ffmpeg
import numpy as np
import numpy.typing as npt

from tests.media.barcode import run

Grey = npt.NDArray[np.uint8]
Scene = Callable[[float], Grey]

SIZE = (320, 192)
COUNT = 60


def pan(speed: float, *, size: tuple[int, int] = SIZE, seed: int = 5) -> Scene:
    """A texture that moves to the left by `speed` pixels a field, in sub-pixel steps."""
    wide, high = size
    noise = np.random.default_rng(seed).normal(0, 1, (high, wide + round(speed * 200) + 8))
    soft = cv2.GaussianBlur(noise, (0, 0), 1.5) + 3 * cv2.GaussianBlur(noise, (0, 0), 5)
    canvas = np.asarray(128 + 40 * soft / soft.std(), np.float32)

    def at(time: float) -> Grey:
        left = time * speed
        move = np.array([[1, 0, -left], [0, 1, 0]], np.float32)
        moved = cv2.warpAffine(canvas, move, (wide, high), flags=cv2.INTER_LINEAR)
        return np.asarray(moved.clip(0, 255), np.uint8)

    return at


def progressive(scene: Scene, count: int = COUNT) -> Iterator[Grey]:
    """A whole picture every two field times."""
    return (scene(2 * n) for n in range(count))


def interlaced(scene: Scene, order: str, count: int = COUNT) -> Iterator[Grey]:
    """Frames of two fields, each of its own time."""
    return (_woven(scene(2 * n), scene(2 * n + 1), order) for n in range(count))


def telecined(scene: Scene, cadence: str, order: str, count: int = COUNT) -> Iterator[Grey]:
    """24 pictures a second over 60 fields a second: each stays for 2 or 3 fields."""
    stay = [int(fields) for fields in cadence.split(":")] * count
    fields = [n for n, fields in enumerate(stay) for _ in range(fields)]
    fields = fields[: 2 * count]
    pictures = [scene(2.5 * n) for n in range(fields[-1] + 1)]
    return (
        _woven(pictures[fields[2 * n]], pictures[fields[2 * n + 1]], order) for n in range(count)
    )


def _woven(first: Grey, second: Grey, order: str) -> Grey:
    top, bottom = (first, second) if order == "tff" else (second, first)
    frame = bottom.copy()
    frame[::2] = top[::2]
    return frame


def film(path: Path, pictures: Iterator[Grey], flag: str = "", **options: Any) -> Path:
    """Encode grey pictures; `flag` "tff" or "bff" says, truly or not, that they are fields."""
    whole = list(pictures)
    high, wide = whole[0].shape
    given = ffmpeg.input("pipe:0", format="rawvideo", pix_fmt="gray", s=f"{wide}x{high}", r=25)
    told: dict[str, Any] = {"vf": f"setfield={flag or 'prog'}"}
    if flag:
        told |= {"flags": "+ildct+ilme", "x264-params": f"{flag}=1"}
    settings = {"pix_fmt": "yuv420p", "threads": 1, "g": 15, "vcodec": "libx264", "crf": 20}
    if "vcodec" in options:
        told |= {"x264-params": None, "crf": None}
    kept = {name: value for name, value in (settings | told | options).items() if value is not None}
    output = ffmpeg.output(given, f"file:{path}", **kept)
    run(output, b"".join(picture.tobytes() for picture in whole))
    return path
