"""A film's sound is heard on the clock of its pictures, once, and never fails them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from curation.analysis import FilmJob, FilmRows, KnownFilm, analyse_film
from curation.analysis.hearing import hear
from curation.media import chosen, probe, read_timeline
from curation.media.audio import Stretch
from curation.tables.packed import Packed
from curation.tags.components import COMPONENTS, ComponentsTagger, components, missing
from curation.tags.sound import SoundTagger

RATE = 48_000
FPS = 24
TAGGERS = ("quality", "sound", "sound.components")

Wave = NDArray[np.float64]


def tone(seconds: float, level: float, hertz: float = 1000) -> Wave:
    """A sine whose peak is so many decibels below full scale."""
    return 10 ** (level / 20) * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)


def film(
    path: Path,
    sound: list[Wave] | None,
    *,
    seconds: int = 3,
    start: float = 0,
    layout: str = "stereo",
    spoilt: bool = False,
    tracks: int = 1,
) -> Path:
    """A plain picture that lasts so long, with a wave a channel from `start` on."""
    with av.open(str(path), "w") as out:
        picture = out.add_stream("mpeg4", rate=FPS)
        assert isinstance(picture, VideoStream)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        heard = []
        for _ in range(tracks if sound is not None else 0):
            stream = out.add_stream("aac" if spoilt else "pcm_s16le", rate=RATE)
            assert isinstance(stream, AudioStream)
            stream.layout = layout
            heard.append(stream)
        grey = np.full((48, 64, 3), 90, np.uint8)
        for index in range(seconds * FPS):
            frame = VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        for stream in heard:
            assert sound is not None
            out.mux(list(_spoilt(stream)) if spoilt else list(_coded(stream, sound, start, layout)))
    return path


def _coded(
    stream: AudioStream, sound: list[Wave], start: float, layout: str
) -> Iterator[Packet[Any]]:
    waves = np.round(np.stack(sound, axis=1).clip(-1, 1) * 32767).astype(np.int16)
    for first in range(0, len(waves), 1200):
        part = np.ascontiguousarray(waves[first : first + 1200]).reshape(1, -1)
        frame = AudioFrame.from_ndarray(part, format="s16", layout=layout)
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = round(start * RATE) + first
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _spoilt(stream: AudioStream) -> Iterator[Packet[Any]]:
    """What AAC decoders refuse."""
    for k in range(100):
        packet: Packet[Any] = Packet(np.random.default_rng(k).bytes(200))
        packet.stream, packet.time_base = stream, Fraction(1, RATE)
        packet.pts = packet.dts = 1024 * k
        yield packet


def analysed(path: Path, known: FilmRows | None = None) -> FilmRows:
    before = KnownFilm(known.shots, known.measures) if known else None
    job = FilmJob(path.name, str(path), "cpu", verify=False, taggers=TAGGERS, known=before)
    rows = analyse_film(job)
    assert rows.film["status"] == "analysed", rows.film["message"]
    return rows


def labels(rows: FilmRows) -> dict[str, str]:
    said = {tag["facet"]: tag["label"] for tag in rows.tags if tag["tagger"] != "quality"}
    assert len(rows.shots) == 1
    return said


def series(rows: FilmRows, name: str) -> list[float]:
    [row] = [row for row in rows.measures if row["tagger"] == "sound"]
    return list(row["series"][name])


def test_a_film_without_sound_is_silent_and_says_so(tmp_path: Path) -> None:
    rows = analysed(film(tmp_path / "silent.mkv", None))
    said = labels(rows)
    assert "it has no sound" in rows.film["notes"]
    assert (said["channels"], said["silence"], said["level"]) == ("none", "silent", "silent")
    assert (said["clipping"], said["sync"]) == ("none", "none")
    if missing() is None:
        assert components(said) == frozenset()


def test_sound_is_on_the_clock_of_the_pictures(tmp_path: Path) -> None:
    rows = analysed(film(tmp_path / "late.mkv", [tone(1, -20)] * 2, start=1.25))
    level = np.array(series(rows, "level"))
    assert np.flatnonzero(level > -60).tolist() == list(range(12, 23))
    assert series(rows, "carried")[12] == pytest.approx(0.5, abs=0.01)
    assert series(rows, "lead")[0] == pytest.approx(1.25, abs=2e-3)
    assert series(rows, "tail")[0] == pytest.approx(-0.75, abs=2e-3)
    assert labels(rows)["sync"] == "risk"
    assert "its sound begins 1.25 s after the picture" in rows.film["notes"]
    assert "its sound ends 0.75 s before the picture" in rows.film["notes"]
    [row] = [row for row in rows.measures if row["tagger"] == "sound"]
    assert row["pts_s"][:3] == pytest.approx([0, 0.1, 0.2])
    assert row["frames"][:3] == [1, 3, 6]


def test_loudness_is_that_of_the_standards_own_signal(tmp_path: Path) -> None:
    """EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dBFS is of -23 LUFS."""
    rows = analysed(film(tmp_path / "tone.mkv", [tone(5, -23)] * 2, seconds=5))
    [row] = [row["summary"] for row in rows.measures if row["tagger"] == "sound"]
    for name in ("integrated", "momentary_max", "short_term_max"):
        assert row[name] == pytest.approx(-23.0, abs=0.1), name
    assert row["peak"] == pytest.approx(-23.0, abs=0.1)
    said = labels(rows)
    assert (said["level"], said["channels"]) == ("normal", "dual_mono")
    assert (said["sync"], said["silence"]) == ("low_risk", "continuous")


@pytest.mark.parametrize(
    ("waves", "layout", "label"),
    [
        ([tone(3, -20)], "mono", "mono"),
        ([tone(3, -20), 0 * tone(3, 0)], "stereo", "one_sided"),
        ([tone(3, -20), tone(3, -20, 330)], "stereo", "stereo"),
        ([tone(3, -20)] + [0 * tone(3, 0)] * 5, "5.1", "surround"),
    ],
    ids=["mono", "one side", "stereo", "5.1"],
)
def test_channels(tmp_path: Path, waves: list[Wave], layout: str, label: str) -> None:
    assert labels(analysed(film(tmp_path / "a.mkv", waves, layout=layout)))["channels"] == label


def test_clipping_is_found(tmp_path: Path) -> None:
    loud = analysed(film(tmp_path / "clipped.mkv", [tone(3, 6)] * 2))
    fair = analysed(film(tmp_path / "fair.mkv", [tone(3, -1)] * 2))
    assert (labels(loud)["clipping"], labels(fair)["clipping"]) == ("clipped", "clean")
    assert max(series(fair, "clipped")) == 0


def test_sound_that_does_not_decode_fails_no_picture(tmp_path: Path) -> None:
    rows = analysed(film(tmp_path / "broken.mkv", [], spoilt=True))
    said = labels(rows)
    assert {said[facet] for facet in ("silence", "level", "channels", "sync")} == {"unknown"}
    assert components(said) == set(COMPONENTS)
    assert any("decode" in note for note in rows.film["notes"])


def test_of_several_tracks_the_first_is_heard(tmp_path: Path) -> None:
    rows = analysed(film(tmp_path / "two.mkv", [tone(3, -20)] * 2, tracks=2))
    assert any("of its 2 sound tracks the first" in note for note in rows.film["notes"])


def test_another_sound_tagger_hears_again_and_sees_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, seen = list[str](), list[object]()

    def hearing(source: Any, info: Any, timeline: Any, taggers: Any) -> Any:
        heard.extend(tagger.name for tagger in taggers)
        return hear(source, info, timeline, taggers)

    def choosing(*given: Any, **how: Any) -> Any:
        seen.append(given)
        return chosen(*given, **how)

    path = film(tmp_path / "tone.mkv", [tone(3, -23)] * 2)
    first = analysed(path)
    monkeypatch.setattr("curation.analysis.hearing.hear", hearing)
    monkeypatch.setattr("curation.analysis.look.chosen", choosing)
    monkeypatch.setattr(SoundTagger, "label_version", "next")
    again = analysed(path, first)
    assert (heard, seen, again.film["frames_decoded"]) == ([], [], 0)
    assert {t["label_version"] for t in again.tags if t["tagger"] == "sound"} == {"next"}
    monkeypatch.setattr(SoundTagger, "version", "next")
    again = analysed(path, first)
    assert (heard, seen, again.film["frames_decoded"]) == (["sound"], [], 0)
    assert again.film["device_reason"] == "measured again: sound"
    assert labels(again) == labels(first)


def test_a_new_tagger_of_pictures_is_not_shown_the_frames_of_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curation.tags.quality import QualityTagger

    path = film(tmp_path / "tone.mkv", [tone(3, -23)] * 2)
    first = analysed(path)
    monkeypatch.setattr(QualityTagger, "version", "next")
    known = (row for row in first.measures if row["tagger"] != "quality")
    again = analysed(path, FilmRows(first.film, first.shots, Packed("measures", known)))
    assert again.film["device_reason"] == "measured again: quality"
    assert again.film["frames_decoded"] <= 3


def test_stretches_are_one_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from curation.media.audio import sound_reel

    path = film(tmp_path / "a.mkv", [tone(3, -20, 90), tone(3, -9, 1500)], start=0.033)

    def heard() -> list[Stretch]:
        with sound_reel(str(path)) as reel:
            assert reel is not None
            return list(reel.stretches(Fraction(0), 30))

    [whole] = heard()
    monkeypatch.setattr("curation.media.audio._LENGTH", 7)
    some = heard()
    assert [len(one) for one in some] == [7, 7, 7, 7, 2]
    assert (np.concatenate([one.own for one in some]) == whole.own).all()
    assert np.concatenate([one.carried for one in some]) == pytest.approx(whole.carried)
    mixed = whole.mono(16_000)
    assert abs(len(mixed) - len(whole.samples) / 3) < 2


def test_a_tagger_that_hears_nothing_leaves_no_number(tmp_path: Path) -> None:
    path = str(film(tmp_path / "tone.mkv", [tone(1, -23)] * 2, seconds=1))
    heard = hear(path, probe(path), read_timeline(path), [SoundTagger()])
    shot = {"shot_id": "", "asset_sha256": "", "clean_start": 3, "clean_end": 3}
    summary = heard.series[0].measured(shot)["summary"]
    assert all(math.isfinite(value) for value in summary.values())
    assert {tag.label for tag in SoundTagger().label(summary)} == {"unknown"}
    assert {tag.label for tag in ComponentsTagger().label(summary)} == {"unknown"}
