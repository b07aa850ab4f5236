"""The tz database as shipped in the `tzdata` package, never the machine's own copy.

A decision must come out the same on every machine, so zones are read from the pinned package.
Source of the tables: IANA tz database, `zone.tab`, `zone1970.tab`, `iso3166.tab`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from zoneinfo import ZoneInfo


class UnknownZoneError(ValueError):
    """A time zone that the tz database does not hold."""


def _database() -> Traversable:
    return files("tzdata")


def _rows(table: str) -> Iterator[list[str]]:
    text = _database().joinpath("zoneinfo", table).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


@cache
def all_zones() -> frozenset[str]:
    """Every zone name of the tz database, links and `Etc/` zones included."""
    names = _database().joinpath("zones").read_text(encoding="utf-8").split()
    return frozenset(names)


@cache
def countries() -> frozenset[str]:
    """The ISO 3166-1 alpha-2 codes in use, from `iso3166.tab`."""
    return frozenset(country_names())


@cache
def country_names() -> Mapping[str, str]:
    """The English name of each country by its code, from `iso3166.tab`."""
    return MappingProxyType({row[0]: row[1] for row in _rows("iso3166.tab")})


@cache
def zones_of_country(country: str) -> frozenset[str]:
    """Every zone used in the country; all zones where the tables name none."""
    named = {
        row[2]
        for table in ("zone.tab", "zone1970.tab")
        for row in _rows(table)
        if country in row[0].split(",")
    }
    return frozenset(named) or all_zones()


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that name.

    Raises:
        UnknownZoneError: the tz database has no such zone.
    """
    if name not in all_zones():
        raise UnknownZoneError(f"time zone {name!r} is not in the IANA tz database")
    with _database().joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
