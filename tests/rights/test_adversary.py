"""Ways in which a use was once, or might be, allowed by mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.rights import Decision, RequestError, RulebookError
from curation.rights.licences import read_licence
from curation.rights.spans import SpanIndex
from curation.rights.territories import grant_failure, is_known, prohibition_hits

Json = dict[str, Any]
Ask = Callable[..., Decision]
Rows = dict[str, Json]


def test_a_work_under_an_ancestor_not_yet_known_is_unknown(ask: Ask, rows: Rows) -> None:
    """Else what bars the ancestor would be missed."""
    works = [
        {"work_id": "title:T", "level": "title", "recorded_at": "2026-12-01T00:00:00Z"},
        {"work_id": "edit:A", "level": "edit", "parent_id": "title:T"},
        {"work_id": "edit:B", "level": "edit", "parent_id": "title:T"},
    ]
    grant = {**rows["grant"], "work_id": "edit:A"}
    decision = ask({"works": works, "rules": [grant, rows["holdback"]]})
    assert decision.reasons == ("NO_GRANT",)


def test_an_exclusive_grant_without_a_status_bars(ask: Ask, rows: Rows) -> None:
    exclusive = {**rows["grant"], "rule_id": "X", "assignee": "other", "exclusive": True}
    del exclusive["status"]
    assert ask({"rules": [rows["grant"], exclusive]}).reasons == ("EXCLUSIVE_TO_OTHER",)


@pytest.mark.parametrize("effect", ["PERMIT", "PROHIBIT"])
def test_a_grant_replaced_by_a_rule_of_unknown_status_is_gone(
    ask: Ask, rows: Rows, effect: str
) -> None:
    base = rows["grant"] if effect == "PERMIT" else {**rows["holdback"], "start": "2030-01-01"}
    amendment = {**base, "rule_id": "G9", "supersedes": "G1"}
    del amendment["status"]
    assert ask({"rules": [rows["grant"], amendment]}).outcome == "DENY"


@pytest.mark.parametrize(
    ("start", "outcome"),
    [
        (None, "ALLOW"),
        ("2026-11-10T12:00:00Z", "ALLOW"),
        ("2026-11-10T12:00:01Z", "DENY"),
        ("2027-01-01", "DENY"),
        ("TBD", "DENY"),
    ],
)
def test_a_permission_lifts_a_prohibition_once_it_has_begun_for_certain(
    ask: Ask, rows: Rows, start: str | None, outcome: str
) -> None:
    amendment = {**rows["grant"], "rule_id": "G9", "supersedes": "P1", "start": start}
    assert ask({"rules": [rows["grant"], rows["holdback"], amendment]}).outcome == outcome


def test_a_group_of_everyone_is_barred_as_everyone(ask: Ask, rows: Rows) -> None:
    holdback = {**rows["holdback"], "assignee": "group:all"}
    group = {"group_id": "group:all", "members": ["*"]}
    decision = ask({"rules": [rows["grant"], holdback], "party_groups": [group]})
    assert decision.reasons == ("HOLDBACK_ACTIVE",)
    granted = {"rules": [{**rows["grant"], "assignee": "group:all"}], "party_groups": [group]}
    assert ask(granted).outcome == "DENY"


def test_a_place_has_one_name() -> None:
    """`US-PR` and `PR` never met, so a bar on one let the other through."""
    assert not any(map(is_known, ("US-PR", "CN-HK", "FR-RE", "NL-AW", "US-ZZ", "CA-XX")))
    assert all(map(is_known, ("PR", "HK", "US-DC", "CA-QC", "MX-CMX", "IT-25")))
    assert grant_failure(["001"], [], "US-PR") == "TERRITORY_NOT_GRANTED"


@pytest.mark.parametrize(
    ("barred", "asked", "hits"),
    [
        ("GB-ENG", "GB-LND", True),
        ("GB-LND", "GB-ENG", True),
        ("GB-ENG", "GB-SCT", False),
        ("FR-75C", "FR-IDF", True),
        ("CA-QC", "CA-ON", False),
        ("US-CA", "CA-QC", False),
    ],
)
def test_parts_that_may_nest_are_barred_together(barred: str, asked: str, hits: bool) -> None:
    assert prohibition_hits([barred], [], asked) is hits
    partial = "TERRITORY_PARTIAL" if hits else None
    assert grant_failure(["001"], [barred], asked) == partial


@pytest.mark.parametrize(
    ("include", "exclude"), [(["DE"], ["DE"]), (["FR", "US-CA"], ["US"]), ([], ["001"])]
)
def test_a_prohibition_that_excludes_what_it_includes_is_an_error(
    ask: Ask, rows: Rows, include: list[str], exclude: list[str]
) -> None:
    places = {"territory_include": include, "territory_exclude": exclude}
    with pytest.raises(RulebookError, match="which is included"):
        ask({"rules": [rows["grant"], {**rows["holdback"], **places}]})


@pytest.mark.parametrize(
    ("scheme", "entries", "reason"),
    [
        ("PLUS", {"DataMining": ["DMI-PROHIBITED", "DMI-ALLOWED"]}, "SIGNAL_NOT_ALLOWED"),
        (
            "CAWG",
            {"cawg.ai_generative_training": {"constraint_info": "ask"}},
            "SIGNAL_CONSTRAINED",
        ),
    ],
)
def test_half_a_signal_still_reserves(ask: Ask, scheme: str, entries: Json, reason: str) -> None:
    signal = {"work_id": "edit:A", "scheme": scheme, "entries": entries}
    assert ask({"signals": [signal]}).reasons == (reason,)


def test_a_signal_that_says_two_things_of_one_is_an_error(ask: Ask) -> None:
    entries = {"a": {"b": "allowed"}, "a.b": "notAllowed"}
    signal = {"work_id": "edit:A", "scheme": "CAWG", "entries": entries}
    with pytest.raises(RulebookError, match=r"entries says 'a\.b' twice"):
        ask({"signals": [signal]})


@pytest.mark.parametrize(
    ("licence", "failures"),
    [
        ("cc0-1.0", ()),
        (" CC0-1.0 ", ()),
        ("PDM-1.0", ()),
        ("CC-BY-4.0", ()),
        ("CC-BY-3.0-DE", ()),
        ("CC-BY-NC-4.0", ("LICENCE_NONCOMMERCIAL",)),
        ("cc-by-nc-sa-4.0", ("LICENCE_NONCOMMERCIAL", "LICENCE_SHARE_ALIKE")),
        ("CC-BY-NC-ND-4.0", ("LICENCE_NONCOMMERCIAL", "LICENCE_NO_DERIVATIVES")),
        ("CC-BY-NC-4.0 OR CC-BY-4.0", ("LICENCE_UNKNOWN",)),
        ("CC-BY-4.0 AND CC-BY-NC-4.0", ("LICENCE_UNKNOWN",)),
        ("(CC-BY-4.0)", ("LICENCE_UNKNOWN",)),
        ("CC-BY-4.0+", ("LICENCE_UNKNOWN",)),
        ("CC-BY-4.0-XX", ("LICENCE_UNKNOWN",)),
        ("CC-BY-2.1", ("LICENCE_UNKNOWN",)),
        ("CC-BY", ("LICENCE_UNKNOWN",)),
        ("CC BY 4.0", ("LICENCE_UNKNOWN",)),
        ("CC-PDDC", ("LICENCE_UNKNOWN",)),
        ("LicenseRef-CC-BY-4.0", ("LICENCE_UNKNOWN",)),
        ("NONE", ("LICENCE_UNKNOWN",)),
        ("   ", ("LICENCE_UNKNOWN",)),
    ],
)
def test_only_the_list_is_read(licence: str, failures: tuple[str, ...]) -> None:
    assert read_licence(licence, commercial=True).failures == failures


@pytest.mark.parametrize(
    ("base", "patch"),
    [
        ("holdback", {"assignee": "acme "}),
        ("holdback", {"actions": [" train_gen"]}),
        ("grant", {"except_for": ["G1\n"]}),
    ],
)
def test_a_name_with_blanks_is_an_error(ask: Ask, rows: Rows, base: str, patch: Json) -> None:
    with pytest.raises(RulebookError, match="blanks"):
        ask({"rules": [{**rows[base], **patch}]})


def test_a_request_with_blanks_is_an_error(ask: Ask, rows: Rows) -> None:
    """`acme ` is not barred by what bars `acme`, and a grant to anyone would let it in."""
    grant = {**rows["grant"], "assignee": "*"}
    with pytest.raises(RequestError, match="blanks"):
        ask({"rules": [grant]}, licensee="acme ")


def test_a_row_without_a_span_is_everywhere() -> None:
    index = SpanIndex(["all"], lambda row: None)
    assert index.overlapping((1 << 62, 1 << 63)) == ["all"]


SEVERAL = ["other; acme", "other,acme", "other | ACME", "other\nacme"]


@pytest.mark.parametrize("name", SEVERAL)
def test_several_names_in_one_are_each_barred_and_none_permitted(
    ask: Ask, rows: Rows, name: str
) -> None:
    barred = {**rows["holdback"], "assignee": name}
    assert ask({"rules": [rows["grant"], barred]}).reasons == ("HOLDBACK_ACTIVE",)
    group = {"group_id": "group:g", "members": [name]}
    barred["assignee"] = "group:g"
    tables = {"rules": [rows["grant"], barred], "party_groups": [group]}
    assert ask(tables).reasons == ("HOLDBACK_ACTIVE",)
    assert ask({"rules": [{**rows["grant"], "assignee": name}]}).outcome == "DENY"


@pytest.mark.parametrize("name", ["perf:Z; perf:A", "perf:Z,perf:A"])
def test_a_refusal_of_several_in_one_is_of_each(ask: Ask, rows: Rows, name: str) -> None:
    refusal = {**rows["consent"], "party_id": name, "state": "REFUSED"}
    tables = {"appearances": [rows["face"]], "consents": [rows["consent"], refusal]}
    assert ask(tables).reasons == ("CONSENT_REFUSED",)


@pytest.mark.parametrize("text", ["other;acme", "other, acme"])
def test_a_text_that_may_hold_several_is_no_list(ask: Ask, text: str) -> None:
    with pytest.raises(RulebookError, match=r"members .* write a list of text"):
        ask({"party_groups": [{"group_id": "group:g", "members": text}]})


def test_a_signal_that_says_nothing_is_an_error(ask: Ask) -> None:
    with pytest.raises(RulebookError, match="entries is an empty object"):
        ask({"signals": [{"work_id": "edit:A", "scheme": "AIPREF", "entries": {}}]})
