"""MovieLabs / EMA Avails as Excel workbooks, 1.7 to 1.9.

A sheet of avails has three header rows: categories, column names, and explanations, the first cell
of which may hold the version. Any other sheet that is not empty (a dictionary, instructions, but
also one of rules) is not read, and one quarantined row of the table ``sheets`` says so.
"""

from __future__ import annotations

import io
import math
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from curation.catalog.avail_columns import header_of, known_among
from curation.catalog.avails import AvailStated, avail_rows
from curation.catalog.evidence import SHEETS
from curation.catalog.evidence_files import evidence_files
from curation.catalog.reader import CatalogError, Fault, RawRow
from curation.catalog.works import Works
from curation.storage import Place

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

UNKNOWN_SHEET = "UNKNOWN_SHEET"
"""Reason of the row that stands for a sheet which was not read."""
MAX_BYTES = 512 << 20
"""The most that a workbook may unpack to."""
MAX_RATIO = 300
"""The most that a part above a megabyte may grow in unpacking; sheets grow some 10 to 100 times."""
MAX_ROWS = 1 << 20
"""The rows of a sheet in Excel; a file may number its rows higher to keep its reader busy."""
MAX_CELLS = 100_000_000
"""Cells of a sheet, empty ones before a filled one included; each row may claim 18,278 of them."""
_ROW = re.compile(rb"<(?:[\w.-]+:)?row(?=[\s/>])([^>]*)>")
_NUMBER = re.compile(rb"(?<![\w:])r\s*=\s*[\"']([^\"']*)[\"']")
_BLOCK = 1 << 20
_DATES = ("Start", "End")
_SERIALS = range(10_000, 100_000)
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    RuntimeError,
    OSError,
)


class AvailsXlsxReader:
    """Workbooks of avails: one, or a folder of them. The line is the row in its sheet."""

    name = "avails_xlsx"
    is_evidence = True

    def reads(self, place: Place) -> bool:
        return bool(self.files(place))

    def files(self, place: Place) -> list[Place]:
        return evidence_files(place, ".xlsx", lambda _: True)

    def rows(self, place: Place) -> Iterator[RawRow]:
        works = Works()
        for file in self.files(place):
            yield from _workbook(file, works)


def _workbook(file: Place, works: Works) -> Iterator[RawRow]:
    from openpyxl import load_workbook

    data = io.BytesIO(file.read_bytes())
    try:
        _refuse_bomb(data, file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(data, read_only=True, keep_links=False)
            sheets = 0
            for sheet in book.worksheets:
                sheet.reset_dimensions()
                _refuse_disorder(data, sheet, file)
                if _is_avails(_head(sheet)):
                    yield from _sheet(book, sheet, file.name, works)
                    sheets += 1
                elif _holds_anything(sheet, file.name):
                    yield _not_read(sheet, file.name)
    except _UNREADABLE as error:
        why = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise CatalogError(
            f"{file} is not readable as an Excel workbook: {why}; save it again as .xlsx"
        ) from error
    if not sheets:
        raise CatalogError(
            f"{file} has no sheet of avails; its second row must name columns such as ALID, "
            "Territory, Start and End"
        )


def _refuse_bomb(data: io.BytesIO, file: Place) -> None:
    with zipfile.ZipFile(data) as packed:
        parts = packed.infolist()
    if sum(part.file_size for part in parts) > MAX_BYTES:
        raise CatalogError(
            f"{file} would unpack to more than {MAX_BYTES >> 20} MiB; split it into smaller files"
        )
    for part in parts:
        if part.file_size > 1 << 20 and part.file_size > MAX_RATIO * max(part.compress_size, 1):
            raise CatalogError(
                f"{file}: {part.filename} would grow more than {MAX_RATIO} times in unpacking, as "
                "a zip bomb does; save the workbook again without its empty rows"
            )
    data.seek(0)


def _refuse_disorder(data: io.BytesIO, sheet: Any, file: Place) -> None:
    """Excel numbers rows upwards; of a row that is numbered otherwise openpyxl says nothing.

    Raises:
        CatalogError: rather than lose the row.
    """
    last = 0
    with zipfile.ZipFile(data) as packed, packed.open(sheet._worksheet_path) as part:
        rest = b""
        while block := part.read(_BLOCK):
            if not last and b"\0" in block:
                raise CatalogError(f"{file} [{sheet.title}] is not UTF-8; save it again as .xlsx")
            whole, mark, rest = (rest + block).rpartition(b"<")
            rest = mark + rest
            for row in _ROW.finditer(whole):
                stated = _NUMBER.search(row[1])
                number = int(stated[1]) if stated and stated[1].isdigit() else last + 1
                if number <= last or (stated and not stated[1].isdigit()):
                    raise CatalogError(
                        f"{file} [{sheet.title}]: after row {last} comes one numbered "
                        f"{stated[1][:20].decode(errors='replace') if stated else number}; open it "
                        "in a spreadsheet and save it again"
                    )
                last = number


def _rows(sheet: Any, where: str) -> Iterator[Sequence[object]]:
    """The rows of a sheet.

    Raises:
        CatalogError: when there are more than any sheet has.
    """
    cells = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells += len(row)
        if number > MAX_ROWS or cells > MAX_CELLS:
            raise CatalogError(
                f"{where} has more than {MAX_ROWS} rows or {MAX_CELLS} cells; Excel writes no such "
                "sheet, so take out its empty rows and columns"
            )
        yield row


def _sheet(book: Workbook, sheet: Any, source: str, works: Works) -> Iterator[RawRow]:
    where = f"{source} [{sheet.title}]"
    lines = enumerate(_rows(sheet, where), start=1)
    first = list(islice(lines, 3))
    header = header_of([_text(cell) for cell in first[1][1]], where)
    explained = [_text(cell) for cell in first[2][1]] if len(first) > 2 else []
    version = next((cell for cell in explained[:1] if re.fullmatch(r"v?\d\.\d.*", cell)), None)
    data = lines if _explains(explained) else chain(first[2:], lines)
    for line, cells in data:
        stated = {}
        for position, cell in enumerate(cells):
            name = header.columns[position] if position < len(header.columns) else None
            text = _text(cell, book=book, is_date=name in _DATES)
            if text:
                stated[name or f"column {position + 1}"] = text
        if stated:
            avail = AvailStated(where, line, stated, version, header.notes)
            yield from avail_rows(avail, works)


def _head(sheet: Any) -> list[Sequence[object]]:
    return list(islice(sheet.iter_rows(values_only=True), 2))


def _holds_anything(sheet: Any, source: str) -> bool:
    return any(any(map(_text, cells)) for cells in _rows(sheet, f"{source} [{sheet.title}]"))


def _not_read(sheet: Any, source: str) -> RawRow:
    message = (
        f"the sheet {sheet.title!r} was not read: its second row names no columns of avails such "
        "as ALID, Territory, Start and End. Mend its header, or take it away; rights belong into "
        "the studio's own catalog"
    )
    fault = Fault("", UNKNOWN_SHEET, message)
    return RawRow(SHEETS, f"{source} [{sheet.title}]", 0, {}, fault=fault)


def _is_avails(head: Sequence[Sequence[object]]) -> bool:
    return len(head) > 1 and known_among([_text(cell) for cell in head[1]]) >= 5


def _explains(cells: Sequence[str]) -> bool:
    """Whether the third row is the one of explanations; a sheet may lack it."""
    stated = [cell for cell in cells if cell]
    marked = sum(cell.startswith("/") or cell.upper().startswith("REQ") for cell in stated)
    return marked > 0 or len(stated) <= 1


def _text(cell: object, *, book: Workbook | None = None, is_date: bool = False) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, int | float):
        if not math.isfinite(cell):
            return str(cell)
        if is_date and book is not None and int(cell) in _SERIALS:
            from openpyxl.utils.datetime import from_excel

            return _text(from_excel(cell, book.epoch))
        return str(int(cell)) if cell == int(cell) else str(cell)
    return str(cell).strip()
