"""Films that benchmarks make themselves, by the ffmpeg of imageio-ffmpeg."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import ffmpeg
import imageio_ffmpeg

ROOT: Final = Path(__file__).resolve().parents[1]
SHARED: Final = (ROOT / os.environ.get("CURATION_SHARED", "../shared")).resolve()
ENCODERS: Final[dict[str, dict[str, Any]]] = {
    "h264": {"c:v": "libx264", "preset": "medium", "crf": 20, "g": 250, "pix_fmt": "yuv420p"},
    "hevc": {
        "c:v": "libx265",
        "preset": "ultrafast",
        "crf": 22,
        "pix_fmt": "yuv420p",
        "x265-params": "keyint=250:log-level=error",
    },
    "prores": {"c:v": "prores_ks", "profile:v": 2, "pix_fmt": "yuv422p10le"},
}
"""By codec; the two first with groups of pictures of 250 frames at most."""


@contextmanager
def folder(kept: Path | None) -> Iterator[Path]:
    """Where films are made: one that stays, or one that goes with the block."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with TemporaryDirectory(prefix="benchmark-films-") as made:
        yield Path(made)


def source(name: str, instead: str = "night_call.mp4") -> Path:
    """A shared film, or where there are none one of the example library's."""
    film = SHARED / "films" / name
    return film if film.is_file() else ROOT / "examples" / "library" / instead


def enlarged(
    film: Path,
    made: Path,
    codec: str,
    height: int,
    *,
    start: float = 0,
    seconds: float = 60,
    grain: int = 0,
) -> Path:
    """`seconds` of a film from `start`, its picture alone, enlarged to `height` lines.

    `grain`: noise of so many levels, new in each frame, as celluloid and sensors have it.
    """
    picture = ffmpeg.input(str(film), ss=start).video.filter("scale", -2, height, flags="lanczos")
    if grain:
        picture = picture.filter("noise", c0s=grain, c0f="t", all_seed=1)
    return _written(picture, made, t=seconds, **ENCODERS[codec])


def looped(film: Path, made: Path, seconds: float) -> Path:
    """A film over and over for so many seconds, its packets as they are."""
    return _written(ffmpeg.input(str(film), stream_loop=-1).video, made, t=seconds, c="copy")


def _written(stream: Any, made: Path, **options: Any) -> Path:
    if made.is_file():
        return made
    partial = made.with_stem(f"{made.stem}.part")
    line = (
        ffmpeg.output(stream, str(partial), **options)
        .global_args("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error")
        .compile(cmd=imageio_ffmpeg.get_ffmpeg_exe(), overwrite_output=True)
    )
    subprocess.run([str(word) for word in line], check=True)
    return partial.rename(made)
