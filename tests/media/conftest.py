"""Films to test on: the demo library, the shared ones where they are, and small ones made here."""

import os
import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CURATION_SHARED", ROOT.parent / "shared"))

MakeFilm = Callable[..., Path]
RunFfmpeg = Callable[..., None]


@pytest.fixture(scope="session")
def library() -> Path:
    """The folder of the demo films."""
    for folder in (ROOT / "examples" / "library", SHARED / "demo_library"):
        if any(folder.glob("*.mp4")):
            return folder
    pytest.skip("no demo library here")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of films that are not in the project."""
    if not (SHARED / "films").is_dir():
        pytest.skip("no shared films here; set CURATION_SHARED")
    return SHARED


@pytest.fixture
def make_film(tmp_path: Path) -> MakeFilm:
    """Write a small film whose frame i has a bright column at x = 4 i, from PTS given in ticks."""

    def make(
        name: str = "film.mp4",
        *,
        pts: Sequence[int] = tuple(range(24)),
        base: Fraction = Fraction(1, 24),
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        size: tuple[int, int] = (128, 96),
        picture: npt.NDArray[np.uint8] | None = None,
        aspect: Fraction | None = None,
        rotation: int = 0,
        options: dict[str, str] | None = None,
        tone: bool = False,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as film:
            stream = film.add_stream(codec, rate=24, options=options or {})
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = size
            stream.pix_fmt = pix_fmt
            stream.codec_context.time_base = stream.time_base = base
            if aspect is not None:
                stream.codec_context.sample_aspect_ratio = aspect
            if rotation:
                stream.set_display_rotation(rotation)
            sound = film.add_stream("aac", rate=48_000, layout="mono") if tone else None
            for i, ticks in enumerate(pts):
                frame = av.VideoFrame.from_ndarray(
                    marked(size, i) if picture is None else picture, "rgb24"
                )
                frame.pts, frame.time_base = ticks, base
                film.mux(stream.encode(frame))
            film.mux(stream.encode(None))
            if sound is not None:
                assert isinstance(sound, av.AudioStream)
                time = np.arange(48_000) / 48_000
                wave = (0.5 * np.sin(2 * np.pi * (300 * time + 900 * time**2))).astype(np.float32)
                chunk = av.AudioFrame.from_ndarray(wave[None], "fltp", "mono")
                chunk.sample_rate, chunk.pts = 48_000, 0
                film.mux(sound.encode(chunk))
                film.mux(sound.encode(None))
        return path

    return make


def marked(size: tuple[int, int], index: int) -> npt.NDArray[np.uint8]:
    """A ramp with a bright column that tells the frame."""
    wide, high = size
    picture = np.zeros((high, wide, 3), np.uint8)
    picture[..., 1] = np.linspace(40, 160, high, dtype=np.uint8)[:, None]
    picture[:, index * 4 % wide : index * 4 % wide + 4] = 230
    return picture


@pytest.fixture
def run_ffmpeg() -> RunFfmpeg:
    """Run ffmpeg with arguments."""

    def run(*arguments: str | Path) -> None:
        line = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
        subprocess.run(line, check=True, stdin=subprocess.DEVNULL)

    return run
