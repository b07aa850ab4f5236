"""Of a film of fields the picture is measured, and not the comb."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.analysis import FilmJob, analyse_film
from curation.media import Scan
from curation.tables.schemas import schemas
from tests.media.scanned import COUNT, film, interlaced, pan, progressive, telecined


def quality(path: Path) -> tuple[dict[str, Any], dict[str, float]]:
    rows = analyse_film(FilmJob(path.name, str(path), "cpu", verify=False))
    longest = max(
        (row for row in rows.measures if row["tagger"] == "quality"),
        key=lambda row: len(row["frames"]),
    )
    return rows.film, longest["summary"]


@pytest.mark.parametrize("order", ["tff", "bff"])
def test_fields_measure_as_whole_pictures_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    scene = pan(2.0)
    path = film(tmp_path / "fields.mp4", interlaced(scene, order), "")
    row, fields = quality(path)
    assert row["scan"] == f"interlaced {order}"
    assert row["combed_share"] > 0.9
    assert any(note.startswith("flagged progressive, but") for note in row["notes"])
    _, whole = quality(film(tmp_path / "whole.mp4", progressive(scene)))
    monkeypatch.setattr(Scan, "by_fields", property(lambda scan: False))
    _, combed = quality(path)
    assert fields["motion_widths_s"] == pytest.approx(whole["motion_widths_s"], rel=0.1)
    assert fields["sharpness"] == pytest.approx(whole["sharpness"], rel=0.35)
    assert combed["sharpness"] > 2 * whole["sharpness"]


def test_a_pulldown_is_recorded(tmp_path: Path) -> None:
    row, measures = quality(film(tmp_path / "film.mp4", telecined(pan(2.0), "2:3", "tff"), "tff"))
    assert (row["scan"], row["notes"]) == ("telecined 2:3 tff", ["it has no sound"])
    assert measures["motion_widths_s"] > 0


def test_the_table_of_films_has_what_is_recorded(tmp_path: Path) -> None:
    row, _ = quality(film(tmp_path / "film.mp4", progressive(pan(2.0), COUNT)))
    assert row["scan"] == "progressive"
    assert set(row) <= set(schemas()["films"].arrow.names)
