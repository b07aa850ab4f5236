"""How well the measures of quality follow known damage to real frames, and what they cost.

Every film of shared/films gives frames evenly spread, without plain ones; each is spoilt by a known
amount. A row shows the median measure over frames and its tenth and ninetieth percentile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import cv2
import numpy as np

from benchmarks.films import SHARED, source
from benchmarks.tags_text import COSTED, Picture, cost
from curation.console import show
from curation.media import chosen, read_timeline
from curation.tags.artefacts import banding, blocks, blur, combing, noise, stuck, window
from curation.tags.defects import PLAIN, DefectsTagger
from curation.tags.quality import QualityTagger

FRAMES: Final = 6
"""Of each film."""


def quality() -> None:
    """Measures of spoilt frames, and the cost of both taggers of quality."""
    cv2.setNumThreads(1)
    frames = list(undamaged())
    show(
        ("damage", "amount", "measure", "median", "10 %", "90 %"),
        [row for damage in DAMAGES for row in spoilt(frames, *damage)],
        title=f"{len(frames)} real frames, spoilt",
    )
    show(
        ("film", "frames a shot", "ms a frame", "share of FFmpeg's CPU"),
        [cost(source(name), tagger) for name in COSTED for tagger in TAGGERS],
        title="Cost in an analysis: quality, then quality.defects",
    )


TAGGERS: Final = (QualityTagger(), DefectsTagger())


def undamaged() -> Iterator[Picture]:
    """Luma of the middles of frames."""
    for path in sorted((SHARED / "films").glob("*.m[kp4]*")):
        if path.suffix == ".json":
            continue
        timeline = read_timeline(str(path))
        places = np.linspace(0, len(timeline) - 1, FRAMES + 2).astype(int)[1:-1]
        wanted = np.isin(np.arange(len(timeline)), places)
        for frame in chosen(str(path), timeline, wanted, width=1920, exact=True):
            grey = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY)
            if grey.std() > 4 * PLAIN:
                yield window(grey)


def spoilt(
    frames: Sequence[Picture],
    name: str,
    amounts: Sequence[float],
    measure: Callable[[Picture], float],
    spoil: Callable[[Picture, float], Picture],
) -> Iterator[list[Any]]:
    """A row an amount of damage."""
    for amount in amounts:
        found = np.array([measure(spoil(grey, amount)) for grey in frames])
        found = found[np.isfinite(found)]
        shown = [f"{value:.3g}" for value in np.percentile(found, (50, 10, 90))]
        yield [name, amount, measure.__name__, *shown]


def grained(grey: Picture, sigma: float) -> Picture:
    drawn = grey + np.random.default_rng(1).normal(0, sigma, grey.shape)
    return drawn.round().clip(0, 255).astype(np.uint8)


def coded(grey: Picture, quality: float) -> Picture:
    if quality > 100:
        return grey
    data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def woven(grey: Picture, pixels: float) -> Picture:
    both = grey.copy()
    both[1::2] = np.roll(grey, int(pixels), axis=1)[1::2]
    return both


def softened(grey: Picture, sigma: float) -> Picture:
    return cv2.GaussianBlur(grey, (0, 0), sigma) if sigma else grey


def stepped(grey: Picture, levels: float) -> Picture:
    """A gradient over the picture's width in steps, in its place: real frames have few."""
    wide = np.linspace(70, 130, grey.shape[1])[None].repeat(len(grey), axis=0)
    return (wide // levels * levels).astype(np.uint8)


def pierced(grey: Picture, pixels: float) -> Picture:
    holed = cv2.GaussianBlur(grey, (0, 0), 1.5)
    random = np.random.default_rng(2)
    for _ in range(int(pixels)):
        y, x = (int(random.integers(8, side - 8)) for side in holed.shape)
        holed[y, x] = 255 if holed[y, x] < 128 else 0
    return holed


def band_step(grey: Picture) -> float:
    return banding(grey).step


def blockiness(grey: Picture) -> float:
    return blocks(grey).ratio


def stuck_pixels(grey: Picture) -> float:
    return float(stuck(grey)[0])


DAMAGES: Final = (
    ("noise, levels", (0, 1, 2, 4, 8, 16), noise, grained),
    ("JPEG, quality (101: none)", (101, 90, 70, 40, 20, 10), blockiness, coded),
    ("every other line moved, pixels", (0, 1, 2, 4, 8, 16), combing, woven),
    ("gradient in steps of, levels", (1, 2, 4, 8), band_step, stepped),
    ("Gaussian blur, pixels", (0, 0.5, 1, 2, 4), blur, softened),
    ("stuck pixels", (0, 1, 4, 16), stuck_pixels, pierced),
)
