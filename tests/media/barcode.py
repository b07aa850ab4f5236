"""Films whose every frame carries its own number as a barcode that survives compression."""

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import ffmpeg
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from curation.media import Timeline, frames

BITS = 10
COUNT = 50
SIZE = (160, 96)
RATE = 25
_DARK, _BRIGHT = 50, 200


def bars(number: int, size: tuple[int, int] = SIZE) -> npt.NDArray[np.uint8]:
    """A grey picture, uint8 (height, width): bits in the upper half, their inverse in the lower."""
    wide, high = size
    bits = np.array([number >> bit & 1 for bit in range(BITS)])
    upper = np.where(bits[np.arange(wide) * BITS // wide], _BRIGHT, _DARK).astype(np.uint8)
    half = high // 2
    return np.vstack(
        [np.tile(upper, (half, 1)), np.tile(_DARK + _BRIGHT - upper, (high - half, 1))]
    )


def number_of(picture: npt.NDArray[Any]) -> int:
    """The number on a decoded picture (height, width[, 3]); -1 where a bit cannot be told."""
    grey = picture.astype(float) if picture.ndim == 2 else picture.mean(axis=2)
    high, wide = grey.shape
    number = 0
    for bit in range(BITS):
        middle = (2 * bit + 1) * wide // (2 * BITS)
        column = grey[:, middle - 1 : middle + 1]
        upper = column[high // 8 : high * 3 // 8].mean()
        lower = column[high * 5 // 8 : high * 7 // 8].mean()
        if abs(upper - lower) < (_BRIGHT - _DARK) / 3:
            return -1
        number |= int(upper > lower) << bit
    return number


def encode(
    path: Path,
    *,
    count: int = COUNT,
    size: tuple[int, int] = SIZE,
    times: str = "",
    **options: Any,
) -> Path:
    """Write a film of frames 0 … count-1 with the ffmpeg binary; `options` decide the format.

    `times` is an expression of the frame number N in ticks of 1/90000 s; without it 25 a second.
    """
    pictures = ffmpeg.input(
        "pipe:0", format="rawvideo", pix_fmt="gray", s=f"{size[0]}x{size[1]}", r=RATE
    )
    given: dict[str, Any] = {"pix_fmt": "yuv420p", "threads": 1, "g": 12}
    if times:
        vf = f"settb=1/90000,setpts={times}"
        given |= {"vf": vf, "fps_mode": "passthrough", "enc_time_base": "1:90000"}
    run(
        ffmpeg.output(pictures, f"file:{path}", **(given | options)),
        b"".join(bars(i, size).tobytes() for i in range(count)),
    )
    return path


def remux(source: Path, path: Path, *, seek: float | None = None, **options: Any) -> Path:
    """Copy a film's packets into another container."""
    before = {} if seek is None else {"ss": seek}
    given = {"c": "copy"} | options
    run(ffmpeg.output(ffmpeg.input(f"file:{source}", **before), f"file:{path}", **given))
    return path


def run(graph: Any, pipe: bytes = b"") -> None:
    """Run an ffmpeg-python graph; what ffmpeg says is the error's text."""
    line = graph.global_args("-v", "error", "-nostats").compile(
        cmd=imageio_ffmpeg.get_ffmpeg_exe(), overwrite_output=True
    )
    done = subprocess.run([str(w) for w in line], input=pipe, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])


def decoded_whole(path: Path) -> list[tuple[int | None, int]]:
    """PTS and number of every frame by PyAV's plain decoding, with nothing of ours between."""
    with av.open(str(path)) as film:
        return [(f.pts, number_of(f.to_ndarray(format="gray"))) for f in film.decode(video=0)]


def shown(path: Path, timeline: Timeline) -> list[tuple[int, Fraction, int]]:
    """Index, PTS in seconds and number of every frame that we give out."""
    return [
        (f.index, f.pts, number_of(f.rgb))
        for f in frames(str(path), width=SIZE[0], device="cpu", timeline=timeline)
    ]
