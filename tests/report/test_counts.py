from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from duckdb import DuckDBPyConnection

from curation.report.counts import (
    CORRECTED,
    CountError,
    Rates,
    Refused,
    corrected,
    counts,
    rates,
)
from curation.tables import Store
from curation.tables.query import connect
from curation.tags.protocol import HeldOut

AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY = HeldOut(("low", "high"), ((80, 20), (10, 190)), scenes=300)


def test_a_correction_is_rogan_and_gladens() -> None:
    found = corrected(300, 1000, Rates(0.8, 0.1, 1e9, 1e9))
    assert found.count == round((0.3 - 0.1) / (0.8 - 0.1) * 1000)
    assert found.low < found.count < found.high


def test_rates_are_those_of_a_label_against_all_others() -> None:
    assert rates(KEY, "low") == Rates(0.8, 0.05, 100, 200)
    assert rates(HeldOut(KEY.labels, KEY.confusion, scenes=30), "low") == Rates(0.8, 0.05, 10, 20)


@pytest.mark.parametrize(
    ("observed", "measured", "why"),
    [
        (50, Rates(0.5, 0.25, 500, 500), "TPR - FPR is 0.25, under 0.3"),
        (50, Rates(0.9, 0.5, 3, 3), "too few scenes"),
        (50, Rates(0.9, 0.3, 900, 900), "do not explain"),
        (990, Rates(0.7, 0.1, 900, 900), "do not explain"),
    ],
)
def test_a_count_that_cannot_be_corrected_is_refused(
    observed: int, measured: Rates, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        corrected(observed, 1000, measured)


def test_a_label_that_was_not_measured_is_refused() -> None:
    for confusion in (((0, 0), (0, 9)), ((0, 0), (0, 0))):
        with pytest.raises(Refused, match="not measured"):
            rates(HeldOut(("no", "yes"), confusion, scenes=3), "yes")
    with pytest.raises(Refused, match="not measured"):
        rates(KEY, "other")


def test_a_confusion_that_is_not_square_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 rows of 2"):
        HeldOut(("no", "yes"), ((1, 2),), scenes=1)


@pytest.mark.parametrize("per_scene", [1, 20])
@pytest.mark.parametrize("shots", [200, 5000])
@pytest.mark.parametrize("share", [0.02, 0.2, 0.6])
@pytest.mark.parametrize(("hits", "alarms"), [(0.6, 0.02), (0.85, 0.1), (0.95, 0.25)])
def test_the_interval_holds_the_true_count_about_19_times_in_20(
    hits: float, alarms: float, share: float, shots: int, per_scene: int
) -> None:
    """Errors are measured on 60 and 200 scenes, whose pictures err all alike."""
    rng = np.random.default_rng(1)
    true, held, given = round(share * shots), [], 1000
    for _ in range(given):
        hit, alarm = rng.binomial(60, hits), rng.binomial(200, alarms)
        confusion = ((hit, 60 - hit), (alarm, 200 - alarm))
        pictures = tuple(tuple(int(n) * per_scene for n in row) for row in confusion)
        known = rates(HeldOut(("a", "b"), pictures, scenes=260), "a")
        observed = int(rng.binomial(true, hits) + rng.binomial(shots - true, alarms))
        try:
            found = corrected(observed, shots, known)
        except Refused:
            given -= 1
            continue
        held.append(found.low <= true <= found.high)
    assert given > 900
    assert 0.93 <= np.mean(held) <= 0.99


@pytest.fixture
def library(tmp_path: Path) -> DuckDBPyConnection:
    """A store of two films: 300 shots likeliest low, of which one in three is unsure, 700 high."""
    store = Store.at(tmp_path)
    store.append("ingests", [{"ingest_id": "1", "ingested_at": AT}])
    kept = {"recorded_at": AT, "ingested_at": AT}
    for film in ("f", "g"):
        asset = {"asset_path": film, "work_id": film, "asset_sha256": film, "row_key": film}
        store.append("assets", [asset | kept])
    store.append("films", [{"asset_sha256": f, "status": "analysed"} for f in ("f", "g")])
    store.append(
        "shots",
        [
            {"shot_id": f"{n}", "asset_sha256": "f" if n < 500 else "g", "kind": "picture"}
            for n in range(1000)
        ],
    )
    tag = {"tagger": "light", "label_version": "1", "facet": "key", "confidence": 0.9}
    tags = []
    for n in range(1000):
        is_low = n < 300
        label = ("unknown" if n % 3 == 0 else "low") if is_low else "high"
        odds = {"p_low": 0.6, "p_high": 0.4} if is_low else {"p_low": 0.1, "p_high": 0.9}
        film = "f" if n < 500 else "g"
        tags.append(
            tag | {"shot_id": f"{n}", "asset_sha256": film, "label": label, "measures": odds}
        )
    store.append("tags", tags)
    return connect(store)


def test_shots_and_films_are_counted_as_tagged_and_as_they_truly_are(
    library: DuckDBPyConnection,
) -> None:
    low, high, unknown = counts(library, "light", "key", labels=("low", "high"), held_out=KEY)
    assert (low.raw, low.confident, low.films, low.verdict) == (300, 200, 1, CORRECTED)
    assert (high.raw, high.confident, high.films) == (700, 700, 2)
    assert (unknown.label, unknown.raw, unknown.confident) == ("unknown", 0, 100)
    assert low.corrected is not None
    assert low.corrected.count == round((0.3 - 0.05) / (0.8 - 0.05) * 1000)


def test_without_errors_measured_nothing_is_corrected(library: DuckDBPyConnection) -> None:
    lines = counts(library, "light", "key", labels=("low", "mid", "high"))
    assert [(one.label, one.raw, one.corrected, one.verdict) for one in lines] == [
        ("low", 200, None, "not measured"),
        ("mid", 0, None, "not measured"),
        ("high", 700, None, "not measured"),
        ("unknown", 100, None, ""),
    ]


def test_a_condition_narrows_what_is_counted(library: DuckDBPyConnection) -> None:
    where = "light.key.p_low > 0.5 AND asset_path = 'f'"
    low, _, _ = counts(library, "light", "key", held_out=KEY, where=where)
    assert (low.raw, low.confident) == (300, 200)
    assert not any(one.raw for one in counts(library, "light", "key", where="title = 'none'"))


@pytest.mark.parametrize(
    "where", ["nowhere = 1", "1 = 1) OR (TRUE", "kind =", "TRUE; DROP VIEW tags", "SELECT 1"]
)
def test_a_condition_that_cannot_be_asked_says_so(library: DuckDBPyConnection, where: str) -> None:
    with pytest.raises(CountError, match="--where cannot be asked"):
        counts(library, "light", "key", where=where)


def test_a_facet_that_nobody_tagged_is_an_error_that_names_the_nearest(
    library: DuckDBPyConnection,
) -> None:
    with pytest.raises(CountError, match=r"did you mean light\.key"):
        counts(library, "light", "keys")
