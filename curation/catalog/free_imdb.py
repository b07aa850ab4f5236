"""Lists of films said to be free to distribute, as public-domain-free-imdb gathers them.

Each record is somebody's claim, with the page that backs it. A claim is evidence for whoever looks
further; a grant it is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from curation.catalog.evidence_files import evidence_files
from curation.catalog.reader import CatalogError, Fault, RawRow
from curation.catalog.works import Works, WorkStated, slug
from curation.storage import Place

_TITLE_URL = re.compile(r"https?://(?:www\.)?imdb\.com/title/(tt\d+)/?")
_MINE = frozenset(("status", "freenessurl", "inlibrary", "imdblookup", "fromnb", "title"))
_HEAD = 1 << 12
_KNOWN = frozenset(("status", "freenessurl", "title", "year", "wp", "wdurl"))
_YEARS = range(1870, 2101)


class FreeImdbReader:
    """One list, or a folder of them. The line is the record's number in its file."""

    name = "free_imdb"
    is_evidence = True

    def reads(self, place: Place) -> bool:
        return bool(self.files(place))

    def files(self, place: Place) -> list[Place]:
        return evidence_files(place, ".json", _is_list)

    def rows(self, place: Place) -> Iterator[RawRow]:
        works = Works()
        for file in self.files(place):
            claimant = re.sub(r"^free-movies-|\.json$", "", file.name)
            for line, (key, record) in enumerate(_records(file), start=1):
                yield from _record_rows(file.name, line, claimant, key, record, works)


def _is_list(file: Place) -> bool:
    """Whether the head of the file holds a record: an object of objects that speak of a film."""
    with file.open() as stream:
        raw = stream.read(_HEAD)
    head = raw.decode(json.detect_encoding(raw), errors="replace").removeprefix("\ufeff")
    if not re.match(r'\s*\{\s*"', head) or re.match(r'\s*\{\s*"\w+"\s*:\s*\[', head):
        return False
    return any(f'"{name}"' in head for name in _MINE - {"title"}) and '"title"' in head


def _records(file: Place) -> list[tuple[str, Any]]:
    """The records in order; a key stated twice comes twice."""
    try:
        top = json.loads(file.read_bytes(), object_pairs_hook=_Pairs, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{file} is not readable JSON: {error}; mend it") from error
    return list(top.pairs)


class _Pairs:
    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _integer(digits: str) -> int | str:
    """A number, or its digits where it is longer than any that means something."""
    return int(digits) if len(digits) < 19 else digits


def _record_rows(
    source: str, line: int, claimant: str, key: str, record: Any, works: Works
) -> Iterator[RawRow]:
    if not isinstance(record, _Pairs):
        message = f"{key!r} holds no record but {record!r}; a note belongs outside the list"
        note = Fault("", "MALFORMED_ROW", message)
        yield RawRow("claims", source, line, {key: _text(record)}, fault=note)
        return
    stated = _flat(record)
    imdb = _TITLE_URL.fullmatch(key) or _TITLE_URL.fullmatch(stated.get("imdb", ""))
    work_id = f"imdb:{imdb[1]}" if imdb else f"{claimant}:{slug(key) or line}"
    if not imdb and re.match(r"https?://", key):
        work_id = key
    title = " ".join(stated.get("title", "").split())
    year = stated.get("year", "")
    number = int(year) if re.fullmatch(r"\d{1,9}", year) else None
    values = {
        "claim_id": f"{claimant}:{key}",
        "work_id": work_id,
        "claimant": claimant,
        "status": stated.get("status", ""),
        "evidence_url": stated.get("freenessurl", ""),
        "title": title,
        "year": number,
        "ids": _ids(imdb[1] if imdb else None, stated),
        "other": {name: text for name, text in stated.items() if name not in _KNOWN and text},
    }
    fault = _fault(values, year)
    if fault is None:
        work = WorkStated(work_id, "title", title=title or None, year=number)
        yield from works.rows([work], source, line)
    yield RawRow("claims", source, line, values, fault=fault)


def _fault(values: Mapping[str, Any], year: str) -> Fault | None:
    if not values["status"]:
        message = "status is missing; say free, unknown, candidate or non-free"
        return Fault("status", "INVALID_FIELD", message)
    if year and values["year"] not in _YEARS:
        return Fault("year", "INVALID_FIELD", f"year {year!r} is no year of a film; correct it")
    return None


def _ids(imdb: str | None, stated: Mapping[str, str]) -> dict[str, str]:
    pairs = {
        "imdb": imdb or "",
        "wikidata": stated.get("wdurl", ""),
        "wikipedia": stated.get("wp", ""),
    }
    return {name: text for name, text in pairs.items() if text}


def _flat(record: _Pairs) -> dict[str, str]:
    """Field to text; a field stated twice keeps its later values under a number."""
    stated: dict[str, str] = {}
    for name, value in record.pairs:
        field, number = name, 2
        while field in stated:
            field, number = f"{name}#{number}", number + 1
        if value is not None:
            stated[field] = _text(value)
    return stated


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {name: _plain(item) for name, item in value.pairs}
    return [_plain(item) for item in value] if isinstance(value, list) else value
