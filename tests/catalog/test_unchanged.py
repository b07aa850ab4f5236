"""A catalog that did not change is not read again, and nothing is believed for it that should not.

Counting is by the reader's calls: a reading that is skipped asks it for no row.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from curation.catalog import RawRow, Tally, ingest
from curation.catalog.folder import FolderReader
from curation.catalog.knowledge import knowledge_at
from curation.storage import Place
from curation.tables import Store
from tests.catalog.test_claims import record, written
from tests.catalog.test_ingest import DAY, T0, Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """The folders that were really read."""
    read: list[Place] = []
    rows = FolderReader.rows

    def counted(self: FolderReader, place: Place) -> Iterator[RawRow]:
        read.append(place)
        return rows(self, place)

    monkeypatch.setattr(FolderReader, "rows", counted)
    return read


def cut_short(studio: Studio, days: int) -> None:
    """A reading that dies before it is finished."""
    append = Store.append

    def dies(self: Store, name: str, rows: object) -> int:
        if name == "ingests":
            raise KeyboardInterrupt
        return append(self, name, rows)

    with pytest.MonkeyPatch.context() as power_cut:
        power_cut.setattr(Store, "append", dies)
        with pytest.raises(KeyboardInterrupt):
            studio.read(T0 + days * DAY)


def works(studio: Studio, days: int) -> set[str]:
    return {work.work_id for work in knowledge_at(studio.store, T0 + days * DAY).rulebook.works}


def test_the_second_reading_reads_nothing_and_counts_the_same(
    studio: Studio, readings: list[Place]
) -> None:
    studio.film("unlisted.mov", b"other")
    studio.write("surveys", "work_id,kind", "E,APPEARANCE", "E,EMBEDED")
    first, second = studio.read(T0), studio.read(T0 + DAY)
    assert len(readings) == 1
    assert (first.was_read, second.was_read, second.is_news) == (True, False, False)
    assert first.tables["surveys"] == Tally(new=1, quarantined=1)
    assert second.tables["surveys"] == Tally(unchanged=1, quarantined=1)
    assert second.tables["films in no row"] == Tally(quarantined=1)
    assert second.quarantined == first.quarantined
    assert second.rulebook_sha256 == first.rulebook_sha256
    assert set(knowledge_at(studio.store, T0 + 2 * DAY).withheld) == {"E"}


def _rewrite(studio: Studio) -> None:
    studio.write("surveys", "work_id,kind", "E,EMBEDDED")


def _add_film(studio: Studio) -> None:
    studio.film("more.mov", b"more")


def _spoil_film(studio: Studio) -> None:
    studio.film("film.mp4", b"another")


@pytest.mark.parametrize("change", [_rewrite, _add_film, _spoil_film])
def test_any_change_of_bytes_is_read(
    studio: Studio, readings: list[Place], change: Callable[[Studio], None]
) -> None:
    studio.read(T0)
    change(studio)
    assert studio.read(T0 + DAY).is_news
    assert len(readings) == 2


def test_other_code_reads_again(
    studio: Studio, readings: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.read(T0)
    monkeypatch.setattr("curation.catalog.unchanged._code", lambda reader: "newer")
    assert not studio.read(T0 + DAY).is_news
    assert len(readings) == 2


def test_a_reader_that_names_no_files_is_always_asked(
    studio: Studio, readings: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = FolderReader.files
    rows = FolderReader.rows
    monkeypatch.delattr(FolderReader, "files")

    def found(self: FolderReader, place: Place) -> Iterator[RawRow]:
        with pytest.MonkeyPatch.context() as whole:
            whole.setattr(FolderReader, "files", files, raising=False)
            return iter(list(rows(self, place)))

    monkeypatch.setattr(FolderReader, "rows", found)
    assert [studio.read(T0 + days * DAY).was_read for days in range(2)] == [True, True]
    assert len(readings) == 2


def test_films_beside_the_tables_are_not_hashed_as_tables(studio: Studio) -> None:
    studio.read(T0)
    (studio.catalog / "film.mov").write_bytes(b"a film beside the tables")
    assert not studio.read(T0 + DAY).was_read


def test_a_file_that_could_not_be_opened_is_tried_again(
    studio: Studio, readings: list[Place], tmp_path: Path
) -> None:
    studio.write("assets", "asset_path,work_id", "film.mp4,E", "../out.mp4,E")
    assert studio.read(T0).quarantined == {"BAD_PATH": 1}
    studio.read(T0 + DAY)
    assert len(readings) == 2


def test_after_a_reading_cut_short_the_old_bytes_are_read_again(studio: Studio) -> None:
    studio.read(T0)
    studio.write("works", "work_id,level,parent_id", "T,title,", "E,edit,T", "N,title,")
    cut_short(studio, 1)
    studio.write("works", "work_id,level,parent_id", "T,title,", "E,edit,T")
    assert studio.read(T0 + 2 * DAY).was_read
    assert works(studio, 3) == {"T", "E"}


def test_evidence_does_not_finish_the_studios_half_reading(studio: Studio, tmp_path: Path) -> None:
    studio.read(T0)
    studio.write("works", "work_id,level,parent_id", "T,title,", "E,edit,T", "N,title,")
    cut_short(studio, 1)
    lists = written(tmp_path / "lists", {"http://www.imdb.com/title/tt1/": record()})
    places = Place.parse(lists), Place.parse(studio.library)
    ingest(studio.store, *places, now=T0 + 2 * DAY)
    assert works(studio, 3) == {"T", "E", "imdb:tt1"}
    studio.read(T0 + 4 * DAY)
    assert works(studio, 5) == {"T", "E", "N", "imdb:tt1"}


def test_what_a_big_change_needs_asking_for_is_not_remembered_as_read(studio: Studio) -> None:
    from curation.catalog import CatalogError

    def named(letter: str) -> list[str]:
        return [f"{letter}{n},title," for n in range(20)]

    header = "work_id,level,parent_id"
    studio.write("works", header, "T,title,", "E,edit,T", *named("a"))
    studio.read(T0)
    studio.write("works", header, "T,title,", "E,edit,T", *named("b"))
    for days in (1, 2):
        with pytest.raises(CatalogError, match="--replace"):
            studio.read(T0 + days * DAY)
    places = Place.parse(studio.catalog), Place.parse(studio.library)
    done = ingest(studio.store, *places, now=T0 + 3 * DAY, replace=True)
    assert (done.tables["works"].new, done.tables["works"].removed) == (20, 20)
    assert not studio.read(T0 + 4 * DAY).was_read
