"""A still of each shot is embedded once, and again only where its embedder changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.analysis import FilmJob, FilmRows, KnownFilm, analyse_film, work_key
from curation.analysis.vectors import Vectors
from curation.embeddings import embedder as door
from curation.media import Frame, Still, VideoInfo
from curation.models import ModelUnavailableError
from curation.tags.quality import QualityTagger

FILM = Path(__file__).resolve().parents[2] / "examples" / "library" / "night_call_tv_cut.mp4"


@dataclass(frozen=True)
class Tiny:
    """Embeds a picture as itself at four by three pixels."""

    name: str = "tiny"
    installed: str | None = "1"
    length: float = 1.0
    width: int = 160
    dimensions: int = 36

    @property
    def version(self) -> str:
        if self.installed is None:
            raise ModelUnavailableError("tiny is not installed")
        return self.installed

    def embed(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        small = [cv2.resize(p, (4, 3), interpolation=cv2.INTER_AREA).ravel() for p in pictures]
        flat = np.asarray(small, np.float32) + 1
        lengths = np.linalg.norm(flat, axis=1, keepdims=True)
        return np.asarray(self.length * flat / lengths, np.float32)


def here(patch: pytest.MonkeyPatch, *embedders: Tiny) -> None:
    patch.setattr(door, "embedders", lambda: embedders)
    patch.setattr("curation.tags.taggers", lambda *_: (QualityTagger(),))


def analysed(known: FilmRows | None = None, **given: Any) -> FilmRows:
    job = FilmJob("film", str(FILM), "cpu", verify=False, **given)
    if known is not None:
        job = replace(job, known=KnownFilm(known.shots, known.measures, [], known.embeddings))
    return analyse_film(job)


@pytest.fixture(scope="module")
def first() -> FilmRows:
    with pytest.MonkeyPatch.context() as patch:
        here(patch, Tiny(), Tiny("absent", None))
        return analysed()


def test_each_shot_has_a_vector_of_its_own_still(first: FilmRows) -> None:
    assert first.film["status"] == "analysed"
    spans = {s["shot_id"]: (s["clean_start"], s["clean_end"]) for s in first.shots}
    assert [row["shot_id"] for row in first.embeddings] == list(spans)
    for row in first.embeddings:
        start, end = spans[row["shot_id"]]
        assert start <= row["frame"] < end
        assert abs(2 * row["frame"] + 1 - start - end) <= max(end - start, 2) / 2 + 48
        assert np.linalg.norm(row["vector"]) == pytest.approx(1, abs=1e-5)
        assert (row["embedder"], row["version"]) == ("tiny", "1")
    assert first.film["tagger_cpu_s"]["tiny"] >= 0


def test_what_cannot_be_embedded_here_is_said(first: FilmRows) -> None:
    assert "absent: nothing embedded, tiny is not installed" in first.film["notes"]


def test_nothing_is_decoded_where_nothing_changed(
    first: FilmRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch, Tiny())
    rows = analysed(first)
    assert rows.film["frames_decoded"] == 0
    assert rows.embeddings == first.embeddings


def test_a_new_version_looks_at_the_same_stills_alone(
    first: FilmRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch, Tiny(installed="2"), Tiny("other"))
    rows = analysed(first)
    assert rows.film["frames_decoded"] == len(first.shots)
    assert rows.film["device_reason"] == "measured again: tiny, other"
    frames = [row["frame"] for row in first.embeddings]
    for name, version in (("tiny", "2"), ("other", "1")):
        own = [row for row in rows.embeddings if row["embedder"] == name]
        assert [row["frame"] for row in own] == frames
        assert {row["version"] for row in own} == {version}
        for row, before in zip(own, first.embeddings, strict=True):
            assert row["vector"] @ before["vector"] > 0.9999


def test_vectors_are_kept_where_their_embedder_is_not_installed(
    first: FilmRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch, Tiny(installed=None))
    rows = analysed(first)
    assert rows.embeddings == first.embeddings
    assert rows.film["frames_decoded"] == 0


def test_an_embedder_that_breaks_its_word_fails_the_film(
    first: FilmRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch, Tiny(installed="3", length=2.0))
    rows = analysed(first)
    assert (rows.film["status"], rows.film["reasons"]) == ("failed", ["TAGGER_FAILED"])
    assert "tiny" in rows.film["message"]
    assert "unit length" in rows.film["message"]


def test_a_still_that_shows_nothing_has_no_vector() -> None:
    info = SimpleNamespace(by_fields=False)
    vectors = Vectors(Tiny(), cast(VideoInfo, info))
    shades = np.arange(90 * 160, dtype=np.uint8).reshape(90, 160, 1).repeat(3, axis=2)
    for index, pixels in enumerate((np.full_like(shades, 7), shades)):
        vectors.measure(Frame(index, Fraction(index), Still(pixels)), None)
        assert not vectors.lacks(index, index + 1)
    shots = [
        {"shot_id": str(n), "asset_sha256": "a", "clean_start": n, "clean_end": n + 1}
        for n in range(3)
    ]
    assert [row["shot_id"] for row in vectors.rows(shots)] == ["1"]


def test_only_named_taggers_look_where_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch, Tiny())
    assert analysed(taggers=("quality",)).embeddings == []


def test_the_work_key_tells_embedders_and_their_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for embedders in ((), (Tiny(),), (Tiny(installed="2"),), (Tiny(installed=None),)):
        here(monkeypatch, *embedders)
        keys.add(work_key("film"))
    assert len(keys) == 4
