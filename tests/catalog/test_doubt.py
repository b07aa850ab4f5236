"""What a rights row in quarantine might have barred is withheld, and what it could not is not."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.catalog.doubt import RefusedRow, barred_by
from curation.catalog.knowledge import QUARANTINED, knowledge_at
from curation.rights import Request, Rulebook, decide
from curation.rights.rows import LEVELS
from tests.catalog.sheets import GOOD, OTHER
from tests.catalog.test_ingest import DAY, T0, Studio

WORKS = "work_id,level,parent_id,eidr,year"
LIBRARY = (
    "T,title,,,",
    "E,edit,T,,",
    "F,edit,T,,",
    "M,manifestation,E,,",
    f"X,edit,,{GOOD},",
    f"Y,edit,,{GOOD},",
    "U,title,,,",
    "V,edit,U,,",
)
ALL = {"T", "E", "F", "M", "X", "Y", "U", "V"}
RULES = "rule_id,effect,kind,work_id,status,start,end,supersedes"
GRANT = "G,PERMIT,GRANT,E,EXECUTED,Open,Open,"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path)
    made.write("works", WORKS, *LIBRARY)
    return made


def withheld(studio: Studio) -> set[str]:
    studio.read(T0)
    found = knowledge_at(studio.store, T0 + DAY).withheld
    assert set(found.values()) <= {QUARANTINED}
    return set(found)


@pytest.mark.parametrize(
    ("work", "barred"),
    [("M", {"M", "E"}), ("E", {"E", "M"}), ("T", {"T", "E", "F", "M"}), ("X", {"X", "Y"})],
)
def test_it_acts_where_a_bar_would(studio: Studio, work: str, barred: set[str]) -> None:
    studio.write("rules", RULES, GRANT, f"H,PROHIBIT,LEGAL_HOLD,{work},EXECUTD,,,")
    assert withheld(studio) == barred


@pytest.mark.parametrize(
    ("names", "barred"),
    [
        ("G", {"V", "E", "M"}),
        ('["G"]', {"V", "E", "M"}),
        ("R", {"V"}),
        ("nobody", ALL),
        ("[", ALL),
    ],
)
def test_an_amendment_in_quarantine_opens_no_grant_that_it_ends(
    studio: Studio, names: str, barred: set[str]
) -> None:
    cell = '"' + names.replace('"', '""') + '"'
    studio.write(
        "rules",
        RULES,
        GRANT,
        "R,PERMIT,GRANT,V,EXECUTD,Open,Open,",
        f"N,PERMIT,GRANT,V,EXECUTD,Open,Open,{cell}",
    )
    assert withheld(studio) == barred


@pytest.mark.parametrize(
    ("row", "barred"),
    [
        ("C,manifestation,E,,19x", {"E"}),
        ("C,manifestaton,E,,", {"E"}),
        ("C,manifestation,EE,,", ALL),
        ("C,edit,TT,,", set()),
        (f"C,edit,T,{GOOD},19x", {"X", "Y"}),
        (f"{GOOD},edit,T,,19x", {"X", "Y"}),
    ],
)
def test_a_bar_on_a_work_in_quarantine_acts_on_its_kin(
    studio: Studio, row: str, barred: set[str]
) -> None:
    studio.write("works", WORKS, *LIBRARY, row)
    studio.write("rules", RULES, f"H,PROHIBIT,LEGAL_HOLD,{row.partition(',')[0]},EXECUTED,,,")
    assert withheld(studio) == barred


def test_a_work_alone_in_quarantine_bars_nothing_unknown(studio: Studio) -> None:
    studio.write("works", WORKS, *LIBRARY, "C,manifestation,EE,,")
    assert withheld(studio) == set()


def test_an_unreadable_consent_is_of_all_whose_name_is_alike(studio: Studio) -> None:
    studio.write(
        "appearances", "work_id,facet,identity,party_id", "F,FACE,CONFIRMED,P", "V,FACE,CONFIRMED,p"
    )
    studio.write("consents", "party_id,state", "P,REFUSD")
    assert withheld(studio) == {"F", "V"}


RETIRED = "2026-10-01T00:00:00Z"
LATER = "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("works", "rules"),
    [
        ((), (f"G,PERMIT,GRANT,E,EXECUTED,Open,Open,,{RETIRED}", "N,PERMIT,GRANT,E,,,,G,")),
        ((f"S,edit,T,,,,{RETIRED}",), ("H,PROHIBIT,LEGAL_HOLD,S,EXECUTED,,,,",)),
        ((f"S,edit,T,,,{LATER},",), ("H,PROHIBIT,LEGAL_HOLD,S,EXECUTED,,,,",)),
        ((f"R,title,,,,,{RETIRED}", f"S,edit,R,,,,{RETIRED}"), ("H,PROHIBIT,LEGAL_HOLD,S,,,,,",)),
    ],
)
def test_a_row_may_name_one_that_is_not_known_any_more_or_yet(
    studio: Studio, works: tuple[str, ...], rules: tuple[str, ...]
) -> None:
    plain = [f"{row},," for row in LIBRARY]
    studio.write("works", f"{WORKS},recorded_at,retired_at", *plain, *works)
    studio.write("rules", f"{RULES},retired_at", *rules)
    assert studio.read(T0).quarantined == {}
    known = knowledge_at(studio.store, T0 + DAY)
    assert not known.withheld
    assert {row.rule_id for row in known.rulebook.rules} == {row[0] for row in rules}
    assert known.rulebook.work("S", known.known_at) is None


def test_evidence_that_an_older_engine_took_does_not_bring_down_the_library(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curation.catalog import ingest
    from curation.storage import Place
    from tests.catalog.test_claims import record, written

    studio.read(T0)
    lists = written(tmp_path / "lists", {"http://www.imdb.com/title/tt1/": record()})
    with monkeypatch.context() as older:
        older.setattr("curation.rights.row_parsing.complaints", lambda row: ())
        older.setattr("curation.rights.rulebook.complaints", lambda row: ())
        older.setattr("curation.catalog.free_imdb._TITLE_URL", _Spaced())
        ingest(studio.store, Place.parse(lists), Place.parse(studio.library), now=T0 + DAY)
    works = knowledge_at(studio.store, T0 + DAY).rulebook.works
    assert {work.work_id for work in works} == ALL


EIDRS = [None, None, None, OTHER, GOOD, f"md:cid:eidr-x:{GOOD[8:]}:ext"]
GRANTED = {
    "effect": "PERMIT",
    "kind": "GRANT",
    "inherit": "ALL_EDITS",
    "actions": ["use_ai"],
    "assignee": "*",
    "territory_include": ["001"],
    "status": "EXECUTED",
}
HOLD = {"effect": "PROHIBIT", "kind": "LEGAL_HOLD", "status": "EXECUTED"}


@st.composite
def families(draw: st.DrawFn) -> list[dict[str, Any]]:
    works: list[dict[str, Any]] = []
    for number in range(draw(st.integers(2, 8))):
        level = draw(st.sampled_from(["title", "edit", "edit", "manifestation"]))
        above = [w["work_id"] for w in works if LEVELS.index(w["level"]) < LEVELS.index(level)]
        parent = draw(st.sampled_from([None, *above, *above]))
        eidr = draw(st.sampled_from(EIDRS))
        works.append({"work_id": f"W{number}", "level": level, "parent_id": parent, "eidr": eidr})
    return works


@settings(max_examples=300, deadline=None)
@given(works=families(), data=st.data())
def test_no_bar_is_lost_with_its_row(works: list[dict[str, Any]], data: st.DataObject) -> None:
    """What the whole rulebook bars is barred or withheld without the row, and without its work."""
    names = [work["work_id"] for work in works]
    target = data.draw(st.sampled_from(names))
    grants = [{**GRANTED, "rule_id": f"G{name}", "work_id": name} for name in names]
    amended = data.draw(st.sampled_from([None, *names]))
    bar: dict[str, Any] = {**HOLD, "rule_id": "H", "work_id": target}
    if amended is not None:
        bar |= {**GRANTED, "actions": ["index_search"], "supersedes": [f"G{amended}"]}
    refused = [RefusedRow("rules", target, None, bar)]
    whole = Rulebook.from_json({"works": works, "rules": [*grants, bar]})
    is_leaf = all(work["parent_id"] != target for work in works)
    gone = {target} if is_leaf and data.draw(st.booleans()) else set[str]()
    refused += [RefusedRow("works", target, None, w) for w in works if w["work_id"] in gone]
    refused += [RefusedRow("rules", target, None, g) for g in grants if g["work_id"] in gone]
    left = {
        "works": [work for work in works if work["work_id"] not in gone],
        "rules": [grant for grant in grants if grant["work_id"] not in gone],
    }
    part = Rulebook.from_json(left)
    held = barred_by(refused, part, T0)

    def findings(book: Rulebook, name: str) -> set[str]:
        request = Request(
            work_id=name,
            components=("picture",),
            action="train_gen",
            licensee="lab",
            territories=("US",),
            use_from=T0,
            use_until=T0 + DAY,
            known_at=T0,
        )
        surveys = {"APPEARANCE_NOT_SURVEYED", "EMBEDDED_NOT_SURVEYED"}
        return set(decide(book, request).reasons) - surveys

    for name in set(names) - gone:
        assert name in held or findings(part, name) or not findings(whole, name)


class _Spaced:
    """Finds ids that end in a blank."""

    def fullmatch(self, text: str) -> tuple[str, str] | None:
        return (text, "tt1 ") if "tt1" in text else None
