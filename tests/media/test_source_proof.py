"""A clip that lies there is held against its film once more, whatever was said when it was made."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from curation.media import ClipSpec, Encoding, MediaError, write_clips
from curation.media.proof import Proof
from curation.media.source_proof import prove_from_film

FAST = Encoding(preset="ultrafast", crf=16, height=120)


@pytest.mark.parametrize(
    "reel", ["r07_vfr.mp4", "r08_interlaced_25i.mp4", "r10_hevc10.mkv", "r13_ts_offset_opengop.ts"]
)
def test_clips_of_every_kind_are_their_films(shared: Path, tmp_path: Path, reel: str) -> None:
    film = str(shared / "shots" / reel)
    specs = [ClipSpec(a, b, tmp_path / f"{a}.mp4") for a, b in ((7, 31), (31, 32), (32, 60))]
    reports = write_clips(film, specs, encode=FAST)
    found = dict(prove_from_film(film, dict.fromkeys(specs, 16.0), encode=FAST))
    assert found == {spec: report.proof for spec, report in zip(specs, reports, strict=True)}


def test_a_clip_of_other_frames_is_found(library: Path, tmp_path: Path) -> None:
    film = str(library / "vfr_phone.mp4")
    spec = ClipSpec(20, 60, tmp_path / "clip.mp4")
    encode = replace(FAST, fps=Fraction(10))
    write_clips(film, [spec], encode=encode)
    [(_, good)] = prove_from_film(film, {spec: 16.0}, encode=encode)
    assert isinstance(good, Proof)
    for start, end in ((60, 100), (100, 140)):
        other = replace(spec, start=start, end=end)
        [(_, bad)] = prove_from_film(film, {other: 16.0}, encode=encode)
        assert isinstance(bad, MediaError)
        assert bad.code in ("NOT_THE_SHOT", "FRAME_COUNT")
