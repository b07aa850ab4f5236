"""Policies and assertions grant what the rights engine granted, and nothing beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from curation.papers.odrl import CONTEXT, agreement, profile
from curation.papers.terms import IN_WORDS, Terms, TermsError, granted, terms_of, urn
from curation.papers.training_mining import ENTRIES, assertion
from curation.rights import ACTIONS, Outcome, Request, Rulebook, decide, signals
from curation.rights.actions import permits
from tests.rights.random_books import WORKS, books, questions, wide_grants

Json = dict[str, Any]
YES = Terms(
    licensee="lab",
    action="train_gen_pretrain",
    territories=("US", "GB"),
    use_from="2026-12-01T00:00:00Z",
    use_until="2031-12-01T00:00:00Z",
    commercial=True,
    components=("picture",),
    duties=(("ATTRIBUTE", "POST"), ("NOTIFY_GUILD", "PRE"), ("X_OWN", "DURING")),
)
terms = st.builds(
    Terms,
    licensee=st.sampled_from(["lab", "other lab", "é/ü"]),
    action=st.sampled_from(ACTIONS),
    territories=st.lists(st.sampled_from(["US", "GB", "001", "US-CA"]), min_size=1).map(tuple),
    use_from=st.just("2026-12-01T00:00:00Z"),
    use_until=st.sampled_from(["2027-12-01T00:00:00Z", "2031-12-01T00:00:00Z"]),
    commercial=st.booleans(),
    components=st.just(("picture",)),
)


def policy(of: Terms) -> Json:
    return agreement(of, release_id="r-1", assigner="studio")


def allows(
    policy: Json, *, assignee: str, action: str, territory: str, at: str, commercial: bool
) -> bool:
    """What ODRL 2.2 makes of a use: a prohibition that fits it wins, then a permission decides.

    Actions fit those that contain them, by the profile.
    """

    def holds(limit: Json) -> bool:
        value = limit["rightOperand"]
        match limit["leftOperand"]:
            case "spatial":
                return territory in value
            case "purpose":
                return not commercial
        then, now = map(datetime.fromisoformat, (value["@value"], at))
        return {"gteq": now >= then, "lt": now < then, "lteq": now <= then}[limit["operator"]]

    def fits(rule: Json) -> bool:
        above = {urn("action", one) for one in ACTIONS if permits((one,), action)}
        core = {"distribute_dataset": "distribute", "index_search": "index"}.get(action)
        return (
            rule["assignee"] == urn("party", assignee)
            and rule["action"] in above | {core}
            and all(map(holds, rule.get("constraint", ())))
        )

    assert policy["conflict"] == "prohibit"
    if any(map(fits, policy["prohibition"])):
        return False
    return any(map(fits, policy["permission"]))


def use(of: Terms, **other: Any) -> Json:
    asked = {
        "assignee": of.licensee,
        "action": of.action,
        "territory": of.territories[0],
        "at": of.use_from,
        "commercial": of.commercial,
    }
    return {**asked, **other}


@given(terms)
def test_a_policy_allows_the_very_use_it_is_for(of: Terms) -> None:
    assert allows(policy(of), **use(of))


@given(terms, st.sampled_from(ACTIONS), st.booleans())
def test_a_policy_allows_nothing_beyond_its_terms(of: Terms, action: str, commercial: bool) -> None:
    said = policy(of)
    assert not allows(said, **use(of, assignee="stranger"))
    assert not allows(said, **use(of, territory="FR"))
    assert not allows(said, **use(of, at="2026-11-30T23:59:59Z"))
    assert not allows(said, **use(of, at=of.use_until))
    if not of.commercial:
        assert not allows(said, **use(of, commercial=True))
    assert allows(said, **use(of, action=action)) == permits((of.action,), action)


@settings(max_examples=100, deadline=None)
@given(books(), wide_grants, questions, st.sampled_from(ACTIONS))
def test_what_a_policy_allows_the_engine_allows(
    book: Json, wide: Json, question: Json, action: str
) -> None:
    """For any rulebook: a use that the policy of a decision permits is ALLOW by itself."""
    rules = [*book["rules"], {**wide, "rule_id": "wide"}]
    rulebook = Rulebook.from_json({**book, "rules": rules, "surveys": SURVEYS})
    request = Request.from_json(QUESTION | question)
    decision = decide(rulebook, request)
    event(f"the decision is {decision.outcome}")
    if decision.outcome is not Outcome.ALLOW:
        with pytest.raises(TermsError, match="which grants nothing"):
            granted(request, decision)
        return
    of = granted(request, decision)
    for territory in request.territories:
        if allows(policy(of), **use(of, action=action, territory=territory)):
            smaller = replace(request, action=action, territories=(territory,))
            assert decide(rulebook, smaller).outcome is Outcome.ALLOW


SURVEYS: list[Json] = [
    {"work_id": work["work_id"], "kind": kind, "completed_at": "2026-01-01T00:00:00Z"}
    for work in WORKS
    for kind in ("APPEARANCE", "EMBEDDED")
]
QUESTION: Json = {
    "work_id": "edit:A",
    "components": ["picture"],
    "action": "train_gen",
    "licensee": "acme",
    "territories": ["US"],
    "use_from": "2026-11-10T12:00:00Z",
    "use_until": "2026-11-10T13:00:00Z",
    "known_at": "2026-11-10T12:00:00Z",
}


def test_an_agreement_has_what_odrl_asks_of_one() -> None:
    said = policy(YES)
    assert (said["@context"], said["type"], said["conflict"]) == (CONTEXT, "Agreement", "prohibit")
    (permission,) = said["permission"]
    assert permission["action"] == "urn:film-curation:action:train_gen_pretrain"
    for rule in (*said["permission"], *said["prohibition"], *said["obligation"]):
        assert rule["assigner"] == "urn:film-curation:party:studio"
        assert rule["assignee"] == "urn:film-curation:party:lab"
        assert rule["target"] == "urn:film-curation:release:r-1"
    (before,) = permission["duty"]
    assert (before["action"], before["uid"][-12:]) == ("inform", "NOTIFY_GUILD")
    owed = [duty["action"] for duty in said["obligation"]]
    assert owed == ["attribute", "urn:film-curation:duty-action:X_OWN", "delete"]
    assert said["obligation"][-1]["constraint"][0]["rightOperand"]["@value"] == YES.use_until


def test_a_policy_is_one_graph_without_a_loose_end() -> None:
    """Read as RDF, with the terms of ODRL's own context as far as they are used here."""
    rdflib = pytest.importorskip("rdflib")
    odrl = "http://www.w3.org/ns/odrl/2/"
    as_ids = ("assigner", "assignee", "target", "profile", "duty", "permission", "prohibition")
    context: Json = {"@vocab": odrl, "uid": "@id", "type": "@type"}
    context |= {name: {"@id": odrl + name, "@type": "@id"} for name in (*as_ids, "obligation")}
    context |= {
        name: {"@id": odrl + name, "@type": "@vocab"}
        for name in ("action", "conflict", "leftOperand", "operator", "includedIn")
    }
    context["rdfs"] = "http://www.w3.org/2000/01/rdf-schema#"
    graph = rdflib.Graph()
    for paper in (policy(YES), profile()):
        graph.parse(data=paper | {"@context": context}, format="json-ld")
    query = f"""
        SELECT ?action WHERE {{
            ?policy a <{odrl}Agreement> ; <{odrl}conflict> <{odrl}prohibit> ;
                    <{odrl}permission>/<{odrl}action> ?action .
            ?action <{odrl}includedIn>+ <{odrl}use> .
        }}
    """
    assert [str(row[0]) for row in graph.query(query)] == [urn("action", YES.action)]


def test_the_profile_holds_every_action_of_the_engine() -> None:
    above = {node["uid"]: node["includedIn"] for node in profile()["@graph"]}
    assert set(above) == {urn("action", action) for action in ACTIONS}
    assert set(IN_WORDS) == set(ACTIONS)
    assert above[urn("action", "train_gen_pretrain")] == urn("action", "train_gen")
    assert above[urn("action", "train_gen")] == urn("action", "train")
    assert above[urn("action", "retain_model")] == "use"


@given(terms)
def test_an_assertion_never_allows_and_bars_all_that_is_not_licensed(of: Terms) -> None:
    entries = assertion(of, policy="policy.odrl.json")["data"]["entries"]
    assert set(entries) == set(ENTRIES)
    for entry, actions in ENTRIES.items():
        said = entries[entry]
        if said["use"] == "constrained":
            assert of.licensee in said["constraint_info"]
            assert any(permits((a,), of.action) or permits((of.action,), a) for a in actions)
        else:
            assert said == {"use": "notAllowed"}


def test_the_engine_reads_an_assertion_as_it_was_meant() -> None:
    assert {name.partition(".")[2]: actions for name, actions in ENTRIES.items()} == signals._CAWG
    entries = assertion(YES, policy="p")["data"]["entries"]
    uses: Mapping[str, str] = {name: entry["use"] for name, entry in entries.items()}
    assert uses == {
        "cawg.ai_generative_training": "constrained",
        "cawg.ai_inference": "notAllowed",
        "cawg.ai_training": "notAllowed",
        "cawg.data_mining": "notAllowed",
    }


def test_terms_that_grant_nothing_are_refused() -> None:
    request = {**QUESTION, "commercial": True}
    with pytest.raises(TermsError, match="is no known action"):
        terms_of(request | {"action": "anything"})
    with pytest.raises(TermsError, match="no territory is named"):
        terms_of(request | {"territories": []})
    of = terms_of(request, ["B@POST", "A@PRE", "B@POST"])
    assert of.duties == (("A", "PRE"), ("B", "POST"))
