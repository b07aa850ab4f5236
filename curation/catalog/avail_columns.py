"""The header of an Avails sheet: known columns, and misspelt ones understood or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from curation.catalog.reader import CatalogError

COLUMNS = tuple(
    """
    ALID AllowedLanguages AltID AnnounceDate Any AssetLanguage AvailID BrandingRights
    BrandingRightsAttributes BundledALIDs CampaignID CaptionExemption CaptionIncluded
    CompanyDisplayCredit ContentID ContractID Description Director DisplayName DistributionNumber
    DMA_ID Download EditID End EndLag EntryType EpisodeAltID EpisodeContentID EpisodeCount EpisodeID
    EpisodeNumber EpisodeTitleDisplayUnlimited EpisodeTitleID EpisodeTitleInternalAlias
    ExceptionFlag Exclusive ExclusiveAttributes FixedEndDate FormatProfile GroupIdentity HDR HFR
    HoldbackExclusionLanguage HoldbackLanguage Licensee LicenseRightsDescription LicenseType
    LocalizationType Metadata NGAudio OtherInstructions OtherTerms PackageLabel PriceCurrency
    PriceType PriceValue RatingReason RatingSystem RatingValue ReleaseHistoryOriginal
    ReleaseHistoryPhysicalHV ReleaseYear RentalDuration ReportingID RequiredFulfillmentLanguages
    RetailerEpisodeID1 RetailerEpisodeID2 RetailerID1 RetailerID2 RetailerID3 RetailerSeasonID
    RetailerSeriesID RetailerSpare1 RetailerSpare2 RetailerSpare3 RetailerVolumeID SeasonAltID
    SeasonContentID SeasonCount SeasonID SeasonNumber SeasonTitleDisplayUnlimited
    SeasonTitleInternalAlias SeriesAltID SeriesContentID SeriesID SeriesTitleDisplayUnlimited
    SeriesTitleInternalAlias ServiceProvider SpecialPreOrderFulfillDate SRP Start StartLag StoreType
    SuppressionLiftDate Territory TerritoryExclusion TitleDisplayUnlimited TitleID
    TitleInternalAlias TitleStatus TotalRunTime TPRType UV_ID VolumeAltID VolumeContentID
    VolumeDistributionNumber VolumeID VolumeNumber VolumeTitleDisplayUnlimited
    VolumeTitleInternalAlias WatchDuration WCG WindowDuration WorkType
    """.split()  # noqa: SIM905
)
REQUIRED = ("Territory", "Start", "End", "LicenseType", "WorkType")
_NEAR = 0.84


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


_BY_PLAIN = {_plain(name): name for name in COLUMNS} | {
    "bundlealids": "BundledALIDs",
    "licensetype": "LicenseType",
    "licencetype": "LicenseType",
    "licencerightsdescription": "LicenseRightsDescription",
    "allowedlanguage": "AllowedLanguages",
    "holdbacklanguages": "HoldbackLanguage",
    "episodeproductid": "EpisodeContentID",
}


@dataclass(frozen=True, slots=True)
class Header:
    """The column each cell belongs to, by position (None: no header there), and what was mended."""

    columns: tuple[str | None, ...]
    notes: tuple[str, ...]


def known_among(cells: Sequence[str]) -> int:
    """How many of these cells are names of columns, spelt as they should be."""
    return sum(_plain(cell) in _BY_PLAIN for cell in cells if cell)


def header_of(cells: Sequence[str], where: str) -> Header:
    """Read a header; one nearly right is taken for the column it is near, with a note.

    A column that is near none stays under its own name.

    Raises:
        CatalogError: a name near two columns alike, a column stated twice, or a required one
            missing.
    """
    columns: list[str | None] = []
    notes = []
    exact = {_BY_PLAIN[_plain(cell)] for cell in cells if _plain(cell) in _BY_PLAIN}
    for cell in cells:
        name = _BY_PLAIN.get(_plain(cell)) if cell else None
        if cell and name is None:
            name = _nearest(cell, exact, where)
            if name is None:
                name = cell
            else:
                notes.append(f"header {cell!r} read as {name}")
        columns.append(name)
    named = [name for name in columns if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise CatalogError(f"{where}: the column {twice[0]!r} is there twice; keep one of them")
    for name in REQUIRED:
        if name not in named:
            raise CatalogError(f"{where}: the column {name!r} is missing; add it to the header")
    return Header(tuple(columns), tuple(notes))


def _nearest(cell: str, exact: set[str], where: str) -> str | None:
    plain = _plain(cell)
    scores = {
        name: SequenceMatcher(None, plain, key).ratio()
        for key, name in _BY_PLAIN.items()
        if name not in exact and re.sub(r"\D", "", key) == re.sub(r"\D", "", plain)
    }
    near = sorted((name for name in scores if scores[name] >= _NEAR), key=lambda n: -scores[n])
    if len(near) > 1 and scores[near[0]] - scores[near[1]] < 0.02:
        raise CatalogError(
            f"{where}: the header {cell!r} may mean {near[0]!r} or {near[1]!r}; correct it"
        )
    return near[0] if near else None
