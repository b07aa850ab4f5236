"""Decisions in words and as a table of a title."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from curation.cli import main
from curation.report.decisions import edits_asked, explain, title_lines, worst
from curation.rights import REASONS, PerformerGate, Request, Rulebook, decide

Json = dict[str, Any]
GATE = PerformerGate.ALL_TRAINING
GRANT: Json = {
    "rule_id": "G1",
    "effect": "PERMIT",
    "kind": "GRANT",
    "work_id": "title:T",
    "inherit": "ALL_EDITS",
    "actions": ["train_gen"],
    "assignee": "acme",
    "territory_include": ["001"],
    "territory_exclude": ["BY"],
    "start": "2026-11-10",
    "end": "2027-11-09",
    "time_zone": "America/Los_Angeles",
    "end_convention": "INCLUSIVE_DAY",
    "status": "EXECUTED",
    "instrument": "C-12",
}
CARVE_OUT: Json = {
    "rule_id": "P1",
    "effect": "PROHIBIT",
    "kind": "CARVE_OUT",
    "work_id": "edit:A",
    "span": [100, 150],
    "status": "EXECUTED",
}
REQUEST: Json = {
    "work_id": "edit:A",
    "span": [90, 160],
    "components": ["picture"],
    "action": "train_gen_finetune",
    "licensee": "acme",
    "territories": ["US"],
    "use_from": "2026-11-10T12:00:00Z",
    "use_until": "2026-11-10T13:00:00Z",
    "known_at": "2026-11-10T12:00:00Z",
}


def book(*rules: Json, **tables: list[Json]) -> Json:
    return {
        "works": [
            {"work_id": "title:T", "level": "title", "title": "The Film"},
            {"work_id": "edit:A", "level": "edit", "parent_id": "title:T", "title": "The Cut"},
        ],
        "rules": list(rules),
        "surveys": [
            {"work_id": "edit:A", "kind": kind, "completed_at": "2026-01-01T00:00:00Z"}
            for kind in ("APPEARANCE", "EMBEDDED")
        ],
        **tables,
    }


def said(rulebook: Json, **request: object) -> str:
    """The explanation on one line."""
    asked = Request.from_json({**REQUEST, **request})
    text = explain(Rulebook.from_json(rulebook), asked, performer_gate=GATE)
    assert max(map(len, text.splitlines())) <= 96
    return " ".join(text.split())


def test_an_allowance_names_its_grant_contract_and_window_in_its_own_zone() -> None:
    text = said(book(GRANT))
    assert text.startswith(
        "Allowed: commercial use of the picture of The Cut (edit:A), frames 90 to 159, for "
        "fine-tuning generative AI models by acme in the United States (US), from 10 November 2026"
    )
    assert "the grant G1 (C-12) to acme of training generative AI models" in text
    assert "in the world except Belarus (BY) on title:T and all its edits" in text
    assert "from 2026-11-10 until 2027-11-09 (that day included)" in text
    assert "in the time of America/Los_Angeles, that is from 10 November 2026, 08:00 UTC" in text
    assert "the survey of edit:A for performers, completed on 1 January 2026" in text


def test_a_denial_says_why_by_which_rows_and_what_cures_it() -> None:
    text = said(book(GRANT, CARVE_OUT), territories=["US", "BY"])
    assert text.startswith("Not allowed: ")
    for code in ("CARVED_OUT", "TERRITORY_EXCLUDED"):
        reason = REASONS[code]
        assert reason.meaning in text
        assert f"What would cure it: {reason.cure} [{code}]" in text
    assert "the carve-out P1 (no instrument recorded) against everyone, barring every use" in text
    assert "It stands in Belarus (BY)." in text


def test_what_was_set_aside_is_told() -> None:
    holdback = {**CARVE_OUT, "kind": "HOLDBACK", "except_for": ["G1"]}
    assert "does not bar it, for it excepts G1" in said(book(GRANT, holdback))
    amended = said(book({**GRANT, "supersedes": ["P1"]}, CARVE_OUT))
    assert "does not bar it in the United States (US), for the grant G1 (C-12) to acme" in amended
    assert "(that day included) in the time of America/Los_Angeles, that is" in amended
    assert "supersedes it and covers this use" in amended
    shorter = {**CARVE_OUT, "rule_id": "P2", "end": "2026-01-01", "supersedes": ["P1"]}
    replaced = said(book(GRANT, CARVE_OUT, shorter))
    assert "is no longer in force, for the carve-out P2 (no instrument recorded)" in replaced
    assert "until 2026-01-01" in replaced
    signal = {"work_id": "edit:A", "scheme": "AIPREF", "entries": {"train-ai": "n"}}
    over = said(book({**GRANT, "overrides_signal": True}, signals=[signal]))
    assert "the grant overrides the signal" in over


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"assignee": "other"}, "it is made out to another party"),
        ({"territory_include": ["DE"]}, "it does not reach every territory asked for"),
        ({"end": "2026-11-10"}, "its window covers the use in one reading of its dates only"),
        ({"span": [0, 5]}, "it covers other frames"),
        ({"work_id": "title:T", "inherit": None}, "it does not reach this version of the work"),
        ({"licence": "odd", "status": "DRAFT"}, "it is not executed and its licence needs counsel"),
        (
            {"effect": "PROHIBIT", "kind": "CARVE_OUT", "span": [150, 160], "start": "TBD"},
            "it has not begun for certain when the use begins and it is about other frames",
        ),
    ],
)
def test_an_amendment_that_does_not_help_is_told(patch: Json, words: str) -> None:
    new = {**GRANT, "rule_id": "G9", "supersedes": ["P1"], "start": None, "end": None, **patch}
    new = {**new, "time_zone": None, "end_convention": None}
    text = said(book(GRANT, CARVE_OUT, new))
    assert text.startswith("Not allowed")
    assert "G9 (C-12) " in text
    assert f"supersedes P1 and yet does not free this use of it: {words}" in text


def test_a_bar_on_a_twin_says_whose_eidr_it_has() -> None:
    eidr = "10.5240/7EC7-228A-510A-053E-CBB8-J"
    rulebook = book(GRANT, {**CARVE_OUT, "work_id": "edit:Z"})
    rulebook["works"][1]["eidr"] = eidr
    rulebook["works"].append({"work_id": "edit:Z", "level": "edit", "eidr": eidr})
    assert "on edit:Z (which has the EIDR of edit:A), frames 100 to 149" in said(rulebook)


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"status": "DRAFT"}, "whose status is draft"),
        ({"status": None}, "whose status is not stated"),
        ({"recorded_at": "2026-12-01T00:00:00Z"}, "recorded only on 1 December 2026, 00:00 UTC"),
        ({"retired_at": "2026-10-01T00:00:00Z"}, "record was withdrawn on 1 October 2026"),
    ],
)
def test_a_grant_without_force_is_told(patch: Json, words: str) -> None:
    assert words in said(book({**GRANT, **patch}))


def test_an_unknown_work_is_told() -> None:
    assert "edit:Z, or a work above it, was not known" in said(book(GRANT), work_id="edit:Z")


def test_people_and_their_words_are_told() -> None:
    face = {"work_id": "edit:A", "span": [90, 120], "party_id": "perf:A", "facet": "FACE"}
    consent = {
        "party_id": "perf:A",
        "state": "GRANTED",
        "actions": ["train_gen"],
        "licensee": "*",
        "facets": ["FACE"],
        "withdrawn_at": "2026-11-01T00:00:00Z",
    }
    text = said(
        book(GRANT, appearances=[{**face, "identity": "CONFIRMED"}], consents=[consent]),
    )
    assert "the face of perf:A, in frames 90 to 119" in text
    assert "perf:A agreed to training generative AI models by anyone in any work (face)" in text
    assert "withdrawn on 1 November 2026" in text


def test_every_row_kind_has_words_and_duties_are_told() -> None:
    clip = {
        "work_id": "edit:A",
        "component": "picture",
        "kind": "STOCK_FOOTAGE",
        "ai_status": "PERMIT",
        "licensees": ["group:g"],
    }
    group = {"group_id": "group:g", "members": ["acme", "labs"]}
    duty = {"code": "REPORT", "phase": "POST"}
    rulebook = book(
        {**GRANT, "duties": [duty], "licence": "CC-BY-4.0"},
        embedded_material=[clip],
        party_groups=[group],
    )
    text = said(rulebook)
    assert "its licence permits AI use to group:g (acme and labs)" in text
    assert "Owed after the use under G1: REPORT." in text
    assert "Owed during the use under G1: ATTRIBUTE." in text


def test_a_table_is_gap_free_and_joins_what_is_equal() -> None:
    rulebook = Rulebook.from_json(book(GRANT, CARVE_OUT, {**GRANT, "rule_id": "G2"}))
    whole = Request.from_json({**REQUEST, "span": None})
    lines = title_lines(rulebook, whole, performer_gate=GATE)
    assert [(line.first, line.past_last, str(line.decision.outcome)) for line in lines] == [
        (0, 100, "ALLOW"),
        (100, 150, "DENY"),
        (150, None, "ALLOW"),
    ]
    assert worst(lines) == "DENY"
    part = title_lines(rulebook, Request.from_json(REQUEST), performer_gate=GATE)
    assert [line.cells()[0] for line in part] == ["90 to 99", "100 to 149", "150 to 159"]


def run(tmp_path: Path, rulebook: Json | str, *options: str) -> tuple[int, str]:
    """The exit status of the program and what it said on both streams."""
    text = rulebook if isinstance(rulebook, str) else json.dumps(rulebook)
    (tmp_path / "r.json").write_text(text)
    (tmp_path / "q.json").write_text(json.dumps(REQUEST))
    files = ["--rulebook", str(tmp_path / "r.json"), "--request", str(tmp_path / "q.json")]
    said = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setattr("sys.argv", ["curation", "clear", *files, *options])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0), said.getvalue()


def test_the_command_line(tmp_path: Path) -> None:
    rulebook = book(GRANT, CARVE_OUT)
    status, text = run(tmp_path, rulebook)
    asked = Request.from_json(REQUEST)
    assert (status, json.loads(text)) == (4, decide(Rulebook.from_json(rulebook), asked).to_json())
    assert run(tmp_path, book(GRANT), "--explain")[0] == 0
    assert run(tmp_path, rulebook, "--explain")[1].startswith("Not allowed")
    assert run(tmp_path, book(GRANT), "--table")[0] == 0
    status, text = run(tmp_path, rulebook, "--work", "edit:A")
    assert status == 4
    assert "150 to end" in text
    assert "surveys[edit:A EMBEDDED]" in text
    assert run(tmp_path, rulebook, "--explain", "--table")[0] == 2
    assert run(tmp_path, rulebook, "--performer-gate", "SOMETIMES")[0] == 2


def test_a_table_said_twice_is_an_error(tmp_path: Path) -> None:
    """Python would keep the last of the two, and lose the prohibitions of the first."""
    text = json.dumps(book(GRANT, CARVE_OUT))[:-1] + ', "rules": []}'
    status, said = run(tmp_path, text)
    assert status == 2
    assert "'rules' twice" in said


def test_a_whole_title_is_its_edits_one_by_one(tmp_path: Path) -> None:
    two = book(GRANT, CARVE_OUT)
    two["works"].append({"work_id": "edit:B", "level": "edit", "parent_id": "title:T"})
    status, text = run(tmp_path, two, "--work", "title:T")
    first, second = text.split("frames of edit:A")[1].split("frames of edit:B")
    assert status == 4
    assert "P1" in first
    assert "P1" not in second
    assert "APPEARANCE_NOT_SURVEYED" in second
    assert "in whichever edit" not in text


def test_frames_of_a_title_are_of_no_edit_and_a_title_without_edits_is_itself() -> None:
    alone = Rulebook.from_json({"works": [{"work_id": "title:T", "level": "title"}]})
    whole = Request.from_json({**REQUEST, "span": None, "work_id": "title:T"})
    assert edits_asked(alone, whole) == ("title:T",)
    one = Rulebook.from_json(book(GRANT))
    assert edits_asked(one, whole) == ("edit:A",)
    assert edits_asked(one, Request.from_json({**REQUEST, "work_id": "title:T"})) == ("title:T",)
    assert edits_asked(one, Request.from_json({**REQUEST, "work_id": "nobody"})) == ("nobody",)
