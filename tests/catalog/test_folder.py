import json
import os
from pathlib import Path

import pytest

from curation.catalog import CatalogError, RawRow, reader_for
from curation.catalog.check import Checked, check
from curation.storage import Place

WORKS = "work_id,level,parent_id\nT,title,\nE,edit,T\n"


def read(folder: Path) -> list[RawRow]:
    place = Place.parse(folder)
    return list(reader_for(place).rows(place))


def checked(folder: Path) -> Checked:
    return check(read(folder))


def test_the_three_formats_say_the_same(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = {
        "rule_id": "G",
        "effect": "PERMIT",
        "kind": "GRANT",
        "work_id": "T",
        "actions": ["train", "evaluate"],
        "span": [0, 24],
        "exclusive": True,
        "duties": [{"code": "NOTIFY", "phase": "PRE", "fulfilled_at": "2026-02-01T00:00:00Z"}],
    }
    cells = (
        "rule_id,effect,kind,work_id,actions,span,exclusive,duties\n"
        "G,PERMIT,GRANT,T,train; evaluate,0:24,yes,NOTIFY@PRE@2026-02-01T00:00:00Z\n"
    )
    found = []
    for name in ("csv", "jsonl", "parquet"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "works.csv").write_text(WORKS)
        if name == "csv":
            (folder / "rules.csv").write_text(cells)
        elif name == "jsonl":
            (folder / "rules.jsonl").write_text(json.dumps(row) + "\n")
        else:
            pq.write_table(pa.Table.from_pylist([row]), folder / "rules.parquet")
        result = checked(folder)
        assert not result.quarantined
        found.append(next(r.values for r in result.accepted if r.table == "rules"))
    assert found[0] == found[1] == found[2]


def test_a_rulebook_is_a_catalog(tmp_path: Path) -> None:
    path = tmp_path / "rulebook.json"
    path.write_text(json.dumps({"works": [{"work_id": "T", "level": "title"}], "assets": []}))
    assert [(row.table, row.line) for row in read(path)] == [("works", 1)]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "works.csv",
            "work_id,levl\n",
            "unknown column 'levl' in table works; did you mean 'level'",
        ),
        ("works.csv", "work_id,level,level\n", "'level' is there twice"),
        ("works.csv", "", "works.csv is empty"),
        ("work.csv", "work_id\n", "did you mean works.csv"),
        ("notes.txt", "hello", "holds no table"),
    ],
)
def test_files_that_cannot_be_trusted_are_errors(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(CatalogError, match=words):
        read(tmp_path)


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_bytes(b"work_id\n\xff\xfe\n")
    with pytest.raises(CatalogError, match="not UTF-8 at byte 8"):
        read(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("name", ["works.jsonl", "works.csv"])
def test_text_in_another_encoding_is_an_error(tmp_path: Path, name: str, encoding: str) -> None:
    text = WORKS if name.endswith("csv") else '{"work_id": "T", "level": "title"}\n'
    (tmp_path / name).write_text(text, encoding)
    with pytest.raises(CatalogError, match=f"{name} is not UTF-8|unknown column"):
        read(tmp_path)


@pytest.mark.parametrize("mark", ["\u202e", "\u200b", "\ufeff", "\x1b", "\0", "\xa0"])
def test_an_id_has_no_letter_that_nobody_sees(tmp_path: Path, mark: str) -> None:
    (tmp_path / "works.csv").write_text(f"work_id,level,title\nT,title,\nT{mark}x,title,{mark}\n")
    (bad,) = checked(tmp_path).quarantined
    assert (bad.line, bad.fault.field, bad.fault.reason) == (3, "work_id", "INVALID_FIELD")
    assert f"U+{ord(mark):04X}" in bad.fault.message


def test_a_title_may_hold_any_letter(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_text("work_id,level,title\nT,title,m\u200cn\u202e\n")
    assert not checked(tmp_path).quarantined


def test_a_huge_cell_makes_no_huge_message(tmp_path: Path) -> None:
    (tmp_path / "works.jsonl").write_text(json.dumps({"work_id": "T", "level": "x" * 10**6}))
    (bad,) = checked(tmp_path).quarantined
    assert len(bad.fault.message) < 1100


def test_two_files_for_a_table_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_text(WORKS)
    (tmp_path / "works.jsonl").write_text("")
    with pytest.raises(CatalogError, match="both hold works"):
        read(tmp_path)


@pytest.mark.parametrize(
    "name", ["rules.xlsx", "rules.CSV", "Rules.tsv", "rules.csv.gz", "rules/part-0.parquet"]
)
def test_no_file_named_as_a_table_is_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / "works.csv").write_text(WORKS)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(CatalogError, match=f"{name} is not read; save rules as one file"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["rules.md", "README.md", "old/rules.csv", "assets/film.mp4"])
def test_other_files_may_lie_beside_tables(tmp_path: Path, name: str) -> None:
    (tmp_path / "works.csv").write_text(WORKS)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"x")
    assert len(read(tmp_path)) == 2


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("rules.csv", "nowhere.csv"),
        ("rules.csv", "rules.csv"),
        ("Signals.csv", "folder"),
        ("rules", "folder"),
        ("rules.csv", None),
    ],
)
def test_a_link_or_folder_in_the_place_of_a_table_is_an_error(
    tmp_path: Path, name: str, target: str | None
) -> None:
    (tmp_path / "works.csv").write_text(WORKS)
    (tmp_path / "folder").mkdir()
    if target is None:
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).symlink_to(tmp_path / target)
    with pytest.raises(CatalogError, match=f"{name} is no file"):
        read(tmp_path)


def test_a_pipe_in_the_place_of_a_table_is_an_error_and_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_text(WORKS)
    os.mkfifo(tmp_path / "rules.csv")
    with pytest.raises(CatalogError, match=r"rules\.csv is no file"):
        read(tmp_path)


def test_a_link_to_a_table_is_that_table_and_what_systems_leave_is_none(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "w.csv").write_text(WORKS)
    (tmp_path / "works.csv").symlink_to(tmp_path / "elsewhere" / "w.csv")
    (tmp_path / "._works.csv").write_bytes(b"\0\5\26\7")
    assert len(read(tmp_path)) == 2


@pytest.mark.parametrize(
    ("cell", "members"),
    [
        ('"a, b"', None),
        ('"Acme, Inc.; b"', ["Acme, Inc.", "b"]),
        ('"[""Acme, Inc.""]"', ["Acme, Inc."]),
    ],
)
def test_a_list_by_commas_is_not_one_item(
    tmp_path: Path, cell: str, members: list[str] | None
) -> None:
    (tmp_path / "party_groups.csv").write_text(f"group_id,members\ng,{cell}\n")
    found = checked(tmp_path)
    assert [row.fault.field for row in found.quarantined] == ([] if members else ["members"])
    assert [row.values["members"] for row in found.accepted] == ([members] if members else [])


def test_nothing_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no catalog is there"):
        read(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        ("R,PERMIT,GRANT,T,5:2", "span", "span"),
        ("R,PERMIT,GRANT,T,five", "span", "first:past-last"),
        ("R,ALLOW,GRANT,T,", "effect", "unknown"),
        (",PERMIT,GRANT,T,", "rule_id", "missing"),
        ("R,PERMIT,GRANT,nowhere,", "work_id", "no work"),
        ("R,PERMIT,GRANT,T,,more", "", "6 cells under 5 columns"),
    ],
)
def test_bad_rows_are_quarantined_with_file_line_and_field(
    tmp_path: Path, line: str, field: str, words: str
) -> None:
    (tmp_path / "works.csv").write_text(WORKS)
    (tmp_path / "rules.csv").write_text(
        f"rule_id,effect,kind,work_id,span\nGOOD,PERMIT,GRANT,T,\n{line}\n"
    )
    result = checked(tmp_path)
    (bad,) = result.quarantined
    assert (bad.source, bad.line, bad.fault.field) == ("rules.csv", 3, field)
    assert words in bad.fault.message
    assert [rule.rule_id for rule in result.rulebook.rules] == ["GOOD"]


def test_what_rests_on_a_bad_row_falls_with_it(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_text("work_id,level,parent_id\nT,titel,\nE,edit,T\n")
    (tmp_path / "surveys.csv").write_text("work_id,kind\nE,APPEARANCE\n")
    (tmp_path / "assets.csv").write_text("asset_path,work_id\nfilm.mp4,E\n")
    result = checked(tmp_path)
    assert not result.accepted
    assert len(result.quarantined) == 4


def test_a_row_stated_twice_counts_once(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_text(WORKS + "T,title,\n")
    result = checked(tmp_path)
    assert [bad.fault.reason for bad in result.quarantined] == ["DUPLICATE_ROW"]
    assert "works.csv:2" in result.quarantined[0].fault.message


def test_every_row_ends_somewhere(tmp_path: Path) -> None:
    (tmp_path / "works.jsonl").write_text(
        '{"work_id": "T", "level": "title"}\n\n[1]\nnot json\n{"work_id": 3}\n{"level": "title"}\n'
    )
    result = checked(tmp_path)
    assert len(result.accepted) + len(result.quarantined) == 5
