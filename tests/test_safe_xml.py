from pathlib import Path

import pytest

from curation import safe_xml
from curation.safe_xml import XmlError
from curation.storage import Place


def written(tmp_path: Path, text: str) -> Place:
    path = tmp_path / "a.xml"
    path.write_text(text)
    return Place.parse(path)


def test_elements_come_whole_with_their_line(tmp_path: Path) -> None:
    file = written(tmp_path, '<?xml version="1.0"?>\n<r xmlns="u:1">\n<a>1</a>\n\n<a>2 </a></r>')
    found = list(safe_xml.elements(file, "a"))
    assert [(one.text, safe_xml.line_of(one)) for one in found] == [("1", 3), ("2 ", 5)]
    assert safe_xml.root_name(file) == "r"


@pytest.mark.parametrize(
    "doctype",
    [
        '[<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]',
        '[<!ENTITY a SYSTEM "file:///etc/hostname">]',
        '[<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;]',
        'SYSTEM "http://127.0.0.1:9/a.dtd"',
        "[<!ATTLIST r a CDATA 'x'>]",
    ],
)
def test_a_doctype_is_refused(tmp_path: Path, doctype: str) -> None:
    with pytest.raises(XmlError, match="has a DOCTYPE"):
        safe_xml.root_name(written(tmp_path, f"<!DOCTYPE r {doctype}><r/>"))


def test_nesting_and_size_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, "<r>" + "<a>" * 100_000 + "</a>" * 100_000 + "</r>")
    with pytest.raises(XmlError, match="more than 64 deep"):
        list(safe_xml.elements(file, "b"))
    monkeypatch.setattr("curation.safe_xml.MAX_BYTES", 100)
    with pytest.raises(XmlError, match="so split it"):
        safe_xml.root_name(file)


def test_damage_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(XmlError, match="line 2"):
        list(safe_xml.elements(written(tmp_path, "<r>\n<a></b></r>"), "a"))
