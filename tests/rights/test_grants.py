"""One grant must satisfy everything; what bars it, what frees it, what it owes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.rights import Decision

Json = dict[str, Any]
Ask = Callable[..., Decision]
Rows = dict[str, Json]


def test_a_clean_grant_allows_and_names_its_rows(ask: Ask) -> None:
    decision = ask()
    assert decision.outcome == "ALLOW"
    assert decision.grants == ("G1",)
    assert "G1" in decision.rows
    assert len(decision.rulebook_sha256) == 64


def test_territories_may_each_have_their_own_grant_but_none_is_pieced_together(
    ask: Ask, rows: Rows
) -> None:
    us = {**rows["grant"], "territory_include": ["US"]}
    de = {**rows["grant"], "rule_id": "G2", "territory_include": ["DE"]}
    assert ask({"rules": [us, de]}, territories=["US", "DE"]).grants == ("G1", "G2")
    quebec = {**rows["grant"], "territory_include": ["CA-QC"]}
    rest = {
        **rows["grant"],
        "rule_id": "G2",
        "territory_include": ["CA"],
        "territory_exclude": ["CA-QC"],
    }
    assert ask({"rules": [quebec, rest]}, territories=["CA"]).reasons == ("TERRITORY_PARTIAL",)


@pytest.mark.parametrize(
    ("patch", "work_id", "reasons"),
    [
        ({"work_id": "series:S"}, "edit:A", ()),
        ({"work_id": "edit:A", "inherit": "THIS_ONLY"}, "edit:A", ()),
        ({"work_id": "edit:A"}, "copy:A", ()),
        ({"work_id": "edit:A", "inherit": "THIS_ONLY"}, "copy:A", ("GRANT_OTHER_VERSION",)),
        ({"inherit": "THIS_ONLY"}, "edit:A", ("GRANT_OTHER_VERSION",)),
        ({"inherit": None}, "edit:A", ("GRANT_OTHER_VERSION",)),
        ({"work_id": "edit:B"}, "edit:A", ("GRANT_OTHER_VERSION",)),
        ({"work_id": "copy:A"}, "edit:A", ("GRANT_OTHER_VERSION",)),
        ({}, "edit:none", ("NO_GRANT",)),
    ],
)
def test_a_grant_reaches_down_only_and_only_if_it_says_so(
    ask: Ask, rows: Rows, patch: Json, work_id: str, reasons: tuple[str, ...]
) -> None:
    decision = ask({"rules": [{**rows["grant"], **patch}]}, work_id=work_id)
    assert decision.reasons == reasons


@pytest.mark.parametrize(
    "missing", ["actions", "assignee", "territory_include", "status", "inherit"]
)
def test_what_a_grant_leaves_out_it_does_not_grant(ask: Ask, rows: Rows, missing: str) -> None:
    grant = {key: value for key, value in rows["grant"].items() if key != missing}
    assert ask({"rules": [grant]}).outcome == "DENY"


@pytest.mark.parametrize(
    "missing", ["actions", "assignee", "territory_include", "status", "inherit"]
)
def test_what_a_prohibition_leaves_out_it_prohibits(ask: Ask, rows: Rows, missing: str) -> None:
    holdback = {key: value for key, value in rows["holdback"].items() if key != missing}
    assert ask({"rules": [rows["grant"], holdback]}).reasons == ("HOLDBACK_ACTIVE",)


@pytest.mark.parametrize(
    ("patch", "hit"),
    [
        ({"work_id": "copy:A"}, True),
        ({"work_id": "series:S", "inherit": "THIS_ONLY"}, True),
        ({"work_id": "edit:B"}, False),
        ({"span": [200, 300]}, False),
        ({"span": [199, 300]}, True),
        ({"components": ["music"]}, False),
        ({"assignee": "other"}, False),
        ({"territory_include": ["US-CA"]}, True),
        ({"territory_include": ["DE"]}, False),
        ({"start": "2026-11-10T13:00:00Z"}, False),
        ({"end": "2026-11-10T12:00:01Z"}, True),
        ({"end": "2026-11-10"}, True),
        ({"end": "2026-11-10", "end_convention": "EXCLUSIVE_INSTANT"}, False),
        ({"start": "TBD"}, True),
        ({"revoked_at": "2026-11-10T12:00:00Z"}, False),
        ({"revoked_at": "2026-11-10T12:00:01Z"}, True),
        ({"status": "DRAFT"}, False),
        ({"actions": ["index_search"]}, False),
    ],
)
def test_a_prohibition_hits_by_the_least_overlap(
    ask: Ask, rows: Rows, patch: Json, hit: bool
) -> None:
    decision = ask({"rules": [rows["grant"], {**rows["holdback"], **patch}]})
    assert decision.reasons == (("HOLDBACK_ACTIVE",) if hit else ())


def test_a_prohibition_of_an_unknown_action_is_review(ask: Ask, rows: Rows) -> None:
    holdback = {**rows["holdback"], "actions": ["dream"]}
    assert ask({"rules": [rows["grant"], holdback]}).reasons == ("ACTION_UNKNOWN",)


def test_an_exception_frees_the_grant_it_names_and_no_other(ask: Ask, rows: Rows) -> None:
    other = {**rows["grant"], "rule_id": "G2"}
    holdback = {**rows["holdback"], "except_for": ["G2"]}
    assert ask({"rules": [rows["grant"], holdback]}).reasons == ("HOLDBACK_ACTIVE",)
    assert ask({"rules": [rows["grant"], other, holdback]}).grants == ("G2",)


def test_no_grant_borrows_the_exception_of_another(ask: Ask, rows: Rows) -> None:
    override = {**rows["grant"], "rule_id": "G2", "overrides_signal": True}
    holdback = {**rows["holdback"], "except_for": ["G1"]}
    signal = {"work_id": "edit:A", "scheme": "AIPREF", "entries": {"train-ai": "n"}}
    decision = ask({"rules": [rows["grant"], override, holdback], "signals": [signal]})
    assert decision.outcome == "DENY"


@pytest.mark.parametrize(
    ("amendment", "reasons"),
    [
        ({}, ()),
        ({"status": "DRAFT"}, ("HOLDBACK_ACTIVE",)),
        ({"status": "TERMINATED"}, ("HOLDBACK_ACTIVE",)),
        ({"recorded_at": "2026-11-11T00:00:00Z"}, ("HOLDBACK_ACTIVE",)),
        ({"revoked_at": "2026-11-01T00:00:00Z"}, ("HOLDBACK_ACTIVE",)),
        ({"supersedes": ["P1"], "territory_include": ["DE"]}, ("HOLDBACK_ACTIVE",)),
    ],
)
def test_only_an_executed_amendment_supersedes_a_prohibition(
    ask: Ask, rows: Rows, amendment: Json, reasons: tuple[str, ...]
) -> None:
    new = {**rows["grant"], "rule_id": "G9", "supersedes": "P1", **amendment}
    assert ask({"rules": [rows["grant"], rows["holdback"], new]}).reasons == reasons


def test_a_superseded_grant_is_gone_even_where_the_amendment_was_terminated(
    ask: Ask, rows: Rows
) -> None:
    amendment = {**rows["grant"], "rule_id": "G9", "supersedes": "G1", "status": "TERMINATED"}
    assert ask({"rules": [rows["grant"], amendment]}).reasons == ("NO_GRANT",)


def test_an_amendment_once_amended_still_replaces(ask: Ask, rows: Rows) -> None:
    first = {**rows["holdback"], "rule_id": "P2", "supersedes": "P1", "end": "2026-06-01"}
    second = {**rows["holdback"], "rule_id": "P3", "supersedes": "P2", "end": "2026-07-01"}
    assert ask({"rules": [rows["grant"], rows["holdback"], first, second]}).outcome == "ALLOW"


def test_an_exclusive_grant_bars_all_but_its_own_group(ask: Ask, rows: Rows) -> None:
    exclusive = {**rows["grant"], "rule_id": "X", "assignee": "group:g", "exclusive": True}
    tables = {"rules": [rows["grant"], exclusive]}
    assert ask(tables).reasons == ("EXCLUSIVE_TO_OTHER",)
    group = {"group_id": "group:g", "members": ["acme"]}
    assert ask({**tables, "party_groups": [group]}).outcome == "ALLOW"
    assert ask({"rules": [rows["grant"], {**exclusive, "except_for": ["G1"]}]}).outcome == "ALLOW"


def test_a_group_is_its_frozen_list(ask: Ask, rows: Rows) -> None:
    tables = {
        "rules": [{**rows["grant"], "assignee": "group:g"}],
        "party_groups": [
            {"group_id": "group:g", "members": ["acme", "group:h"]},
            {"group_id": "group:h", "members": ["nested"]},
        ],
    }
    assert ask(tables).outcome == "ALLOW"
    assert ask(tables, licensee="acme-labs").reasons == ("LICENSEE_NOT_GRANTED",)
    assert ask(tables, licensee="nested").reasons == ("LICENSEE_NOT_GRANTED",)
    holdback = {**rows["holdback"], "assignee": "group:g"}
    everyone = {**rows["grant"], "assignee": "*"}
    barred = ask({**tables, "rules": [everyone, holdback]}, licensee="nested")
    assert barred.reasons == ("HOLDBACK_ACTIVE",)


@pytest.mark.parametrize(
    "named", ["Acme", "ACME", "ac me", "acme\u00ad", "Group:Labs", "group: labs"]
)
def test_a_bar_on_a_name_alike_is_a_bar_and_a_grant_to_it_none(
    ask: Ask, rows: Rows, named: str
) -> None:
    tables: Json = {
        "rules": [rows["grant"], {**rows["holdback"], "assignee": named}],
        "party_groups": [{"group_id": "group:labs", "members": ["Acme"]}],
    }
    assert ask(tables).reasons == ("HOLDBACK_ACTIVE",)
    tables["rules"] = [{**rows["grant"], "assignee": named}]
    assert ask(tables).reasons == ("LICENSEE_NOT_GRANTED",)
    exclusive = {**rows["grant"], "rule_id": "X", "assignee": named, "exclusive": True}
    assert ask({**tables, "rules": [rows["grant"], exclusive]}).reasons == ("EXCLUSIVE_TO_OTHER",)


def test_a_holdback_ends_where_it_ends_last(ask: Ask, rows: Rows) -> None:
    """In Guadeloupe, which a bar on France reaches, a day ends later than in Paris."""
    holdback = {**rows["holdback"], "territory_include": ["FR"], "end": "2026-11-09"}
    use = {"use_from": "2026-11-10T03:00:00Z", "use_until": "2026-11-10T03:30:00Z"}
    tables = {"rules": [rows["grant"], holdback]}
    assert ask(tables, territories=["GP"], **use).reasons == ("HOLDBACK_ACTIVE",)
    assert ask(tables, territories=["DE"], **use).outcome == "ALLOW"
    minute = {**rows["holdback"], "end": "2026-11-10T23:59", "time_zone": "UTC"}
    last = {"use_from": "2026-11-10T23:59:20Z", "use_until": "2026-11-10T23:59:40Z"}
    assert ask({"rules": [rows["grant"], minute]}, **last).reasons == ("HOLDBACK_ACTIVE",)


def test_the_closest_grant_is_reported(ask: Ask, rows: Rows) -> None:
    far = {**rows["grant"], "assignee": "other", "territory_include": ["DE"]}
    near = {**rows["grant"], "rule_id": "G2", "span": [0, 10]}
    unclear = {**rows["grant"], "rule_id": "G3", "licence": "odd", "end": "2026-11-10"}
    assert ask({"rules": [far, near]}).reasons == ("SPAN_NOT_GRANTED",)
    assert ask({"rules": [far, near, unclear]}).outcome == "REVIEW"


def test_a_whole_work_needs_a_grant_of_all_its_frames(ask: Ask, rows: Rows) -> None:
    assert ask(span=None).outcome == "ALLOW"
    grant = {**rows["grant"], "span": [0, 10**9]}
    assert ask({"rules": [grant]}, span=None).reasons == ("SPAN_NOT_GRANTED",)


@pytest.mark.parametrize(
    ("fulfilled_at", "outcome"),
    [
        ("2026-11-10T12:00:00Z", "ALLOW"),
        ("2026-11-10T12:00:01Z", "DENY"),
        (None, "DENY"),
    ],
)
def test_a_duty_before_the_use_is_done_before_the_use(
    ask: Ask, rows: Rows, fulfilled_at: str | None, outcome: str
) -> None:
    duty = {"code": "NOTICE", "phase": "PRE", "fulfilled_at": fulfilled_at}
    decision = ask({"rules": [{**rows["grant"], "duties": [duty]}]})
    assert decision.outcome == outcome


def test_duties_still_owed_come_with_the_grant(ask: Ask, rows: Rows) -> None:
    duties = [
        {"code": "REPORT", "phase": "POST"},
        {"code": "NOTICE", "phase": "PRE", "fulfilled_at": "2026-01-01T00:00:00Z"},
    ]
    decision = ask({"rules": [{**rows["grant"], "duties": duties, "licence": "CC-BY-4.0"}]})
    assert decision.outcome == "ALLOW"
    owed = [(duty.code, duty.phase, duty.rule_id) for duty in decision.duties]
    assert owed == [("REPORT", "POST", "G1"), ("ATTRIBUTE", "DURING", "G1")]


def test_revocation_counts_from_its_instant(ask: Ask, rows: Rows) -> None:
    for revoked_at, outcome in (
        ("2026-11-10T13:00:00Z", "ALLOW"),
        ("2026-11-10T12:59:59Z", "DENY"),
    ):
        decision = ask({"rules": [{**rows["grant"], "revoked_at": revoked_at}]})
        assert decision.outcome == outcome


def test_a_version_is_known_from_its_recording_to_its_retirement(ask: Ask, rows: Rows) -> None:
    old = {**rows["grant"], "retired_at": "2026-06-01T00:00:00Z"}
    new = {**rows["grant"], "recorded_at": "2026-06-01T00:00:00Z", "assignee": "other"}
    tables = {"rules": [old, new]}
    assert ask(tables, known_at="2026-05-31T23:59:59Z").outcome == "ALLOW"
    assert ask(tables, known_at="2026-06-01T00:00:00Z").reasons == ("LICENSEE_NOT_GRANTED",)


def test_unknown_components_are_never_granted(ask: Ask) -> None:
    assert ask(components=["picture", "subtitles"]).reasons == ("COMPONENT_NOT_GRANTED",)
    assert ask(components=["picture", "subtitles"], redacted_components=["subtitles"]).outcome == (
        "ALLOW"
    )


def test_a_target_without_an_identified_cut_is_hit_by_bars_on_any_cut(ask: Ask, rows: Rows) -> None:
    holdback = {**rows["holdback"], "work_id": "edit:B"}
    decision = ask({"rules": [rows["grant"], holdback]}, work_id="title:T")
    assert decision.reasons == ("HOLDBACK_ACTIVE", "TARGET_NOT_EDIT_LEVEL")
