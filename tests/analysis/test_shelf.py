"""A few stills of each shot, put by until the shots are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.analysis.look import look, measure
from curation.analysis.shelf import spread
from curation.media import probe, read_timeline
from curation.tags import Needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from curation.media import Frame, VideoInfo
    from curation.tags import Facet, Meter, Tag
    from curation.tags.protocol import Series

FILM = Path(__file__).parents[2] / "examples/library/night_call.mp4"


@dataclass
class Onlooker:
    """Means of the pictures that it is shown."""

    needs: Needs
    name: str = "onlooker"
    version: str = "1"
    label_version: str = "1"
    facets: ClassVar[tuple[Facet, ...]] = ()
    shown: dict[int, NDArray[np.uint8]] = field(default_factory=dict)

    def meter(self, video: VideoInfo) -> Meter:
        def mean(frame: Frame, before: Frame | None) -> dict[str, float]:
            assert before is None
            self.shown[frame.index] = frame.rgb.copy()
            return {"mean": float(frame.rgb.mean())}

        return mean

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        return {"stills": float(len(pts))}

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        return ()


@pytest.mark.parametrize("exhaustive", [False, True])
def test_each_shot_is_shown_its_stills_with_the_pixels_of_the_film(exhaustive: bool) -> None:
    info, timeline = probe(str(FILM)), read_timeline(str(FILM))
    one, three = Onlooker(Needs(160, per_shot=1)), Onlooker(Needs(320, per_shot=3), name="three")
    seen = look(str(FILM), info, timeline, [one, three], device="cpu", exhaustive=exhaustive)
    for shot in seen.shots:
        inside = [i for i in one.shown if shot.clean_start <= i < shot.clean_end]
        assert len(inside) == 1
        assert 1 <= sum(shot.clean_start <= i < shot.clean_end for i in three.shown) <= 3
    assert len(three.shown) > len(one.shown)
    again = Onlooker(Needs(320, per_shot=3), name="again")
    at = {"again": list(three.shown)}
    measure(str(FILM), info, timeline, [again], at, exhaustive=exhaustive)
    assert {i: rgb.tobytes() for i, rgb in again.shown.items()} == {
        i: rgb.tobytes() for i, rgb in three.shown.items()
    }


@given(st.sets(st.integers(0, 500)), st.integers(0, 500), st.integers(1, 200), st.integers(1, 9))
def test_stills_are_spread_over_the_shot(
    taken: set[int], start: int, length: int, count: int
) -> None:
    end = start + length
    chosen = spread(sorted(taken), start, end, count)
    inside = [index for index in taken if start <= index < end]
    assert set(chosen) <= set(inside)
    assert len(set(chosen)) == len(chosen) <= count
    assert bool(chosen) == bool(inside)
    if len(inside) <= count:
        assert sorted(inside) == chosen


def test_stills_of_a_shot_are_counted() -> None:
    with pytest.raises(ValueError, match="0 stills"):
        Needs(per_shot=0)
