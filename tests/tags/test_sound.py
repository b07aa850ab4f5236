"""Loudness is gated as the standard says; speech and music of our own films are heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.analysis import FilmJob, analyse_film
from curation.media.audio import Stretch
from curation.models import ModelUnavailableError, Weights
from curation.tags import taggers
from curation.tags.components import COMPONENTS, ComponentsTagger, missing, spans
from curation.tags.level import ABSOLUTE_GATE, FLOOR, SILENCE, integrated
from curation.tags.sound import SoundTagger, longest

needs_networks = pytest.mark.skipif(missing() is not None, reason="no networks of sound here")
loudnesses = st.lists(st.floats(-110, 0), min_size=1, max_size=50).map(np.array)


@given(loudnesses)
def test_silence_does_not_lower_loudness(momentary: Any) -> None:
    padded = np.concatenate([momentary, np.full(40, ABSOLUTE_GATE - 1)])
    assert integrated(padded) == pytest.approx(integrated(momentary))


@given(loudnesses)
def test_loudness_lies_among_what_is_loud(momentary: Any) -> None:
    whole = integrated(momentary)
    if (momentary <= ABSOLUTE_GATE).all():
        assert whole == FLOOR
    else:
        assert ABSOLUTE_GATE <= whole <= momentary.max() + 1e-9


def test_quiet_parts_are_gated_out() -> None:
    """Of EBU Tech 3341, case 3: 10 s at -36, 60 s at -23, 10 s at -36 LUFS are -23."""
    momentary = np.concatenate([np.full(100, -36.0), np.full(600, -23.0), np.full(100, -36.0)])
    assert integrated(momentary) == pytest.approx(-23.0, abs=0.01)


@given(st.lists(st.booleans(), max_size=30))
def test_the_longest_run_is_the_longest(given: list[bool]) -> None:
    text = "".join("x" if one else " " for one in given)
    assert longest(np.array(given, bool)) == max((len(run) for run in text.split()), default=0)


@needs_networks
def test_a_demo_film_carries_what_its_truth_says(library: Path, truth: dict[str, Any]) -> None:
    name = "night_call.mp4"
    rows = analyse_film(
        FilmJob(name, str(library / name), "cpu", verify=False, taggers=("sound.components",))
    )
    kinds = {(shot["start"], shot["end"]): shot["sound"] for shot in truth[name]["shots"]}
    kind_of = {
        row["shot_id"]: kinds.get((row["start_frame"], row["end_frame"])) for row in rows.shots
    }
    for tag in rows.tags:
        kind = kind_of[tag["shot_id"]]
        if tag["facet"] == {"speech": "dialogue", "music": "music"}.get(str(kind)):
            assert tag["label"] == "present", tag
        if kind == "silence":
            assert tag["label"] == "absent", tag
    spoken = next(row for row in rows.measures if kind_of[row["shot_id"]] == "speech")
    series = {measure: np.array(values) for measure, values in spoken["series"].items()}
    found = spans(series, np.array(spoken["pts_s"]))
    assert found["speech"]
    assert not found["music"]
    assert all(8.2 <= start < end <= 11.7 for start, end in found["speech"])


@needs_networks
def test_channels_that_cancel_each_other_are_not_called_empty() -> None:
    """Of a voice in opposite phase the networks, which hear the mix, hear nothing."""
    rate, blocks = 16_000, 50
    wave = 0.1 * np.random.default_rng(1).normal(size=rate * 5).astype(np.float32)
    samples = np.stack([wave, -wave], axis=1)
    edges = np.arange(blocks + 1) * rate // 10
    stretch = Stretch(samples, edges, np.ones(blocks), rate, "stereo")
    facts = {"tracks": 1.0, "channels": 2.0, "lead": 0.0, "gaps": 0.0, "faults": 0.0}
    tagger, video = ComponentsTagger(), None
    series = tagger.meter(video)(stretch) | {  # type: ignore[arg-type]
        name: np.full(blocks, value) for name, value in facts.items()
    }
    tags = tagger.label(tagger.summarise(series, np.arange(blocks) / 10))
    assert {tag.label for tag in tags} == {"unknown"}


def test_without_the_networks_everything_may_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Weights("no-such-package", "a.onnx", "0" * 64, "MIT")
    monkeypatch.setattr("curation.tags.voice.SILERO", nowhere)
    monkeypatch.setattr("curation.tags.voice.silero", lambda: nowhere.path())
    assert "no-such-package" in str(missing())
    assert ComponentsTagger().version == "1-without-network"
    with pytest.raises(ModelUnavailableError, match="no-such-package"):
        ComponentsTagger().meter(None)  # type: ignore[arg-type]
    assert {tag.label for tag in ComponentsTagger().label({})} == {"unknown"}


@pytest.mark.parametrize("facts", [{}, {"tracks": 1.0, "channels": 0.0}, {"tracks": 0.0}], ids=str)
def test_labels_are_of_their_facets(facts: dict[str, float]) -> None:
    for tagger in taggers(["sound"]):
        tags = tagger.label(facts)
        facets = {facet.name: facet.labels for facet in tagger.facets}
        assert [tag.facet for tag in tags] == list(facets)
        assert all(tag.label in facets[tag.facet] for tag in tags)
        if facts != {"tracks": 0.0}:
            assert {tag.label for tag in tags} == {"unknown"}


def test_both_taggers_are_of_one_family() -> None:
    facets = [facet.name for tagger in taggers(["sound"]) for facet in tagger.facets]
    assert set(COMPONENTS) < set(facets)
    assert len(set(facets)) == len(facets)
    assert all(tagger.needs.sound for tagger in taggers(["sound"]))
    assert SoundTagger().needs.pairs is False
    assert SILENCE > FLOOR
