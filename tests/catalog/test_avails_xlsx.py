import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import pytest

from curation.catalog import CatalogError
from tests.catalog.sheets import BAD, GOOD, OTHER, avail_of, read, workbook


def test_an_avail_is_a_work_and_evidence(tmp_path: Path) -> None:
    checked = read(
        workbook(tmp_path / "a.xlsx", [{"EditID": f"urn:eidr:{OTHER}".replace("/", ":")}])
    )
    works = {row.values["work_id"]: row.values for row in checked.accepted if row.table == "works"}
    assert works[GOOD]["level"] == "title"
    assert (works[OTHER]["level"], works[OTHER]["parent_id"]) == ("edit", GOOD)
    avail = avail_of(checked)
    assert (avail["work_id"], avail["territories"]) == (OTHER, ["US"])
    assert avail["eidrs"] == sorted([GOOD, OTHER])
    assert avail["source_version"] == "1.8"
    assert not checked.rulebook.rules


@pytest.mark.parametrize(
    ("cell", "start"),
    [
        ("2019-10-01", "2019-10-01"),
        (dt.datetime(2019, 10, 1), "2019-10-01"),
        (dt.datetime(2019, 10, 1, 9, 30), "2019-10-01T09:30:00"),
        (43739, "2019-10-01"),
        ("10/1/2019", "2019-10-01"),
        ("10/1/2019 9:30 AM", "2019-10-01T09:30:00"),
        ("1-Oct-2019", "2019-10-01"),
        ("2019-10-01 09:30:00", "2019-10-01T09:30:00"),
        ("open", "Open"),
        ("ESTStart", "ESTStart"),
    ],
)
def test_dates_as_people_write_them(tmp_path: Path, cell: Any, start: str) -> None:
    avail = avail_of(read(workbook(tmp_path / "a.xlsx", [{"Start": cell}])))
    assert avail["start"] == start
    if isinstance(cell, str):
        assert avail["start_text"] == cell


@pytest.mark.parametrize(
    ("change", "field", "reason", "words"),
    [
        ({"Start": "31/12/2018"}, "start", "INVALID_DATE", "month first"),
        ({"Start": "soon"}, "start", "INVALID_DATE", "'soon' is no date"),
        ({"Start": "2019-02-30"}, "start", "INVALID_DATE", "no date"),
        ({"End": "2019-09-01"}, "end", "INVALID_DATE", "at or before its start"),
        ({"Territory": "JJ"}, "territories", "INVALID_TERRITORY", "'JJ' is unknown"),
        ({"Territory": ""}, "territories", "INVALID_TERRITORY", "are missing"),
        ({"TerritoryExclusion": "US-PR, XX"}, "territory_exclusions", "INVALID_TERRITORY", "XX"),
        ({"Exclusive": "perhaps"}, "exclusive", "INVALID_FIELD", "neither yes nor no"),
        ({"TitleID": BAD}, "eidr", "EIDR_CHECK_FAILED", "should end in Y"),
        ({"EditID": "10.5240/:1489-49A2"}, "eidr", "EIDR_CHECK_FAILED", "five groups"),
    ],
)
def test_a_faulty_row_is_quarantined(
    tmp_path: Path, change: dict[str, Any], field: str, reason: str, words: str
) -> None:
    checked = read(workbook(tmp_path / "a.xlsx", [change]))
    assert not checked.accepted
    (bad,) = checked.quarantined
    assert (bad.source, bad.line) == ("a.xlsx [Movies]", 4)
    assert (bad.fault.field, bad.fault.reason) == (field, reason)
    assert words in bad.fault.message


@pytest.mark.parametrize(
    ("cell", "value"),
    [("=TRUE()", True), ("=FALSE()", False), (True, True), ("Yes", True), ("n", False), ("", None)],
)
def test_flags(tmp_path: Path, cell: Any, value: bool | None) -> None:
    avail = avail_of(read(workbook(tmp_path / "a.xlsx", [{"Exclusive": cell}])))
    assert avail.get("exclusive") is value


def test_misspelt_headers_are_understood_with_a_note(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [{}], rename={"Territory": "Teritory", "End": "end "})
    avail = avail_of(read(path))
    assert avail["territories"] == ["US"]
    assert avail["notes"] == ["header 'Teritory' read as Territory"]


def test_unknown_columns_are_kept(tmp_path: Path) -> None:
    avail = avail_of(read(workbook(tmp_path / "a.xlsx", [{"HouseCode": "X7", "SRP": 9.99}])))
    assert avail["other"]["HouseCode"] == "X7"
    assert avail["other"]["SRP"] == "9.99"


@pytest.mark.parametrize(
    ("rename", "words"),
    [
        ({"Territory": "Land"}, "the column 'Territory' is missing"),
        ({"EditID": "TitleID"}, "'TitleID' is there twice"),
        ({"EditID": "EpisodeTitleXID", "ALID": "EpisodeTitlID"}, "is there twice"),
        ({"ContentID": "SeaonContentID"}, None),
        ({"Exclusive": "RetailerSeries"}, None),
    ],
)
def test_headers_that_cannot_be_trusted(
    tmp_path: Path, rename: dict[str, str], words: str | None
) -> None:
    path = workbook(tmp_path / "a.xlsx", [{}], rename=rename)
    if words is None:
        assert len(read(path).accepted) == 2
    else:
        with pytest.raises(CatalogError, match=words):
            read(path)


def test_a_sheet_may_lack_its_third_header_row(tmp_path: Path) -> None:
    checked = read(workbook(tmp_path / "a.xlsx", [{}, {"Territory": "CA"}], explained=False))
    assert [row.line for row in checked.accepted if row.table == "avails"] == [3, 4]


def test_one_work_in_many_rows_is_one_row(tmp_path: Path) -> None:
    checked = read(workbook(tmp_path / "a.xlsx", [{}, {"Territory": "CA"}, {"Territory": "FR"}]))
    assert [row.table for row in checked.accepted].count("works") == 1
    assert not checked.quarantined


def test_works_that_contradict_each_other_are_not_lost(tmp_path: Path) -> None:
    rows = [{"EditID": OTHER}, {"TitleID": OTHER, "Territory": "CA"}]
    (bad,) = read(workbook(tmp_path / "a.xlsx", rows)).quarantined
    assert bad.fault.reason == "CONFLICTING_WORK"


def test_episodes_stand_below_season_and_series(tmp_path: Path) -> None:
    episode = {
        "WorkType": "Episode",
        "SeriesContentID": "md:cid:spud:s",
        "SeasonContentID": "md:cid:spud:s1",
        "EpisodeContentID": "md:cid:spud:s1e1",
        "TitleID": "",
        "ContentID": "",
    }
    checked = read(workbook(tmp_path / "a.xlsx", [episode], sheet="TV"))
    works = [row.values for row in checked.accepted if row.table == "works"]
    assert [work["level"] for work in works] == ["series", "season", "title"]
    assert works[2]["parent_id"] == works[1]["work_id"] == "md:cid:spud:s1"


def test_what_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"not a workbook")
    with pytest.raises(CatalogError, match="not readable as an Excel workbook"):
        read(path)
    from openpyxl import Workbook

    Workbook().save(path)
    with pytest.raises(CatalogError, match="no sheet of avails"):
        read(path)


def test_a_sheet_that_is_not_read_says_so(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = workbook(tmp_path / "a.xlsx", [{}])
    book = load_workbook(path)
    rules = book.create_sheet("rules")
    rules.append(["rule_id", "effect", "kind", "work_id"])
    rules.append(["G", "PROHIBIT", "LEGAL_HOLD", GOOD])
    book.create_sheet("empty")
    hidden = book.create_sheet("notes")
    hidden.sheet_state = "hidden"
    hidden["C900"] = "held back until 2030"
    book.save(path)
    checked = read(path)
    assert [row.table for row in checked.accepted] == ["works", "avails"]
    assert [(b.table, b.source, b.fault.reason) for b in checked.quarantined] == [
        ("sheets", "a.xlsx [rules]", "UNKNOWN_SHEET"),
        ("sheets", "a.xlsx [notes]", "UNKNOWN_SHEET"),
    ]
    assert "the sheet 'rules' was not read" in checked.quarantined[0].fault.message


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [{}])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/bomb.xml", b"0" * (8 << 20))
    with pytest.raises(CatalogError, match="zip bomb"):
        read(path)


SHEET = "xl/worksheets/sheet1.xml"


def rewritten(path: Path, old: str, new: str) -> Path:
    """The workbook with its sheet's XML changed by hand."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    assert old.encode() in parts[SHEET]
    parts[SHEET] = parts[SHEET].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('<row r="4"', '<row r="999999999999"', "more than 1048576 rows"),
        ('<row r="4"', '<row r="-4"', "after row 3 comes one numbered -4"),
        ('<row r="4"', '<row r="3"', "after row 3 comes one numbered 3"),
        ('<row r="4"', '<row r="x"', "after row 3 comes one numbered x"),
        ("</sheetData>", '<row r="3"/></sheetData>', "after row 4 comes one numbered 3"),
        ('r="A4"', 'r="ZZZZ4"', "not readable as an Excel workbook"),
        ("<worksheet", "<!DOCTYPE w [<!ENTITY a 'x'>]><worksheet", "not readable as an Excel"),
    ],
)
def test_sheets_that_would_lose_rows_or_never_end_are_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = rewritten(workbook(tmp_path / "a.xlsx", [{}]), old, new)
    with pytest.raises(CatalogError, match=words):
        read(path)


def test_cells_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.catalog.avails_xlsx.MAX_CELLS", 10_000)
    wide = '<row r="5"><c r="ZZZ5"/></row></sheetData>'
    path = rewritten(workbook(tmp_path / "a.xlsx", [{}]), "</sheetData>", wide)
    with pytest.raises(CatalogError, match="or 10000 cells"):
        read(path)


def test_rows_without_numbers_follow_each_other(tmp_path: Path) -> None:
    path = rewritten(workbook(tmp_path / "a.xlsx", [{}]), '<row r="4"', "<row")
    assert [row.line for row in read(path).accepted if row.table == "avails"] == [4]


def test_numbers_beyond_all_bounds_are_no_dates(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [{"Start": 43739}])
    (bad,) = read(rewritten(path, "<v>43739</v>", "<v>1e400</v>")).quarantined
    assert bad.fault.reason == "INVALID_DATE"


def test_what_a_spreadsheet_leaves_beside_a_file_is_none(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", [{}])
    for name in ("~$a.xlsx", "._a.xlsx"):
        (tmp_path / name).write_bytes(b"x")
    assert not read(tmp_path).quarantined
