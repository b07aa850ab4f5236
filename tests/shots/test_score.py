"""The figures of our scorer, and that they are those of the reels' own."""

from __future__ import annotations

import importlib.util
import json
from argparse import Namespace
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from curation.shots import Transition
from curation.shots.score import Score, Truth, TruthError, score

CUT = {"type": "cut", "frame": 40}
WIPE = {"type": "wipe", "subtype": "iris", "start": 80, "end": 99, "edges": [80]}
TRUTH = Truth.from_json(
    {
        "file": "a.mp4",
        "boundaries": [CUT, WIPE, {"type": "fade_in", "start": 0, "end": 9, "optional": True}],
        "ignore": [{"start": 200, "end": 220}],
        "distractors": [{"type": "flash", "frame": 300, "ambiguous": True}],
    }
)


def cut(frame: int) -> Transition:
    return Transition("cut", frame, frame)


def test_right_places_and_kinds() -> None:
    got = score(TRUTH, [cut(41), Transition("iris", 82, 97)])
    assert (got.cut0.f1, got.cut1.f1, got.gradual.f1, got.all.f1) == (0, 1, 1, 1)
    assert got.type_accuracy == 1
    assert not got.missed


def test_a_cut_finds_a_gradual_but_not_its_type() -> None:
    got = score(TRUTH, [cut(40), cut(90)])
    assert (got.gradual.f1, got.type_accuracy) == (1, 0.5)


def test_a_short_span_on_a_cut_counts_in_all_alone() -> None:
    got = score(TRUTH, [Transition("dissolve", 38, 41)])
    assert (got.cut1.right, got.all.right, got.type_accuracy) == (0, 1, 0)


def test_what_is_not_scored_is_no_false_alarm() -> None:
    found = [cut(5), cut(210), cut(302), cut(89), cut(80)]
    assert score(TRUTH, found).false == ()
    assert [t.start for t in score(TRUTH, [cut(150), cut(92), cut(95)]).false] == [95, 150]


@pytest.mark.parametrize("data", [[], {"boundaries": 1}, {"boundaries": [{"type": "cut"}]}])
def test_what_is_no_truth_is_told(data: object) -> None:
    with pytest.raises(TruthError, match="see the README"):
        Truth.from_json(data)


@pytest.fixture(scope="session")
def reference(shared: Path) -> ModuleType:
    path = shared / "shots" / "score.py"
    if not path.exists():
        pytest.skip("no reference scorer here")
    spec = importlib.util.spec_from_file_location("reference_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def figures(got: Score) -> dict[str, Any]:
    return {
        "cut": [(t.right, t.false, t.missed) for t in (got.cut0, got.cut1)],
        "gradual": (got.gradual.right, got.gradual.false, got.gradual.missed),
        "all": (got.all.right, got.all.false, got.all.missed),
        "missed": sorted(k.span.start for k in got.missed),
        "false": sorted(t.start for t in got.false),
    }


def theirs(reference: ModuleType, truth: dict[str, Any], found: list[Transition]) -> dict[str, Any]:
    rules = Namespace(count_uncertain=False, count_optional=False)
    cuts = [t.start for t in found if not t.gradual]
    spans = [(t.start, t.end) for t in found if t.gradual]
    exact, near = (reference.score_film(truth, cuts, spans, n, rules) for n in (0, 1))
    return {
        "cut": [(r["cut_tp"], r["fp_cut"], r["cut_fn"]) for r in (exact, near)],
        "gradual": (near["g_tp"], near["g_fp"], near["g_fn"]),
        "all": (near["all_tp"], near["all_fp"], near["all_fn"]),
        "missed": sorted(near["missed"]),
        "false": sorted(near["false"]),
    }


def guesses(truth: dict[str, Any], random: Random) -> list[Transition]:
    """The truth shaken: shifted, doubled, mistyped, forgotten, with inventions."""
    found = []
    for row in truth["boundaries"]:
        start, end = row.get("start", row.get("frame")), row.get("end", row.get("frame"))
        for _ in range(random.choice([0, 1, 1, 1, 2])):
            first = max(0, start + random.randint(-3, 3))
            past = max(first, end + random.randint(-3, 3))
            kind = random.random()
            if (row["type"] == "cut" and kind < 0.8) or kind < 0.1:
                found.append(cut(first))
            else:
                found.append(Transition("dissolve", first, past))
    for row in [*truth.get("distractors", []), *truth.get("ignore", [])]:
        found.append(cut(row.get("start", row.get("frame"))))
    return found + [cut(random.randrange(truth["frames"])) for _ in range(5)]


def test_figures_equal_those_of_the_reels_scorer(shared: Path, reference: ModuleType) -> None:
    files = [*(shared / "shots").glob("*.json"), *(shared / "films").glob("*.truth.json")]
    assert len(files) > 12
    for path in files:
        truth = json.loads(path.read_text())
        for seed in range(12):
            found = guesses(truth, Random(seed))
            assert figures(score(Truth.from_json(truth), found)) == theirs(
                reference, truth, found
            ), (path.name, seed)
