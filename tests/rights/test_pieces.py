"""Pieces of a work and many spans at once say exactly what `decide` says of each span."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.rights import (
    PerformerGate,
    Request,
    RequestError,
    Rulebook,
    clear_spans,
    clear_work,
    decide,
)
from tests.rights.random_books import books, questions

Json = dict[str, Any]
BookJson = Callable[[Json], Json]
RequestJson = Callable[..., Json]
asked_spans = st.lists(
    st.tuples(st.integers(0, 320), st.integers(1, 200)).map(lambda at: (at[0], at[0] + at[1])),
    min_size=1,
    max_size=8,
)


@settings(max_examples=250, deadline=None)
@given(books(), questions, asked_spans, st.sampled_from(PerformerGate))
def test_many_spans_are_decided_as_one_by_one(
    rulebook_json: BookJson,
    request_json: RequestJson,
    book: Json,
    question: Json,
    asked: list[tuple[int, int]],
    gate: PerformerGate,
) -> None:
    rulebook = Rulebook.from_json(rulebook_json(book))
    request = Request.from_json(request_json(**question))
    wanted = {work: [*asked, None] for work in ("edit:A", "copy:A", "title:T", "edit:none")}
    for work_id, span, decision in clear_spans(rulebook, request, wanted, performer_gate=gate):
        alone = replace(request, work_id=work_id, span=span)
        assert decision == decide(rulebook, alone, performer_gate=gate)


@settings(max_examples=200, deadline=None)
@given(books(), questions, asked_spans, st.sampled_from([None, 90, 155, 400]))
def test_pieces_are_gap_free_and_hold_for_every_span_inside(
    rulebook_json: BookJson,
    request_json: RequestJson,
    book: Json,
    question: Json,
    asked: list[tuple[int, int]],
    frames: int | None,
) -> None:
    rulebook = Rulebook.from_json(rulebook_json(book))
    request = Request.from_json(request_json(**question))
    pieces = clear_work(rulebook, request.work_id, request, frames=frames)
    assert pieces[0].first == 0
    assert pieces[-1].past_last == frames
    assert [piece.past_last for piece in pieces[:-1]] == [piece.first for piece in pieces[1:]]
    for first, past_last in asked:
        for piece in pieces:
            inside = first, min(past_last, piece.past_last or past_last)
            if piece.first <= inside[0] < inside[1]:
                assert decide(rulebook, replace(request, span=inside)) == piece.decision


def test_two_grants_side_by_side_are_no_grant_of_both(
    rulebook_json: BookJson, request_json: RequestJson, rows: dict[str, Json]
) -> None:
    left = {**rows["grant"], "span": [0, 100]}
    right = {**rows["grant"], "rule_id": "G2", "span": [100, 200]}
    rulebook = Rulebook.from_json(rulebook_json({"rules": [left, right]}))
    request = Request.from_json(request_json())
    pieces = clear_work(rulebook, "edit:A", request, frames=300)
    assert [(piece.first, piece.past_last, piece.decision.outcome) for piece in pieces] == [
        (0, 100, "ALLOW"),
        (100, 200, "ALLOW"),
        (200, 300, "DENY"),
    ]
    answers = clear_spans(rulebook, request, {"edit:A": [(50, 100), (50, 150)]})
    assert [decision.reasons for _, _, decision in answers] == [(), ("SPAN_NOT_GRANTED",)]


def test_equal_decisions_are_one_object(rulebook_json: BookJson, request_json: RequestJson) -> None:
    rulebook = Rulebook.from_json(rulebook_json({}))
    request = Request.from_json(request_json())
    spans = [(n, n + 1) for n in range(50)]
    assert len({id(d) for _, _, d in clear_spans(rulebook, request, {"edit:A": spans})}) == 1


def test_rows_that_do_not_count_cut_no_piece(
    rulebook_json: BookJson, request_json: RequestJson, rows: dict[str, Json]
) -> None:
    tables: Json = {
        "embedded_material": [{**rows["clip"], "component": "music"}],
        "appearances": [{**rows["face"], "recorded_at": "2027-01-01T00:00:00Z"}],
    }
    rulebook = Rulebook.from_json(rulebook_json(tables))
    assert len(clear_work(rulebook, "edit:A", Request.from_json(request_json()))) == 1


def test_bad_frames_are_errors(rulebook_json: BookJson, request_json: RequestJson) -> None:
    rulebook = Rulebook.from_json(rulebook_json({}))
    request = Request.from_json(request_json())
    with pytest.raises(RequestError, match="span"):
        list(clear_spans(rulebook, request, {"edit:A": [(5, 5)]}))
    with pytest.raises(ValueError, match="frames"):
        clear_work(rulebook, "edit:A", request, frames=0)
