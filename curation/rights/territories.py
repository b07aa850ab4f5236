"""Territory algebra: `001` contains every country, a country contains its subdivisions.

Countries are the ISO 3166-1 codes of the tz database's `iso3166.tab`. Subdivisions (ISO 3166-2)
are those of `subdivisions`. A part of a country that has a country code of its own (`PR`, `HK`) is
written with it. Whether `FR` means `GP` too nobody can say, so a prohibition and an exclusion for
`FR` reach `GP`, while a permission and a request for `FR` do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from curation.rights import zones
from curation.rights.subdivisions import countries_in, is_subdivision, may_nest

WORLD = "001"
_SUBDIVISION = re.compile(r"([A-Z]{2})-([A-Z0-9]{1,3})")


def is_known(code: str) -> bool:
    """Whether the code is the world, a country in use, or a subdivision shaped under one."""
    if code == WORLD or code in zones.countries():
        return True
    match = _SUBDIVISION.fullmatch(code)
    return match is not None and match[1] in zones.countries() and is_subdivision(*match.groups())


def contains(outer: str, inner: str) -> bool:
    """Whether all of `inner` lies in `outer`."""
    return outer in (WORLD, inner) or inner.startswith(f"{outer}-")


def reached(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes, with the parts of each that have a country code of their own."""
    return tuple(dict.fromkeys(all_of for code in codes for all_of in (code, *countries_in(code))))


def _overlap(one: str, other: str) -> str | None:
    if contains(one, other):
        return other
    return one if contains(other, one) else None


def grant_failure(include: Sequence[str], exclude: Sequence[str], asked: str) -> str | None:
    """Why a permission for these territories does not reach all of `asked`; None if it does.

    Returns `TERRITORY_NOT_GRANTED`, `TERRITORY_EXCLUDED` or `TERRITORY_PARTIAL`. An unknown code
    is granted by nobody, not even by a grant of the world. Parts are never summed up to a whole.
    """
    exclude = reached(exclude)
    if not is_known(asked) or all(_overlap(code, asked) is None for code in include):
        return "TERRITORY_NOT_GRANTED"
    if any(contains(code, asked) for code in exclude):
        return "TERRITORY_EXCLUDED"
    whole = any(contains(code, asked) for code in include)
    if not whole or any(contains(asked, code) or may_nest(code, asked) for code in exclude):
        return "TERRITORY_PARTIAL"
    return None


def prohibition_hits(include: Sequence[str], exclude: Sequence[str], asked: str) -> bool:
    """Whether a prohibition touches any part of `asked`; without an inclusion it is the world's."""
    for code in reached(include) or (WORLD,):
        shared = asked if may_nest(code, asked) else _overlap(code, asked)
        if shared is not None and not any(contains(out, shared) for out in exclude):
            return True
    return False


def undone(include: Sequence[str], exclude: Sequence[str]) -> list[str]:
    """What is included, the world where nothing is named, and wholly excluded again."""
    return [code for code in include or (WORLD,) if any(contains(out, code) for out in exclude)]


def meet(
    one: tuple[Sequence[str], Sequence[str]], other: tuple[Sequence[str], Sequence[str]]
) -> bool:
    """Whether two rules, each with what it includes and excludes, certainly share ground."""
    shared = [
        place
        for mine in one[0] or (WORLD,)
        for theirs in other[0] or (WORLD,)
        if (place := _overlap(mine, theirs)) is not None
    ]
    without = (*one[1], *other[1])
    return any(not any(contains(out, place) for out in without) for place in shared)


def zones_of(territories: Sequence[str]) -> frozenset[str]:
    """Every IANA zone of the territories; none stated means the world's."""
    if not territories or WORLD in territories:
        return zones.all_zones()
    return frozenset().union(*(zones.zones_of_country(code[:2]) for code in territories))
