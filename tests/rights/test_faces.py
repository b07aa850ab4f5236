"""A face that the picture shows and no appearance records: the survey has a gap, so REVIEW."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.rights import (
    Decision,
    PerformerGate,
    Request,
    Rulebook,
    clear_spans,
    decide,
)
from tests.rights.random_books import SEVERITY, books, questions, wide_grants

Json = dict[str, Any]
Ask = Callable[..., Decision]
GAP = ("FACE_WITHOUT_APPEARANCE",)
seen_faces = st.lists(
    st.tuples(st.integers(0, 320), st.integers(1, 120)).map(lambda at: (at[0], at[0] + at[1])),
    max_size=4,
)


@pytest.mark.parametrize(
    ("change", "faces", "reasons"),
    [
        ({"work_id": "edit:B"}, [(150, 160)], GAP),
        ({}, [(150, 160)], ()),
        ({"span": [100, 150]}, [(150, 160)], GAP),
        ({"span": [100, 151]}, [(150, 160)], ()),
        ({"span": None}, [(150, 160)], ()),
        ({"work_id": "title:T"}, [(150, 160)], ()),
        ({"work_id": "copy:A"}, [(150, 160)], GAP),
        ({"facet": "BODY"}, [(150, 160)], GAP),
        ({"recorded_at": "2026-11-10T12:00:01Z"}, [(150, 160)], GAP),
        ({}, [(150, 160), (110, 120)], GAP),
        ({}, [(0, 100), (200, 300)], ()),
    ],
)
def test_a_face_is_accounted_for_by_an_appearance_where_it_is(
    ask: Ask, rows: dict[str, Json], change: Json, faces: list[tuple[int, int]], reasons: tuple[str]
) -> None:
    tables = {"appearances": [{**rows["face"], **change}], "consents": [rows["consent"]]}
    assert ask(tables, faces=faces).reasons == reasons
    assert ask(tables).reasons == ()


def test_a_survey_that_is_missing_and_one_that_is_contradicted_are_both_said(ask: Ask) -> None:
    embedded = {"work_id": "edit:A", "kind": "EMBEDDED", "completed_at": "2026-01-01T00:00:00Z"}
    decision = ask({"surveys": [embedded]}, faces=[(150, 160)])
    assert decision.reasons == ("APPEARANCE_NOT_SURVEYED", *GAP)
    assert decision.outcome == "REVIEW"


def test_a_face_stands_against_no_use_that_shows_or_asks_of_none(ask: Ask) -> None:
    faces = [(150, 160)]
    assert ask(faces=faces, components=["dialogue"]).reasons == ()
    redacted = {"components": ["picture", "music"], "redacted_components": ["picture"]}
    assert ask(faces=faces, **redacted).reasons == ()
    assert ask(faces=faces, gate=PerformerGate.OFF).reasons == ()
    for other in ({"action": "tdm_analyze"}, {"work_id": "edit:none"}):
        assert ask(faces=faces, **other) == ask(**other)


@settings(max_examples=300, deadline=None)
@given(books(), wide_grants, questions, seen_faces, seen_faces)
def test_to_see_more_faces_never_helps(
    ask: Ask,
    book: Json,
    wide: Json,
    question: Json,
    seen: list[tuple[int, int]],
    more: list[tuple[int, int]],
) -> None:
    """What they add is at most REVIEW: nothing else of the decision changes."""
    book = {**book, "rules": [{"rule_id": "wide", **wide}, *book["rules"]]}
    none, some, all_ = (ask(book, faces=faces, **question) for faces in ([], seen, [*seen, *more]))
    assert SEVERITY[none.outcome] <= SEVERITY[some.outcome] <= SEVERITY[all_.outcome]
    for decision in (some, all_):
        assert [r for r in decision.reasons if r not in GAP] == list(none.reasons)
        assert (decision.rows, decision.grants, decision.duties) == (
            none.rows,
            none.grants,
            none.duties,
        )
        assert decision.outcome != "ALLOW" or not set(GAP) & set(decision.reasons)


@settings(max_examples=200, deadline=None)
@given(books(), wide_grants, questions, seen_faces, st.integers(0, 300), st.integers(1, 150))
def test_a_span_is_never_better_off_than_a_part_of_it(
    ask: Ask,
    book: Json,
    wide: Json,
    question: Json,
    seen: list[tuple[int, int]],
    first: int,
    length: int,
) -> None:
    book = {**book, "rules": [{"rule_id": "wide", **wide}, *book["rules"]]}
    union = ask(book, faces=seen, **{**question, "span": [first, first + length + 1]})
    for part in ([first, first + length], [first + length, first + length + 1]):
        alone = ask(book, faces=seen, **{**question, "span": part})
        assert SEVERITY[union.outcome] >= SEVERITY[alone.outcome]


@settings(max_examples=150, deadline=None)
@given(books(), questions, seen_faces, seen_faces.filter(len), st.sampled_from(PerformerGate))
def test_many_spans_are_decided_as_one_by_one(
    rulebook_json: Callable[[Json], Json],
    request_json: Callable[..., Json],
    book: Json,
    question: Json,
    seen: list[tuple[int, int]],
    asked: list[tuple[int, int]],
    gate: PerformerGate,
) -> None:
    rulebook = Rulebook.from_json(rulebook_json(book))
    request = Request.from_json(request_json(**question))
    wanted = {work: [*asked, None] for work in ("edit:A", "copy:A", "edit:none")}
    faces = {"edit:A": seen}
    for work_id, span, decision in clear_spans(
        rulebook, request, wanted, performer_gate=gate, faces=faces
    ):
        alone = replace(request, work_id=work_id, span=span)
        assert decision == decide(
            rulebook, alone, performer_gate=gate, faces=faces.get(work_id, ())
        )
