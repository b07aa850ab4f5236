"""What must hold for every rulebook: more limits never help, and the past stays decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from curation.rights import ACTIONS, Decision, Request, RequestError, Rulebook, decide
from tests.rights.random_books import (
    EIDR,
    GROUP,
    SEVERITY,
    appearances,
    books,
    embedded,
    grants,
    prohibitions,
    questions,
    related,
    signals,
    tables,
    wide_grants,
)

Json = dict[str, Any]
Ask = Callable[..., Decision]
AFTER = "2026-11-10T12:00:00.000001Z"


def never_better(after: Decision, before: Decision) -> None:
    assert SEVERITY[after.outcome] >= SEVERITY[before.outcome], (before, after)


@settings(max_examples=300, deadline=None)
@given(books(), prohibitions, st.lists(st.sampled_from(["r0", "r1"]), max_size=1), questions)
def test_a_prohibition_never_helps(
    ask: Ask, book: Json, prohibition: Json, replaced: list[str], question: Json
) -> None:
    """One that replaces a grant neither; one that replaces a prohibition is an amendment of it."""
    granted = {
        r["rule_id"] for r in book["rules"] if r["effect"] == "PERMIT" and not r["exclusive"]
    }
    new = {
        **prohibition,
        "rule_id": "new",
        "supersedes": [name for name in replaced if name in granted],
    }
    before = ask(book, **question)
    never_better(ask({**book, "rules": [*book["rules"], new]}, **question), before)


BARRED = {
    "HOLDBACK_ACTIVE",
    "CARVED_OUT",
    "RIGHTSHOLDER_OPT_OUT",
    "LEGAL_HOLD",
    "ACTION_UNKNOWN",
    "EXCLUSIVE_TO_OTHER",
}


@settings(max_examples=400, deadline=None)
@given(books(), wide_grants, prohibitions, questions)
def test_a_permission_lifts_no_more_than_it_grants(
    ask: Ask, book: Json, wide: Json, prohibition: Json, question: Json
) -> None:
    """Where an amendment opened what was barred, it permits the use all by itself."""
    question = {**question, "territories": question["territories"][:1]}
    barring = {**prohibition, "rule_id": "bar", "except_for": [], "status": "EXECUTED"}
    permits = [
        {**rule, "rule_id": f"p{n}", "exclusive": False, "supersedes": ["bar"]}
        for n, rule in enumerate([wide, *book["rules"]])
        if rule["effect"] == "PERMIT" and related(rule, barring)
    ]
    tables = {"works": book["works"], "party_groups": book["party_groups"]}
    lifted = ask({**tables, "rules": [barring, *permits]}, **question)
    alone = [{**rule, "supersedes": []} for rule in permits]
    barred = ask({**tables, "rules": [barring, *alone]}, **question)
    if BARRED & set(barred.reasons) and not BARRED & set(lifted.reasons):
        own = [ask({**tables, "rules": [rule]}, **question).reasons for rule in alone]
        surveys = {"APPEARANCE_NOT_SURVEYED", "EMBEDDED_NOT_SURVEYED", "TARGET_NOT_EDIT_LEVEL"}
        assert any(set(reasons) <= surveys for reasons in own)


@settings(max_examples=200, deadline=None)
@given(books(), wide_grants, st.sampled_from(["title:T", "edit:B", "copy:A", "title:Z"]), questions)
def test_an_eidr_never_helps(
    ask: Ask, book: Json, wide: Json, work_id: str, question: Json
) -> None:
    book = {**book, "rules": [{"rule_id": "wide", **wide}, *book["rules"]]}
    works = [
        {**work, "eidr": EIDR} if work["work_id"] == work_id else work for work in book["works"]
    ]
    if work_id == "title:T":
        works = [work for work in works if work["work_id"] != "edit:B"]
        works.append({"work_id": "edit:B", "level": "edit", "parent_id": "title:T"})
    before = ask(book, **question)
    never_better(ask({**book, "works": works}, **question), before)


@settings(max_examples=300, deadline=None)
@given(books(), wide_grants, questions)
def test_taking_a_grant_away_never_helps(ask: Ask, book: Json, wide: Json, question: Json) -> None:
    """Not even one that replaces a prohibition or is excepted from one. Exclusive ones bar."""
    rules = [{"rule_id": "wide", **wide}, *book["rules"]]
    before = ask({**book, "rules": rules}, **question)
    for gone in rules:
        if gone["effect"] == "PERMIT" and not gone.get("exclusive"):
            left = [rule for rule in rules if rule is not gone]
            never_better(ask({**book, "rules": left}, **question), before)


NARROWER: list[Callable[[Json], Json]] = [
    lambda rule: {"territory_include": rule["territory_include"][:1]},
    lambda rule: {"territory_exclude": [*rule.get("territory_exclude", []), "US-CA", "DE"]},
    lambda rule: {"start": "2026-11-10T12:00:01Z"} if rule.get("start") is None else {},
    lambda rule: {"end": "2026-11-10T12:30:01Z"} if rule.get("end") is None else {},
    lambda rule: {"span": [150, 151]} if rule.get("span") is None else {},
    lambda rule: {"span": [rule["span"][0], rule["span"][1] - 5]} if rule.get("span") else {},
    lambda rule: {"components": (rule.get("components") or ["picture"])[:1]},
    lambda rule: {"inherit": "THIS_ONLY"},
    lambda rule: {"assignee": "acme"} if rule["assignee"] == "*" else {},
    lambda rule: {"actions": rule["actions"][:1]},
    lambda rule: {"status": "TERMINATED"},
    lambda rule: {"status": "DRAFT"},
    lambda rule: {"recorded_at": AFTER, "retired_at": None},
    lambda rule: {"revoked_at": "2026-11-10T12:30:00Z"},
    lambda rule: {"duties": [{"code": "NOTICE"}]},
    lambda rule: {"licence": "CC-BY-NC-SA-4.0"} if rule.get("licence") is None else {},
    lambda rule: {"overrides_signal": False},
]


@settings(max_examples=400, deadline=None)
@given(books(), wide_grants, st.sampled_from(NARROWER), questions)
def test_narrowing_a_grant_never_helps(
    ask: Ask, book: Json, wide: Json, narrower: Callable[[Json], Json], question: Json
) -> None:
    rules = [{"rule_id": "wide", **wide}, *book["rules"]]
    before = ask({**book, "rules": rules}, **question)
    for place, rule in enumerate(rules):
        if rule["effect"] == "PERMIT" and not rule.get("exclusive"):
            narrowed = [*rules[:place], {**rule, **narrower(rule)}, *rules[place + 1 :]]
            never_better(ask({**book, "rules": narrowed}, **question), before)


@settings(max_examples=200, deadline=None)
@given(books(), questions, st.integers(101, 199))
def test_splitting_the_span_of_a_row_never_helps(
    ask: Ask, book: Json, question: Json, cut: int
) -> None:
    """Two grants side by side are no grant of both; two prohibitions bar what the one barred."""
    before = ask(book, **question)
    for table in ("rules", "appearances", "embedded_material"):
        halves: list[Json] = []
        for number, row in enumerate(book[table]):
            first, past_last = row["span"] or (0, 10**6)
            if not first < cut < past_last:
                halves.append(row)
                continue
            halves.append({**row, "span": [first, cut]})
            halves.append({**row, "span": [cut, past_last]})
            if table == "rules":
                halves[-1]["rule_id"] = f"half{number}"
        never_better(ask({**book, table: halves}, **question), before)


@settings(max_examples=200, deadline=None)
@given(books(), wide_grants, questions, st.integers(0, 300), st.integers(1, 150))
def test_a_span_is_never_better_off_than_a_part_of_it(
    ask: Ask, book: Json, wide: Json, question: Json, first: int, length: int
) -> None:
    """What one part denies is denied to the whole."""
    book = {**book, "rules": [{"rule_id": "wide", **wide}, *book["rules"]]}
    union = ask(book, **{**question, "span": [first, first + length + 1]})
    for part in ([first, first + length], [first + length, first + length + 1]):
        never_better(union, ask(book, **{**question, "span": part}))


@settings(max_examples=200, deadline=None)
@given(
    books(),
    st.lists(st.one_of(grants, prohibitions), max_size=2),
    st.lists(appearances, max_size=2),
    st.lists(embedded, max_size=2),
    st.lists(signals, max_size=1),
    st.lists(st.sampled_from(["r0", "r1", "r2"]), max_size=2),
    questions,
)
def test_what_is_recorded_later_does_not_change_the_past(
    ask: Ask,
    book: Json,
    rules: list[Json],
    seen: list[Json],
    pieces: list[Json],
    said: list[Json],
    aims: list[str],
    question: Json,
) -> None:
    known = {rule["rule_id"]: rule for rule in book["rules"]}
    new = [
        {
            **rule,
            "rule_id": f"new{n}",
            "supersedes": [aim for aim in aims if aim in known and related(known[aim], rule)],
        }
        for n, rule in enumerate(rules)
    ]
    refusal = {"party_id": "perf:A", "state": "REFUSED"}
    later: Json = {
        "works": [
            {"work_id": "copy:Z", "level": "manifestation", "parent_id": "edit:A"},
            {"work_id": "edit:Y", "level": "edit", "parent_id": "title:Z", "eidr": EIDR},
        ],
        "rules": new,
        "appearances": seen,
        "consents": [refusal],
        "embedded_material": pieces,
        "signals": said,
        "party_groups": [{"group_id": "acme", "members": ["other"]}],
    }
    before = ask(book, **question)
    after = ask(
        {
            name: [*book[name], *({**row, "recorded_at": AFTER} for row in rows)]
            for name, rows in later.items()
        },
        **question,
    )
    assert (after.outcome, after.reasons, after.rows, after.grants, after.duties) == (
        before.outcome,
        before.reasons,
        before.rows,
        before.grants,
        before.duties,
    )


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["work_id", "action", "licensee", "territories", "components"]),
    st.text(min_size=1, max_size=12).filter(lambda text: text != "*"),
)
def test_an_unknown_value_is_never_allowed(ask: Ask, field: str, value: str) -> None:
    known = {*ACTIONS, "acme", "edit:A", "edit:B", "copy:A", "US", "001", "picture"}
    assume(value not in known)
    assume(not (len(value) == 2 and value.isascii() and value.isupper()))
    patched = {field: [value] if field in ("territories", "components") else value}
    try:
        assert ask(None, **patched).outcome != "ALLOW"
    except RequestError as error:
        assert error.field == field  # noqa: PT017


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


def test_the_group_of_the_random_rulebooks_is_known(ask: Ask) -> None:
    assert ask({"party_groups": [GROUP]}).outcome == "ALLOW"
