"""Random rulebooks, rich in rows, over one small family of works."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from curation.rights import ACTIONS
from curation.rights.territories import undone

Json = dict[str, Any]
SEVERITY = {"ALLOW": 0, "REVIEW": 1, "DENY": 2}
GROUP = {"group_id": "group:g", "members": ["member"]}

EIDR = "10.5240/7EC7-228A-510A-053E-CBB8-J"
WORKS: list[Json] = [
    {"work_id": "series:S", "level": "series"},
    {"work_id": "title:T", "level": "title", "parent_id": "series:S"},
    {"work_id": "edit:A", "level": "edit", "parent_id": "title:T", "eidr": EIDR},
    {"work_id": "edit:B", "level": "edit", "parent_id": "title:T"},
    {"work_id": "copy:A", "level": "manifestation", "parent_id": "edit:A"},
    {"work_id": "title:Z", "level": "title"},
    {"work_id": "edit:Z", "level": "edit", "parent_id": "title:Z", "eidr": f"doi:{EIDR}"},
]
"""Two titles, of which one edit is recorded under both."""
_LINES = (
    {"series:S", "title:T", "edit:A", "copy:A"},
    {"series:S", "title:T", "edit:B"},
    {"title:Z", "edit:Z"},
)

works = st.sampled_from(
    ["series:S", "title:T", "title:T", "edit:A", "edit:A", "edit:B", "copy:A", "edit:Z", "title:Z"]
)
near = st.sampled_from(["train_gen", "train_gen_finetune", "train", "use_ai"])
actions = st.lists(st.one_of(near, st.sampled_from(ACTIONS)), min_size=1, max_size=3, unique=True)
parties = st.sampled_from(["acme", "acme", "other", "*", "group:g"])
barred = st.sampled_from(["acme", "ACME", "other", "*", "group:g", "Group:G"])
codes = st.sampled_from(["001", "US", "US-CA", "PR", "CA", "CA-QC", "DE"])
include = st.lists(codes, min_size=1, max_size=3, unique=True)
exclude = st.lists(codes, max_size=1)
starts = st.sampled_from(
    [None, None, "Open", "2026-11-10", "2026-11-10T12:30:00Z", "2026-01-01", "TBD"]
)
ends = st.sampled_from([None, None, "Open", "2026-11-10T12:45:00Z", "2026-11-11", "2027-01-01"])
spans = st.sampled_from([None, [0, 1000], [100, 200], [150, 160], [150, 200], [200, 300]])
parts = st.sampled_from([None, ["picture"], ["dialogue"], ["picture", "dialogue"]])
later = st.sampled_from([None, None, None, "2026-06-01T00:00:00Z", "2026-12-01T00:00:00Z"])


def record(**fields: object) -> st.SearchStrategy[Json]:
    """Rows with those fields, values that are no strategy taken as they stand."""
    return st.fixed_dictionaries(
        {
            name: value if isinstance(value, st.SearchStrategy) else st.just(value)
            for name, value in fields.items()
        }
    )


grants = record(
    effect="PERMIT",
    kind="GRANT",
    work_id=works,
    inherit=st.sampled_from(["ALL_EDITS", "ALL_EDITS", "THIS_ONLY", None]),
    actions=actions,
    assignee=parties,
    territory_include=include,
    territory_exclude=exclude,
    start=starts,
    end=ends,
    span=spans,
    components=parts,
    overrides_signal=st.booleans(),
    licence=st.sampled_from([None, None, "CC0-1.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0"]),
    status=st.sampled_from(["EXECUTED", "EXECUTED", "EXECUTED", "DRAFT", None]),
    recorded_at=later,
)
wide_grants = record(
    effect="PERMIT",
    kind="GRANT",
    work_id="title:T",
    inherit="ALL_EDITS",
    actions=["use_ai"],
    assignee="*",
    territory_include=["001"],
    span=spans,
    overrides_signal=st.booleans(),
    status="EXECUTED",
)
prohibitions = record(
    effect="PROHIBIT",
    kind=st.sampled_from(["HOLDBACK", "CARVE_OUT", "OPT_OUT", "LEGAL_HOLD"]),
    work_id=works,
    actions=actions,
    assignee=barred,
    territory_include=include,
    territory_exclude=exclude,
    start=starts,
    end=ends,
    span=spans,
    components=parts,
    except_for=st.lists(st.sampled_from(["r0", "r1", "r2"]), max_size=1),
    status=st.sampled_from(["EXECUTED", "EXECUTED", None, "DRAFT"]),
).filter(lambda row: not undone(row["territory_include"], row["territory_exclude"]))
appearances = record(
    work_id=works,
    span=spans,
    party_id=st.sampled_from(["perf:A", "perf:B"]),
    facet=st.sampled_from(["FACE", "VOICE"]),
    identity=st.sampled_from(["CONFIRMED", "CONFIRMED", "CANDIDATE", "UNIDENTIFIED"]),
    recorded_at=later,
)
consents = record(
    party_id=st.sampled_from(["perf:A", "perf:B"]),
    state=st.sampled_from(["GRANTED", "GRANTED", "REFUSED", "WITHDRAWN", "PENDING"]),
    work_id=st.one_of(st.none(), works),
    actions=actions,
    licensee=parties,
    facets=st.sampled_from([["FACE"], ["FACE", "VOICE"]]),
    end=ends,
)
embedded = record(
    work_id=works,
    span=spans,
    component=st.sampled_from([None, "picture", "dialogue", "music"]),
    kind="STILL",
    ai_status=st.sampled_from(["PERMIT", "PERMIT", "PROHIBIT", "SILENT"]),
    licensees=st.lists(parties, max_size=1),
)
signals = record(
    work_id=works,
    scheme="AIPREF",
    entries=st.sampled_from([{"train-ai": "n"}, {"search": "n"}, {"train-ai": "y"}]),
)
questions = record(
    work_id=st.sampled_from(["edit:A", "edit:A", "edit:B", "copy:A", "title:T", "edit:Z"]),
    action=st.one_of(near, st.sampled_from([*ACTIONS, "dream"])),
    licensee=st.sampled_from(["acme", "acme", "member"]),
    territories=st.lists(codes, min_size=1, max_size=2, unique=True),
    span=st.sampled_from([None, [100, 200], [150, 151], [120, 260]]),
    components=st.sampled_from([["picture"], ["picture", "dialogue"], ["music"]]),
)


def related(one: Json, other: Json) -> bool:
    """Whether the rules' works are one, or one of them stands above the other."""
    return any({one["work_id"], other["work_id"]} <= line for line in _LINES)


def tables(rules: list[Json]) -> Json:
    """The rules numbered `r0`, `r1`, …, with the works and the group."""
    numbered = [{"rule_id": f"r{number}", **rule} for number, rule in enumerate(rules)]
    return {"works": WORKS, "rules": numbered, "party_groups": [GROUP]}


@st.composite
def books(draw: st.DrawFn) -> Json:
    """Tables with rows of every kind; a later rule may supersede an earlier one."""
    rules: list[Json] = []
    for rule in draw(st.lists(st.one_of(grants, wide_grants, prohibitions), max_size=5)):
        aims = [
            earlier["rule_id"]
            for earlier in rules
            if earlier["effect"] == "PROHIBIT" and related(earlier, rule)
        ]
        amends = draw(st.lists(st.sampled_from(aims), max_size=1)) if aims else []
        exclusive = rule["effect"] == "PERMIT" and draw(st.integers(0, 4)) == 0
        rules.append(
            {"rule_id": f"r{len(rules)}", **rule, "supersedes": amends, "exclusive": exclusive}
        )
    return {
        "works": WORKS,
        "rules": rules,
        "party_groups": [GROUP],
        "appearances": draw(st.lists(appearances, max_size=3)),
        "consents": draw(st.lists(consents, max_size=3)),
        "embedded_material": draw(st.lists(embedded, max_size=2)),
        "signals": draw(st.lists(signals, max_size=1)),
    }
