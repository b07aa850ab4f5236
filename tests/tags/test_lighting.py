from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from curation.media import Frame, Still, frames
from curation.tags.lighting import LightingTagger
from curation.tags.lighting.model import model
from curation.tags.photometry import light_of, temperature

if TYPE_CHECKING:
    from curation.media import VideoInfo


@dataclass(frozen=True)
class Stream:
    transfer: str = "bt709"
    primaries: str = "bt709"


def stream(transfer: str = "bt709", primaries: str = "bt709") -> VideoInfo:
    return cast("VideoInfo", Stream(transfer, primaries))


def frame(rgb: NDArray[np.uint8], index: int = 0) -> Frame:
    return Frame(index, Fraction(index, 24), Still(rgb))


def plain(red: float, green: float, blue: float) -> NDArray[np.uint8]:
    """An even picture of this linear light, white = 1, as BT.1886 shows it."""
    code = 255 * np.array([red, green, blue]) ** (1 / 2.4)
    return np.full((180, 320, 3), code.round(), dtype=np.uint8)


def shot(*pictures: NDArray[np.uint8]) -> dict[str, float]:
    tagger = LightingTagger()
    meter = tagger.meter(stream())
    rows = [meter(frame(p, i), None) for i, p in enumerate(pictures)]
    series = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return tagger.summarise(series, np.arange(len(rows)) / 4)


def labels(measures: dict[str, float]) -> dict[str, str]:
    return {tag.facet: tag.label for tag in LightingTagger().label(measures)}


@pytest.mark.parametrize("stops", [-4, -2, 0, 2])
def test_grey_is_as_many_stops_from_mid_grey_as_it_is(stops: int) -> None:
    measures = shot(plain(*[0.18 * 2.0**stops] * 3))
    assert measures["median_stops"] == pytest.approx(stops, abs=0.1)
    assert measures["p10_stops"] == pytest.approx(stops, abs=0.1)


@pytest.mark.parametrize(
    ("transfer", "code"),
    [("bt709", 0.4894), ("smpte2084", 0.3782), ("arib-std-b67", 0.3782)],
)
def test_sdr_pq_and_hlg_agree_on_mid_grey(transfer: str, code: float) -> None:
    # The grey card of ITU-R BT.2408: 38 % of PQ and of HLG.
    meter = LightingTagger().meter(stream(transfer, "bt2020"))
    grey = np.full((180, 320, 3), round(255 * code), dtype=np.uint8)
    assert meter(frame(grey), None)["median_stops"] == pytest.approx(0, abs=0.15)


ILLUMINANTS = {
    "A": (0.44757, 0.40745, 2856, 0.0000),
    "D50": (0.34567, 0.35850, 5003, 0.0032),
    "D65": (0.31271, 0.32902, 6504, 0.0032),
    "D75": (0.29902, 0.31485, 7504, 0.0032),
}


@pytest.mark.parametrize("name", ILLUMINANTS)
@pytest.mark.parametrize("primaries", ["bt709", "bt2020", "smpte432"])
def test_cie_illuminants_have_their_published_temperature(name: str, primaries: str) -> None:
    x, y, kelvin, duv = ILLUMINANTS[name]
    light = light_of(stream(primaries=primaries))
    rgb = np.asarray(np.linalg.solve(light.to_xyz, [x / y, 1.0, (1 - x - y) / y]), np.float64)
    found, off = temperature(rgb, light)
    assert 1e6 / found == pytest.approx(1e6 / kelvin, abs=1.5)
    assert off == pytest.approx(duv, abs=0.0005)


@pytest.mark.parametrize("name", ILLUMINANTS)
def test_a_grey_picture_under_an_illuminant_has_its_white(name: str) -> None:
    x, y, kelvin, _ = ILLUMINANTS[name]
    light = light_of(stream())
    rgb = np.linalg.solve(light.to_xyz, [x / y, 1.0, (1 - x - y) / y])
    measures = shot(plain(*(0.3 * rgb / rgb.max())))
    white = 2.0 ** np.array([measures["shades_red"], 0.0, measures["shades_blue"]])
    assert 1e6 / temperature(white, light)[0] == pytest.approx(1e6 / kelvin, abs=6)


def scenery(low: float, high: float, shape: tuple[int, int] = (180, 320)) -> NDArray[np.uint8]:
    """Grainy grey between two luminances in stops from mid-grey."""
    stops = np.random.default_rng(3).uniform(low, high, (*shape, 1)).repeat(3, axis=2)
    code = 255 * (0.18 * 2.0**stops).clip(0, 1) ** (1 / 2.4)
    return np.asarray(code.round(), dtype=np.uint8)


def odds(measures: dict[str, float], facet: str) -> dict[str, float]:
    (tag,) = (tag for tag in LightingTagger().label(measures) if tag.facet == facet)
    return {name[2:]: value for name, value in tag.measures.items() if name.startswith("p_")}


@pytest.mark.parametrize("film", ["courtyard.mp4", "window_seat.mp4"])
def test_the_darker_a_picture_the_lower_its_key(library: Path, film: str) -> None:
    some = frames(str(library / film), device="cpu", width=320)
    picture = next(islice(some, 60, None)).rgb
    exposed = [picture * 2.0 ** (stops / 2.4) for stops in (-3, -1.5, 0, 1.5)]
    codes = [np.asarray(one.clip(0, 255), np.uint8) for one in exposed]
    said = [odds(shot(one), "key_style") for one in codes]
    assert all(sum(one.values()) == pytest.approx(1, abs=1e-3) for one in said)
    assert said[0]["low_key"] > said[-1]["low_key"]
    assert said[0]["high_key"] < said[-1]["high_key"]


def test_a_grey_picture_has_no_colour_of_light() -> None:
    found = labels(shot(scenery(-3, 1.5)))
    assert found["monochrome"] == "yes"
    assert (found["colour"], found["tint"], found["gel"]) == ("unknown", "unknown", "unknown")


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (9, 16), (2, 320)])
def test_however_thin_a_picture_it_is_measured(shape: tuple[int, int]) -> None:
    assert math.isfinite(shot(scenery(-3, 1, shape))["median_stops"])


def boxed(picture: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    whole = np.zeros((180, 320, 3), np.uint8)
    whole[rows : 180 - rows, columns : 320 - columns] = picture[
        rows : 180 - rows, columns : 320 - columns
    ]
    return whole


@pytest.mark.parametrize(
    ("rows", "columns", "label"),
    [(0, 0, "none"), (23, 0, "letterbox"), (0, 40, "pillarbox"), (23, 40, "windowbox")],
)
def test_bars_are_measured_and_left_out_of_the_light(rows: int, columns: int, label: str) -> None:
    picture = scenery(-2, 2)
    measures, whole = shot(boxed(picture, rows, columns)), shot(picture)
    assert labels(measures)["bars"] == label
    assert measures["bar_top"] == pytest.approx(rows / 180)
    assert measures["bar_right"] == pytest.approx(columns / 320)
    assert measures["p10_stops"] == pytest.approx(whole["p10_stops"], abs=0.1)


def test_a_title_on_black_has_no_bars() -> None:
    title = np.zeros((180, 320, 3), np.uint8)
    title[80:100, 90:230:3] = 240
    assert labels(shot(title))["bars"] == "unknown"


def test_what_would_be_wrong_too_often_is_unknown_but_its_odds_are_shown() -> None:
    measures = shot(scenery(-3, 1.5))
    for tag in LightingTagger().label(measures):
        head = model().heads.get({"colour": "tone"}.get(tag.facet, tag.facet))
        if head is None or tag.facet == "gel":
            continue
        best = max(value for name, value in tag.measures.items() if name.startswith("p_"))
        assert tag.confidence in (0.0, pytest.approx(best, abs=1e-3))
        if tag.label != "unknown":
            assert best >= head.unknown_below[1]


@pytest.mark.parametrize("level", [0.0, 0.18, 1.0])
def test_of_a_blank_picture_neither_light_nor_colour_is_judged(level: float) -> None:
    found = labels(shot(plain(level, level, level)))
    assert found.pop("bars") == ("none" if level else "unknown")
    assert set(found.values()) == {"unknown"}


def test_no_samples_are_unknown() -> None:
    nothing = LightingTagger().summarise({}, np.array([]))
    tags = LightingTagger().label(nothing)
    assert {tag.label for tag in tags} == {"unknown"}
    assert all(math.isnan(v) for tag in tags for v in tag.measures.values())


def test_every_label_and_number_is_declared() -> None:
    facets = {facet.name: facet for facet in LightingTagger.facets}
    for tag in LightingTagger().label(shot(scenery(-3, 1))):
        assert tag.label in facets[tag.facet].labels
        assert set(tag.measures) == set(facets[tag.facet].measures)
