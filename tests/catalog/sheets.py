"""Small avails, written as a studio would write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curation.catalog import reader_for
from curation.catalog.check import Checked, check
from curation.storage import Place

GOOD = "10.5240/7791-8534-2C23-9030-8610-5"
OTHER = "10.5240/7EC7-228A-510A-053E-CBB8-J"
BAD = "10.5240/AAAA-AAAA-AAAA-AAAA-AAAA-A"
ROW: Mapping[str, Any] = {
    "ALID": "alid-1",
    "DisplayName": "Sofa Spud",
    "Territory": "US",
    "WorkType": "Movie",
    "EntryType": "Full Extract",
    "TitleInternalAlias": "Rabbits",
    "LicenseType": "EST",
    "Start": "2019-10-01",
    "End": "2019-10-31",
    "ContentID": "md:cid:org:spud.com:rabbits",
    "TitleID": GOOD,
    "EditID": "",
    "Exclusive": "",
}


def workbook(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    *,
    rename: Mapping[str, str] | None = None,
    sheet: str = "Movies",
    explained: bool = True,
) -> Path:
    """A workbook with one sheet of avails: the good row, changed as each mapping says."""
    from openpyxl import Workbook

    book = Workbook()
    tab = book.active
    assert tab is not None
    tab.title = sheet
    names = list(dict.fromkeys([*ROW, *(name for row in rows for name in row)]))
    tab.append(["Avail"] * len(names))
    tab.append([(rename or {}).get(name, name) for name in names])
    if explained:
        tab.append([1.8, *["//Opt"] * (len(names) - 1)])
    for row in rows:
        full = {**ROW, **row}
        tab.append([full.get(name) for name in names])
    book.save(path)
    return path


def read(path: Path) -> Checked:
    place = Place.parse(path)
    return check(reader_for(place).rows(place))


def avail_of(checked: Checked) -> Mapping[str, Any]:
    (row,) = [row.values for row in checked.accepted if row.table == "avails"]
    return row
