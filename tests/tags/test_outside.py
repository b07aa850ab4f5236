"""A studio's own tagger, from a package of its own, is found, runs, and is asked in SQL."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from curation import stages
from curation.analysis import FilmJob, analyse_film
from curation.settings import Settings
from curation.tables import Store
from curation.tables.query import connect
from curation.tags import taggers

CODE = '''
from curation.tags import Facet, Needs, Tag


class HazeTagger:
    """How hazy a shot is."""

    name, version, label_version = "{name}", "1", "1"
    needs = Needs(width=64)
    facets = (Facet("veil", ("thin", "thick", "unknown"), {{"floor": "8-bit R'G'B'"}}),)

    def meter(self, video):
        return self.measure

    def measure(self, frame, before):
        {body}

    def summarise(self, series, pts):
        return {{"floor": float(series["floor"].mean())}} if len(pts) else {{}}

    def label(self, measures):
        label = "thick" if measures["floor"] > 30 else "thin"
        return (Tag("veil", label, 0.6, {{"floor": measures["floor"]}}),)
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of this process and of those that it starts."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def install(site: Path, name: str, body: str) -> None:
    """A package as an installer leaves it: its module, and what it registers."""
    (site / f"studio_{name}.py").write_text(CODE.format(name=name, body=body))
    said = site / f"studio_{name}-1.0.dist-info"
    said.mkdir()
    (said / "METADATA").write_text(f"Metadata-Version: 2.1\nName: studio-{name}\nVersion: 1.0\n")
    (said / "entry_points.txt").write_text(
        f"[curation.taggers]\n{name} = studio_{name}:HazeTagger\n"
    )


def test_a_tagger_from_outside_is_found_runs_and_is_asked_for(
    site: Path, tmp_path: Path, root: Path
) -> None:
    install(site, "haze", 'return {"floor": float(frame.rgb.min())}')
    assert "haze" in [tagger.name for tagger in taggers()]
    (tmp_path / "films").mkdir()
    shutil.copy(root / "examples" / "library" / "vfr_phone.mp4", tmp_path / "films")
    settings = Settings(
        store=str(tmp_path / "store"),
        library=str(tmp_path / "films"),
        catalog=str(root / "examples" / "catalog"),
        device="cpu",
    )
    stages.ingest(settings)
    stages.analyse(settings)
    with connect(Store.at(settings.store)) as connection:
        found = connection.execute(
            "SELECT haze.veil.label, haze.veil.floor, quality.content.label FROM tagged_shots"
        ).fetchall()
        (paid,) = connection.execute("SELECT tagger_cpu_s['haze'] FROM films").fetchall()
    assert len(found) > 1
    assert all(label in ("thin", "thick") and floor >= 0 for label, floor, _ in found)
    assert {content for _, _, content in found} == {"picture"}
    assert paid[0] is not None


def test_a_tagger_from_outside_that_breaks_fails_its_film_and_is_named(
    site: Path, root: Path
) -> None:
    install(site, "dread", 'raise RuntimeError("the lens is cracked")')
    film = str(root / "examples" / "library" / "vfr_phone.mp4")
    rows = analyse_film(FilmJob("x", film, "cpu", verify=False, taggers=("dread",)))
    assert (rows.film["status"], rows.film["reasons"]) == ("failed", ["TAGGER_FAILED"])
    assert rows.film["message"] == (
        "tagger 'dread' failed in meter: RuntimeError: the lens is cracked; "
        "repair or uninstall it, then analyse with --retry-failed"
    )
    assert not rows.shots
