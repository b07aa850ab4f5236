"""Every row of every real file ends accepted or quarantined, counted apart from the readers."""

import json
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.catalog.sheets import read


def ends(path: Path, *tables: str) -> int:
    checked = read(path)
    assert all(bad.fault.reason and bad.fault.message for bad in checked.quarantined)
    found = [row.table for row in checked.accepted] + [row.table for row in checked.quarantined]
    return sum(table in tables for table in found)


def files(folder: Path, suffix: str) -> list[Path]:
    found = sorted(folder.glob(f"*{suffix}"))
    assert found
    return found


def sheet_rows(path: Path) -> int:
    from openpyxl import load_workbook

    count = 0
    for sheet in load_workbook(path, read_only=True).worksheets:
        sheet.reset_dimensions()
        filled = [row for row in sheet.iter_rows(values_only=True) if any(row)]
        names = ("ALID", "Territory", "Start")
        header = next((i for i, row in enumerate(filled) if all(n in row for n in names)), None)
        if header is not None:
            notes = any(str(cell).startswith("//REQ") for cell in filled[header + 1])
            count += len(filled) - header - 1 - notes
    return count


def test_avails_xlsx(shared: Path) -> None:
    for path in files(shared / "catalogs" / "avails-xlsx", ".xlsx"):
        assert ends(path, "avails") == sheet_rows(path) > 0, path.name


def test_avails_xml(shared: Path) -> None:
    for path in files(shared / "catalogs" / "avails-xml", ".xml"):
        offers = len(ElementTree.parse(path).findall(".//{*}Transaction"))  # noqa: S314
        assert ends(path, "avails") == offers > 0, path.name


def test_mec(shared: Path) -> None:
    for path in files(shared / "catalogs" / "mec", ".xml"):
        root = ElementTree.parse(path).getroot()  # noqa: S314
        stated = len(root.findall(".//{*}Basic")) + len(root.findall(".//{*}Job"))
        assert ends(path, "works", "participants") == stated, path.name


def test_free_imdb(shared: Path) -> None:
    folder = shared / "catalogs" / "free-imdb"

    def count(pairs: list[tuple[str, Any]]) -> Any:
        return len(pairs)

    stated = sum(
        json.loads(path.read_bytes(), object_pairs_hook=count) for path in files(folder, ".json")
    )
    checked = read(folder)
    found = [row.table for row in checked.accepted] + [row.table for row in checked.quarantined]
    assert found.count("claims") == stated > 46_000
    assert not checked.rulebook.rules
    assert set(Counter(row.table for row in checked.accepted)) == {"works", "claims"}


@pytest.mark.parametrize(
    ("name", "accepted", "quarantined"),
    [
        ("avails-xlsx/Movies_v1.7.xlsx", 16, {"EIDR_CHECK_FAILED": 11}),
        ("avails-xlsx/Avails_Volume_v1.8.xlsx", 7, {"EIDR_CHECK_FAILED": 2}),
        ("avails-xml/Avails_withErrors.xml", 3, {"INVALID_TERRITORY": 1}),
        ("avails-xml/Avails_noErrors_v2.3.xml", 24, {}),
    ],
)
def test_known_outcomes(
    shared: Path, name: str, accepted: int, quarantined: dict[str, int]
) -> None:
    checked = read(shared / "catalogs" / name)
    assert sum(row.table == "avails" for row in checked.accepted) == accepted
    assert Counter(bad.fault.reason for bad in checked.quarantined) == quarantined
