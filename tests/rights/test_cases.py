"""The worked cases of the shared specification."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from curation.rights import Request, Rulebook, decide

_ROOT = Path(__file__).resolve().parents[2]
_SHARED = Path(os.environ.get("CURATION_SHARED", _ROOT.parent / "shared"))
_FILE = _SHARED / "rights" / "cases.json"
_CASES: list[dict[str, Any]] = json.loads(_FILE.read_text()) if _FILE.exists() else []


@pytest.mark.skipif(not _CASES, reason="the worked cases are not on this machine")
@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case['case']}: {case['what']}")
def test_worked_case(case: dict[str, Any]) -> None:
    decision = decide(Rulebook.from_json(case["rulebook"]), Request.from_json(case["request"]))
    assert decision.outcome == case["expect"]["outcome"], decision
    assert set(case["expect"]["reasons_include"]) <= set(decision.reasons)
