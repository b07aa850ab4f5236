"""What a rights row in quarantine might have barred is withheld, and what it could not is not."""

from pathlib import Path

import pytest

from curation.catalog.knowledge import QUARANTINED, knowledge_at
from tests.catalog.sheets import GOOD
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


class _Spaced:
    """Finds ids that end in a blank."""

    def fullmatch(self, text: str) -> tuple[str, str] | None:
        return (text, "tt1 ") if "tt1" in text else None
