"""Works recorded twice under one EIDR: what bars the one bars the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.rights import Decision
from curation.rights.eidr import eidr_key

Json = dict[str, Any]
Ask = Callable[..., Decision]
Rows = dict[str, Json]
EIDR = "10.5240/7EC7-228A-510A-053E-CBB8-J"
OTHER = "10.5240/7791-8534-2C23-9030-8610-5"


EXTENDED = "md:cid:eidr-x:7EC7-228A-510A-053E-CBB8-J:directors"


def library(**eidrs: str) -> list[Json]:
    """Titles T (edits A, B) and U (edits C, D), a copy of A, with EIDRs by the work's letter."""
    works: list[Json] = [
        {"work_id": "title:T", "level": "title"},
        {"work_id": "title:U", "level": "title"},
        {"work_id": "edit:A", "level": "edit", "parent_id": "title:T"},
        {"work_id": "edit:B", "level": "edit", "parent_id": "title:T"},
        {"work_id": "edit:C", "level": "edit", "parent_id": "title:U"},
        {"work_id": "edit:D", "level": "edit", "parent_id": "title:U"},
        {"work_id": "copy:K", "level": "manifestation", "parent_id": "edit:A"},
    ]
    return [{**work, "eidr": eidrs.get(work["work_id"][-1])} for work in works]


@pytest.mark.parametrize(
    ("eidrs", "barred", "hit"),
    [
        ({}, "edit:C", False),
        ({"A": EIDR, "C": EIDR}, "edit:C", True),
        ({"A": EIDR, "C": EIDR}, "title:U", True),
        ({"A": EIDR, "C": EIDR}, "edit:D", False),
        ({"A": EIDR, "C": OTHER}, "edit:C", False),
        ({"A": EIDR, "C": f"urn:eidr:{EIDR.replace('/', ':').lower()}"}, "edit:C", True),
        ({"A": EIDR, "B": EIDR}, "edit:B", True),
        ({"A": EIDR, "B": EIDR, "T": EIDR}, "edit:B", False),
        ({"A": EIDR, "B": EIDR, "T": EIDR, "C": EIDR}, "edit:B", False),
        ({"A": EIDR, "T": EIDR, "C": EIDR}, "edit:C", True),
        ({"T": EIDR, "U": EIDR}, "title:U", True),
        ({"T": EIDR, "U": EIDR}, "edit:C", False),
        ({"A": EIDR, "U": EIDR}, "title:U", True),
        ({"A": EIDR, "U": EIDR}, "edit:C", False),
        ({"T": EIDR, "C": EIDR}, "edit:C", False),
        ({"K": EIDR, "C": EIDR}, "edit:C", False),
        ({"K": EIDR, "A": EIDR, "C": EIDR}, "edit:C", True),
        ({"A": EXTENDED, "C": EIDR}, "edit:C", True),
        ({"A": EXTENDED, "U": EIDR}, "title:U", True),
        ({"A": EXTENDED, "U": EIDR}, "edit:D", False),
        ({"A": EIDR, "C": EXTENDED}, "edit:C", True),
        ({"A": EXTENDED, "C": EXTENDED.upper()}, "edit:C", True),
        ({"A": EXTENDED, "B": EXTENDED.replace("directors", "theatrical")}, "edit:B", False),
        ({"A": EIDR.replace("-", "\u2013"), "C": EIDR}, "edit:C", True),
    ],
)
def test_what_bars_a_twin_bars_the_work(
    ask: Ask, rows: Rows, eidrs: dict[str, str], barred: str, hit: bool
) -> None:
    holdback = {**rows["holdback"], "work_id": barred}
    decision = ask({"works": library(**eidrs), "rules": [rows["grant"], holdback]})
    assert ("HOLDBACK_ACTIVE" in decision.reasons) is hit


def test_an_id_may_be_an_eidr_too(ask: Ask, rows: Rows) -> None:
    works = [*library(A=EIDR), {"work_id": f"doi:{EIDR}", "level": "edit"}]
    holdback = {**rows["holdback"], "work_id": f"doi:{EIDR}"}
    decision = ask({"works": works, "rules": [rows["grant"], holdback]})
    assert decision.reasons == ("HOLDBACK_ACTIVE",)


def test_a_grant_and_a_survey_stay_with_the_work_they_name(ask: Ask, rows: Rows) -> None:
    works = library(A=EIDR, C=EIDR)
    grant = {**rows["grant"], "work_id": "title:U"}
    assert ask({"works": works, "rules": [grant]}).outcome == "DENY"
    surveys = [
        {"work_id": "edit:C", "kind": kind, "completed_at": "2026-01-01T00:00:00Z"}
        for kind in ("APPEARANCE", "EMBEDDED")
    ]
    assert ask({"works": works, "surveys": surveys}).outcome == "REVIEW"


def test_what_was_found_in_a_twin_counts(ask: Ask, rows: Rows) -> None:
    clip = {**rows["clip"], "work_id": "edit:C"}
    face = {**rows["face"], "work_id": "edit:C"}
    signal = {"work_id": "edit:C", "scheme": "TDMREP", "entries": {"tdm-reservation": 1}}
    refusal = {"party_id": "perf:A", "state": "REFUSED", "work_id": "edit:C"}
    tables: Json = {
        "works": library(A=EIDR, C=EIDR),
        "embedded_material": [clip],
        "appearances": [face],
        "signals": [signal],
        "consents": [rows["consent"], refusal],
    }
    assert ask(tables).reasons == ("THIRD_PARTY_SILENT", "CONSENT_REFUSED", "SIGNAL_NOT_ALLOWED")


def test_a_twin_not_yet_known_bars_nothing(ask: Ask, rows: Rows) -> None:
    works = library(A=EIDR, C=EIDR)
    works[4]["recorded_at"] = "2026-12-01T00:00:00Z"
    holdback = {**rows["holdback"], "work_id": "edit:C"}
    tables = {"works": works, "rules": [rows["grant"], holdback]}
    assert ask(tables).outcome == "ALLOW"
    assert ask(tables, known_at="2026-12-01T00:00:00Z").outcome == "DENY"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (EIDR, True),
        (f"https://doi.org/{EIDR.lower()}", True),
        ("md:cid:eidr-s:7EC7-228A-510A-053E-CBB8-J", True),
        ("10.5240/7EC7-228A-510A-053E-CBB8-X", True),
        ("10.5240/7EC7-228A-510A-053E-CBB8", True),
        ("10.5240/7EC7228A510A053ECBB8J", True),
        ("md:cid:eidr-x:7EC7-228A-510A-053E-CBB8-J:directors", False),
        (OTHER, False),
        ("10.5237/7EC7-228A", False),
        ("unknown", False),
        (None, False),
    ],
)
def test_a_key_tells_eidrs_apart_whatever_their_spelling(text: str | None, same: bool) -> None:
    assert (eidr_key(text) == eidr_key(EIDR)) is same
