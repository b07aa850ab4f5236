"""Every reason code is reachable, and comes with its own outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.rights import REASONS, Decision, reason_of

Json = dict[str, Any]
Ask = Callable[..., Decision]


def rule(base: str = "grant", **patch: object) -> tuple[str, Json]:
    return base, dict(patch)


# code -> (extra rows as (base, patch), request fields); a "grant" patch replaces the grant itself
REACHED: dict[str, tuple[list[tuple[str, Json]], Json]] = {
    "NO_GRANT": ([rule(status="DRAFT")], {}),
    "PURPOSE_NOT_GRANTED": ([], {"action": "replica_create"}),
    "LICENSEE_NOT_GRANTED": ([], {"licensee": "other"}),
    "TERRITORY_NOT_GRANTED": ([rule(territory_include=["DE"])], {}),
    "TERRITORY_EXCLUDED": ([rule(territory_exclude=["US"])], {"territories": ["US-CA"]}),
    "TERRITORY_PARTIAL": ([rule(territory_exclude=["US-CA"])], {}),
    "WINDOW_NOT_OPEN": ([rule(start="TBD")], {}),
    "WINDOW_EXPIRED": ([rule(end="2026-01-01")], {}),
    "WINDOW_DOES_NOT_COVER_USE": ([rule(end="2026-11-10T12:30:00Z")], {}),
    "GRANT_REVOKED": ([rule(revoked_at="2026-11-10T12:59:59Z")], {}),
    "GRANT_OTHER_VERSION": ([rule(work_id="edit:B")], {}),
    "SPAN_NOT_GRANTED": ([rule(span=[0, 199])], {}),
    "COMPONENT_NOT_GRANTED": ([rule(components=["dialogue"])], {}),
    "LICENCE_NONCOMMERCIAL": ([rule(licence="CC-BY-NC-4.0")], {}),
    "HOLDBACK_ACTIVE": ([rule("holdback", span=[199, 300])], {}),
    "CARVED_OUT": ([rule("holdback", kind="CARVE_OUT")], {}),
    "RIGHTSHOLDER_OPT_OUT": ([rule("holdback", kind="OPT_OUT")], {}),
    "EXCLUSIVE_TO_OTHER": (
        [rule(), rule("grant", rule_id="G2", assignee="other", exclusive=True)],
        {},
    ),
    "LEGAL_HOLD": ([rule("holdback", kind="LEGAL_HOLD", actions=[])], {}),
    "DUTY_UNFULFILLED": ([rule(duties=[{"code": "NOTICE", "phase": "PRE"}])], {}),
    "THIRD_PARTY_PROHIBITED": ([("clip", {"ai_status": "PROHIBIT"})], {}),
    "THIRD_PARTY_SILENT": ([("clip", {"ai_status": "PERMIT", "licensees": ["other"]})], {}),
    "CONSENT_MISSING": ([("face", {})], {}),
    "CONSENT_REFUSED": ([("face", {}), ("consent", {}), ("consent", {"state": "REFUSED"})], {}),
    "CONSENT_PENDING": ([("face", {}), ("consent", {"state": "PENDING"})], {}),
    "CONSENT_WITHDRAWN": (
        [("face", {}), ("consent", {"withdrawn_at": "2026-11-10T12:30:00Z"})],
        {},
    ),
    "CONSENT_PURPOSE_NOT_COVERED": (
        [("face", {}), ("consent", {"actions": ["train_nongen"]})],
        {},
    ),
    "CONSENT_FACET_NOT_COVERED": ([("face", {}), ("consent", {"facets": ["VOICE"]})], {}),
    "CONSENT_LICENSEE_NOT_COVERED": ([("face", {}), ("consent", {"licensee": "other"})], {}),
    "CONSENT_WINDOW": ([("face", {}), ("consent", {"end": "2026-06-30"})], {}),
    "SIGNAL_NOT_ALLOWED": (
        [("signal", {"scheme": "TDMREP", "entries": {"tdm-reservation": 1}})],
        {},
    ),
    "SIGNAL_CONSTRAINED": (
        [
            (
                "signal",
                {
                    "scheme": "C2PA",
                    "entries": {
                        "c2pa.ai_generative_training": {
                            "use": "constrained",
                            "constraint_info": "x",
                        }
                    },
                },
            )
        ],
        {},
    ),
    "WINDOW_AMBIGUOUS": ([rule(end="2026-11-10", time_zone="UTC")], {}),
    "LICENCE_UNKNOWN": ([rule(licence="LicenseRef-own")], {}),
    "LICENCE_SHARE_ALIKE": ([rule(licence="CC-BY-SA-4.0")], {}),
    "LICENCE_NO_DERIVATIVES": ([rule(licence="CC-BY-ND-4.0")], {}),
    "TARGET_NOT_EDIT_LEVEL": ([], {"work_id": "title:T"}),
    "APPEARANCE_NOT_SURVEYED": ([("survey", {"kind": "EMBEDDED"})], {}),
    "FACE_WITHOUT_APPEARANCE": ([], {"faces": [(199, 300)]}),
    "EMBEDDED_NOT_SURVEYED": ([("survey", {"kind": "APPEARANCE"})], {}),
    "PERFORMER_UNIDENTIFIED": ([("face", {"identity": "CANDIDATE"})], {}),
    "ACTION_UNKNOWN": ([], {"action": "train_telepathy"}),
    "EIDR_CHECK_FAILED": (
        [("work", {"eidr": "10.5240/AAAA-AAAA-AAAA-AAAA-AAAA-A"})],
        {"work_id": "edit:E"},
    ),
}
_TABLE = {
    "grant": "rules",
    "holdback": "rules",
    "clip": "embedded_material",
    "face": "appearances",
    "consent": "consents",
    "signal": "signals",
    "survey": "surveys",
    "work": "works",
}


@pytest.mark.parametrize("code", list(REASONS))
def test_every_reason_is_reachable(
    code: str, ask: Ask, rows: dict[str, Json], rulebook_json: Callable[[Json], Json]
) -> None:
    extra, request = REACHED[code]
    bases: dict[str, Json] = {
        **rows,
        "signal": {"work_id": "edit:A"},
        "survey": {"work_id": "edit:A", "completed_at": "2026-01-01T00:00:00Z"},
        "work": {"work_id": "edit:E", "level": "edit", "parent_id": "title:T"},
    }
    tables: dict[str, list[Json]] = {}
    if not any(base == "grant" for base, _ in extra):
        tables["rules"] = [rows["grant"]]
    if any(base == "work" for base, _ in extra):
        tables["works"] = list(rulebook_json({})["works"])
    for base, patch in extra:
        tables.setdefault(_TABLE[base], []).append({**bases[base], **patch})
    decision = ask(tables, **request)
    met = [reason for reason in decision.reasons if reason.partition(":")[0] == code]
    assert met, decision
    assert decision.outcome == REASONS[code].outcome or code == "EIDR_CHECK_FAILED"
    if code not in ("APPEARANCE_NOT_SURVEYED", "EIDR_CHECK_FAILED"):
        assert len(decision.reasons) == 1


def test_every_reason_says_what_it_means_and_what_cures_it() -> None:
    assert set(REACHED) == set(REASONS)
    for code, reason in REASONS.items():
        assert reason.code == code
        assert reason.meaning.endswith(".")
        assert reason.cure.endswith(".")


def test_a_duty_reason_names_the_duty(ask: Ask, rows: dict[str, Json]) -> None:
    duties = [{"code": "GUILD_NOTICE", "phase": "PRE"}]
    decision = ask({"rules": [{**rows["grant"], "duties": duties}]})
    assert decision.reasons == ("DUTY_UNFULFILLED:GUILD_NOTICE",)
    assert reason_of(decision.reasons[0]).code == "DUTY_UNFULFILLED"
