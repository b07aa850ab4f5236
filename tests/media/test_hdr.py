"""HDR is kept with its tags, or mapped to BT.709 by the method that is named."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from curation.media import ClipSpec, Encoding, probe, write_clips
from curation.media.chain import Chain
from curation.media.colour import Colour
from curation.media.hdr import HLG, PQ, mastering_of
from curation.media.picture import Size
from curation.media.tone_map import _TO_709, light, method_a, write_cube

MakeFilm = Callable[..., Path]
MASTERED = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def hdr_film(make_film: MakeFilm, transfer: str) -> Path:
    said = f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:range=limited:log-level=none"
    said += f":hdr10=1:master-display={MASTERED}:max-cll=900,300" if transfer == PQ else ""
    options = {"preset": "ultrafast", "crf": "4", "x265-params": said}
    return make_film("hdr.mkv", codec="libx265", pix_fmt="yuv420p10le", options=options)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_is_kept_with_its_tags(make_film: MakeFilm, tmp_path: Path, transfer: str) -> None:
    film = hdr_film(make_film, transfer)
    spec = ClipSpec(2, 14, tmp_path / "a.mp4", tmp_path / "a.jpg")
    encode = Encoding(hdr="keep", preset="ultrafast", crf=10)
    [report] = write_clips(str(film), [spec], encode=encode)
    info = probe(str(spec.path))
    assert (info.codec, info.pix_fmt, info.guessed) == ("hevc", "yuv420p10le", ())
    assert (info.primaries, info.transfer, info.matrix) == ("bt2020", transfer, "bt2020nc")
    assert info.colour_range == "limited"
    assert report.tone_mapped == ""
    with av.open(str(film)) as source, av.open(str(spec.path)) as clip:
        said = [mastering_of(next(one.decode(video=0))) for one in (source, clip)]
    assert said[0] == said[1]
    assert (said[0] is not None and said[0].light == (900, 300)) == (transfer == PQ)
    again = write_clips(str(film), [spec], encode=encode)
    assert again[0].sha256 == report.sha256


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_is_mapped_to_sdr(make_film: MakeFilm, tmp_path: Path, transfer: str) -> None:
    film, spec = hdr_film(make_film, transfer), ClipSpec(2, 14, tmp_path / "a.mp4")
    [report] = write_clips(str(film), [spec], encode=Encoding(preset="ultrafast"))
    info = probe(str(spec.path))
    assert (info.codec, info.pix_fmt, info.guessed) == ("h264", "yuv420p", ())
    assert (info.primaries, info.transfer, info.matrix) == ("bt709", "bt709", "bt709")
    assert report.tone_mapped == "BT.2446-1 A"


def test_greys_stay_grey_and_in_order_from_black_to_white() -> None:
    greys = np.repeat(np.geomspace(0.01, 1000, 60)[:, None], 3, axis=1)
    mapped = method_a(greys)
    assert np.ptp(mapped, axis=1).max() < 2e-3
    assert (np.diff(mapped[:, 0]) > 0).all()
    assert mapped[-1] == pytest.approx(np.ones(3), abs=2e-3)
    assert method_a(np.zeros(3)) == pytest.approx(np.zeros(3), abs=1e-9)
    assert method_a(np.full(3, 5000.0)) == pytest.approx(np.ones(3), abs=2e-3)


def test_light_is_that_of_the_standard() -> None:
    codes = np.repeat(np.array([0.0, 0.5081, 0.5807, 0.7518, 1.0])[:, None], 3, axis=1)
    shown = light(codes, PQ, 1000)[:, 0]
    assert shown == pytest.approx([0, 100, 203, 1000, 10_000], rel=3e-3, abs=1e-6)
    hlg = light(np.array([[1.0] * 3, [0.75] * 3, [0.0] * 3]), HLG, 1000)[:, 0]
    assert hlg == pytest.approx([1000, 203, 0], rel=5e-3, abs=1e-3)
    with pytest.raises(ValueError, match="neither PQ"):
        light(codes, "bt709", 1000)


def test_the_table_is_within_a_level_of_the_method(tmp_path: Path) -> None:
    table = tmp_path / "a table: with, odd [letters].cube"
    write_cube(table, PQ)
    draw = np.random.default_rng(3)
    shown = draw.random((90, 160, 3)) ** 2.4 * draw.choice([10, 100, 600, 1000], (90, 160, 1))
    codes = pq(np.maximum(shown @ np.linalg.inv(_TO_709).T, 0)).astype(np.uint16)
    frame = av.VideoFrame.from_ndarray(codes, "rgb48le")
    frame.pts = 0
    colour = Colour("gbr", "bt2020", PQ, "full")
    mapped = Chain(frame, [], Size(160, 90), colour, "rgb48le", table)(frame).to_ndarray()
    wanted = method_a(light(codes / 65535, PQ, 1000))
    off = np.abs(mapped / 65535 - wanted)
    assert np.percentile(off, 90) < 1 / 255
    assert np.percentile(off, 99) < 4 / 255


def pq(shown: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """16-bit codes of light in cd/m² (BT.2100, table 4)."""
    root = (shown / 10_000) ** (2610 / 16384)
    coded = (3424 + 77_216 * root) / (4096 + 76_544 * root)
    return np.asarray(np.round(65535 * coded ** (2523 / 32)))
