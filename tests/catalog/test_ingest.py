import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from curation.catalog import CatalogError, Ingest, ingest
from curation.catalog.knowledge import knowledge_at
from curation.storage import Place
from curation.tables import Store
from curation.tables.query import connect

T0 = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Studio:
    """A store, a catalog folder and a library that a test can change between readings."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.at(folder / "store")
        self.catalog = folder / "catalog"
        self.library = folder / "films"
        self.catalog.mkdir()
        self.library.mkdir()
        self.write("works", "work_id,level,parent_id", "T,title,", "E,edit,T")
        self.write("assets", "asset_path,work_id", "film.mp4,E")
        self.write("surveys", "work_id,kind", "E,APPEARANCE")
        self.film("film.mp4", b"film")

    def write(self, table: str, header: str, *lines: str) -> None:
        (self.catalog / f"{table}.csv").write_text("\n".join([header, *lines, ""]))

    def film(self, name: str, data: bytes) -> None:
        (self.library / name).write_bytes(data)

    def read(self, at: datetime, tell: Callable[[str], None] = lambda _: None) -> Ingest:
        places = Place.parse(self.catalog), Place.parse(self.library)
        return ingest(self.store, *places, now=at, tell=tell)

    def quarantine(self) -> list[tuple[str, str, str]]:
        query = "SELECT source, field, reason FROM quarantine ORDER BY ALL"
        return connect(self.store).execute(query).fetchall()


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def test_the_second_reading_writes_and_hashes_nothing(studio: Studio) -> None:
    hashed: list[str] = []
    first = studio.read(T0, hashed.append)
    second = studio.read(T0 + DAY, hashed.append)
    assert (first.added, first.changed, first.removed) == (4, 0, 0)
    assert not second.is_news
    assert hashed == ["hashing film.mp4"]


def test_a_change_is_a_version_and_the_past_answers_as_it_did(studio: Studio) -> None:
    studio.read(T0)
    studio.write("works", "work_id,level,parent_id,title", "T,title,,New", "E,edit,T,")
    studio.write("surveys", "work_id,kind", "E,EMBEDDED")
    done = studio.read(T0 + DAY)
    assert (done.added, done.changed, done.removed) == (1, 1, 1)
    before = knowledge_at(studio.store, T0 + DAY / 2).rulebook
    after = knowledge_at(studio.store, T0 + DAY).rulebook
    assert [work.title for work in before.works if work.work_id == "T"] == [None]
    assert [work.title for work in after.works if work.work_id == "T"] == ["New"]
    assert [survey.kind for survey in before.surveys] == ["APPEARANCE"]
    assert [survey.kind for survey in after.surveys] == ["EMBEDDED"]


def test_knowledge_does_not_depend_on_when_it_was_read(tmp_path: Path) -> None:
    hashes = set()
    for name, at in (("one", T0), ("two", T0 + DAY)):
        (tmp_path / name).mkdir()
        studio = Studio(tmp_path / name)
        studio.read(at)
        hashes.add(knowledge_at(studio.store, T0 + 2 * DAY).rulebook.sha256)
    assert len(hashes) == 1


def test_a_reading_cut_short_is_finished_by_the_next(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.read(T0)
    studio.write("works", "work_id,level,parent_id,title", "T,title,,New", "E,edit,T,")
    append = Store.append

    def dies(self: Store, name: str, rows: object) -> int:
        if name == "ingests":
            raise KeyboardInterrupt
        return append(self, name, rows)

    with monkeypatch.context() as power_cut:
        power_cut.setattr(Store, "append", dies)
        with pytest.raises(KeyboardInterrupt):
            studio.read(T0 + DAY)
    titles = [w.title for w in knowledge_at(studio.store, T0 + 3 * DAY).rulebook.works]
    assert titles.count("New") == 0
    studio.read(T0 + 2 * DAY)
    titles = [w.title for w in knowledge_at(studio.store, T0 + 3 * DAY).rulebook.works]
    assert titles.count("New") == 1


def test_a_lost_file_is_an_error_and_nothing_is_forgotten(studio: Studio) -> None:
    studio.read(T0)
    (studio.catalog / "surveys.csv").unlink()
    with pytest.raises(CatalogError, match="has no rows of surveys"):
        studio.read(T0 + DAY)
    assert len(knowledge_at(studio.store, T0 + 2 * DAY).rulebook.surveys) == 1


def test_assets_must_be_files_inside_the_library(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "outside.mp4").write_bytes(b"x")
    (studio.library / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    studio.write(
        "assets",
        "asset_path,work_id",
        "film.mp4,E",
        "../outside.mp4,E",
        "link.mp4,E",
        "missing.mp4,E",
    )
    done = studio.read(T0)
    assert done.accepted["assets"] == 1
    assert done.quarantined == {"BAD_PATH": 2, "FILE_NOT_FOUND": 1}


def test_content_decides_what_an_asset_is(studio: Studio) -> None:
    studio.film("copy.mp4", b"film")
    studio.film("unlisted.mov", b"other")
    studio.write("works", "work_id,level,parent_id", "T,title,", "E,edit,T", "F,edit,T")
    studio.write("assets", "asset_path,work_id", "film.mp4,E", "copy.mp4,F")
    done = studio.read(T0)
    assert "assets" not in done.accepted
    assert done.quarantined == {"CONTENT_OF_TWO_WORKS": 2, "NOT_IN_CATALOG": 1}


def test_a_stated_hash_is_held_against_the_file(studio: Studio) -> None:
    studio.write("assets", "asset_path,work_id,sha256", f"film.mp4,E,{'0' * 64}")
    studio.read(T0)
    assert studio.quarantine() == [("assets.csv", "sha256", "OTHER_CONTENT")]


def test_a_mended_row_leaves_the_quarantine(studio: Studio) -> None:
    studio.write("surveys", "work_id,kind", "E,APPEARENCE")
    studio.read(T0)
    assert studio.quarantine() == [("surveys.csv", "kind", "INVALID_FIELD")]
    studio.write("surveys", "work_id,kind", "E,APPEARANCE")
    studio.read(T0 + DAY)
    assert studio.quarantine() == []


@pytest.mark.parametrize(
    ("line", "withheld"),
    [
        ("E,FACE,NOBODY,perf:A", {"E"}),
        ("T,FACE,NOBODY,perf:A", {"T", "E"}),
        (",FACE,CONFIRMED,", {"T", "E"}),
        ("EE,FACE,NOBODY,perf:A", {"T", "E"}),
        ("E,FACE,CONFIRMED,perf,A", {"T", "E"}),
        ('E,FACE,"CONFIRMED,perf:A\nT,FACE,CONFIRMED,perf:B",', {"T", "E"}),
    ],
)
def test_what_cannot_be_read_cannot_be_cleared(
    studio: Studio, line: str, withheld: set[str]
) -> None:
    studio.write("appearances", "work_id,facet,identity,party_id", line)
    studio.read(T0)
    assert set(knowledge_at(studio.store, T0 + DAY).withheld) == withheld


def test_an_unreadable_consent_withholds_where_the_performer_appears(studio: Studio) -> None:
    studio.write("appearances", "work_id,facet,identity,party_id", "E,FACE,CONFIRMED,perf:A")
    studio.write("consents", "party_id,state", "perf:A,WITHDRAWNN")
    studio.read(T0)
    assert set(knowledge_at(studio.store, T0 + DAY).withheld) == {"E"}


def test_the_demo_catalog_is_whole(tmp_path: Path, root: Path) -> None:
    shutil.copytree(root / "examples" / "catalog", tmp_path / "catalog")
    done = ingest(
        Store.at(tmp_path / "store"),
        Place.parse(tmp_path / "catalog"),
        Place.parse(root / "examples" / "library"),
    )
    assert done.quarantined == {}
    assert done.accepted["assets"] == 7


def test_a_hold_that_loses_its_form_opens_nothing(studio: Studio) -> None:
    header = "rule_id,effect,kind,work_id,status"
    studio.write("rules", header, "R99,PROHIBIT,LEGAL_HOLD,T,EXECUTED", "R1,PERMIT,GRANT,T,DRAFT")
    studio.read(T0)
    studio.write("rules", header, "R,99,PROHIBIT,LEGAL_HOLD,T,EXECUTED", "R1,PERMIT,GRANT,T,DRAFT")
    studio.read(T0 + DAY)
    assert set(knowledge_at(studio.store, T0 + 2 * DAY).withheld) == {"T", "E"}


def test_a_later_reading_cannot_change_what_was_answered(studio: Studio) -> None:
    studio.read(T0)
    before = knowledge_at(studio.store, T0 + DAY / 2).rulebook.sha256
    studio.write(
        "surveys", "work_id,kind,recorded_at", "E,APPEARANCE,", "E,EMBEDDED,2026-01-01T00:00:00Z"
    )
    studio.read(T0 + DAY)
    assert knowledge_at(studio.store, T0 + DAY / 2).rulebook.sha256 == before
    assert len(knowledge_at(studio.store, T0 + DAY).rulebook.surveys) == 2


def test_another_library_needs_a_store_of_its_own(studio: Studio) -> None:
    def works(name: str) -> list[str]:
        return [f"{name}{n},title," for n in range(20)]

    studio.write("works", "work_id,level,parent_id", "T,title,", "E,edit,T", *works("a"))
    studio.read(T0)
    studio.write("works", "work_id,level,parent_id", "T,title,", "E,edit,T", *works("b"))
    with pytest.raises(CatalogError, match=r"take away 20 of the 24 rows.*--replace"):
        studio.read(T0 + DAY)


def test_two_readings_at_once_leave_one_version_of_each_row(studio: Studio) -> None:
    code = (
        "import sys\n"
        "from curation.catalog import ingest\n"
        "from curation.storage import Place\n"
        "from curation.tables import Store\n"
        "places = [Place.parse(p) for p in sys.argv[2:]]\n"
        "ingest(Store.at(sys.argv[1]), *places)\n"
    )
    places = [str(studio.store), str(studio.catalog), str(studio.library)]
    both = [subprocess.Popen([sys.executable, "-c", code, *places]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert len(knowledge_at(studio.store, datetime.now(UTC)).rulebook.works) == 2


def test_a_long_chain_of_amendments_falls_as_fast_as_it_stands(studio: Studio) -> None:
    header = "rule_id,effect,kind,work_id,supersedes"
    chain = [f"S{n},PERMIT,GRANT,T,S{n + 1}" for n in range(3000)]
    studio.write("rules", header, *chain)
    done = studio.read(T0)
    assert done.quarantined["INCONSISTENT_ROW"] == 3000


@pytest.mark.parametrize(
    ("table", "header", "line"),
    [
        ("assets", "asset_path,work_id,recorded_at", "film.mp4,E,yesterday"),
        ("assets", "asset_path,work_id,recorded_at", "film.mp4,E,2026-01-01"),
        ("assets", "asset_path,work_id", ".,E"),
        ("assets", "asset_path,work_id", "a\0b.mp4,E"),
        ("assets", "asset_path,work_id", "x" * 5000 + ".mp4,E"),
        ("works", "work_id,level,year", "N,title,99999999999999999999"),
        ("surveys", "work_id,kind,completed_at", "E,EMBEDDED,2026-02-30"),
        ("signals", "work_id,scheme,entries", '"E","CAWG","' + "[" * 5000 + '"'),
    ],
)
def test_strange_rows_are_quarantined_and_the_rest_is_read(
    studio: Studio, table: str, header: str, line: str
) -> None:
    studio.write(table, header, line)
    if table == "works":
        studio.write("works", header, line, "T,title,", "E,edit,")
    done = studio.read(T0)
    assert sum(done.quarantined.values()) >= 1
    assert done.accepted["works"] >= 2


@pytest.mark.parametrize(
    "line",
    [
        '{"work_id": "E", "kind": "APPEARANCE", "kind": "EMBEDDED"}',
        '{"work_id": "E", "kind": NaN}',
        '{"work_id": "E\\ud800", "kind": "EMBEDDED"}',
        '{"work_id": ' + "[" * 9000,
        '{"work_id": {"a": [1, 2]}, "kind": 12345678901234567890123}',
    ],
)
def test_strange_json_is_quarantined(studio: Studio, line: str) -> None:
    (studio.catalog / "surveys.csv").unlink()
    (studio.catalog / "surveys.jsonl").write_text(line + "\n")
    assert sum(studio.read(T0).quarantined.values()) == 1


def test_parquet_of_strange_types_is_an_error_or_a_row(studio: Studio) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (studio.catalog / "surveys.csv").unlink()
    path = studio.catalog / "surveys.parquet"
    pq.write_table(pa.table({"work_id": pa.array([b"E"]), "kind": ["EMBEDDED"]}), path)
    with pytest.raises(CatalogError, match="column work_id holds binary"):
        studio.read(T0)
    when = pa.array([T0], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"work_id": ["E"], "kind": ["EMBEDDED"], "completed_at": when}), path)
    assert studio.read(T0).quarantined == {}
