from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dataset.recipe import Kind, Recipe, RecipeError, recipe_from
from curation.dataset.selection import Shot, place, select, split_of
from curation.rights import PerformerGate, Rulebook
from curation.shots import ShotKind
from curation.tables import Store
from curation.tables.query import connect
from tests.dataset.test_recipe import GOOD

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def rulebook(titles: int) -> Rulebook:
    works = [{"work_id": f"T{n}", "level": "title"} for n in range(titles)]
    works += [{"work_id": f"E{n}", "level": "edit", "parent_id": f"T{n}"} for n in range(titles)]
    surveys = [
        {"work_id": f"E{n}", "kind": kind, "completed_at": "2026-01-01T00:00:00Z"}
        for n in range(titles)
        for kind in ("APPEARANCE", "EMBEDDED")
    ]
    rules = [
        {
            "rule_id": "G0",
            "effect": "PERMIT",
            "kind": "GRANT",
            "work_id": "T0",
            "inherit": "ALL_EDITS",
            "actions": ["train_gen"],
            "assignee": "lab",
            "territory_include": ["001"],
            "status": "EXECUTED",
        }
    ]
    return Rulebook.from_json({"works": works, "surveys": surveys, "rules": rules})


def recipe(**change: Any) -> Recipe:
    return recipe_from(GOOD | change)


def shots(count: int) -> list[Shot]:
    return [Shot(f"{n:04d}", "x", f"E{n % 7}", 0, 24, 1.0) for n in range(count)]


@given(
    count=st.integers(0, 200),
    size=st.integers(1, 50),
    seed=st.integers(0, 9),
    shares=st.tuples(*[st.floats(0, 1)] * 3).filter(lambda s: sum(s) > 0),
)
def test_every_shot_lands_once_and_no_title_in_two_splits(
    count: int, size: int, seed: int, shares: tuple[float, float, float]
) -> None:
    split = dict(zip(("train", "val", "test"), shares, strict=True))
    order = recipe(shard={"samples": size}, seed=seed, split=split)
    placed = place(shots(count), rulebook(7), order)
    assert sorted(c.shot.shot_id for c in placed) == [s.shot_id for s in shots(count)]
    assert [c.position for c in placed] == list(range(count))
    assert all(n <= size for n in Counter(c.shard for c in placed).values())
    splits = {(c.shot.work_id, c.split) for c in placed}
    assert len(splits) == len({work for work, _ in splits})
    assert all(split[c.split or ""] > 0 for c in placed)


@given(st.text(), st.integers(0, 99))
def test_a_titles_split_does_not_depend_on_what_else_is_there(title: str, seed: int) -> None:
    order = recipe(seed=seed, split={"train": 0.8, "val": 0.1, "test": 0.1})
    assert split_of(title, order) == split_of(title, order)


def library(folder: Path) -> Store:
    """Shots of a work with a grant and of one without; one is short, one mixed, one a card."""
    store = Store.at(folder)
    store.append("ingests", [{"ingest_id": "1", "ingested_at": NOW}])
    for work, asset in (("E0", "x"), ("E1", "y")):
        row = {"row_key": work, "work_id": work, "asset_sha256": asset, "asset_path": work}
        store.append("assets", [row | {"recorded_at": NOW, "ingested_at": NOW}])
        store.append("films", [{"asset_sha256": asset, "status": "analysed"}])
    span = {"clean_start": 0, "clean_end": 24, "clean_start_s": 0.0, "kind": "picture"}
    store.append(
        "shots",
        [
            span | {"shot_id": "a", "asset_sha256": "x", "clean_end_s": 2.0},
            span | {"shot_id": "b", "asset_sha256": "y", "clean_end_s": 2.0},
            span | {"shot_id": "c", "asset_sha256": "x", "clean_end_s": 0.5},
            span | {"shot_id": "d", "asset_sha256": "x", "clean_end_s": 2.0, "clean_end": 0},
            span | {"shot_id": "e", "asset_sha256": "x", "clean_end_s": 2.0, "kind": None},
            span | {"shot_id": "f", "asset_sha256": "x", "clean_end_s": 2.0, "kind": "title"},
        ],
    )
    return store


def chosen(store: Store, withheld: dict[str, str] | None = None, **change: Any) -> dict[str, Any]:
    found = select(
        connect(store, NOW),
        rulebook(2),
        recipe(**change),
        known_at=NOW,
        performer_gate=PerformerGate.ALL_TRAINING,
        withheld=withheld or {},
    )
    assert len(found.chosen) + sum(found.left_out().values()) == len(found.choices)
    return {c.shot.shot_id: c.reasons[0] if c.reasons else "in" for c in found.choices}


def test_each_shot_is_in_or_out_with_a_reason(tmp_path: Path) -> None:
    found = chosen(library(tmp_path), filters=[{"name": "long", "sql": "seconds > 1"}])
    assert found == {
        "a": "in",
        "b": "NO_GRANT",
        "c": "TOO_SHORT",
        "d": "NO_CLEAN_FRAME",
        "e": "KIND_UNKNOWN",
        "f": "KIND_TITLE",
    }


def test_a_card_is_taken_only_if_the_recipe_names_its_kind(tmp_path: Path) -> None:
    found = chosen(library(tmp_path), kinds=["title", "credits"])
    assert (found["a"], found["e"], found["f"]) == ("KIND_PICTURE", "KIND_UNKNOWN", "in")


def test_recipes_know_the_kinds_that_shots_have() -> None:
    assert get_args(Kind) == get_args(ShotKind)


def test_an_error_in_a_filter_leaves_the_shot_out(tmp_path: Path) -> None:
    sql = "CAST(shot_id AS INTEGER) > 0"
    assert chosen(library(tmp_path), filters=[{"name": "number", "sql": sql}])["a"] == "number"


def test_a_comment_does_not_swallow_the_question(tmp_path: Path) -> None:
    found = chosen(library(tmp_path), filters=[{"name": "no", "sql": "false -- for now"}])
    assert found["a"] == "no"


def test_what_is_withheld_stays_out_whatever_the_rulebook_says(tmp_path: Path) -> None:
    assert chosen(library(tmp_path), {"E0": "CATALOG_QUARANTINED"})["a"] == "CATALOG_QUARANTINED"


@pytest.mark.parametrize(
    "sql",
    [
        "lightning.key = 1",
        "SELECT 1",
        "1) OR (1=1; --",
        "true; DROP VIEW tagged_shots",
        "true)), true); CREATE TEMP VIEW tagged_shots AS SELECT 1; SELECT ((true",
        "true, true",
        "shot_id IN (SELECT shot_id FROM shots)",
    ],
)
def test_a_filter_that_cannot_be_asked_is_named(tmp_path: Path, sql: str) -> None:
    with pytest.raises(RecipeError, match="filter 'odd' cannot be asked"):
        chosen(library(tmp_path), filters=[{"name": "odd", "sql": sql}])


def test_a_film_out_of_reach_fails_at_the_cut_and_its_refusals_stay(tmp_path: Path) -> None:
    found = select(
        connect(library(tmp_path), NOW),
        rulebook(2),
        recipe(),
        known_at=NOW,
        performer_gate=PerformerGate.ALL_TRAINING,
        withheld={},
        unreachable={"x": "READ_FAILED", "y": "READ_FAILED"},
    )
    rows = {row["shot_id"]: row for row in (c.to_row("r") for c in found.choices)}
    assert (rows["a"]["status"], rows["a"]["reasons"]) == ("failed", ["READ_FAILED"])
    assert (rows["b"]["status"], rows["b"]["reasons"]) == ("excluded", ["NO_GRANT"])


@pytest.mark.parametrize(
    ("label", "expected"),
    [("one", "FACE_WITHOUT_APPEARANCE"), ("none", "in"), ("unknown", "in"), (None, "in")],
)
def test_a_face_that_no_appearance_records_sends_its_shot_to_review(
    tmp_path: Path, label: str | None, expected: str
) -> None:
    store = library(tmp_path)
    tag = {"shot_id": "a", "asset_sha256": "x", "tagger": "people", "facet": "faces"}
    if label is not None:
        store.append("tags", [tag | {"label": label, "confidence": 0.8}])
    assert chosen(store)["a"] == expected
