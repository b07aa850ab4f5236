"""The catalogue of taggers says what they declare, and the page in docs/ is up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from curation.cli import app
from curation.embeddings.embedder import DEFAULT, embedders
from curation.models import Weights
from curation.report.taggers import (
    COMMAND,
    EMBEDDERS,
    costs,
    embedder_cells,
    entries,
    looks_at,
    markdown,
)
from curation.tables import Store
from curation.tables.query import connect
from curation.tags import Needs, taggers
from curation.tags.people import PeopleTagger
from curation.tags.protocol import weights_of
from curation.tags.quality import QualityTagger
from curation.tags.text import TextTagger

RARE = Weights("no-such-package", "rare.onnx", "0" * 64, "MIT", extra="safety")


class RareTagger(QualityTagger):
    """Asks what is rarely asked.

    And this is not shown.
    """

    weights = (RARE,)


def test_the_page_is_up_to_date(root: Path) -> None:
    shown = entries(taggers(), {})
    if any(entry.missing for entry in shown):
        pytest.skip("a network is not installed, so that its tagger is of another version")
    page = (root / "docs" / "taggers.md").read_text(encoding="utf-8")
    plain = [one for one in embedders() if one.name == DEFAULT]
    assert page == markdown(shown, plain), f"docs/taggers.md is out of date; run: {COMMAND}"


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (Needs(width=64, per_second=None, pairs=True), "every frame, at most 64 wide, with"),
        (Needs(per_second=0.5), "0.5 frames a second, at most 320 wide"),
        (Needs(per_shot=1, width=256), "1 still of each shot, at most 256 wide"),
        (Needs(sound=True), "the sound"),
    ],
)
def test_what_a_tagger_is_shown_is_said_in_words(needs: Needs, words: str) -> None:
    assert looks_at(needs).startswith(words)


def test_a_network_that_is_not_installed_is_told_with_its_remedy() -> None:
    (entry,) = entries([RareTagger()], {"quality": 1.5})
    assert "pip install 'film-curation[safety]'" in str(entry.cells())
    said = entry.to_json()
    assert said["networks"][0]["licence"] == "MIT"
    assert said["missing"]
    assert said["cpu_s_per_minute"] == 1.5
    assert said["what"] == "Asks what is rarely asked."
    assert "`rare.onnx` of `no-such-package`, MIT" in markdown([entry])


def test_a_package_of_several_networks_is_named_once() -> None:
    (entry,) = entries([TextTagger()], {})
    assert str(entry.cells()).count("rapidocr-onnxruntime (") == 1


def test_embedders_are_listed() -> None:
    listed = [embedder_cells(one) for one in embedders()]
    assert DEFAULT in [cells[0] for cells in listed]
    assert all(len(cells) == len(EMBEDDERS) and cells[2] for cells in listed)


def test_weights_that_are_none_are_refused() -> None:
    class Wrong(QualityTagger):
        weights: Any = "centerface.onnx"

    with pytest.raises(TypeError, match=r"weights of tagger quality.*no tuple"):
        weights_of(Wrong())
    assert weights_of(QualityTagger()) == ()
    assert weights_of(PeopleTagger())[0].licence == "MIT"


def test_a_cost_is_for_a_minute_of_the_films_that_say_it(tmp_path: Path) -> None:
    store = Store.at(tmp_path)
    film = {"status": "analysed", "duration_s": 30.0}
    store.append(
        "films",
        [
            film | {"asset_sha256": "a", "tagger_cpu_s": {"people": 1.0, "quality": 2.0}},
            film | {"asset_sha256": "b", "tagger_cpu_s": {"people": 3.0}},
            film | {"asset_sha256": "c", "tagger_cpu_s": None},
            film | {"asset_sha256": "d", "tagger_cpu_s": {"people": 9.0}, "duration_s": 0.0},
        ],
    )
    with connect(store) as connection:
        assert costs(connection) == {"people": 4.0, "quality": 4.0}


def test_json_holds_the_embedders_too() -> None:
    said = CliRunner().invoke(app, ["taggers", "--format", "json"], standalone_mode=False)
    entries = json.loads(said.stdout)
    assert {one["kind"] for one in entries} == {"tagger", "embedder"}
    (lite0,) = (one for one in entries if one["name"] == DEFAULT)
    assert (lite0["kind"], lite0["reads_words"]) == ("embedder", False)
    assert bool(lite0["version"]) != bool(lite0["missing"])
