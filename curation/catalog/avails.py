"""An avail, from whichever format it came: its row, the works it is about, or why it is none.

An avail offers a work for distribution. It is catalog, window, territory and holdback evidence; no
permission to learn from the work follows from it, whatever its licence type says.
Source of the vocabulary: MovieLabs / EMA Avails, Excel representation 1.7 to 1.9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.catalog.avail_works import works_of
from curation.catalog.dates import offset_of, order_failure, window_date
from curation.catalog.reader import Fault, RawRow
from curation.catalog.works import Works, eidr_faults, identity
from curation.rights import territories

BAD_DATE = "INVALID_DATE"
BAD_TERRITORY = "INVALID_TERRITORY"
BAD_VALUE = "INVALID_FIELD"

_TEXTS: Mapping[str, str] = {
    "avail_id": "AvailID",
    "alid": "ALID",
    "entry_type": "EntryType",
    "work_type": "WorkType",
    "licensor": "DisplayName",
    "licensee": "Licensee",
    "service": "ServiceProvider",
    "licence_type": "LicenseType",
    "licence_rights_description": "LicenseRightsDescription",
    "format_profile": "FormatProfile",
}
_LISTS: Mapping[str, str] = {
    "territories": "Territory",
    "territory_exclusions": "TerritoryExclusion",
    "asset_languages": "AssetLanguage",
    "allowed_languages": "AllowedLanguages",
    "holdback_languages": "HoldbackLanguage",
    "holdback_exclusions": "HoldbackExclusionLanguage",
}
_FLAGS: Mapping[str, str] = {"exception_flag": "ExceptionFlag", "exclusive": "Exclusive"}
_IDENTITY = (
    "avail_id",
    "entry_type",
    "territories",
    "licence_type",
    "licence_rights_description",
    "format_profile",
    "asset_languages",
    "start",
)
_ID_COLUMN = re.compile(r"(ID|EIDR-URN|ALIDs?|Identifier)\d?$")
_TRUE = frozenset(("true", "=true()", "yes", "y", "t", "1"))
_FALSE = frozenset(("false", "=false()", "no", "n", "f", "0"))


@dataclass(frozen=True, slots=True)
class AvailStated:
    """One avail as a file states it: text under the column names of the Excel representation."""

    source: str
    line: int
    cells: Mapping[str, str]
    version: str | None = None
    notes: Sequence[str] = ()


def avail_rows(avail: AvailStated, works: Works) -> Iterator[RawRow]:
    """The works that the avail is first to state, then its own row; alone where it is faulty."""
    faults = list(eidr_faults({n: c for n, c in avail.cells.items() if _ID_COLUMN.search(n)}))
    values: dict[str, Any] = {}
    used = {"Start", "End", *_TEXTS.values(), *_LISTS.values(), *_FLAGS.values()}
    for name, column in _TEXTS.items():
        values[name] = _stated(avail, column)
    for name, column in _LISTS.items():
        values[name] = items_of(_stated(avail, column))
    values["eidrs"] = sorted(
        {
            found
            for column, cell in avail.cells.items()
            if _ID_COLUMN.search(column)
            for item in items_of(cell)
            if (found := identity(item)) is not None
        }
    )
    for name, column in _FLAGS.items():
        try:
            values[name] = flag(_stated(avail, column))
        except ValueError as error:
            faults.append(Fault(name, BAD_VALUE, f"{column} {error}"))
    faults += _territory_faults(values)
    faults += _window_faults(avail, values)
    stated, of = works_of(avail.cells, values["licensor"])
    if of is None:
        message = "no id, and no title, says which work it is about; fill in ContentID or a title"
        faults.append(Fault("work_id", BAD_VALUE, message))
    elif not faults and (conflict := works.conflict(stated)):
        faults.append(conflict)
    if faults or of is None:
        yield RawRow("avails", avail.source, avail.line, dict(avail.cells), fault=_joined(faults))
        return
    values |= {
        "work_id": of.work_id,
        "title": of.title,
        "year": of.year,
        "time_zone": offset_of(values["start"], values["end"]),
        "source_version": avail.version,
        "notes": list(avail.notes),
        "other": {name: cell for name, cell in avail.cells.items() if cell and name not in used},
    }
    values["avail_key"] = _key(values)
    yield from works.rows(stated, avail.source, avail.line)
    yield RawRow("avails", avail.source, avail.line, values)


def items_of(text: str | None) -> list[str]:
    """The items of a list in a cell, separated by commas, semicolons or spaces."""
    return [item for item in re.split(r"[;,\s]+", text or "") if item]


def flag(text: str | None) -> bool | None:
    """Yes or no in the spellings of spreadsheets, formulas included.

    Raises:
        ValueError: another word.
    """
    word = (text or "").strip().casefold()
    if not word:
        return None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"{text!r} is neither yes nor no; write TRUE or FALSE")


def _stated(avail: AvailStated, column: str) -> str | None:
    return avail.cells.get(column) or None


def _territory_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    for name in ("territories", "territory_exclusions"):
        for code in values[name]:
            if not territories.is_known(code):
                message = f"{code!r} is unknown; write ISO 3166-1 alpha-2, ISO 3166-2 or 001"
                yield Fault(name, BAD_TERRITORY, message)
    if not values["territories"]:
        yield Fault("territories", BAD_TERRITORY, "are missing; name the countries of the offer")


def _window_faults(avail: AvailStated, values: dict[str, Any]) -> Iterator[Fault]:
    sound = True
    for name, column in (("start", "Start"), ("end", "End")):
        text = _stated(avail, column)
        values[name] = values[f"{name}_text"] = text
        if text is None:
            continue
        try:
            values[name] = window_date(text)
        except ValueError as error:
            sound = False
            yield Fault(name, BAD_DATE, f"{column} {error}")
    failure = order_failure(values["start"], values["end"]) if sound else None
    if failure:
        yield Fault("end", BAD_DATE, f"End: {failure}; correct the dates")


def _joined(faults: Sequence[Fault]) -> Fault:
    """The first fault, its message followed by those of the others."""
    first = faults[0]
    others = dict.fromkeys(fault.message for fault in faults)
    return Fault(first.field, first.reason, ". Also: ".join(others))


def _key(values: Mapping[str, Any]) -> str:
    parts = [values["alid"] or values["work_id"]]
    for name in _IDENTITY:
        value = values[name]
        parts.append(",".join(value) if isinstance(value, list) else value or "")
    return "|".join(parts)
