"""One JSON file that holds all tables: a rulebook, with or without ``assets``."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from curation import strict_json
from curation.catalog.fields import table_names
from curation.catalog.reader import MALFORMED, CatalogError, Fault, RawRow
from curation.storage import Place


class RulebookReader:
    """``{"works": [{…}, …], "rules": [{…}, …], …}``; the line is the row's number in its list."""

    name = "rulebook"

    def reads(self, place: Place) -> bool:
        return not place.is_folder() and place.name.endswith(".json")

    def files(self, place: Place) -> list[Place]:
        return [place]

    def rows(self, place: Place) -> Iterator[RawRow]:
        try:
            data: Any = strict_json.loads(place.read_bytes())
        except ValueError as error:
            raise CatalogError(f"{place} is not readable JSON: {error}") from error
        if not isinstance(data, dict):
            raise CatalogError(f"{place} is no rulebook; write one JSON object with a list a table")
        names = table_names()
        for table, rows in data.items():
            if table not in names:
                near = get_close_matches(table, names, n=1, cutoff=0.0)[0]
                raise CatalogError(f"{place}: unknown table {table!r}; did you mean {near!r}?")
            if not isinstance(rows, list):
                raise CatalogError(f"{place}: {table} is no list; write [{{…}}, …]")
            for line, values in enumerate(rows, start=1):
                if isinstance(values, dict):
                    yield RawRow(table, place.name, line, values)
                else:
                    fault = Fault("", MALFORMED, "not a JSON object")
                    yield RawRow(table, place.name, line, {}, fault=fault)
