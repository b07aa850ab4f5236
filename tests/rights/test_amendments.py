"""What an amendment lifts: no more than it reaches; what it replaces: no more than it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.rights import Decision, Request, Rulebook, RulebookError, clear_work

Json = dict[str, Any]
Ask = Callable[..., Decision]
Rows = dict[str, Json]


@pytest.mark.parametrize(
    ("patch", "lifts"),
    [
        ({}, True),
        ({"work_id": "series:S"}, True),
        ({"work_id": "edit:A", "inherit": None}, True),
        ({"inherit": "THIS_ONLY"}, False),
        ({"work_id": "copy:A"}, False),
        ({"work_id": "edit:B"}, False),
        ({"actions": ["use_ai"]}, True),
        ({"actions": ["tdm_analyze"]}, False),
        ({"actions": []}, False),
        ({"assignee": "*"}, True),
        ({"assignee": "other"}, False),
        ({"assignee": None}, False),
        ({"territory_include": ["US"]}, True),
        ({"territory_include": ["US-CA"]}, False),
        ({"territory_exclude": ["US-CA"]}, False),
        ({"territory_include": []}, False),
        ({"start": "2026-11-10T12:00:00Z", "end": "2026-11-10T13:00:00Z"}, True),
        ({"start": "2026-11-10T12:00:01Z"}, False),
        ({"end": "2026-11-10T12:59:59Z"}, False),
        ({"end": "2026-11-09"}, False),
        ({"end": "2026-11-11"}, False),
        ({"end": "2026-11-12"}, True),
        ({"start": "2026-11-10", "candidate_time_zones": ["UTC", "Pacific/Honolulu"]}, True),
        ({"start": "2026-11-10"}, True),
        ({"end": "TBD"}, False),
        ({"span": [100, 200]}, True),
        ({"span": [100, 199]}, False),
        ({"components": ["picture"]}, True),
        ({"components": ["music"]}, False),
        ({"licence": "CC-BY-NC-4.0"}, False),
        ({"duties": [{"code": "FEE"}]}, False),
        ({"duties": [{"code": "FEE", "fulfilled_at": "2026-11-01T00:00:00Z"}]}, True),
        ({"status": "DRAFT"}, False),
        ({"status": "TERMINATED"}, False),
        ({"status": None}, False),
        ({"revoked_at": "2026-11-10T12:59:59Z"}, False),
        ({"recorded_at": "2026-11-11T00:00:00Z"}, False),
        ({"retired_at": "2026-11-10T12:00:00Z", "recorded_at": "2026-01-01T00:00:00Z"}, False),
    ],
)
def test_a_permission_lifts_only_what_it_covers(
    ask: Ask, rows: Rows, patch: Json, lifts: bool
) -> None:
    amendment = {**rows["grant"], "rule_id": "G9", "supersedes": "P1", **patch}
    decision = ask({"rules": [rows["grant"], rows["holdback"], amendment]})
    assert decision.reasons == (() if lifts else ("HOLDBACK_ACTIVE",))


def test_a_permission_lifts_territory_by_territory_and_frame_by_frame(
    ask: Ask,
    rows: Rows,
    rulebook_json: Callable[[Json], Json],
    request_json: Callable[..., Json],
) -> None:
    amendment = {
        **rows["grant"],
        "rule_id": "G9",
        "supersedes": "P1",
        "territory_include": ["US"],
        "span": [50, 150],
    }
    tables: Json = {"rules": [rows["grant"], rows["holdback"], amendment]}
    assert ask(tables, span=[50, 150]).outcome == "ALLOW"
    assert ask(tables, span=[50, 150], territories=["US", "DE"]).outcome == "DENY"
    assert ask(tables, span=[50, 151]).reasons == ("HOLDBACK_ACTIVE",)
    pieces = clear_work(
        Rulebook.from_json(rulebook_json(tables)), "edit:A", Request.from_json(request_json())
    )
    assert [(one.first, one.past_last, one.decision.outcome) for one in pieces] == [
        (0, 50, "DENY"),
        (50, 150, "ALLOW"),
        (150, None, "DENY"),
    ]


def test_who_uses_what_an_amendment_opened_relies_on_it(ask: Ask, rows: Rows) -> None:
    duties = [{"code": "REPORT", "phase": "POST"}]
    amendment = {**rows["grant"], "rule_id": "G9", "supersedes": "P1", "duties": duties}
    decision = ask({"rules": [rows["grant"], rows["holdback"], amendment]})
    assert decision.grants == ("G9",)
    assert [(duty.code, duty.rule_id) for duty in decision.duties] == [("REPORT", "G9")]


def test_no_grant_borrows_what_another_lifts(ask: Ask, rows: Rows) -> None:
    amendment = {**rows["grant"], "rule_id": "G9", "supersedes": "P1"}
    other = {**rows["holdback"], "rule_id": "P2", "except_for": ["G1"]}
    assert ask({"rules": [rows["grant"], rows["holdback"], amendment, other]}).outcome == "DENY"
    signal = {"work_id": "edit:A", "scheme": "AIPREF", "entries": {"train-ai": "n"}}
    override = {**rows["grant"], "overrides_signal": True}
    tables: Json = {"rules": [override, rows["holdback"], amendment], "signals": [signal]}
    assert ask(tables).outcome == "DENY"


def test_a_permission_that_was_superseded_lifts_nothing_more(ask: Ask, rows: Rows) -> None:
    lifting = {**rows["grant"], "rule_id": "G9", "supersedes": "P1"}
    restated = {**rows["grant"], "rule_id": "G10", "supersedes": "G9"}
    tables = {"rules": [rows["grant"], rows["holdback"], lifting, restated]}
    assert ask(tables).reasons == ("HOLDBACK_ACTIVE",)
    restated["supersedes"] = ["G9", "P1"]
    assert ask(tables).outcome == "ALLOW"


@pytest.mark.parametrize(
    ("old", "patch", "replaces"),
    [
        ({}, {"end": "2026-06-01"}, True),
        ({}, {"territory_include": ["DE"]}, True),
        ({}, {"assignee": "other"}, True),
        ({}, {"actions": ["train_gen_pretrain"], "territory_include": ["DE"]}, True),
        ({}, {"span": [500, 600]}, True),
        ({}, {"components": ["music"]}, True),
        ({}, {"kind": "EMBARGO", "end": "2026-06-01"}, True),
        ({"work_id": "edit:A"}, {"end": "2026-06-01"}, True),
        ({"work_id": "copy:A"}, {"work_id": "copy:A", "end": "2026-06-01"}, True),
        ({}, {"work_id": "edit:A", "end": "2026-06-01"}, True),
        ({}, {"work_id": "edit:B"}, False),
        ({}, {"work_id": "copy:A", "end": "2026-06-01"}, False),
        ({}, {"kind": "LEGAL_HOLD", "end": "2026-06-01"}, False),
        ({"kind": "LEGAL_HOLD"}, {"end": "2026-06-01"}, False),
        ({"kind": "OPT_OUT"}, {"kind": "OPT_OUT", "end": "2026-06-01"}, True),
        ({"territory_include": ["US"]}, {"territory_include": ["DE"]}, False),
        ({"territory_include": ["US", "DE"]}, {"territory_include": ["DE"]}, True),
        ({"territory_include": ["US"]}, {"territory_exclude": ["US"]}, False),
        ({"assignee": "acme"}, {"assignee": "other"}, False),
        ({"actions": ["train_gen"]}, {"actions": ["evaluate"]}, False),
        ({"actions": ["dream", "train"]}, {"actions": ["tdm_analyze"]}, False),
        ({"actions": []}, {"actions": ["dream"], "territory_include": ["DE"]}, False),
        ({"start": "2026-11-01"}, {"end": "2026-06-01"}, False),
        ({"span": [0, 500]}, {"span": [500, 600]}, False),
        ({"components": ["picture"]}, {"components": ["music"]}, False),
        ({}, {"start": "2026-12-01"}, False),
        ({}, {"start": "TBD", "territory_include": ["DE"]}, False),
        ({}, {"end": "2026-06-01", "status": "TERMINATED"}, False),
        ({}, {"end": "2026-06-01", "status": None}, False),
        ({}, {"end": "2026-06-01", "revoked_at": "2026-11-10T12:30:00Z"}, False),
        ({}, {"end": "2026-06-01", "recorded_at": "2026-11-11T00:00:00Z"}, False),
    ],
)
def test_a_prohibition_replaces_one_that_it_is_about(
    ask: Ask, rows: Rows, old: Json, patch: Json, replaces: bool
) -> None:
    before = {**rows["holdback"], **old}
    amendment = {**rows["holdback"], "rule_id": "P2", "supersedes": "P1", **patch}
    decision = ask({"rules": [rows["grant"], before, amendment]})
    assert (decision.outcome == "ALLOW") is replaces


@pytest.mark.parametrize(
    ("patch", "outcome"),
    [
        ({}, "ALLOW"),
        ({"territory_include": ["DE"], "exclusive": True}, "ALLOW"),
        ({"exclusive": True}, "DENY"),
        ({"assignee": "acme"}, "ALLOW"),
        ({"assignee": "third"}, "DENY"),
        ({"assignee": None}, "DENY"),
        ({"start": "2026-12-01"}, "DENY"),
        ({"effect": "PROHIBIT", "kind": "HOLDBACK"}, "DENY"),
    ],
)
def test_an_exclusive_grant_goes_with_its_new_text(
    ask: Ask, rows: Rows, patch: Json, outcome: str
) -> None:
    exclusive = {**rows["grant"], "rule_id": "X1", "assignee": "other", "exclusive": True}
    new = {**exclusive, "rule_id": "X2", "exclusive": False, "supersedes": "X1", **patch}
    assert ask({"rules": [rows["grant"], exclusive, new]}).outcome == outcome


@pytest.mark.parametrize("strange", ["edit:B", "title:U"])
def test_an_amendment_of_an_unrelated_work_is_an_error_that_names_both(
    ask: Ask, rows: Rows, rulebook_json: Callable[[Json], Json], strange: str
) -> None:
    works = [*rulebook_json({})["works"], {"work_id": "title:U", "level": "title"}]
    holdback = {**rows["holdback"], "work_id": "edit:A"}
    amendment = {**rows["grant"], "rule_id": "G9", "work_id": strange, "supersedes": ["P1"]}
    with pytest.raises(RulebookError, match="G9: supersedes 'P1' is on 'edit:A'") as caught:
        ask({"works": works, "rules": [rows["grant"], holdback, amendment]})
    assert [problem.row_id for problem in caught.value.problems] == ["G9"]
    mended = {"recorded_at": "2026-02-01T00:00:00Z", "retired_at": "2026-03-01T00:00:00Z"}
    ask({"works": works, "rules": [rows["grant"], holdback, {**amendment, **mended}]})
    amendment["supersedes"] = ["P1", "G1"]
    with pytest.raises(RulebookError) as caught:
        ask({"works": works, "rules": [rows["grant"], holdback, amendment]})
    assert [problem.row_id for problem in caught.value.problems] == ["G9", "G1"]


def test_a_grant_may_be_replaced_by_one_of_another_edit(ask: Ask, rows: Rows) -> None:
    first = {**rows["grant"], "work_id": "edit:A"}
    second = {**rows["grant"], "rule_id": "G2", "work_id": "edit:B", "supersedes": "G1"}
    assert ask({"rules": [first, second]}).reasons == ("GRANT_OTHER_VERSION",)
    assert ask({"rules": [first, second]}, work_id="edit:B").outcome == "ALLOW"


def test_a_long_chain_of_amendments_is_decided(ask: Ask, rows: Rows) -> None:
    chain = [
        {**rows["holdback"], "rule_id": f"P{n}", "supersedes": [f"P{n - 1}"]}
        for n in range(2, 3000)
    ]
    last = {**rows["holdback"], "rule_id": "P3000", "supersedes": "P2999", "end": "2026-01-01"}
    assert ask({"rules": [rows["grant"], rows["holdback"], *chain, last]}).outcome == "ALLOW"
