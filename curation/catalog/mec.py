"""MovieLabs Media Entertainment Core (MEC) metadata as XML: a title, and who made it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from curation.catalog.avails import BAD_TERRITORY, BAD_VALUE
from curation.catalog.evidence_xml import elements, xml_files
from curation.catalog.reader import Fault, RawRow
from curation.catalog.works import Works, WorkStated, eidr_faults, identity, own_id, slug
from curation.rights import territories
from curation.safe_xml import children, local_name, text_at
from curation.storage import Place

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_LEVELS = {"series": "series", "season": "season"}
_ABOVE = {"isseasonof": "series", "isepisodeof": "season", "isversionof": "title"}
_RESTS = "INCONSISTENT_ROW"
_ROOTS = ("CoreMetadata", "Basic")


class MecReader:
    """Files of core metadata: one, or a folder of them. The line counts titles and jobs."""

    name = "mec"
    is_evidence = True

    def reads(self, place: Place) -> bool:
        return bool(self.files(place))

    def files(self, place: Place) -> list[Place]:
        return xml_files(place, _ROOTS)

    def rows(self, place: Place) -> Iterator[RawRow]:
        works = Works()
        for file in self.files(place):
            line = 0
            for basic in elements(file, "Basic"):
                for row in _title_rows(basic, file.name, works):
                    line += 1
                    yield RawRow(row.table, row.source, line, row.values, fault=row.fault)


def _title_rows(basic: Element, source: str, works: Works) -> Iterator[RawRow]:
    ids = {"ContentID": basic.get("ContentID", "")} | {
        f"AltIdentifier {text_at(one, 'Namespace')}": text_at(one, "Identifier")
        for one in children(basic, "AltIdentifier")
    }
    faults = [*eidr_faults(ids), *_territory_faults(basic)]
    found = [own_id(text, text_at(basic, "Source")) for text in ids.values()]
    stated_ids = [one for one in found if one]
    work_id = next((one for one in stated_ids if identity(one)), next(iter(stated_ids), None))
    if work_id is None and not faults:
        faults.append(Fault("work_id", BAD_VALUE, "ContentID is missing; give the title an id"))
    parents = _parents(basic)
    stated = [*parents, _work(basic, work_id or "", parents[-1].work_id if parents else None)]
    if not faults and (conflict := works.conflict(stated)):
        faults.append(conflict)
    if faults:
        values = {**ids, "title": _title(basic)} | ({"work_id": work_id} if work_id else {})
        yield RawRow("works", source, 0, values, fault=faults[0])
        rests = Fault("work_id", _RESTS, f"its title is quarantined: {faults[0].message}")
        for values in _jobs(basic, work_id or "?"):
            yield RawRow("participants", source, 0, values, fault=rests)
        return
    yield from works.rows(stated, source, 0)
    for values in _jobs(basic, stated[-1].work_id):
        yield RawRow("participants", source, 0, values)


def _work(basic: Element, work_id: str, parent_id: str | None) -> WorkStated:
    year = re.match(r"\d{4}", text_at(basic, "ReleaseYear"))
    level = _LEVELS.get(text_at(basic, "WorkType").casefold(), "title")
    eidr = work_id if identity(work_id) == work_id else None
    return WorkStated(
        work_id, level, parent_id, eidr, _title(basic), int(year[0]) if year else None
    )


def _title(basic: Element) -> str | None:
    """The title in the language marked as the default, else in the first."""
    localized = children(basic, "LocalizedInfo")
    localized.sort(key=lambda one: one.get("default") != "true")
    names = ("TitleDisplayUnlimited", "TitleDisplay60", "TitleDisplay19", "OriginalTitle")
    return next((text for one in localized for n in names if (text := text_at(one, n))), None)


def _parents(basic: Element) -> list[WorkStated]:
    for parent in children(basic, "Parent"):
        level = _ABOVE.get(parent.get("relationshipType", "").casefold())
        above = own_id(text_at(parent, "ParentContentID"), None)
        if level and above:
            eidr = above if identity(above) == above else None
            return [WorkStated(above, level, eidr=eidr)]
    return []


def _territory_faults(basic: Element) -> Iterator[Fault]:
    for element in basic.iter():
        code = (element.text or "").strip()
        if local_name(element) == "country" and not territories.is_known(code):
            message = f"country {code!r} is unknown; write an ISO 3166-1 alpha-2 code"
            yield Fault("country", BAD_TERRITORY, message)


def _jobs(basic: Element, work_id: str) -> Iterator[dict[str, Any]]:
    people = [
        *children(basic, "People"),
        *children(basic, "LocalizedInfo", "PeopleLocal"),
        *children(basic, "LocalizedInfo", "People"),
    ]
    for person in people:
        name = text_at(person, "Name", "DisplayName")
        identifier = text_at(person, "Identifier", "Identifier")
        namespace = text_at(person, "Identifier", "Namespace")
        party = f"{namespace}:{identifier}" if namespace and identifier else identifier
        for job in children(person, "Job"):
            role = slug(text_at(job, "JobFunction")).replace("-", "_")
            party_id = party or (f"name:{slug(name)}" if name else "")
            values = {"work_id": work_id, "party_id": party_id, "role": role, "name": name}
            yield {field: value for field, value in values.items() if value}
