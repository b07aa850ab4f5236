"""The page of a release: whole in one file, asking nothing of the network, true to the release."""

import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
from typer.testing import CliRunner

from curation.cli import app
from curation.report.release_page import page, read_release
from curation.storage import Place


class Reader(HTMLParser):
    """What a browser would meet: tags in balance, every address, every text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.tags: Counter[str] = Counter()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "action", "data")
        ]
        if tag not in ("meta", "img", "br", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_page_holds_all_it_shows(folder: Path) -> None:
    place = Place.parse(folder)
    release = read_release(place)
    reader = Reader()
    reader.feed("".join(page(place, release)))
    assert reader.open == []
    samples = release.manifest.samples
    assert len(reader.addresses) == reader.tags["img"] == samples
    assert all(address.startswith("data:image/jpeg;base64,") for address in reader.addresses)
    assert not reader.tags.keys() & {"script", "link", "iframe", "object"}
    said = " ".join(reader.words)
    assert "url(" not in said
    assert "@import" not in said
    assert all(reason in said for _, reason, _ in release.funnel())
    assert release.manifest.data["remarks"]
    assert all(remark in said for remark in release.manifest.data["remarks"])


def test_figures_are_those_of_the_rows(folder: Path) -> None:
    release = read_release(Place.parse(folder))
    files = sorted(folder.glob("parquet/*/*.parquet"))
    light = [
        tag for f in files for tag in pq.read_table(f, partitioning=None)["lighting"].to_pylist()
    ]
    counted = Counter(tag["key_style"]["label"] for tag in light)
    shown = {label: n for facet, label, n in release.labels("lighting") if facet == "key_style"}
    assert shown == counted
    assert sum(n for *_, n in release.funnel()) == len(light) + sum(
        line["shots"] for line in json.loads((folder / "manifest.json").read_text())["excluded"]
    )
    assert [(split, n) for split, n, *_ in release.splits()] == [("train", len(light))]
    assert sum(release.lengths.values()) == len(light)


def test_a_title_is_no_markup(folder: Path) -> None:
    place = Place.parse(folder)
    release = read_release(place)
    work = next(iter(release.facts.works))
    release.facts.titles[work] = "<img src=http://example.org/x>"
    reader = Reader()
    reader.feed("".join(page(place, release)))
    assert all(address.startswith("data:") for address in reader.addresses)


def test_a_tar_that_is_gone_leaves_its_pictures_out(folder: Path) -> None:
    for tar in (folder / "shards").glob("*.tar"):
        tar.write_bytes(b"no tar")
    place = Place.parse(folder)
    drawn = "".join(page(place, read_release(place)))
    assert "no picture" in drawn
    assert "<img" not in drawn


def test_show_prints_and_writes(folder: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    done = run(app, ["show", str(folder), "--page", str(tmp_path / "page.html")])
    assert done.exit_code == 0, done.output
    assert "TOO_SHORT" in done.stdout
    assert "key_style" in done.stdout
    assert (tmp_path / "page.html").read_text().endswith("</html>\n")
    nowhere = run(app, ["show", str(folder), "--page", str(tmp_path / "none" / "page.html")])
    assert nowhere.exit_code == 2
