"""Pictures made plane by plane are those that the scaler makes, in every pixel format."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from curation.media import Colour
from curation.media.frame import Pixels
from curation.media.picture import Painter, Size
from curation.media.planes import Planes, readable

LIBRARY = Path(__file__).resolve().parents[2] / "examples" / "library"
PLANAR = """
    yuv420p yuvj420p yuv422p yuvj422p yuv444p yuvj444p yuv410p yuv411p yuv440p yuva420p yuva422p
    yuva444p yuv420p10le yuv422p10le yuv444p10le yuva444p10le yuv420p12le yuv422p12le yuv444p12le
    yuva444p12le yuv420p16le gray gray10le gray12le nv12 p010le p012le p016le
""".split()  # noqa: SIM905
OTHER = """
    yuv420p9le nv16 nv21 nv24 p210le uyvy422 y210le gbrp gbrap gbrp10le gbrp12le rgb24
    bgr24 rgba bgr0 rgb48le x2rgb10le
""".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def scenes() -> list[Pixels]:
    """The first pictures of the films of the example library."""
    found = []
    for film in sorted(LIBRARY.glob("*.mp4")):
        if film.name != "broken_reel.mp4":
            with av.open(str(film)) as container:
                frame = next(container.decode(video=0))
                found.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
    return found


def stored(scene: Pixels, pix_fmt: str, colour: Colour) -> av.VideoFrame:
    full = colour.range == "full"
    return VideoReformatter().reformat(
        av.VideoFrame.from_ndarray(scene, "rgb24"),
        format=pix_fmt,
        dst_colorspace=Colorspace.ITU601 if colour.matrix == "smpte170m" else Colorspace.ITU709,
        dst_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        src_color_range=ColorRange.JPEG,
        interpolation=Interpolation.AREA | Interpolation.ACCURATE_RND,
    )


@pytest.mark.parametrize("pix_fmt", [*PLANAR, *OTHER])
def test_plane_by_plane_and_scaled_agree(scenes: list[Pixels], pix_fmt: str) -> None:
    grey = pix_fmt.startswith("gray")
    ranges = ["full"] if grey or pix_fmt.startswith("yuvj") else ["limited", "full"]
    for matrix in ("bt709", "smpte170m"):
        for colour in (Colour(matrix, "bt709", "bt709", given) for given in ranges):
            assert readable(pix_fmt, colour) == (pix_fmt in PLANAR)
            for scene in scenes:
                frame = stored(scene, pix_fmt, colour)
                high = round(scene.shape[0] * 320 / scene.shape[1] / 2) * 2
                scaled = Painter(Size(320, high), colour, 0).rgb(frame).astype(int)
                if not grey:
                    want = cv2.resize(scene, (320, high), interpolation=cv2.INTER_AREA)
                    assert np.abs(scaled - want).mean() < 1.5
                if pix_fmt in PLANAR:
                    assert np.abs(scaled - Planes(pix_fmt, colour).rgb(frame, 320, high)).mean() < 1
