from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dataset.recipe import QuotaSection
from curation.dataset.selection.quotas import allowances, apply_quotas, cap_of, minima
from curation.dataset.selection.split import lot_sql

counts = st.lists(st.integers(1, 60), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


def taken(
    connection: duckdb.DuckDBPyConnection, clips: list[tuple[str, ...]], **quotas: Any
) -> tuple[list[int], list[str], QuotaSection]:
    """The numbers of the clips that are left, and the remarks; clips are tuples of their keys."""
    section = QuotaSection.model_validate(quotas)
    keys = {f"key_{n}": [clip[n] for clip in clips] for n in range(len(clips[0]))}
    table = pa.table({"n": range(len(clips)), **keys})
    connection.register("given", table)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE plan_pool AS
        SELECT *, n::VARCHAR AS clip_id, 2.0 AS clip_seconds, {lot_sql(7, "n")} AS lot,
            false AS reserved, NULL::VARCHAR AS quota FROM given
        """
    )
    remarks = apply_quotas(connection, section)
    left = connection.execute("SELECT n FROM plan_pool WHERE quota IS NULL ORDER BY n").fetchall()
    return [n for (n,) in left], remarks, section


@given(counts, st.floats(0.01, 1), st.none() | st.integers(1, 300))
def test_a_share_is_kept_by_as_many_clips_as_can_keep_it(
    found: list[int], share: float, budget: int | None
) -> None:
    cap = cap_of(np.array(found, float), share, budget)
    bound = float("inf") if budget is None else budget

    def total(cap: int) -> float:
        return min(sum(min(n, cap) for n in found), bound)

    assert cap <= share * total(cap) + 1e-6 or total(cap) == 0
    best = max((total(c) for c in range(max(found) + 1) if c <= share * total(c) + 1e-9), default=0)
    assert total(cap) == best


@given(counts, st.integers(1, 400), st.floats(1, 50), st.data())
def test_a_budget_is_shared_out_whole(
    sizes: list[int], budget: int, temperature: float, data: st.DataObject
) -> None:
    reserved = [data.draw(st.integers(0, size)) for size in sizes]
    given_out = allowances(
        np.array(sizes, float), np.array(reserved, float), budget, temperature, whole=True
    )
    assert given_out.sum() == min(budget, sum(sizes))
    assert all(0 <= got <= size for got, size in zip(given_out, sizes, strict=True))
    if sum(reserved) < budget:
        assert all(got >= kept - 1 for got, kept in zip(given_out, reserved, strict=True))


@pytest.mark.parametrize(("temperature", "expected"), [(1, (90, 10)), (1000, (50, 50))])
def test_a_temperature_evens_out(temperature: float, expected: tuple[int, int]) -> None:
    sizes, none = np.array([900.0, 100.0]), np.zeros(2)
    got = allowances(sizes, none, 100, temperature, whole=True)
    assert tuple(got.astype(int)) == pytest.approx(expected, abs=1)


@settings(max_examples=15, deadline=None)
@given(clips=st.lists(st.tuples(st.sampled_from("abcdef")), min_size=1, max_size=80))
def test_no_title_has_more_than_its_share(
    connection: duckdb.DuckDBPyConnection, clips: list[tuple[str, ...]]
) -> None:
    left, remarks, _ = taken(connection, clips, at_most=[{"per": "title", "share": 0.4}])
    per = Counter(clips[n][0] for n in left)
    assert all(count <= 0.4 * len(left) + 1e-9 for count in per.values())
    assert left or "cannot be had" in remarks[0]


def test_what_is_taken_does_not_change_when_the_library_grows_elsewhere(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    small: list[tuple[str, ...]] = [("a",)] * 30
    rule = [{"per": "title", "count": 10}]
    before, _, _ = taken(connection, small, at_most=rule)
    after, _, _ = taken(connection, small + [("b",)] * 30, at_most=rule)
    assert [n for n in after if n < 30] == before
    assert len(before) == 10


def test_a_minimum_comes_first_and_is_reported(connection: duckdb.DuckDBPyConnection) -> None:
    clips: list[tuple[str, ...]] = [("low",)] * 95
    clips += [("high",)] * 5
    asked: dict[str, Any] = {
        "at_least": [{"per": "light", "count": 4, "values": ["low", "high", "normal"]}],
        "total": {"clips": 10},
    }
    left, _, section = taken(connection, clips, **asked)
    assert len(left) == 10
    kept = "(SELECT * FROM plan_pool WHERE quota IS NULL)"
    met = {
        one.value: (one.found, one.is_met) for one in minima(connection, section, kept, "plan_pool")
    }
    assert met["high"][0] >= 4
    assert met["normal"] == (0, False)
    seconds, _, _ = taken(connection, clips, total={"seconds": 30})
    assert len(seconds) == 15
