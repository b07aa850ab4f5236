"""A coarse look finds what an exhaustive one finds, and less is looked at again than at first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from curation.analysis import FilmJob, FilmRows, KnownFilm, analyse_film, find_shots
from curation.analysis.look import _thumbs_alone, look
from curation.media import (
    Frame,
    MediaCode,
    MediaError,
    choose_device,
    frames,
    probe,
    read_timeline,
)
from curation.models import ModelUnavailableError
from curation.tags import Needs, Tag, taggers
from curation.tags.lighting import LightingTagger
from curation.tags.lighting.dynamics import DynamicsTagger
from curation.tags.quality import QualityTagger

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "examples" / "library"
FILMS = sorted(p for p in LIBRARY.glob("*.mp4") if p.name != "broken_reel.mp4")


def job(film: Path, **given: Any) -> FilmJob:
    return FilmJob(film.name, str(film), "cpu", verify=False, **given)


def again(first: FilmRows, film: Path) -> FilmRows:
    known = KnownFilm(first.shots, first.measures, embeddings=first.embeddings)
    return analyse_film(job(film, known=known))


def of(rows: FilmRows, tagger: str) -> list[dict[str, Any]]:
    """What a tagger measured; a number that is none is its name, so that it equals itself."""
    said = [row | {"version": ""} for row in rows.measures if row["tagger"] == tagger]
    return [json.loads(json.dumps(row), parse_constant=str) for row in said]


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.name)
def test_a_coarse_look_finds_the_same_cuts(film: Path) -> None:
    some, every = find_shots(film, "cpu"), find_shots(film, "cpu", exhaustive=True)
    assert every.decoded == len(every.timeline)
    assert some.decoded <= every.decoded
    cuts = [[t.start for t in found.transitions if t.type == "cut"] for found in (some, every)]
    assert cuts[0] == cuts[1]
    assert len(some.shots) == len(every.shots)


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.name)
def test_a_card_finds_the_cuts_that_the_processor_finds(film: Path) -> None:
    if choose_device("auto").device != "cuda":
        pytest.skip("no card here")
    card, every = find_shots(film, "cuda"), find_shots(film, "cpu", exhaustive=True)
    cuts = [[t.start for t in found.transitions if t.type == "cut"] for found in (card, every)]
    assert cuts[0] == cuts[1]


def test_a_film_on_which_the_card_fails_is_looked_at_by_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No card is here: in its place stands what it would say of a film that it cannot decode."""

    def failing(source: str, *, device: str, **given: Any) -> Iterator[Frame]:
        if device == "cuda":
            raise MediaError(MediaCode.DECODE_FAILED, "the card gave up")
        yield from frames(source, device=device, **given)

    film = str(LIBRARY / "vfr_phone.mp4")
    monkeypatch.setattr("curation.analysis.look.frames", failing)
    seen = look(film, probe(film), read_timeline(film), (), device="cuda", exhaustive=True)
    assert seen.frames == 210
    assert any("by the processor" in note and "gave up" in note for note in seen.notes)


def test_frames_that_are_looked_at_again_hold_no_picture_of_the_decoders() -> None:
    film = str(LIBRARY / "vfr_phone.mp4")
    one = next(frames(film, device="cpu"))
    [small] = _thumbs_alone(iter([one]))
    assert (small.index, small.pts) == (one.index, one.pts)
    assert (small.thumb == one.thumb).all()
    assert small.picture.rgb(None).nbytes == one.thumb.nbytes


def test_every_shot_is_measured_by_every_tagger() -> None:
    rows = analyse_film(job(LIBRARY / "courtyard.mp4"))
    shown = {row["tagger"] for row in rows.measures if len(row["frames"])}
    assert {"lighting", "quality"} <= shown
    assert all(len(row["frames"]) for row in rows.measures if row["tagger"] in shown)
    assert len(rows.measures) == len(taggers()) * len(rows.shots)


def test_only_the_tagger_that_changed_is_shown_frames_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = LIBRARY / "courtyard.mp4"
    first = analyse_film(job(film))
    monkeypatch.setattr(LightingTagger, "version", "next")
    second = again(first, film)
    assert second.film["device_reason"] == "measured again: lighting"
    assert {"lighting", "lighting.dynamics", "quality"} <= set(first.film["tagger_cpu_s"])
    assert set(second.film["tagger_cpu_s"]) == {"lighting"}
    assert 0 < sum(first.film["tagger_cpu_s"].values()) <= first.film["cpu_s"]
    assert all(cost == round(cost, 3) for cost in first.film["tagger_cpu_s"].values())
    assert 0 < second.film["frames_decoded"] <= sum(len(r["frames"]) for r in first.measures)
    assert second.film["frames_decoded"] < first.film["frames_decoded"]
    assert second.shots == first.shots
    assert of(second, "quality") == of(first, "quality")
    assert of(second, "lighting") == of(first, "lighting")
    assert second.film["work_key"] != first.film["work_key"]


def test_nothing_is_decoded_where_everything_is_known() -> None:
    film = LIBRARY / "courtyard.mp4"
    first = analyse_film(job(film))
    second = again(first, film)
    assert second.film["frames_decoded"] == 0
    assert (second.shots, list(second.tags)) == (first.shots, list(first.tags))
    for tagger in taggers():
        assert of(second, tagger.name) == of(first, tagger.name)


def test_shots_found_in_another_way_are_found_anew() -> None:
    film = LIBRARY / "courtyard.mp4"
    first = analyse_film(job(film))
    known = KnownFilm(first.shots, first.measures, embeddings=first.embeddings)
    second = analyse_film(job(film, known=known, exhaustive=True))
    assert second.film["frames_decoded"] == second.film["frames"]


@dataclass(frozen=True)
class Haze:
    """A tagger that came later, and wants a large picture."""

    name: ClassVar[str] = "haze"
    version: ClassVar[str] = "1"
    label_version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = Needs(width=480)
    facets: ClassVar[tuple[Any, ...]] = ()

    def meter(self, video: Any) -> Any:
        return lambda frame, before: {"wide": float(frame.rgb.shape[1])}

    def summarise(self, series: Any, pts: Any) -> dict[str, float]:
        return {"wide": float(series["wide"].min())}

    def label(self, measures: Any) -> tuple[Tag, ...]:
        return ()


def test_each_tagger_has_the_size_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    film = LIBRARY / "courtyard.mp4"
    first = analyse_film(job(film))
    every = (Haze(), LightingTagger(), QualityTagger())
    monkeypatch.setattr("curation.tags.taggers", lambda *_: every)
    second = again(first, film)
    assert second.film["device_reason"] == "measured again: haze"
    wide = min(480, second.film["width"])
    assert {row["summary"]["wide"] for row in of(second, "haze")} == {wide}
    assert of(second, "lighting") == of(first, "lighting")
    fresh = analyse_film(replace(job(film), known=None))
    assert of(fresh, "lighting") == of(first, "lighting")


def test_a_tagger_without_its_network_is_noted_and_looks_once_it_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(tagger: Haze, video: Any) -> Any:
        raise ModelUnavailableError("fog.onnx is not installed")

    film = LIBRARY / "vfr_phone.mp4"
    monkeypatch.setattr("curation.tags.taggers", lambda *_: (Haze(), QualityTagger()))
    with monkeypatch.context() as bare:
        bare.setattr(Haze, "meter", absent)
        bare.setattr(Haze, "summarise", lambda tagger, series, pts: {})
        bare.setattr(Haze, "version", "1-without-network")
        first = analyse_film(job(film))
        second = again(first, film)
    note = "haze: nothing measured, fog.onnx is not installed"
    for blind in (first, second):
        assert blind.film["status"] == "analysed"
        assert note in blind.film["notes"]
        assert all(len(row["frames"]) == 0 for row in of(blind, "haze"))
    assert second.film["frames_decoded"] == 0
    third = again(second, film)
    assert third.film["device_reason"] == "measured again: haze"
    assert note not in third.film["notes"]
    assert all(len(row["frames"]) for row in of(third, "haze"))


def test_a_tagger_of_every_frame_looks_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    film = LIBRARY / "vfr_phone.mp4"
    first = analyse_film(job(film))
    monkeypatch.setattr(DynamicsTagger, "version", "next")
    with monkeypatch.context() as others_rest:
        for other in (LightingTagger, QualityTagger):
            others_rest.delattr(other, "meter")
        second = again(first, film)
    assert second.film["frames_decoded"] == first.film["frames_decoded"]
    assert second.film["device_reason"] == "requested; looked at again for lighting.dynamics"
    for tagger in taggers():
        assert of(second, tagger.name) == of(first, tagger.name)
    assert of(second, "lighting.dynamics")[0]["summary"]["seconds"] > 2
