"""Rows from JSON and back, and what a rulebook refuses."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from curation.rights import (
    TABLES,
    FieldKind,
    Request,
    RequestError,
    RowError,
    Rule,
    Rulebook,
    RulebookError,
    parse_row,
    row_name,
    row_to_json,
)

Json = dict[str, Any]
Rows = dict[str, Json]
Build = Callable[[Json], Json]


def test_the_tables_are_those_of_the_specification() -> None:
    assert list(TABLES) == [
        "works",
        "rules",
        "party_groups",
        "appearances",
        "consents",
        "embedded_material",
        "surveys",
        "signals",
        "participants",
    ]
    for table in TABLES.values():
        names = [field.name for field in table.fields]
        assert set(table.key) <= set(names)
        assert names[-2:] == ["recorded_at", "retired_at"]
    kinds = {field.name: field.kind for field in TABLES["rules"].fields}
    assert kinds["start"] is FieldKind.WINDOW_DATE
    assert kinds["revoked_at"] is FieldKind.INSTANT


FULL: list[tuple[str, Json]] = [
    ("works", {"work_id": "w", "level": "edit", "title": "A Film", "year": 1931}),
    (
        "rules",
        {
            "rule_id": "r",
            "effect": "PERMIT",
            "kind": "GRANT",
            "work_id": "w",
            "actions": ["train"],
            "start": "2026-11-10",
            "end": "Open",
            "candidate_time_zones": ["Europe/Paris"],
            "span": [0, 10],
            "exclusive": True,
            "supersedes": ["a", "b"],
            "duties": [{"code": "D", "phase": "PRE", "fulfilled_at": "2026-01-01T00:00:00Z"}],
            "recorded_at": "2026-01-01T00:00:00.250000Z",
        },
    ),
    ("party_groups", {"group_id": "g", "members": ["a", "b"]}),
    ("appearances", {"work_id": "w", "facet": "FACE", "span": [5, 6], "party_id": "p"}),
    ("consents", {"party_id": "p", "state": "GRANTED", "facets": ["FACE"]}),
    ("embedded_material", {"work_id": "w", "kind": "NEWS", "licensees": ["a"]}),
    ("surveys", {"work_id": "w", "kind": "EMBEDDED"}),
    ("signals", {"work_id": "w", "scheme": "CAWG", "entries": {"cawg.ai_training": "allowed"}}),
    ("participants", {"work_id": "w", "party_id": "p", "role": "gaffer", "name": "N"}),
]


@pytest.mark.parametrize(("table", "data"), FULL, ids=[table for table, _ in FULL])
def test_a_row_goes_to_json_and_back(table: str, data: Json) -> None:
    row = parse_row(table, data)
    assert row_to_json(row) == data
    assert parse_row(table, row_to_json(row)) == row


@pytest.mark.parametrize(
    ("table", "patch", "field", "hint"),
    [
        ("rules", {"teritory_include": ["US"]}, "teritory_include", "'territory_include'"),
        ("rules", {"effect": "ALLOW"}, "effect", "PERMIT"),
        ("rules", {"kind": "LEGAL_HOLD"}, "kind", "contradicts"),
        ("rules", {"work_id": None}, "work_id", "required"),
        ("rules", {"actions": [1]}, "actions", "list of text"),
        ("rules", {"territory_include": ["EU"]}, "territory_include", "ISO 3166"),
        ("rules", {"time_zone": "PST8PDT2"}, "time_zone", "IANA"),
        ("rules", {"candidate_time_zones": ["Nowhere"]}, "candidate_time_zones", "IANA"),
        ("rules", {"start": "next spring"}, "start", "date"),
        ("rules", {"start": "2026-02-30"}, "start", "calendar"),
        ("rules", {"start": "2026-02-02", "end": "2026-01-01"}, "end", "before its start"),
        ("rules", {"span": [5, 5]}, "span", "empty"),
        ("rules", {"span": [-1, 5]}, "span", "frame 0"),
        ("rules", {"span": [0.5, 5]}, "span", "whole number"),
        ("rules", {"span": 5}, "span", "past-last"),
        ("rules", {"exclusive": "yes"}, "exclusive", "true or false"),
        ("rules", {"components": ["sound"]}, "components", "known are"),
        ("rules", {"components": []}, "components", "leave it out"),
        ("rules", {"revoked_at": "2026-01-01"}, "revoked_at", "offset"),
        ("rules", {"duties": [{"phase": "PRE"}]}, "duties", "code is missing"),
        ("rules", {"duties": [{"code": "D", "phase": "LATER"}]}, "duties", "PRE"),
        ("consents", {"state": "YES"}, "state", "GRANTED"),
        ("consents", {"end": "whenever"}, "end", "date"),
        ("appearances", {"facet": "HANDS"}, "facet", "FACE"),
        ("appearances", {"identity": "CONFIRMED", "party_id": None}, "party_id", "name the party"),
        ("works", {"parent_id": "w"}, "parent_id", "itself"),
        ("works", {"year": "1931"}, "year", "whole number"),
        ("signals", {"entries": ["allowed"]}, "entries", "object"),
        ("surveys", {"retired_at": "2026-01-01T00:00:00Z"}, "retired_at", "after"),
    ],
)
def test_a_bad_row_is_an_error_that_names_field_and_remedy(
    table: str, patch: Json, field: str, hint: str
) -> None:
    data = {**dict(FULL)[table], **patch}
    if field == "retired_at":
        data["recorded_at"] = data["retired_at"]
    with pytest.raises(RowError) as caught:
        parse_row(table, data)
    assert (caught.value.table, caught.value.field) == (table, field)
    assert hint in str(caught.value)
    assert caught.value.row_id in str(caught.value)


def test_an_unknown_table_is_an_error() -> None:
    with pytest.raises(RowError, match="did you mean 'rules'"):
        parse_row("rule", {})


def test_rows_without_an_id_have_a_readable_name(rows: Rows) -> None:
    assert row_name(parse_row("appearances", rows["face"])) == (
        "appearances[edit:A 150-300 perf:A FACE]"
    )
    assert row_name(parse_row("rules", rows["grant"])) == "G1"


def test_the_hash_ignores_order_and_nothing_else(rulebook_json: Build) -> None:
    data = rulebook_json({})
    book = Rulebook.from_json(data)
    shuffled = {table: random.sample(rows, len(rows)) for table, rows in data.items()}
    assert Rulebook.from_json(shuffled).sha256 == book.sha256
    assert Rulebook.from_json(book.to_json()) == book
    data["rules"][0]["assignee"] = "other"
    assert Rulebook.from_json(data).sha256 != book.sha256


@pytest.mark.parametrize(
    ("table", "row", "field"),
    [
        ("works", {"work_id": "edit:A", "level": "edit"}, "work_id"),
        ("works", {"work_id": "edit:Z", "level": "edit", "parent_id": "title:Z"}, "parent_id"),
        ("works", {"work_id": "title:Z", "level": "title", "parent_id": "edit:A"}, "parent_id"),
        ("rules", {"rule_id": "G1"}, "rule_id"),
        ("rules", {"rule_id": "G2", "work_id": "edit:Z"}, "work_id"),
        ("rules", {"rule_id": "G2", "supersedes": ["G0"]}, "supersedes"),
        ("rules", {"rule_id": "G2", "supersedes": ["G2"]}, "supersedes"),
        ("consents", {"party_id": "p", "state": "REFUSED", "work_id": "edit:Z"}, "work_id"),
        ("surveys", {"work_id": "edit:Z", "kind": "EMBEDDED"}, "work_id"),
    ],
)
def test_structural_faults_are_refused(
    rulebook_json: Build, rows: Rows, table: str, row: Json, field: str
) -> None:
    data = rulebook_json({})
    base = rows["grant"] if table == "rules" else {}
    data.setdefault(table, []).append({**base, **row})
    with pytest.raises(RulebookError) as caught:
        Rulebook.from_json(data)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_cycles_are_refused(rulebook_json: Build, rows: Rows) -> None:
    data = rulebook_json({})
    data["works"][0]["parent_id"] = "title:T"
    with pytest.raises(RulebookError, match="leads back"):
        Rulebook.from_json(data)
    data = rulebook_json({})
    one = {**rows["grant"], "rule_id": "A", "supersedes": "B"}
    data["rules"] = [one, {**rows["grant"], "rule_id": "B", "supersedes": "A"}]
    with pytest.raises(RulebookError, match="leads back"):
        Rulebook.from_json(data)


def test_all_problems_are_reported_at_once(rulebook_json: Build, rows: Rows) -> None:
    data = rulebook_json({})
    data["rules"] = [{**rows["grant"], "effect": "X"}, {**rows["grant"], "status": "Y"}, "Z"]
    data["extra"] = []
    with pytest.raises(RulebookError) as caught:
        Rulebook.from_json(data)
    assert len(caught.value.problems) == 4


def test_rows_made_by_hand_pass_the_same_checks(rows: Rows) -> None:
    rule = parse_row("rules", rows["grant"])
    assert isinstance(rule, Rule)
    work = parse_row("works", {"work_id": "title:T", "level": "title"})
    assert Rulebook.from_rows({"works": [work], "rules": [rule]}).rules == (rule,)
    for bad in (replace(rule, status="MAYBE"), replace(rule, span=(3, 3)), work):
        with pytest.raises(RulebookError):
            Rulebook.from_rows({"works": [work], "rules": [bad]})


def test_an_exception_for_an_unknown_grant_stays_and_helps_nobody(
    rulebook_json: Build, rows: Rows
) -> None:
    data = rulebook_json({})
    data["rules"].append({**rows["holdback"], "except_for": ["G404"]})
    assert Rulebook.from_json(data).rules[1].except_for == ("G404",)


def test_a_request_goes_to_json_and_back(request_json: Callable[..., Json]) -> None:
    for patch in ({}, {"span": None}, {"commercial": False}):
        asked = Request.from_json(request_json(**patch))
        assert Request.from_json(asked.to_json()) == asked


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"teritories": ["US"]}, "teritories"),
        ({"territories": []}, "territories"),
        ({"components": []}, "components"),
        ({"redacted_components": ["picture"]}, "redacted_components"),
        ({"licensee": "*"}, "licensee"),
        ({"use_until": "2026-11-10T12:00:00Z"}, "use_until"),
        ({"known_at": "2026-11-10"}, "known_at"),
        ({"known_at": None}, "known_at"),
        ({"span": [5, 5]}, "span"),
        ({"span": [True, 5]}, "span"),
        ({"commercial": "no"}, "commercial"),
        ({"components": "picture"}, "components"),
    ],
)
def test_a_request_that_asks_nothing_decidable_is_an_error(
    request_json: Callable[..., Json], patch: Json, field: str
) -> None:
    with pytest.raises(RequestError) as caught:
        Request.from_json(request_json(**patch))
    assert caught.value.field == field
