"""A small film to ask about: one title, two edits, one grant to one licensee, all surveyed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from curation.rights import Decision, PerformerGate, Request, Rulebook, decide

Json = dict[str, Any]
Ask = Callable[..., Decision]

GRANT: Json = {
    "rule_id": "G1",
    "effect": "PERMIT",
    "kind": "GRANT",
    "work_id": "title:T",
    "inherit": "ALL_EDITS",
    "actions": ["train_gen"],
    "assignee": "acme",
    "territory_include": ["001"],
    "status": "EXECUTED",
}
HOLDBACK: Json = {
    "rule_id": "P1",
    "effect": "PROHIBIT",
    "kind": "HOLDBACK",
    "work_id": "title:T",
    "inherit": "ALL_EDITS",
    "actions": ["train_gen"],
    "assignee": "*",
    "territory_include": ["001"],
    "status": "EXECUTED",
}
CONSENT: Json = {
    "party_id": "perf:A",
    "state": "GRANTED",
    "actions": ["train_gen"],
    "licensee": "*",
    "facets": ["FACE", "BODY", "VOICE"],
}
FACE: Json = {
    "work_id": "edit:A",
    "span": [150, 300],
    "party_id": "perf:A",
    "facet": "FACE",
    "identity": "CONFIRMED",
}
CLIP: Json = {
    "work_id": "edit:A",
    "span": [199, 250],
    "component": "picture",
    "kind": "STOCK_FOOTAGE",
    "ai_status": "SILENT",
}


def _rulebook(patch: Mapping[str, list[Json]]) -> Json:
    book: Json = {
        "works": [
            {"work_id": "series:S", "level": "series"},
            {"work_id": "title:T", "level": "title", "parent_id": "series:S"},
            {"work_id": "edit:A", "level": "edit", "parent_id": "title:T"},
            {"work_id": "edit:B", "level": "edit", "parent_id": "title:T"},
            {"work_id": "copy:A", "level": "manifestation", "parent_id": "edit:A"},
        ],
        "rules": [dict(GRANT)],
        "surveys": [
            {"work_id": edit, "kind": kind, "completed_at": "2026-01-01T00:00:00Z"}
            for edit in ("edit:A", "edit:B", "title:T")
            for kind in ("APPEARANCE", "EMBEDDED")
        ],
    }
    return {**book, **patch}


def _request(**patch: object) -> Json:
    request: Json = {
        "work_id": "edit:A",
        "span": [100, 200],
        "components": ["picture"],
        "action": "train_gen_finetune",
        "licensee": "acme",
        "territories": ["US"],
        "use_from": "2026-11-10T12:00:00Z",
        "use_until": "2026-11-10T13:00:00Z",
        "known_at": "2026-11-10T12:00:00Z",
    }
    return {**request, **patch}


@pytest.fixture(scope="session")
def ask() -> Ask:
    """`ask(tables, gate=…, faces=…, **request)`: the decision with what is given replaced."""

    def _ask(
        tables: Mapping[str, list[Json]] | None = None,
        gate: PerformerGate = PerformerGate.ALL_TRAINING,
        faces: Sequence[tuple[int, int]] = (),
        **request: object,
    ) -> Decision:
        book = Rulebook.from_json(_rulebook(tables or {}))
        asked = Request.from_json(_request(**request))
        return decide(book, asked, performer_gate=gate, faces=faces)

    return _ask


@pytest.fixture(scope="session")
def rows() -> Mapping[str, Json]:
    """Sound rows to vary: grant, holdback, consent, face, clip."""
    return {"grant": GRANT, "holdback": HOLDBACK, "consent": CONSENT, "face": FACE, "clip": CLIP}


@pytest.fixture(scope="session")
def rulebook_json() -> Callable[[Mapping[str, list[Json]]], Json]:
    """The film's rulebook with tables replaced."""
    return _rulebook


@pytest.fixture(scope="session")
def request_json() -> Callable[..., Json]:
    """The request with fields replaced."""
    return _request
