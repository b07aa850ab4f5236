"""Evidence about a work of the studio's is linked to it, doubts it where it must, never grants."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from curation.catalog import ingest
from curation.catalog.knowledge import Knowledge, knowledge_at
from curation.catalog.works import with_evidence
from curation.rights import Outcome, Request, decide
from curation.storage import Place
from curation.tables.query import connect
from tests.catalog.sheets import BAD, GOOD, OTHER, workbook
from tests.catalog.test_claims import record, written
from tests.catalog.test_evidence_xml import MEC
from tests.catalog.test_ingest import DAY, T0, Studio

URN = "urn:eidr:" + GOOD.replace("/", ":")
WRONG_CHECK = GOOD[:-1] + "7"
RABBITS = "md:cid:org:spud.com:rabbits"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A studio whose title bears an EIDR, in another spelling than the avails'."""
    made = Studio(tmp_path)
    made.write(
        "works",
        "work_id,level,parent_id,eidr",
        f"W1,title,,{URN}",
        "W1-cut,edit,W1,",
        "W2,title,,",
        f"{RABBITS},title,,",
    )
    made.write("assets", "asset_path,work_id", "film.mp4,W1-cut")
    made.write("surveys", "work_id,kind", "W1-cut,APPEARANCE")
    made.read(T0)
    return made


def told(studio: Studio, place: Path, at: datetime = T0 + DAY) -> Knowledge:
    """What is known after evidence at a place was read."""
    ingest(studio.store, Place.parse(place), Place.parse(studio.library), now=at)
    return knowledge_at(studio.store, at)


def asked(known: Knowledge, work_id: str) -> Outcome:
    request = Request(
        work_id=work_id,
        components=("picture",),
        action="train_gen",
        licensee="Sofa Spud",
        territories=("US",),
        use_from=T0,
        use_until=T0 + DAY,
        known_at=known.known_at,
    )
    return decide(known.rulebook, request).outcome


def links(studio: Studio) -> set[tuple[str, str, str, str]]:
    query = "SELECT work_id, evidence, stated_work_id, linked_by FROM linked_evidence"
    with connect(studio.store) as connection:
        return set(connection.execute(query).fetchall())


def test_an_avail_is_linked_by_its_eidr(studio: Studio, tmp_path: Path) -> None:
    row = {"EditID": OTHER, "Start": "2026-01-01", "End": "Open", "LicenseType": "Library"}
    known = told(studio, workbook(tmp_path / "a.xlsx", [row]))
    assert links(studio) == {("W1", "avails", OTHER, "eidr")}
    works = {work.work_id: work.parent_id for work in known.rulebook.works}
    assert GOOD not in works
    assert works[OTHER] == "W1"
    assert not known.withheld
    assert not known.rulebook.rules
    assert {asked(known, name) for name in ("W1", "W1-cut", OTHER)} == {Outcome.DENY}


def test_a_claim_is_linked_by_the_id_of_its_work(studio: Studio, tmp_path: Path) -> None:
    studio.write("works", "work_id,level,parent_id", "imdb:tt1,title,", "E,edit,imdb:tt1")
    studio.write("assets", "asset_path,work_id", "film.mp4,E")
    studio.write("surveys", "work_id,kind", "E,APPEARANCE")
    studio.read(T0 + DAY / 2)
    claims = {"http://www.imdb.com/title/tt1/": record("free")}
    known = told(studio, written(tmp_path / "lists", claims))
    assert links(studio) == {("imdb:tt1", "claims", "imdb:tt1", "work_id")}
    assert {asked(known, name) for name in ("imdb:tt1", "E")} == {Outcome.DENY}


def test_people_of_a_work_under_its_eidr_are_people_of_the_studios(
    studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "mec.xml").write_text(MEC.format(id=GOOD, country="ES"))
    known = told(studio, tmp_path / "mec.xml")
    assert {row.work_id for row in known.rulebook.participants} == {"W1"}


def test_of_a_title_and_its_edit_under_one_eidr_the_title_is_meant() -> None:
    own: Mapping[str, list[Any]] = {
        "works": [
            {"work_id": "cut", "level": "edit", "parent_id": "T", "eidr": GOOD},
            {"work_id": "T", "level": "title", "eidr": GOOD},
        ],
        "participants": [],
    }
    theirs = [{"work_id": "theirs", "level": "title", "eidr": URN}]
    people = [{"work_id": "theirs", "party_id": "P", "role": "director"}]
    joined = with_evidence(own, theirs, people)
    assert joined["participants"] == [{"work_id": "T", "party_id": "P", "role": "director"}]


@pytest.mark.parametrize(
    ("ids", "doubted"),
    [
        ({"TitleID": GOOD, "EditID": BAD}, {"W1", "W1-cut"}),
        ({"TitleID": WRONG_CHECK}, {"W1", "W1-cut"}),
        ({"TitleID": "md:cid:eidr-s:" + WRONG_CHECK[8:].lower()}, {"W1", "W1-cut"}),
        ({"TitleID": BAD, "EditID": "W1-cut"}, {"W1-cut"}),
        ({"TitleID": BAD, "ALID": f"md:alid:eidr-s:{GOOD[8:]}"}, {"W1", "W1-cut"}),
        ({"TitleID": BAD, "ContentID": RABBITS}, {RABBITS}),
        ({"TitleID": BAD, "ContentID": "md:cid:org:spud.com:hares"}, set()),
        ({"TitleID": BAD, "AvailID": "W2", "ContractID": "W2"}, set()),
        ({"TitleID": GOOD, "Territory": "JJ"}, set()),
    ],
)
def test_a_failing_eidr_sends_the_works_it_is_stated_with_to_review(
    studio: Studio, tmp_path: Path, ids: dict[str, str], doubted: set[str]
) -> None:
    known = told(studio, workbook(tmp_path / "a.xlsx", [{"ContentID": "", **ids}]))
    assert known.withheld == dict.fromkeys(doubted, "EIDR_CHECK_FAILED")
    assert len(studio.quarantine()) == 1


def test_mended_evidence_lifts_the_doubt(studio: Studio, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [{"TitleID": WRONG_CHECK}])
    assert told(studio, path).withheld
    workbook(path, [{"TitleID": GOOD}])
    assert not told(studio, path, T0 + 2 * DAY).withheld
    assert knowledge_at(studio.store, T0 + DAY).withheld


def test_a_shot_of_a_doubted_work_is_in_review(studio: Studio, tmp_path: Path) -> None:
    from curation.dataset.recipe import read_recipe
    from curation.dataset.selection.clearance import Span, clear
    from curation.rights import PerformerGate

    root = Path(__file__).resolve().parents[2]
    recipe = read_recipe(Place.parse(root / "examples/recipes/lab-pretraining.yaml"))
    studio.write(
        "rules",
        "rule_id,effect,kind,work_id,inherit,actions,assignee,territory_include,status",
        "G,PERMIT,GRANT,W1,ALL_EDITS,train,example-lab,001,EXECUTED",
    )
    studio.write(
        "surveys",
        "work_id,kind,completed_at",
        *(f"W1-cut,{kind},2026-01-01T00:00:00Z" for kind in ("APPEARANCE", "EMBEDDED")),
    )
    studio.read(T0 + DAY / 2)

    def outcome(known: Knowledge) -> tuple[str, tuple[str, ...]]:
        (one,) = clear(
            known.rulebook,
            recipe,
            [Span("s", "W1-cut", 0, 24)],
            known_at=known.known_at,
            performer_gate=PerformerGate.ALL_TRAINING,
            withheld=known.withheld,
            faces=(),
        )
        return str(one.outcome), one.reasons

    assert outcome(knowledge_at(studio.store, T0 + DAY / 2)) == ("ALLOW", ())
    known = told(studio, workbook(tmp_path / "a.xlsx", [{"TitleID": WRONG_CHECK}]))
    assert outcome(known) == ("REVIEW", ("EIDR_CHECK_FAILED",))
