"""The policy of a release: an ODRL 2.2 agreement between the studio and one licensee.

W3C ODRL Information Model 2.2, https://www.w3.org/TR/odrl-model/: an Agreement names assigner and
assignee in its rules (2.1.3); a duty *of a permission* is a condition that must be met before it
(2.6.6), an obligation of the policy one that must be met at all (2.6.5), hence duties of phase PRE
are the first and all others the second; and of a permission and a prohibition that meet, the
prohibition wins only if ``conflict`` says so (2.10): left out, the whole policy would be void.

The vocabulary has no action for training, so that the rights engine's actions are those of a
profile (3), which travels with the policy.
"""

from __future__ import annotations

from typing import Any, Final

from curation.papers.terms import IN_WORDS, Terms, urn
from curation.rights import ACTIONS
from curation.rights.actions import permits

CONTEXT: Final = "http://www.w3.org/ns/odrl.jsonld"
PROFILE: Final = urn("odrl", "1")
_XSD: Final = "http://www.w3.org/2001/XMLSchema#dateTime"

_OWED: Final = {
    "ATTRIBUTE": "attribute",
    "ATTRIBUTION": "attribute",
    "CREDIT": "attribute",
    "COMPENSATE": "compensate",
    "PAY": "compensate",
    "PAYMENT": "compensate",
    "ROYALTY": "compensate",
    "DELETE": "delete",
    "DESTROY": "delete",
    "INFORM": "inform",
    "NOTICE": "inform",
    "NOTIFY": "inform",
    "REPORT": "inform",
    "WATERMARK": "watermark",
}
"""The first word of a duty's code, and the action of the ODRL vocabulary that it is."""

_CORE: Final = {"distribute_dataset": "distribute", "index_search": "index"}
"""Actions of ours that the ODRL vocabulary has too (4.1, 4.2 of the ODRL Vocabulary)."""

_NEVER: Final = ("sell", "grantUse", "transfer")
"""What no release of ours lets its licensee do: it may not hand on the licence or the clips."""


def agreement(terms: Terms, *, release_id: str, assigner: str) -> dict[str, Any]:
    """The policy of a release as JSON-LD; it permits what the terms say and nothing besides."""
    parties = {"assigner": urn("party", assigner), "assignee": urn("party", terms.licensee)}
    target = urn("release", release_id)
    permission: dict[str, Any] = {
        **parties,
        "target": target,
        "action": _action(terms.action),
        "constraint": _limits(terms),
    }
    before = [code for code, phase in terms.duties if phase == "PRE"]
    if before:
        permission["duty"] = [{**parties, **_owed(release_id, code)} for code in before]
    owed = [_owed(release_id, code) for code, phase in terms.duties if phase != "PRE"]
    owed.append(_ending(release_id, terms))
    prohibited = [_CORE.get(action) or _action(action) for action in terms.reserved]
    return {
        "@context": CONTEXT,
        "type": "Agreement",
        "uid": urn("policy", release_id),
        "profile": PROFILE,
        "conflict": "prohibit",
        "permission": [permission],
        "prohibition": [
            {**parties, "target": target, "action": action} for action in (*prohibited, *_NEVER)
        ],
        "obligation": [{**parties, "target": target, **duty} for duty in owed],
    }


def profile() -> dict[str, Any]:
    """The profile: each action of the rights engine, and which one contains it."""
    actions = []
    for action in ACTIONS:
        above = [other for other in ACTIONS if _is_above(other, action)]
        nearest = next((one for one in above if not any(_is_above(one, o) for o in above)), None)
        actions.append(
            {
                "uid": _action(action),
                "type": "Action",
                "rdfs:label": IN_WORDS[action],
                "rdfs:isDefinedBy": {"@id": PROFILE},
                "includedIn": _action(nearest) if nearest else "use",
            }
        )
    return {"@context": CONTEXT, "@graph": actions}


def _is_above(one: str, other: str) -> bool:
    return one != other and permits((one,), other)


def _action(action: str) -> str:
    return urn("action", action)


def _limits(terms: Terms) -> list[dict[str, Any]]:
    """All of them must hold: a list of constraints is read as their conjunction (2.5.3)."""
    limits: list[dict[str, Any]] = [
        {
            "leftOperand": "spatial",
            "operator": "isAnyOf",
            "rightOperand": list(terms.territories),
        },
        _at("gteq", terms.use_from),
        _at("lt", terms.use_until),
    ]
    if not terms.commercial:
        limits.append(
            {
                "leftOperand": "purpose",
                "operator": "eq",
                "rightOperand": {"@id": urn("purpose", "non-commercial")},
            }
        )
    return limits


def _at(operator: str, instant: str) -> dict[str, Any]:
    value = {"@value": instant, "@type": _XSD}
    return {"leftOperand": "dateTime", "operator": operator, "rightOperand": value}


def _owed(release_id: str, code: str) -> dict[str, Any]:
    """A duty by its code: an action of the vocabulary if its first word is one, else our own."""
    first = code.upper().replace("-", "_").partition("_")[0]
    return {
        "uid": urn("duty", f"{release_id}/{code}"),
        "action": _OWED.get(first) or urn("duty-action", code),
    }


def _ending(release_id: str, terms: Terms) -> dict[str, Any]:
    """Use ends at an instant, so no copy may be left by then."""
    return {
        "uid": urn("duty", f"{release_id}/DELETE_AT_END"),
        "action": "delete",
        "constraint": [_at("lteq", terms.use_until)],
    }
