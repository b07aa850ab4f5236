"""Films in PQ and HLG, from the encoder to stops and kelvin."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.media import VideoInfo, frames, probe
from curation.tags.lighting import LightingTagger
from curation.tags.photometry import light_from, light_of, temperature
from tests.media.barcode import run

Floats = NDArray[np.float64]

SIZE = (320, 180)
PATCHES = tuple(range(-8, 7))
TRANSFERS = {"smpte2084": "pq", "arib-std-b67": "hlg"}


def pq(nits: Floats) -> Floats:
    """SMPTE ST 2084, inverse EOTF."""
    power = (nits / 10_000) ** (2610 / 16384)
    root = (3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)
    code: Floats = root ** (2523 / 32)
    return code


def hlg(nits: Floats) -> Floats:
    """ITU-R BT.2100: display light of a 1000 nit display to scene light to signal; (…, 3)."""
    luminance = nits @ np.array([0.2627, 0.6780, 0.0593]) / 1000
    scene = nits / 1000 * luminance[..., None] ** (1 / 1.2 - 1)
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * math.log(4 * a)
    bright = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    code: Floats = np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)
    return code


def encoded(path: Path, nits: Floats, transfer: str) -> Path:
    """A 10-bit BT.2020 film of a picture (height, width, 3) in nits, by x265."""
    code = pq(nits) if transfer == "smpte2084" else hlg(nits)
    kr, kb = 0.2627, 0.0593
    luma = code @ np.array([kr, 1 - kr - kb, kb])
    planes = [
        64 + 876 * luma,
        512 + 896 * (code[..., 2] - luma) / (2 * (1 - kb)),
        512 + 896 * (code[..., 0] - luma) / (2 * (1 - kr)),
    ]
    raw = b"".join(np.rint(plane).astype("<u2").tobytes() for plane in planes)
    given = ffmpeg.input(
        "pipe:0", format="rawvideo", pix_fmt="yuv444p10le", s=f"{SIZE[0]}x{SIZE[1]}", r=5
    )
    tags = {"color_primaries": "bt2020", "color_trc": transfer, "colorspace": "bt2020nc"}
    picture = given.filter("setparams", range="limited", **tags)
    options = {"vcodec": "libx265", "pix_fmt": "yuv444p10le"}
    params = {"x265-params": "qp=4:log-level=none"}
    run(ffmpeg.output(picture, f"file:{path}", **options, **params), 2 * raw)
    return path


def even(nits: float, tint: Floats | None = None) -> Floats:
    return np.full((SIZE[1], SIZE[0], 3), nits) * (np.ones(3) if tint is None else tint)


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_patches_of_known_nits_have_their_stops(tmp_path: Path, transfer: str) -> None:
    """A step a stop from -8 to +6 (0.1 to 1,664 nits; HLG ends at 1,000), read off 8 bits."""
    steps = [stops for stops in PATCHES if transfer == "smpte2084" or stops <= 5]
    wide = SIZE[0] // len(steps)
    nits = even(26.0)
    for k, stops in enumerate(steps):
        nits[:, k * wide : (k + 1) * wide] = 26 * 2.0**stops
    film = str(encoded(tmp_path / "film.mkv", nits, transfer))
    info = probe(film)
    assert (info.transfer, info.matrix, info.primaries) == (transfer, "bt2020nc", "bt2020")
    assert (info.bit_depth, info.guessed) == (10, ())
    light = light_of(info)
    picture = next(frames(film, device="cpu")).rgb
    for k, stops in enumerate(steps):
        patch = picture[20:-20, k * wide + 4 : (k + 1) * wide - 4]
        found = light.slope * np.log2(light.linear[patch] @ light.weights) + light.offset
        assert float(found.mean()) == pytest.approx(stops, abs=0.2 if stops < -6 else 0.1)


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("stops", [-4, -1, 0, 2])
def test_the_meter_reads_nits(tmp_path: Path, transfer: str, stops: int) -> None:
    film = str(encoded(tmp_path / "film.mkv", even(26 * 2.0**stops), transfer))
    values = LightingTagger().meter(probe(film))(next(frames(film, device="cpu")), None)
    assert values["median_stops"] == pytest.approx(stops, abs=0.06)


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize(("x", "y", "kelvin"), [(0.44757, 0.40745, 2856), (0.34567, 0.3585, 5003)])
def test_colour_of_light_is_read_in_wide_primaries(
    tmp_path: Path, transfer: str, x: float, y: float, kelvin: int
) -> None:
    """Read as BT.709, the same film would be off by 10 mired and more."""
    film = str(encoded(tmp_path / "probe.mkv", even(26.0), transfer))
    info = probe(film)
    white = [x / y, 1.0, (1 - x - y) / y]
    rgb = np.asarray(np.linalg.solve(light_of(info).to_xyz, white), np.float64)
    film = str(encoded(tmp_path / "film.mkv", even(40.0, rgb), transfer))
    picture = next(frames(film, device="cpu"))

    def mired(read: VideoInfo) -> float:
        values = LightingTagger().meter(read)(picture, None)
        white = 2.0 ** np.array([values["shades_red"], 0.0, values["shades_blue"]])
        return 1e6 / temperature(white, light_from("bt709", "bt709"))[0]

    assert mired(info) == pytest.approx(1e6 / kelvin, abs=8)
    assert abs(mired(replace(info, primaries="bt709")) - 1e6 / kelvin) > 10
