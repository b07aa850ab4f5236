"""What must hold for every rulebook: more limits never help, and the past stays decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from curation.rights import ACTIONS, Decision, Request, Rulebook, decide

Json = dict[str, Any]
Ask = Callable[..., Decision]
SEVERITY = {"ALLOW": 0, "REVIEW": 1, "DENY": 2}

works = st.sampled_from(["series:S", "title:T", "edit:A", "edit:B", "copy:A"])
actions = st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3, unique=True)
asked_actions = st.sampled_from([*ACTIONS, "dream"])
parties = st.sampled_from(["acme", "other", "*", "group:g"])
codes = st.sampled_from(["001", "US", "US-CA", "CA", "CA-QC", "DE"])
include = st.lists(codes, min_size=1, max_size=3, unique=True)
exclude = st.lists(codes, max_size=1)
starts = st.sampled_from([None, "Open", "2026-11-10", "2026-11-10T12:30:00Z", "2026-01-01", "TBD"])
ends = st.sampled_from([None, "Open", "2026-11-10T12:45:00Z", "2026-11-11", "2027-01-01"])
spans = st.sampled_from([None, [0, 1000], [100, 200], [150, 160], [200, 300]])
parts = st.sampled_from([None, ["picture"], ["dialogue"], ["picture", "dialogue"]])

grants = st.fixed_dictionaries(
    {
        "effect": st.just("PERMIT"),
        "kind": st.just("GRANT"),
        "work_id": works,
        "inherit": st.sampled_from(["ALL_EDITS", "THIS_ONLY", None]),
        "actions": actions,
        "assignee": parties,
        "territory_include": include,
        "territory_exclude": exclude,
        "start": starts,
        "end": ends,
        "span": spans,
        "components": parts,
        "overrides_signal": st.booleans(),
        "licence": st.sampled_from([None, "CC0-1.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0"]),
        "status": st.sampled_from(["EXECUTED", "EXECUTED", "DRAFT", None]),
    }
)
prohibitions = st.fixed_dictionaries(
    {
        "effect": st.just("PROHIBIT"),
        "kind": st.sampled_from(["HOLDBACK", "CARVE_OUT", "OPT_OUT", "LEGAL_HOLD"]),
        "work_id": works,
        "actions": actions,
        "assignee": parties,
        "territory_include": include,
        "territory_exclude": exclude,
        "start": starts,
        "end": ends,
        "span": spans,
        "components": parts,
        "except_for": st.lists(st.sampled_from(["r0", "r1"]), max_size=1),
        "status": st.just("EXECUTED"),
    }
)
questions = st.fixed_dictionaries(
    {
        "work_id": st.sampled_from(["edit:A", "edit:B", "copy:A", "title:T"]),
        "action": asked_actions,
        "licensee": st.sampled_from(["acme", "member"]),
        "territories": st.lists(codes, min_size=1, max_size=2, unique=True),
        "span": st.sampled_from([None, [100, 200], [150, 151]]),
        "components": st.sampled_from([["picture"], ["picture", "dialogue"]]),
    }
)
GROUP = {"group_id": "group:g", "members": ["member"]}


def tables(rules: list[Json]) -> Json:
    numbered = [{"rule_id": f"r{number}", **rule} for number, rule in enumerate(rules)]
    return {"rules": numbered, "party_groups": [GROUP]}


@settings(max_examples=150, deadline=None)
@given(st.lists(grants, max_size=2), prohibitions, questions)
def test_a_prohibition_never_helps(
    ask: Ask, permits: list[Json], prohibition: Json, question: Json
) -> None:
    before = ask(tables(permits), **question)
    after = ask(tables([*permits, prohibition]), **question)
    assert SEVERITY[after.outcome] >= SEVERITY[before.outcome]


@settings(max_examples=150, deadline=None)
@given(st.lists(grants, min_size=1, max_size=3), st.lists(prohibitions, max_size=1), questions)
def test_taking_a_grant_away_never_helps(
    ask: Ask, permits: list[Json], bars: list[Json], question: Json
) -> None:
    numbered = tables([*permits, *bars])["rules"]
    before = ask({"rules": numbered, "party_groups": [GROUP]}, **question)
    after = ask({"rules": numbered[1:], "party_groups": [GROUP]}, **question)
    assert SEVERITY[after.outcome] >= SEVERITY[before.outcome]


NARROWER: list[Json] = [
    {"territory_include": ["US-CA"]},
    {"territory_exclude": ["US", "CA-QC"]},
    {"start": "2026-11-10T12:00:01Z"},
    {"end": "2026-11-10T12:00:01Z"},
    {"span": [150, 151]},
    {"components": ["picture"]},
    {"inherit": "THIS_ONLY"},
    {"assignee": "acme"},
    {"actions": ["train_gen_finetune"]},
    {"status": "DRAFT"},
    {"revoked_at": "2026-11-10T12:30:00Z"},
    {"duties": [{"code": "NOTICE"}]},
    {"licence": "CC-BY-NC-SA-4.0"},
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NARROWER), questions)
def test_narrowing_a_grant_never_helps(ask: Ask, narrower: Json, question: Json) -> None:
    wide: Json = {
        "effect": "PERMIT",
        "kind": "GRANT",
        "work_id": "title:T",
        "inherit": "ALL_EDITS",
        "actions": ["use_ai"],
        "assignee": "*",
        "territory_include": ["001"],
        "status": "EXECUTED",
    }
    before = ask(tables([wide]), **question)
    after = ask(tables([{**wide, **narrower}]), **question)
    assert SEVERITY[after.outcome] >= SEVERITY[before.outcome]


@settings(max_examples=100, deadline=None)
@given(grants, st.lists(st.one_of(grants, prohibitions), max_size=3), questions)
def test_what_is_recorded_later_does_not_change_the_past(
    ask: Ask, grant: Json, later: list[Json], question: Json
) -> None:
    recorded = [{**rule, "recorded_at": "2026-11-10T12:00:00.000001Z"} for rule in later]
    before = ask(tables([grant]), **question)
    after = ask(tables([grant, *recorded]), **question)
    assert (after.outcome, after.reasons, after.rows) == (
        before.outcome,
        before.reasons,
        before.rows,
    )


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["work_id", "action", "licensee", "territories", "components"]),
    st.text(min_size=1, max_size=12).filter(lambda text: text != "*"),
)
def test_an_unknown_value_is_never_allowed(ask: Ask, field: str, value: str) -> None:
    known = {*ACTIONS, "acme", "edit:A", "edit:B", "copy:A", "US", "001", "picture"}
    if value in known or (len(value) == 2 and value.isascii() and value.isupper()):
        return
    patched = {field: [value] if field in ("territories", "components") else value}
    assert ask(None, **patched).outcome != "ALLOW"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(grants, prohibitions), max_size=4), questions)
def test_a_rulebook_survives_its_json(
    rulebook_json: Callable[[Json], Json],
    request_json: Callable[..., Json],
    rules: list[Json],
    question: Json,
) -> None:
    book = Rulebook.from_json(rulebook_json(tables(rules)))
    again = Rulebook.from_json(book.to_json())
    asked = Request.from_json(request_json(**question))
    assert again == book
    assert decide(again, asked) == decide(book, asked)
