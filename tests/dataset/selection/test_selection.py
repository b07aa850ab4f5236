import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from curation.dataset.plan import Plan
from curation.dataset.recipe import Kind, Policy, Recipe, RecipeError, recipe_from
from curation.dataset.selection import Selection, select
from curation.dataset.selection.decisions import decision_rows
from curation.dataset.selection.funnel import checked
from curation.rights import PerformerGate, Rulebook
from curation.shots import ShotKind
from curation.tables import Store
from curation.tables.query import connect
from tests.dataset.recipe.test_recipe import GOOD

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


def selected(store: Store, withheld: dict[str, str] | None = None, **change: Any) -> Selection:
    return select(
        connect(store, NOW),
        rulebook(2),
        recipe(**change),
        known_at=NOW,
        performer_gate=PerformerGate.ALL_TRAINING,
        withheld=withheld or {},
    )


def rows_of(found: Selection) -> list[dict[str, Any]]:
    return [row for batch in found.rows("r") for row in batch.to_pylist()]


def chosen(store: Store, withheld: dict[str, str] | None = None, **change: Any) -> dict[str, Any]:
    found = selected(store, withheld, **change)
    rows = rows_of(found)
    assert found.chosen + sum(found.left_out().values()) == len(found) == len(rows)
    steps = checked(found, recipe(**change)).steps
    assert steps[-1].clips == found.chosen
    assert [step.clips for step in steps] == [
        len(found) - sum(n for step in steps[: at + 1] for _, n in step.left_out)
        for at in range(len(steps))
    ]
    return {row["shot_id"]: row["reasons"][0] if row["reasons"] else "in" for row in rows}


def test_each_shot_is_in_or_out_with_a_reason(tmp_path: Path) -> None:
    found = chosen(library(tmp_path), filters=[{"name": "long", "where": "seconds > 1"}])
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
    assert chosen(library(tmp_path), filters=[{"name": "number", "where": sql}])["a"] == "number"


def test_a_comment_does_not_swallow_the_question(tmp_path: Path) -> None:
    found = chosen(library(tmp_path), filters=[{"name": "no", "where": "false -- for now"}])
    assert found["a"] == "no"


def test_a_filter_may_ask_how_long_lies_between_two_times(tmp_path: Path) -> None:
    sql = "age(TIMESTAMP '2026-01-01', TIMESTAMP '2020-01-01') > INTERVAL 7 YEAR"
    assert chosen(library(tmp_path), filters=[{"name": "old", "where": sql}])["a"] == "old"


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
        "random() < 0.5",
        "now() > TIMESTAMPTZ '2020-01-01'",
        "current_date > DATE '2020-01-01'",
        "current_timestamp > TIMESTAMPTZ '2020-01-01'",
        "EXTRACT(year FROM current_timestamp) > 2020",
        "current_time > TIME '12:00'",
        "localtimestamp > TIMESTAMP '2020-01-01'",
        "current_localtimestamp() > TIMESTAMP '2020-01-01'",
        "current_localtime() > TIME '12:00'",
        "age(TIMESTAMP '2020-01-01') > INTERVAL 1 YEAR",
        "(TIMESTAMP '2020-01-01').age() > INTERVAL 1 YEAR",
        "ago(INTERVAL 1 YEAR) > TIMESTAMPTZ '2020-01-01'",
        "current_setting('TimeZone') = 'UTC'",
        "count(*) OVER () > 1",
        "count(*) > 1",
        "seconds > $1",
        "COLUMNS(*) IS NOT NULL",
        "read_csv('a.csv') = 1",
    ],
)
def test_a_filter_that_cannot_be_asked_is_named(tmp_path: Path, sql: str) -> None:
    with pytest.raises(RecipeError, match="filter 'odd' cannot be asked"):
        chosen(library(tmp_path), filters=[{"name": "odd", "where": sql}])


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
    rows = {row["shot_id"]: row for row in rows_of(found)}
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
    blind = [remark for remark in selected(store).remarks if "no faces were looked for" in remark]
    assert bool(blind) == (label in ("unknown", None))


def test_a_filter_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    from curation.dataset.recipe.filters import patience

    with connect(library(tmp_path), NOW) as connection:
        with pytest.raises(RecipeError, match=r"more than 0\.1 seconds"), patience(connection, 0.1):
            connection.execute("SELECT count(*) FROM range(100000) a, range(100000) b")
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_what_is_out_of_bounds_or_unknown_is_left_out_with_its_reason(tmp_path: Path) -> None:
    store = library(tmp_path)
    tag = {"shot_id": "a", "asset_sha256": "x", "tagger": "quality", "facet": "motion"}
    moving = [{"label": "low", "measures": {"motion_widths_s": 0.5}}]
    store.append("tags", [tag | moving[0], tag | {"shot_id": "b", "label": "low"}])
    for bound, expected in {
        "min": (0.6, "MOTION_BELOW_MIN"),
        "max": (0.4, "MOTION_ABOVE_MAX"),
    }.items():
        assert chosen(store, bounds={"motion": {bound: expected[0]}})["a"] == expected[1]
    assert chosen(store, bounds={"motion": {"min": 0.5, "max": 0.5}})["a"] == "in"
    assert chosen(store, bounds={"height": {"min": 1}})["a"] == "HEIGHT_UNKNOWN"
    assert chosen(store, bounds={"height": {"min": 1, "unknown": "keep"}})["a"] == "in"


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"secons": {"min": 1}}, "did you mean 'seconds'"),
        ({"motion": {"min": 1}}, "stands for quality.motion.motion_widths_s, in this store"),
        ({"kind": {"min": 1}}, "kind holds no numbers"),
    ],
)
def test_a_bound_on_what_is_no_number_is_named(
    tmp_path: Path, bounds: dict[str, Any], words: str
) -> None:
    with pytest.raises(RecipeError, match=words):
        chosen(library(tmp_path), bounds=bounds)


def test_a_long_shot_is_split_into_equal_parts_that_are_cleared_one_by_one(tmp_path: Path) -> None:
    store = library(tmp_path)
    store.replace(
        "films",
        [{"asset_sha256": "x", "status": "analysed", "variable_rate": False}],
        column="asset_sha256",
    )
    clip = {"split_long": True, "min_seconds": 0.2, "max_seconds": 0.75}
    found = selected(store, clip=clip)
    rows = [row for row in rows_of(found) if (row["source_shot_id"] or row["shot_id"]) == "a"]
    assert len(rows) == 3
    assert all(row["status"] == "released" for row in rows)
    spans = sorted((span.start, span.end) for span in found.spans() if span.source_id == "a")
    assert spans == [(0, 8), (8, 16), (16, 24)]


def test_margins_are_cut_off_beside_gradual_transitions_alone(tmp_path: Path) -> None:
    store = library(tmp_path)
    film = {"asset_sha256": "x", "status": "analysed", "variable_rate": False}
    store.replace("films", [film], column="asset_sha256")
    fade = {"type": "fade_in", "start": 0, "end": 1}
    cut = {"type": "cut", "start": 24, "end": 24}
    shot = {"shot_id": "g", "asset_sha256": "x", "kind": "picture", "clean_start_s": 0.0}
    span = {"clean_start": 0, "clean_end": 24, "clean_end_s": 2.0}
    store.append("shots", [shot | span | {"transition_in": fade, "transition_out": cut}])
    clip = {"margin": {"frames": 2, "seconds": 0.1}}
    found = selected(store, clip=clip)
    assert [(s.start, s.end) for s in found.spans() if s.shot_id == "g"] == [(4, 24)]
    store.replace("films", [film | {"variable_rate": None}], column="asset_sha256")
    assert chosen(store, clip=clip)["g"] == "VARIABLE_RATE"


def test_decisions_hold_the_very_request_that_was_asked(tmp_path: Path) -> None:
    from curation.dataset.selection.clearance import request_for
    from curation.rights import Request
    from curation.tables.store import canonical_json

    order = recipe(clip={"split_long": True, "min_seconds": 0.1, "max_seconds": 0.75})
    found = selected(library(tmp_path), clip=order.clip)
    plan = Plan("r", order, NOW, "", PerformerGate.ALL_TRAINING, {}, (), 0, {})
    rows = [row for batch in decision_rows(found, plan) for row in batch.to_pylist()]
    spans = {span.shot_id: span for span in found.spans()}
    assert len(rows) == len(found) - found.left_out()["length", "NO_CLEAN_FRAME"]
    asked = {row["shot_id"]: row["request"] for row in rows}
    for shot_id, span in spans.items():
        request = request_for(order, span, NOW)
        assert asked[shot_id] == canonical_json(request.to_json())
        assert Request.from_json(json.loads(asked[shot_id])) == request


@pytest.mark.parametrize(("otherwise", "expected"), [("drop", "SOUND_NOT_KEPT"), ("mute", "in")])
def test_sound_that_is_not_kept_is_muted_or_dropped(
    tmp_path: Path, otherwise: str, expected: str
) -> None:
    store = library(tmp_path)
    asked = GOOD["request"] | {"components": ["picture", "dialogue", "music", "effects"]}
    audio = {"keep": ["dialogue"], "otherwise": otherwise}
    order: dict[str, Any] = {"request": asked, "audio": audio}
    assert chosen(store, **order)["a"] == expected
    heard = {"shot_id": "a", "asset_sha256": "x", "tagger": "sound"}
    labels = {"dialogue": "present", "music": "absent", "effects": "absent"}
    store.append("tags", [heard | {"facet": f, "label": v} for f, v in labels.items()])
    found = selected(store, **order)
    (span,) = found.spans()
    assert span.components == ("picture", "dialogue")


def twins(folder: Path) -> tuple[Store, dict[str, Any]]:
    """The library with a second film of the same edit, whose shot A is a poor copy of a."""
    store = library(folder)
    row = {"row_key": "p", "work_id": "E0", "asset_sha256": "p", "asset_path": "p"}
    store.append("assets", [row | {"recorded_at": NOW, "ingested_at": NOW}])
    size = {"width": 64, "height": 36, "status": "analysed"}
    store.append("films", [size | {"asset_sha256": "p"}])
    store.replace("films", [size | {"asset_sha256": "x", "height": 72}], column="asset_sha256")
    span = {"clean_start": 0, "clean_end": 24, "clean_start_s": 0.0, "clean_end_s": 2.0}
    store.append("shots", [span | {"shot_id": "A", "asset_sha256": "p", "kind": "picture"}])
    pair = {"shot_id": "a", "twin_id": "A", "asset_sha256": "x", "twin_asset_sha256": "p"}
    return store, pair


@pytest.mark.parametrize(
    ("policy", "covered", "expected"),
    [
        ("keep_best", 1.0, "DUPLICATE"),
        ("keep_best", 0.2, "in"),
        ("keep_together", 1.0, "in"),
        ("keep_all", 1.0, "in"),
    ],
)
def test_of_copies_the_best_is_kept(
    tmp_path: Path, policy: str, covered: float, expected: str
) -> None:
    store, pair = twins(tmp_path)
    store.append("duplicates", [pair | {"covered": 1.0, "twin_covered": covered}])
    found = chosen(store, duplicates=policy)
    assert (found["a"], found["A"]) == ("in", expected)


@pytest.mark.parametrize("policy", get_args(Policy))
def test_copies_are_never_parted_between_splits(tmp_path: Path, policy: str) -> None:
    store = library(tmp_path)
    pair = {"shot_id": "a", "twin_id": "b", "asset_sha256": "x", "twin_asset_sha256": "y"}
    store.append("duplicates", [pair | {"covered": 1.0, "twin_covered": 1.0}])
    shares = {"train": 0.5, "val": 0.5}
    for seed in range(8):
        found = selected(store, duplicates=policy, split=shares, seed=seed)
        asked = "SELECT count(DISTINCT group_id), count(DISTINCT group_split) FROM plan_works"
        assert found.connection.execute(asked).fetchall() == [(1, 1)]


def test_every_clip_has_its_frames_in_or_out(tmp_path: Path) -> None:
    store = library(tmp_path)
    clip = {"split_long": True, "max_seconds": 0.5, "min_seconds": 0.1}
    store.replace(
        "films",
        [{"asset_sha256": "x", "status": "analysed", "variable_rate": False}],
        column="asset_sha256",
    )
    rows = rows_of(selected(store, clip=clip))
    parts = sorted(
        (row["first_frame"], row["past_last_frame"])
        for row in rows
        if "f" in (row["shot_id"], row["source_shot_id"])
    )
    assert parts == [(0, 6), (6, 12), (12, 18), (18, 24)]
    assert all(row["first_frame"] is not None for row in rows)


def test_a_split_that_may_not_be_used_as_it_is_called_is_said(tmp_path: Path) -> None:
    store, shares = library(tmp_path), {"train": 0, "val": 1}
    (said,) = [one for one in selected(store, split=shares).remarks if one.startswith("split val")]
    assert "its 1 clips were cleared for train_gen, which does not cover validation" in said
    assert not any(one.startswith("split") for one in selected(store).remarks)


def test_a_copy_that_may_not_go_stands_for_no_other(tmp_path: Path) -> None:
    store, pair = twins(tmp_path)
    store.append("duplicates", [pair | {"covered": 1.0, "twin_covered": 1.0}])
    film = {"name": "small", "where": "height < 50"}
    assert chosen(store, filters=[film])["A"] == "in"


def test_what_cannot_be_told_of_copies_and_unknown_works_is_said(tmp_path: Path) -> None:
    store = library(tmp_path)
    said = " ".join(selected(store, split={"together": [["T0", "T9"]]}).remarks)
    assert "1 films that clips are taken from have no fingerprints" in said
    assert "split.together names T9" in said
    store.append("measures", [{"asset_sha256": "x", "shot_id": "a", "tagger": "fingerprint"}])
    assert "fingerprints" not in " ".join(selected(store).remarks)


def test_a_minimum_that_is_missed_is_said_and_one_that_must_be_met_is_left_to_the_plan(
    tmp_path: Path,
) -> None:
    least = {"per": "kind", "count": 2, "values": ["picture"]}
    store = library(tmp_path)
    said = selected(store, quotas={"at_least": [least]}).remarks
    assert "quotas.at_least: picture has 1 of 2 (kind)" in said
    must = least | {"otherwise": "fail"}
    assert not any(
        "at_least" in one for one in selected(store, quotas={"at_least": [must]}).remarks
    )
