"""Which works an avail is about: a film and its edit, or an episode, its season and its series."""

from __future__ import annotations

import re
from collections.abc import Mapping

from curation.catalog.works import WorkStated, identity, own_id, slug

_EPISODIC = frozenset(("episode", "season", "series", "volume"))


def works_of(
    cells: Mapping[str, str], owner: str | None
) -> tuple[list[WorkStated], WorkStated | None]:
    """The works that a row states, parents first, and the one that its offer is about.

    The id of each is its EIDR where one is stated, else the id of its content, else an id of the
    licensor's, else one made of its title and year.
    """
    if cells.get("WorkType", "").casefold() in _EPISODIC or "SeriesContentID" in cells:
        works = _episodic(cells, owner)
    else:
        works = _film(cells, owner)
    return works, works[-1] if works else None


def _film(cells: Mapping[str, str], owner: str | None) -> list[WorkStated]:
    edit = own_id(cells.get("EditID", ""), owner)
    title = _title(cells, "Title")
    year = _year(cells)
    columns = ["TitleID", "ContentID", "AltID", "ALID"]
    work_id = _id(cells, columns, owner, without=edit) or _made("title", title, year)
    works = []
    if work_id:
        works.append(_work(work_id, "title", None, title, year))
    if edit and edit != work_id:
        works.append(_work(edit, "edit", work_id, title, year))
    return works


def _episodic(cells: Mapping[str, str], owner: str | None) -> list[WorkStated]:
    kind = cells.get("WorkType", "").casefold()
    name = _title(cells, "Series")
    series = _id(cells, ["SeriesID", "SeriesContentID", "SeriesAltID"], owner) or _made(
        "series", name, None
    )
    works = [_work(series, "series", None, name, None)] if series else []
    if kind == "series":
        return works
    number = cells.get("SeasonNumber", "")
    season = _id(cells, ["SeasonID", "SeasonContentID", "SeasonAltID"], owner, without=series)
    season = season or (f"{series}/season/{number}" if series and number else None)
    if season:
        works.append(_work(season, "season", series, _title(cells, "Season") or name, None))
    if kind == "season":
        alone = _id(cells, ["ALID"], owner)
        return works if season else [*works, *([_work(alone, "season", series)] if alone else [])]
    part = "Volume" if kind == "volume" else "Episode"
    title, year = _title(cells, part), _year(cells)
    columns = [f"{part}TitleID", f"{part}ID", f"{part}ContentID", f"{part}AltID", "ALID"]
    number = cells.get(f"{part}Number") or title or ""
    above = season or series
    made = f"{above}/{part.casefold()}/{slug(number)}" if above and number else None
    own = _id(cells, columns, owner, without=season) or made
    if own is None:
        return []
    works.append(_work(own, "title", above, title, year))
    edit = own_id(cells.get(f"{part}ID", ""), owner)
    if edit and edit != own and cells.get(f"{part}TitleID"):
        works.append(_work(edit, "edit", own, title, year))
    return works


def _work(
    work_id: str,
    level: str,
    parent_id: str | None,
    title: str | None = None,
    year: int | None = None,
) -> WorkStated:
    eidr = work_id if identity(work_id) == work_id else None
    return WorkStated(work_id, level, parent_id, eidr, title, year)


def _id(
    cells: Mapping[str, str], columns: list[str], owner: str | None, without: str | None = None
) -> str | None:
    """The first id among the columns, an EIDR before any other."""
    found = [own_id(cells.get(column, ""), owner) for column in columns]
    ids = [work_id for work_id in found if work_id and work_id != without]
    return next((work_id for work_id in ids if identity(work_id)), ids[0] if ids else None)


def _made(kind: str, title: str | None, year: int | None) -> str | None:
    return f"{kind}:{slug(title)}" + (f":{year}" if year else "") if title else None


def _title(cells: Mapping[str, str], kind: str) -> str | None:
    part = "" if kind == "Title" else kind
    return (
        cells.get(f"{part}TitleDisplayUnlimited") or cells.get(f"{part}TitleInternalAlias") or None
    )


def _year(cells: Mapping[str, str]) -> int | None:
    found = re.match(r"(\d{4})(\D|$)", cells.get("ReleaseYear", ""))
    return int(found[1]) if found else None
