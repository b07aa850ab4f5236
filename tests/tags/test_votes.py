"""Votes: prompts are checked, answers are kept, and no vote outweighs what was measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curation import stages
from curation.embeddings import embedder as door
from curation.settings import Settings
from curation.stages.analysis import _STAGED, _PlannedFilm, _write_plan, commit_analysis
from curation.tables import Store
from curation.tables.query import connect
from curation.tables.store import rows_of
from curation.tags import votes, zero_shot
from curation.tags.protocol import UNKNOWN
from curation.tags.votes import (
    CEILING,
    LEAST,
    Question,
    Vote,
    VoteError,
    ask,
    read_prompts,
    vote_tag,
    voter_of,
)
from tests.embeddings.colours import Colours

ROOT = Path(__file__).resolve().parents[2]
LIGHT = Question(ask="How bright is it?", labels={"dark": ("a dark room",), "bright": ("the sun",)})
HUE = Question(ask="Which hue?", labels={"warm": ("red", "all red"), "cold": ("blue",)})
WORKS = "work_id,level,parent_id\nT,title,\nE,edit,T\n"
MAY_ANALYSE = (
    "rule_id,effect,kind,work_id,inherit,actions,assignee,territory_include,status\n"
    "A,PERMIT,GRANT,T,ALL_EDITS,tdm_analyze,studio,001,EXECUTED\n"
)


@dataclass
class Brightness:
    """Votes by the mean of a still: surely at the ends, not in the middle."""

    name: str = "brightness"
    version: str = "1"
    width: int = 96
    asked: list[int] = field(default_factory=list)

    def vote(self, stills: NDArray[np.uint8], question: Question) -> Sequence[Vote]:
        self.asked.append(len(stills))
        dark, bright = list(question.labels)
        lit = [float(cv2.cvtColor(still, cv2.COLOR_RGB2GRAY).mean()) / 255 for still in stills]
        return [Vote(bright, share) if share > 0.5 else Vote(dark, 1 - share) for share in lit]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CURATION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def stills(*levels: int) -> NDArray[np.uint8]:
    return np.stack([np.full((9, 16, 3), level, np.uint8) for level in levels])


def test_the_example_can_be_read() -> None:
    prompts = read_prompts(ROOT / "examples" / "prompts.yaml")
    assert set(prompts.facets) == {"place", "time_of_day", "medium"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("facets: [", "no readable YAML"),
        ("- a", "the file"),
        ("facets: {}", "facets"),
        ("facets: {a: {ask: b, labels: {c: [d]}}}", r"facets\.a\.labels"),
        ("facets: {a: {ask: b, labels: {c: [d], e: []}}}", r"facets\.a\.labels\.e"),
        ("facets: {a: {ask: ' ', labels: {c: [d], e: [f]}}}", r"facets\.a\.ask"),
        ("facets: {A b: {ask: b, labels: {c: [d], e: [f]}}}", "A b"),
        ("facets: {a: {ask: b, labels: {c: [d], e: [f]}, more: 1}}", r"facets\.a\.more"),
        ("facets: {a: {ask: b, labels: {c: [d], unknown: [f]}}}", "what no label fits"),
    ],
)
def test_prompts_that_are_none_are_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "prompts.yaml").write_text(text)
    with pytest.raises(VoteError, match=words):
        read_prompts(tmp_path / "prompts.yaml")


def test_what_was_answered_is_not_asked_again() -> None:
    voter = Brightness()
    first = ask(voter, LIGHT, stills(0, 255))
    assert [vote.label for vote in first] == ["dark", "bright"]
    assert ask(voter, LIGHT, stills(0, 120, 255))[::2] == first
    assert voter.asked == [2, 1]
    ask(voter, LIGHT.model_copy(update={"ask": "Is it bright?"}), stills(0, 255))
    ask(Brightness(version="2", asked=voter.asked), LIGHT, stills(0, 255))
    assert voter.asked == [2, 1, 2, 2]


def test_a_spoilt_answer_is_asked_again(cache: Path) -> None:
    voter = Brightness()
    first = ask(voter, LIGHT, stills(10))
    (file,) = (cache / "votes").rglob("*.json")
    for spoilt in ("", '["dim", 1.0]', '["dark", 7]', "[1]"):
        file.write_text(spoilt)
        assert ask(voter, LIGHT, stills(10)) == first
    assert json.loads(file.read_text()) == [first[0].label, first[0].probability]


@pytest.mark.parametrize("said", [[], [Vote("dim", 1.0)], [Vote("dark", 2.0)], ["dark"]])
def test_a_voter_that_answers_something_else_is_named(
    said: list[Vote], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Brightness, "vote", lambda *_: said)
    with pytest.raises(VoteError, match="brightness gave"):
        ask(Brightness(), LIGHT, stills(10))


@pytest.mark.parametrize("probability", [0.0, LEAST - 0.01, LEAST, 1.0])
def test_no_vote_is_surer_than_half_and_a_weak_one_says_nothing(probability: float) -> None:
    tag = vote_tag("light", Vote("dark", probability))
    assert tag.measures == {"votes": 1.0, "p": probability}
    if probability < LEAST:
        assert (tag.label, tag.confidence) == (UNKNOWN, 0.0)
    else:
        assert (tag.label, tag.confidence) == ("dark", CEILING)


def test_a_voter_that_is_not_there_is_told() -> None:
    with pytest.raises(VoteError, match="no voter 'oracle'"):
        voter_of("oracle")


def test_a_picture_is_voted_for_what_it_is_near() -> None:
    reader = Colours()
    pictures = np.zeros((3, 4, 4, 3), np.uint8)
    pictures[0, ..., 0], pictures[1, ..., 2], pictures[2, ..., 1] = 200, 200, 200
    said = zero_shot.votes(reader, "hue", HUE, reader.embed(pictures))
    assert [tag.label for tag in said] == ["warm", "cold", UNKNOWN]
    assert said[2].measures["p"] == pytest.approx(0.5, abs=0.01)
    assert {tag.measures["votes"] for tag in said} == {1.0}


def test_prompts_are_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = zero_shot.directions(Colours(), HUE)
    monkeypatch.delattr(Colours, "embed_words")
    np.testing.assert_array_equal(zero_shot.directions(Colours(), HUE), first)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A studio that has analysed one film of three shots: a red, a green and a blue one."""
    for folder in ("films", "catalog"):
        (tmp_path / folder).mkdir()
    (tmp_path / "catalog" / "works.csv").write_text(WORKS)
    (tmp_path / "catalog" / "rules.csv").write_text(MAY_ANALYSE)
    (tmp_path / "catalog" / "assets.csv").write_text("asset_path,work_id\nphone.mp4,E\n")
    shutil.copy(ROOT / "examples" / "library" / "vfr_phone.mp4", tmp_path / "films" / "phone.mp4")
    made = Settings(
        store=str(tmp_path / "store"),
        library=str(tmp_path / "films"),
        catalog=str(tmp_path / "catalog"),
    )
    stages.ingest(made)
    store = Store.at(made.store)
    (asset,) = store.read("assets").column("asset_sha256").to_pylist()
    shots = [{"shot_id": f"shot{n}", "asset_sha256": asset} for n in range(3)]
    spans = [{"clean_start": 70 * n, "clean_end": 70 * n + 70} for n in range(3)]
    store.append("films", [{"asset_sha256": asset, "status": "analysed"}])
    store.append("shots", [shot | span for shot, span in zip(shots, spans, strict=True)])
    said: dict[str, Any] = {"tagger": "quality", "facet": "sharpness", "label": "sharp"}
    store.append("tags", [shot | said for shot in shots])
    vectors = np.eye(3, dtype=np.float32)
    said = {"embedder": "colours", "version": "1", "frame": 0}
    store.append(
        "embeddings", [s | said | {"vector": v} for s, v in zip(shots, vectors, strict=True)]
    )
    monkeypatch.setattr(door, "embedders", lambda: (Colours(),))
    return made


def prompts(folder: Path, **facets: Question) -> Path:
    file = folder / "prompts.yaml"
    file.write_text(json.dumps({"facets": {n: q.model_dump() for n, q in facets.items()}}))
    return file


def test_votes_stand_beside_measures_and_are_replaced_as_one(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.at(settings.store)
    measured = rows_of(store.read("tags"))
    asked = prompts(tmp_path, hue=HUE, light=LIGHT)
    assert stages.vote(settings, asked) == {"hue": 3, "light": 3}
    with connect(store) as connection:
        said = connection.execute(
            "SELECT zero_shot.hue.label, zero_shot.hue.confidence FROM tagged_shots ORDER BY 1"
        ).fetchall()
    assert said == [("cold", CEILING), ("unknown", 0.0), ("warm", CEILING)]
    assert stages.vote(settings, prompts(tmp_path, hue=HUE)) == {"hue": 3}
    tags = rows_of(store.read("tags"))
    assert {t["facet"] for t in tags if t["tagger"].startswith("zero_shot")} == {"hue"}
    kept = [tag for tag in tags if not tag["tagger"].startswith("zero_shot")]
    assert len(kept) == len(measured)

    point = EntryPoint("brightness", "tests.tags.test_votes:Brightness", votes.GROUP)
    monkeypatch.setattr(votes, "entry_points", lambda group: [point])
    asked = prompts(tmp_path, light=LIGHT)
    assert stages.vote(settings, asked, voter="brightness") == {"light": 3}
    tags = [t for t in rows_of(store.read("tags")) if t["tagger"] == "brightness.light"]
    assert len({tag["shot_id"] for tag in tags}) == 3
    assert all(tag["measures"]["votes"] == 1 for tag in tags)
    assert all(tag["confidence"] <= CEILING for tag in tags)

    (Path(settings.catalog) / "rules.csv").write_text(MAY_ANALYSE.replace(",studio,", ",b,"))
    stages.ingest(settings)
    assert stages.vote(settings, asked, voter="brightness") == {"light": 0}
    left = {tag["tagger"] for tag in rows_of(store.read("tags"))}
    assert "zero_shot.hue" in left
    assert "brightness.light" not in left


def test_votes_stay_on_the_shots_that_an_analysis_finds_again(
    settings: Settings, tmp_path: Path
) -> None:
    stages.vote(settings, prompts(tmp_path, hue=HUE))
    store = Store.at(settings.store)
    (film,) = rows_of(store.read("films"))
    lack = "safety: nothing measured, install film-curation[safety]"
    found = [row for row in rows_of(store.read("shots")) if row["shot_id"] != "shot2"]
    tags = [{"shot_id": row["shot_id"], "tagger": "quality", "facet": "noise"} for row in found]
    asset, told = film["asset_sha256"], list[str]()
    staged: dict[str, list[dict[str, Any]]] = {name: [] for name in _STAGED}
    staged |= {"films": [film | {"notes": [lack]}], "shots": found}
    staged |= {"tags": [tag | {"asset_sha256": asset} for tag in tags]}
    for name, rows in staged.items():
        store.stage("plan", asset, name, rows)
    _write_plan(store, "plan", {"0": [_PlannedFilm(asset, "phone.mp4", None)]})
    commit_analysis(settings, "plan", tell=told.append)
    kept = {(row["shot_id"], row["tagger"]) for row in rows_of(store.read("tags"))}
    assert kept == {
        (shot, tagger) for shot in ("shot0", "shot1") for tagger in ("quality", "zero_shot.hue")
    }
    assert told == [
        "votes on shots that are others now are gone: 1; run `curation vote` again",
        lack,
    ]


def test_votes_stay_where_labels_are_made_anew(settings: Settings, tmp_path: Path) -> None:
    stages.vote(settings, prompts(tmp_path, hue=HUE))
    store = Store.at(settings.store)
    stages.relabel(settings)
    assert {row["tagger"] for row in rows_of(store.read("tags"))} == {"zero_shot.hue"}


def test_without_a_reader_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "embedders", lambda: ())
    with pytest.raises(VoteError, match=r"film-curation\[words\]"):
        stages.vote(Settings(store=str(tmp_path / "store")), prompts(tmp_path, hue=HUE))
