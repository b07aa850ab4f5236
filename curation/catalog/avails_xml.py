"""MovieLabs Avails as XML, 2.2 to 2.6: each transaction of an avail is one row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from curation.catalog.avails import AvailStated, avail_rows
from curation.catalog.evidence_xml import elements, xml_files
from curation.catalog.reader import RawRow
from curation.catalog.works import Works
from curation.safe_xml import children, local_name, text_at
from curation.storage import Place

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_EPISODE = ("EpisodeMetadata",)
_VOLUME = ("VolumeMetadata",)
_ASSET: Mapping[str, tuple[str, ...]] = {
    "TitleDisplayUnlimited": ("Metadata", "TitleDisplayUnlimited"),
    "TitleInternalAlias": ("Metadata", "TitleInternalAlias"),
    "EditID": ("Metadata", "EditEIDR-URN"),
    "TitleID": ("Metadata", "TitleEIDR-URN"),
    "ReleaseYear": ("Metadata", "ReleaseDate"),
    "AltID": ("Metadata", "AltIdentifier", "Identifier"),
    "EpisodeTitleDisplayUnlimited": (*_EPISODE, "TitleDisplayUnlimited"),
    "EpisodeTitleInternalAlias": (*_EPISODE, "TitleInternalAlias"),
    "EpisodeID": (*_EPISODE, "EditEIDR-URN"),
    "EpisodeTitleID": (*_EPISODE, "TitleEIDR-URN"),
    "EpisodeAltID": (*_EPISODE, "AltIdentifier", "Identifier"),
    "EpisodeNumber": (*_EPISODE, "EpisodeNumber", "Number"),
    "VolumeTitleDisplayUnlimited": (*_VOLUME, "TitleDisplayUnlimited"),
    "VolumeTitleInternalAlias": (*_VOLUME, "TitleInternalAlias"),
    "VolumeContentID": (*_VOLUME, "VolumeContentID"),
    "VolumeID": (*_VOLUME, "VolumeEIDR-URN"),
    "VolumeNumber": (*_VOLUME, "VolumeNumber", "Number"),
}
_SEASON: Mapping[str, tuple[str, ...]] = {
    "SeasonContentID": ("SeasonContentID",),
    "SeasonID": ("SeasonEIDR-URN",),
    "SeasonAltID": ("SeasonAltIdentifier", "Identifier"),
    "SeasonNumber": ("SeasonNumber", "Number"),
    "SeasonTitleDisplayUnlimited": ("SeasonTitleDisplayUnlimited",),
    "SeasonTitleInternalAlias": ("SeasonTitleInternalAlias",),
}
_SERIES: Mapping[str, tuple[str, ...]] = {
    "SeriesContentID": ("SeriesContentID",),
    "SeriesID": ("SeriesEIDR-URN",),
    "SeriesAltID": ("SeriesAltIdentifier", "Identifier"),
    "SeriesTitleDisplayUnlimited": ("SeriesTitleDisplayUnlimited",),
    "SeriesTitleInternalAlias": ("SeriesTitleInternalAlias",),
}
_TRANSACTION: Mapping[str, tuple[str, ...]] = {
    "LicenseType": ("LicenseType",),
    "LicenseRightsDescription": ("LicenseRightsDescription",),
    "FormatProfile": ("FormatProfile",),
    "ContractID": ("ContractID",),
    "ReportingID": ("ReportingID",),
    "RefALID": ("RefALID",),
    "Description": ("Description",),
    "Exclusive": ("Exclusive",),
}
_TRANSACTION_LISTS: Mapping[str, tuple[str, ...]] = {
    "AssetLanguage": ("AssetLanguage",),
    "AllowedLanguages": ("AllowedLanguage",),
    "HoldbackLanguage": ("HoldbackLanguage",),
    "HoldbackExclusionLanguage": ("HoldbackExclusionLanguage",),
}
_AREAS = ("country", "countryRegion", "region")
_ROOTS = ("AvailList",)


class AvailsXmlReader:
    """Files of avails: one, or a folder of them. The line is the transaction's number."""

    name = "avails_xml"
    is_evidence = True

    def reads(self, place: Place) -> bool:
        return bool(self.files(place))

    def files(self, place: Place) -> list[Place]:
        return xml_files(place, _ROOTS)

    def rows(self, place: Place) -> Iterator[RawRow]:
        works = Works()
        for file in self.files(place):
            line = 0
            for avail in elements(file, "Avail"):
                version = _version(avail)
                shared = _avail_cells(avail)
                offers = [_offer_cells(offer) for offer in children(avail, "Transaction")]
                for offer in offers or [{}]:
                    line += 1
                    stated = AvailStated(file.name, line, shared | offer, version)
                    yield from avail_rows(stated, works)


def _version(avail: Element) -> str | None:
    found = re.search(r"/avails/v([\d.]+)", avail.tag)
    return found[1] if found else None


def _avail_cells(avail: Element) -> dict[str, str]:
    """What holds for all transactions of the avail; its assets after the first by number."""
    cells = {
        "ALID": text_at(avail, "ALID"),
        "EntryType": text_at(avail, "Disposition", "EntryType"),
        "DisplayName": text_at(avail, "Licensor", "DisplayName"),
        "ServiceProvider": text_at(avail, "ServiceProvider", "DisplayName"),
        "ExceptionFlag": text_at(avail, "ExceptionFlag"),
        "AvailType": text_at(avail, "AvailType"),
        "ShortDescription": text_at(avail, "ShortDescription"),
    }
    for number, asset in enumerate(children(avail, "Asset"), start=1):
        mark = "" if number == 1 else f"Asset{number}."
        cells |= {f"{mark}{name}": text for name, text in _asset_cells(asset).items()}
    for shared in children(avail, "SharedEntitlement"):
        cells[f"{shared.get('ecosystem', 'Shared')}_ID"] = text_at(shared, "EcosystemID")
    return {name: text for name, text in cells.items() if text}


def _asset_cells(asset: Element) -> dict[str, str]:
    work_type = text_at(asset, "WorkType")
    content = asset.get("contentID", "")
    own = {"Episode": "EpisodeContentID", "Season": "SeasonContentID", "Series": "SeriesContentID"}
    cells = {"WorkType": work_type, own.get(work_type, "ContentID"): content}
    cells |= {name: text_at(asset, *path) for name, path in _ASSET.items()}
    season = _below(asset, "SeasonMetadata")
    series = _below(asset, "SeriesMetadata")
    for element, names in ((season, _SEASON), (series, _SERIES)):
        if element is not None:
            cells |= {
                name: text for name, path in names.items() if (text := text_at(element, *path))
            }
    cells["BundledALIDs"] = ";".join(_texts(asset, "BundledAsset", "BundledALID"))
    for part in ("Metadata", "EpisodeMetadata", "VolumeMetadata", "SeasonMetadata"):
        date = text_at(asset, part, "ReleaseDate")
        cells["ReleaseYear"] = cells.get("ReleaseYear") or date
        directors = [
            text_at(person, "Name", "DisplayName")
            for person in children(asset, part, "People")
            if text_at(person, "Job", "JobFunction") == "Director"
        ]
        cells["Director"] = cells.get("Director") or "; ".join(directors)
    return {name: text for name, text in cells.items() if text}


def _offer_cells(offer: Element) -> dict[str, str]:
    cells = {"AvailID": offer.get("TransactionID", "")}
    cells |= {name: text_at(offer, *path) for name, path in _TRANSACTION.items()}
    cells |= {name: ",".join(_texts(offer, *path)) for name, path in _TRANSACTION_LISTS.items()}
    for name, tag in (("Territory", "Territory"), ("TerritoryExclusion", "TerritoryExcluded")):
        codes = [code for area in _AREAS for code in _texts(offer, tag, area)]
        cells[name] = ",".join(codes)
    for name in ("Start", "End"):
        cells[name] = text_at(offer, name) or text_at(offer, f"{name}Condition")
    for term in children(offer, "Term"):
        value = " ".join(" ".join((part.text or "").split()) for part in term)
        cells[f"Term.{term.get('termName', '')}"] = value
        if term.get("termName") in ("HoldbackLanguage", "HoldbackExclusionLanguage"):
            cells[term.get("termName", "")] = value
    known = {path[0] for path in (*_TRANSACTION.values(), *_TRANSACTION_LISTS.values())}
    known |= {"Start", "End", "StartCondition", "EndCondition", "Territory", "TerritoryExcluded"}
    for element in offer:
        name = local_name(element)
        if name and name not in known and name != "Term":
            text = " ".join(" ".join("".join(element.itertext()).split()).split())
            cells[name] = f"{cells[name]}; {text}" if name in cells else text
    return {name: text for name, text in cells.items() if text}


def _below(element: Element, name: str) -> Element | None:
    return next((one for one in element.iter() if local_name(one) == name), None)


def _texts(element: Element, *path: str) -> list[str]:
    found = (" ".join((child.text or "").split()) for child in children(element, *path))
    return [text for text in found if text]
