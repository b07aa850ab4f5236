"""Pictures as small as a film may have: no meter fails on one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import av
import numpy as np
import pytest

from curation.media import Frame, Still, VideoInfo, probe
from curation.models import ModelUnavailableError
from curation.tags import taggers

if TYPE_CHECKING:
    from curation.tags import Meter

SIZES: Final = ((1, 1), (2, 2), (2, 4), (4, 2), (16, 2), (2, 16), (160, 20), (8192, 16))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    path = tmp_path_factory.mktemp("tiny") / "tiny.mkv"
    write(path)
    return probe(str(path))


def write(path: Path) -> None:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 2, 2, "yuv420p"
        for packet in stream.encode(av.VideoFrame(2, 2, "yuv420p")):
            film.mux(packet)
        for packet in stream.encode():
            film.mux(packet)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_a_tiny_picture_stops_no_meter(video: VideoInfo, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (2, size[1], size[0], 3)).astype(np.uint8)
    then, now = (Frame(k, Fraction(k, 25), Still(noise[k])) for k in range(2))
    for tagger in taggers():
        if tagger.needs.sound:
            continue
        try:
            meter = cast("Meter", tagger.meter(video))
        except ModelUnavailableError:
            continue
        before = then.sized(tagger.needs.width) if tagger.needs.pairs else None
        rows = [meter(now.sized(tagger.needs.width), before)]
        series = {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]}
        said = tagger.label(tagger.summarise(series, np.array([0.04])))
        assert [tag.facet for tag in said] == [facet.name for facet in tagger.facets]
