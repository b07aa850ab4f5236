from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from curation.analysis import find_shots, to_conform
from curation.analysis.stills import stills
from curation.cli import app
from curation.cutlists import Conform, grid_of
from curation.report.sheet import COLUMNS, ROWS, Layout, looked_at, page_count, pages
from curation.shots import Shot, Transition, assemble
from tests.cutlists.films import steady

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "examples" / "library"


def test_first_middle_and_last_are_of_the_shot_alone() -> None:
    fade, cut = Transition("fade_in", 0, 11), Transition("cut", 40, 40)
    one, two = assemble([fade, cut], 42)
    assert looked_at(one) == (12, 25, 39)
    assert looked_at(two) == (40, 41)
    mixed = Shot(0, 0, 9, Transition("start", 0, 0), Transition("dissolve", 0, 18))
    assert looked_at(mixed) == (0, 4, 8)


def test_stills_are_the_frames_asked_for_exactly() -> None:
    film = LIBRARY / "night_call.mp4"
    found = find_shots(film, "cpu")
    wanted = {index for shot in found.shots for index in looked_at(shot)}
    assert [frame.index for frame in stills(film, found.timeline, wanted, 64)] == sorted(wanted)


def test_a_sheet_shows_what_there_is_and_leaves_room_for_what_is_not() -> None:
    film = LIBRARY / "night_call.mp4"
    found = find_shots(film, "cpu")
    layout = Layout.of(found.info)
    wanted = sorted({index for shot in found.shots for index in looked_at(shot)})

    def drawn(only: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        given = stills(film, found.timeline, only, layout.width)
        (page,) = pages(to_conform(film, found), layout, given)
        return page

    whole, without = drawn(wanted), drawn(wanted[1:])
    assert whole.shape == without.shape == (whole.shape[0], layout.page, 3)
    changed = np.argwhere((whole != without).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert bottom - top < layout.height
    assert right - left < layout.width


def test_a_long_film_is_drawn_page_by_page() -> None:
    many = 3 * ROWS * COLUMNS + 1
    cuts = [Transition("cut", 2 * k, 2 * k) for k in range(1, many)]
    film = Conform(
        "long", "long", assemble(cuts, 2 * many, []), grid_of(steady(2 * many, Fraction(24)))
    )
    drawn = pages(film, Layout(64, 36), iter(()))
    heights = [page.shape[0] for page in drawn]
    assert len(heights) == page_count(film) == 4
    assert heights[-1] < heights[0] == heights[1]


@pytest.mark.parametrize("film", ["night_call.mp4", "vfr_phone.mp4"])
def test_the_verb_writes_a_picture_and_says_where(film: str, tmp_path: Path) -> None:
    place = tmp_path / "sheet.png"
    done = CliRunner().invoke(app, ["sheet", str(LIBRARY / film), "--output", str(place)])
    assert done.exit_code == 0, done.output
    picture = cv2.imread(str(place))
    assert picture is not None
    assert picture.shape[1] > 1000
    assert done.stdout == f"{place}\n"


@pytest.mark.parametrize(
    ("place", "reason"), [("sheet.gif", "no picture"), ("nowhere/sheet.jpg", "no folder")]
)
def test_an_output_that_cannot_be_is_told_before_the_film_is_looked_at(
    place: str, reason: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["sheet", "absent.mp4", "--output", str(tmp_path / place)])
    assert done.exit_code != 0
    assert reason in str(done.output) + str(done.exception)
