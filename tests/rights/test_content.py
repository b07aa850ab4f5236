"""What the frames hold: people, third-party material, and the signals on the asset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.rights import Decision, PerformerGate

Json = dict[str, Any]
Ask = Callable[..., Decision]
Rows = dict[str, Json]


def test_a_consent_that_covers_everything_allows(ask: Ask, rows: Rows) -> None:
    decision = ask({"appearances": [rows["face"]], "consents": [rows["consent"]]})
    assert decision.outcome == "ALLOW"
    assert any(row.startswith("consents[perf:A") for row in decision.rows)


@pytest.mark.parametrize(
    ("face", "request_fields"),
    [
        ({"span": [200, 300]}, {}),
        ({"facet": "VOICE"}, {}),
        ({}, {"components": ["picture", "dialogue"], "redacted_components": ["picture"]}),
        ({"work_id": "edit:B"}, {}),
    ],
)
def test_only_people_on_what_is_kept_count(
    ask: Ask, rows: Rows, face: Json, request_fields: Json
) -> None:
    assert ask({"appearances": [{**rows["face"], **face}]}, **request_fields).outcome == "ALLOW"


@pytest.mark.parametrize("stem", ["dialogue", "music", "effects"])
def test_a_voice_is_in_every_sound_kept(ask: Ask, rows: Rows, stem: str) -> None:
    """It sings and breathes as well, so that dropping the dialogue does not drop it."""
    voice = {**rows["face"], "facet": "VOICE"}
    tables = {"appearances": [voice], "consents": [{"party_id": "perf:A", "state": "REFUSED"}]}
    assert ask(tables, components=[stem]).reasons == ("CONSENT_REFUSED",)
    sound = ["dialogue", "music", "effects"]
    request: Json = {"components": ["picture", *sound]}
    without = [one for one in sound if one != stem]
    assert ask(tables, **request, redacted_components=without).outcome == "DENY"
    assert ask(tables, **request, redacted_components=sound).outcome == "ALLOW"


@pytest.mark.parametrize(
    "refusal",
    [
        {},
        {"work_id": "title:T"},
        {"work_id": "copy:A"},
        {"actions": ["train_gen_finetune"]},
        {"actions": ["dream"]},
        {"facets": ["FACE"]},
        {"party_id": "Perf: a"},
        {"licensee": "ACME"},
    ],
)
def test_a_refusal_beats_a_consent(ask: Ask, rows: Rows, refusal: Json) -> None:
    consents = [rows["consent"], {"party_id": "perf:A", "state": "REFUSED", **refusal}]
    decision = ask({"appearances": [rows["face"]], "consents": consents})
    assert decision.reasons == ("CONSENT_REFUSED",)


@pytest.mark.parametrize(
    "refusal",
    [
        {"facets": ["VOICE"]},
        {"licensee": "other"},
        {"actions": ["replica_create"]},
        {"work_id": "edit:B"},
        {"withdrawn_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_refusal_of_something_else_does_not(ask: Ask, rows: Rows, refusal: Json) -> None:
    consents = [rows["consent"], {"party_id": "perf:A", "state": "REFUSED", **refusal}]
    assert ask({"appearances": [rows["face"]], "consents": consents}).outcome == "ALLOW"


def test_a_withdrawal_row_ends_consents_from_its_date(ask: Ask, rows: Rows) -> None:
    withdrawal = {**rows["consent"], "state": "WITHDRAWN", "withdrawn_at": "2026-11-01T00:00:00Z"}
    tables = {"appearances": [rows["face"]], "consents": [rows["consent"], withdrawal]}
    assert ask(tables).reasons == ("CONSENT_WITHDRAWN",)
    before = {"use_from": "2026-10-20T00:00:00Z", "use_until": "2026-10-21T00:00:00Z"}
    assert ask(tables, **before).outcome == "ALLOW"
    assert ask({**tables, "consents": [withdrawal]}, **before).outcome == "ALLOW"


def test_consents_are_not_pieced_together(ask: Ask, rows: Rows) -> None:
    consents = [
        {**rows["consent"], "facets": ["VOICE"]},
        {**rows["consent"], "actions": ["tdm_analyze"]},
    ]
    assert ask({"appearances": [rows["face"]], "consents": consents}).outcome == "DENY"


@pytest.mark.parametrize("limit", ["actions", "licensee", "facets"])
def test_what_a_consent_leaves_out_it_does_not_cover(ask: Ask, rows: Rows, limit: str) -> None:
    consent = {key: value for key, value in rows["consent"].items() if key != limit}
    assert ask({"appearances": [rows["face"]], "consents": [consent]}).outcome == "DENY"


def test_not_required_needs_no_scope(ask: Ask, rows: Rows) -> None:
    consent = {"party_id": "perf:A", "state": "NOT_REQUIRED"}
    tables = {"appearances": [rows["face"]], "consents": [consent]}
    assert ask(tables).outcome == "ALLOW"


def test_a_consent_with_an_ambiguous_end_is_review(ask: Ask, rows: Rows) -> None:
    consent = {**rows["consent"], "end": "2026-11-10"}
    decision = ask({"appearances": [rows["face"]], "consents": [consent]})
    assert decision.reasons == ("WINDOW_AMBIGUOUS",)


def test_a_consent_for_the_title_covers_its_edits(ask: Ask, rows: Rows) -> None:
    for work_id, reasons in (("title:T", ()), ("edit:B", ("CONSENT_MISSING",))):
        consent = {**rows["consent"], "work_id": work_id}
        decision = ask({"appearances": [rows["face"]], "consents": [consent]})
        assert decision.reasons == reasons


def test_a_candidate_is_review_unless_the_candidate_refused(ask: Ask, rows: Rows) -> None:
    face = {**rows["face"], "identity": "CANDIDATE"}
    assert ask({"appearances": [face]}).reasons == ("PERFORMER_UNIDENTIFIED",)
    refusal = {"party_id": "perf:A", "state": "REFUSED"}
    assert ask({"appearances": [face], "consents": [refusal]}).outcome == "DENY"
    nobody = {"work_id": "edit:A", "facet": "BODY"}
    assert ask({"appearances": [nobody]}).reasons == ("PERFORMER_UNIDENTIFIED",)


def test_the_gate_is_the_studios_setting(ask: Ask, rows: Rows) -> None:
    tables: dict[str, list[Json]] = {"appearances": [rows["face"]]}
    assert ask(tables, gate=PerformerGate.OFF).outcome == "ALLOW"
    assert ask(tables, gate=PerformerGate.REPLICA_ONLY).outcome == "ALLOW"
    tables["rules"] = [{**rows["grant"], "actions": ["replica_create", "tdm_analyze"]}]
    replica = ask(tables, gate=PerformerGate.REPLICA_ONLY, action="replica_create")
    assert replica.reasons == ("CONSENT_MISSING",)
    assert ask(tables, action="tdm_analyze").outcome == "ALLOW"


@pytest.mark.parametrize(
    ("clip", "reasons"),
    [
        ({"ai_status": "PERMIT", "licensees": ["acme"]}, ()),
        ({"ai_status": "PERMIT", "licensees": ["*"]}, ()),
        ({"ai_status": "PERMIT"}, ("THIRD_PARTY_SILENT",)),
        ({"ai_status": "UNKNOWN"}, ("THIRD_PARTY_SILENT",)),
        ({"ai_status": None, "component": None, "span": None}, ("THIRD_PARTY_SILENT",)),
        ({"span": [200, 300]}, ()),
        ({"component": "music"}, ()),
        ({"work_id": "copy:A"}, ("THIRD_PARTY_SILENT",)),
    ],
)
def test_embedded_material(ask: Ask, rows: Rows, clip: Json, reasons: tuple[str, ...]) -> None:
    assert ask({"embedded_material": [{**rows["clip"], **clip}]}).reasons == reasons


def test_a_survey_speaks_for_the_edit_and_its_copies_once_complete(ask: Ask) -> None:
    assert ask(work_id="copy:A").outcome == "ALLOW"
    both = ("APPEARANCE_NOT_SURVEYED", "EMBEDDED_NOT_SURVEYED")
    for completed_at in (None, "2026-11-10T12:00:01Z"):
        surveys = [
            {"work_id": "edit:A", "kind": kind, "completed_at": completed_at}
            for kind in ("APPEARANCE", "EMBEDDED")
        ]
        assert ask({"surveys": surveys}).reasons == both
    on_title = [
        {"work_id": "title:T", "kind": kind, "completed_at": "2026-01-01T00:00:00Z"}
        for kind in ("APPEARANCE", "EMBEDDED")
    ]
    assert ask({"surveys": on_title}).reasons == both


SIGNALS: list[tuple[str, Json, str, tuple[str, ...]]] = [
    ("CAWG", {"cawg.ai_training": "notAllowed"}, "train_gen", ()),
    ("CAWG", {"cawg.ai_training": "notAllowed"}, "train_nongen", ("SIGNAL_NOT_ALLOWED",)),
    ("CAWG", {"cawg.ai_training": "notAllowed"}, "train", ("SIGNAL_NOT_ALLOWED",)),
    ("C2PA", {"c2pa.ai_generative_training": "constrained"}, "train_gen", ("SIGNAL_CONSTRAINED",)),
    (
        "CAWG",
        {"cawg.ai_generative_training": {"use": "allowed", "constraint_info": "ask first"}},
        "train_gen",
        ("SIGNAL_CONSTRAINED",),
    ),
    (
        "CAWG",
        {"cawg.ai_generative_training": {"use": "notAllowed", "constraint_info": "ask first"}},
        "train_gen",
        ("SIGNAL_NOT_ALLOWED",),
    ),
    ("PLUS", {"DataMining": "DMI-ALLOWED", "OtherConstraints": ""}, "train", ()),
    (
        "PLUS",
        {"plus:DataMining": "DMI-ALLOWED", "plus:OtherConstraints": "no AI"},
        "train",
        ("SIGNAL_CONSTRAINED",),
    ),
    ("CAWG", {"cawg.data_mining": "notAllowed"}, "tdm_analyze", ("SIGNAL_NOT_ALLOWED",)),
    ("CAWG", {"cawg.ai_inference": "notAllowed"}, "ai_input", ("SIGNAL_NOT_ALLOWED",)),
    ("CAWG", {"cawg.ai_generative_training": "allowed"}, "train_gen", ()),
    ("CAWG", {"cawg.ai_generative_training": "perhaps"}, "train_gen", ("SIGNAL_NOT_ALLOWED",)),
    ("CAWG", {"org.other.reserved": "notAllowed"}, "train_gen", ("SIGNAL_NOT_ALLOWED",)),
    (
        "TDMREP",
        {"tdm-reservation": 1, "tdm-policy": "https://x"},
        "ai_input",
        ("SIGNAL_NOT_ALLOWED",),
    ),
    ("TDMREP", {"tdm-reservation": 0}, "train_gen", ()),
    ("PLUS", {"plus:DataMining": "DMI-PROHIBITED-GENAIMLTRAINING"}, "train_nongen", ()),
    ("PLUS", {"plus:DataMining": "DMI-PROHIBITED"}, "index_search", ("SIGNAL_NOT_ALLOWED",)),
    ("PLUS", {"DataMining": "DMI-PROHIBITED-SEECONSTRAINT"}, "evaluate", ("SIGNAL_CONSTRAINED",)),
    ("PLUS", {"DataMining": "DMI-UNSPECIFIED"}, "train", ()),
    ("RSL", {"prohibits": "ai-train"}, "train_gen", ("SIGNAL_NOT_ALLOWED",)),
    ("RSL", {"permits": ["search", "ai-train"]}, "train_gen", ()),
    ("RSL", {"permits": "search"}, "train_gen", ("SIGNAL_NOT_ALLOWED",)),
    ("RSL", {"permits": "all", "payment": "purchase"}, "train", ("SIGNAL_CONSTRAINED",)),
    ("AIPREF", {"train-ai": "n", "search": "y"}, "train_gen", ("SIGNAL_NOT_ALLOWED",)),
    ("AIPREF", {"train-ai": "n", "search": "y"}, "index_search", ()),
]


@pytest.mark.parametrize(("scheme", "entries", "action", "reasons"), SIGNALS)
def test_signals(
    ask: Ask, rows: Rows, scheme: str, entries: Json, action: str, reasons: tuple[str, ...]
) -> None:
    tables: Json = {
        "rules": [{**rows["grant"], "actions": ["use_ai", "index_search"]}],
        "signals": [{"work_id": "title:T", "scheme": scheme, "entries": entries}],
    }
    assert ask(tables, action=action).reasons == reasons
    tables["rules"][0]["overrides_signal"] = True
    assert ask(tables, action=action).outcome == "ALLOW"


def test_an_allowing_signal_creates_no_right(ask: Ask) -> None:
    signal = {"work_id": "edit:A", "scheme": "AIPREF", "entries": {"train-ai": "y"}}
    assert ask({"rules": [], "signals": [signal]}).reasons == ("NO_GRANT",)
