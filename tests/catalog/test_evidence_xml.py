from collections import Counter
from pathlib import Path

import pytest

from curation.catalog import CatalogError
from tests.catalog.sheets import BAD, GOOD, OTHER, avail_of, read

AVAILS = """<a:AvailList xmlns:a="http://www.movielabs.com/schema/avails/v2.5/avails"
 xmlns:md="http://www.movielabs.com/schema/md/v2.8/md">
<a:Avail><a:ALID>md:alid:org:spud:1</a:ALID>
<a:Licensor><md:DisplayName>Sofa Spud</md:DisplayName></a:Licensor>
<a:Asset contentID="md:cid:org:spud:1"><a:WorkType>Movie</a:WorkType><a:Metadata>
<a:TitleDisplayUnlimited>Rabbits</a:TitleDisplayUnlimited>
<a:EditEIDR-URN>urn:eidr:{edit}</a:EditEIDR-URN><a:TitleEIDR-URN>{title}</a:TitleEIDR-URN>
</a:Metadata></a:Asset>{offers}</a:Avail></a:AvailList>"""
OFFER = """<a:Transaction TransactionID="{id}"><a:LicenseType>SVOD</a:LicenseType>
<a:Territory><md:country>US</md:country></a:Territory><a:Territory><md:country>CA</md:country>
</a:Territory><a:Start>2023-07-01T00:00:00Z</a:Start><a:EndCondition>Open</a:EndCondition>
<a:Term termName="SRP"><a:Money>4.99</a:Money></a:Term></a:Transaction>"""
MEC = """<m:CoreMetadata xmlns:m="http://www.movielabs.com/schema/mdmec/v2.7"
 xmlns:md="http://www.movielabs.com/schema/md/v2.7/md"><m:Basic ContentID="{id}">
<md:LocalizedInfo><md:TitleDisplay60>Kaninchen</md:TitleDisplay60></md:LocalizedInfo>
<md:LocalizedInfo default="true"><md:TitleDisplay60>Rabbits</md:TitleDisplay60></md:LocalizedInfo>
<md:ReleaseYear>2008</md:ReleaseYear><md:WorkType>Movie</md:WorkType>
<md:People><md:Job><md:JobFunction>Director</md:JobFunction></md:Job>
<md:Job><md:JobFunction>Writer</md:JobFunction></md:Job>
<md:Name><md:DisplayName>Ana Sol</md:DisplayName></md:Name></md:People>
<md:CountryOfOrigin><md:country>{country}</md:country></md:CountryOfOrigin>
</m:Basic></m:CoreMetadata>"""


def avails(tmp_path: Path, offers: str, title: str = GOOD) -> Path:
    path = tmp_path / "a.xml"
    path.write_text(AVAILS.format(edit=OTHER.replace("/", ":"), title=title, offers=offers))
    return path


def test_each_transaction_is_an_avail(tmp_path: Path) -> None:
    checked = read(avails(tmp_path, OFFER.format(id=1) + OFFER.format(id=2)))
    assert Counter(row.table for row in checked.accepted) == {"works": 2, "avails": 2}
    assert not checked.quarantined


def test_what_an_avail_states_is_kept(tmp_path: Path) -> None:
    avail = avail_of(read(avails(tmp_path, OFFER.format(id=1))))
    assert (avail["work_id"], avail["territories"]) == (OTHER, ["US", "CA"])
    assert (avail["start"], avail["end"]) == ("2023-07-01T00:00:00Z", "Open")
    assert (avail["time_zone"], avail["source_version"]) == ("UTC", "2.5")
    assert avail["other"]["Term.SRP"] == "4.99"


def test_a_failing_eidr_takes_every_transaction(tmp_path: Path) -> None:
    checked = read(avails(tmp_path, OFFER.format(id=1) + OFFER.format(id=2), title=BAD))
    assert [bad.fault.reason for bad in checked.quarantined] == ["EIDR_CHECK_FAILED"] * 2
    assert not checked.accepted


def test_a_title_and_the_people_who_made_it(tmp_path: Path) -> None:
    path = tmp_path / "mec.xml"
    path.write_text(MEC.format(id="md:cid:eidr-s:" + GOOD[8:].lower(), country="ES"))
    work, *people = read(path).accepted
    assert work.values == {
        "work_id": GOOD,
        "level": "title",
        "eidr": GOOD,
        "title": "Rabbits",
        "year": 2008,
    }
    assert [(row.values["role"], row.values["name"]) for row in people] == [
        ("director", "Ana Sol"),
        ("writer", "Ana Sol"),
    ]


@pytest.mark.parametrize(
    ("content_id", "country", "reason"),
    [
        ("md:cid:eidr-s:" + BAD[8:], "ES", "EIDR_CHECK_FAILED"),
        ("md:cid:org:spud:1", "JJ", "INVALID_TERRITORY"),
        ("", "ES", "INVALID_FIELD"),
    ],
)
def test_people_fall_with_their_title(
    tmp_path: Path, content_id: str, country: str, reason: str
) -> None:
    path = tmp_path / "mec.xml"
    path.write_text(MEC.format(id=content_id, country=country))
    checked = read(path)
    assert not checked.accepted
    assert [bad.fault.reason for bad in checked.quarantined] == [reason, *["INCONSISTENT_ROW"] * 2]


def test_unsafe_xml_is_an_error_of_the_catalog(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text('<!DOCTYPE AvailList SYSTEM "http://127.0.0.1:9/a.dtd"><AvailList/>')
    with pytest.raises(CatalogError, match="has a DOCTYPE"):
        read(path)


def test_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.safe_xml.MAX_BYTES", 100)
    with pytest.raises(CatalogError, match="so split it"):
        read(avails(tmp_path, OFFER.format(id=1)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_encodings_that_say_so_are_read(tmp_path: Path, encoding: str) -> None:
    path = avails(tmp_path, OFFER.format(id=1))
    text = path.read_text().replace("Rabbits", "Käninchen")
    declared = "" if encoding == "utf-8-sig" else f'<?xml version="1.0" encoding="{encoding}"?>'
    path.write_bytes((declared + text).encode(encoding))
    assert avail_of(read(path))["title"] == "Käninchen"


@pytest.mark.parametrize("encoding", ["ascii", "utf-7", "klingon"])
def test_encodings_that_lie_are_errors(tmp_path: Path, encoding: str) -> None:
    path = avails(tmp_path, OFFER.format(id=1))
    text = path.read_text().replace("Rabbits", "Käninchen")
    path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode())
    with pytest.raises(CatalogError, match="not readable XML"):
        read(path)


def test_damaged_xml_is_an_error(tmp_path: Path) -> None:
    path = avails(tmp_path, OFFER.format(id=1))
    path.write_text(path.read_text()[:-40])
    with pytest.raises(CatalogError, match="not readable XML"):
        read(path)
