"""Clips whose camera is known: a window that moves over a still, with somebody in front of it.

Nothing of it is filmed. Stills are those of shared/lighting, mirrored at their edges so that a
window may travel; before them go figures cut out of other stills, and over all of it grain, light
that changes, bars, blur and letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.media import Frame
from curation.media.frame import Still

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

WIDE, HIGH = 256, 144
MOVES: Final = ("static", "pan", "tilt", "zoom", "roll", "handheld", "whip", "mixed")
MOMENTS: Final = 6
"""Of a frame's time; of a whip a frame is the mean of the first half, else it is the first."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames, what the camera does in them, and whether it shakes beside that."""

    frames: Sequence[Frame]
    move: str
    direction: str
    shakes: bool
    speed: float
    kind: str


def clips(stills: Sequence[Path], count: int, seed: int) -> Iterator[Clip]:
    """So many clips, the same for a seed, every move as often as the next."""
    for number in range(count):
        random = np.random.default_rng([seed, number])
        picks = random.choice(len(stills), 3)
        behind, *figures = (_read(stills[int(k)]) for k in picks)
        yield _clip(behind, figures, MOVES[number % len(MOVES)], random)


def _read(path: Path) -> Pixels:
    bgr = np.asarray(cv2.imread(str(path)), np.uint8)
    return np.ascontiguousarray(bgr[..., ::-1])


def _clip(
    behind: Pixels, figures: Sequence[Pixels], move: str, random: np.random.Generator
) -> Clip:
    rate = int(random.choice([24, 24, 25, 30]))
    seconds = float(random.uniform(1.0, 4.0))
    count = int(seconds * rate)
    fine = np.arange(count * MOMENTS) / (rate * MOMENTS)
    path, direction, speed = _path(move, fine, random)
    shakes = move == "handheld"
    if move in ("pan", "tilt", "zoom") and random.random() < 0.3:
        path, shakes = path + _shake(fine, random, random.uniform(0.0015, 0.006)), True
    spoil = str(random.choice(["plain", "plain", "figures", "figures", "light", "all"]))
    crowd = _crowd(figures, fine, random) if spoil in ("figures", "all") else []
    light = _light(count, rate, random) if spoil in ("light", "all") else np.ones(count)
    look = _look(random)
    frames = []
    for k in range(count):
        moments = range(k * MOMENTS, k * MOMENTS + (MOMENTS // 2 if move == "whip" else 1))
        seen = [_seen(behind, path[at], crowd, at) for at in moments]
        shown = np.asarray(np.mean(seen, axis=0), np.float32)
        pixels = _spoilt(shown, light[k], look, random)
        frames.append(Frame(k, Fraction(k, rate), Still(pixels)))
    return Clip(_thinned(frames, random), move, direction, shakes, speed, spoil)


def _ease(t: Floats, random: np.random.Generator) -> Floats:
    """From 0 to 1 over the clip: evenly, or softly at both ends, or after a wait."""
    u: Floats = t / t[-1]
    kind = random.integers(3)
    if kind == 0:
        return u
    if kind == 1:
        return np.asarray(u * u * (3 - 2 * u))
    wait = random.uniform(0.1, 0.4)
    u = np.asarray(((u - wait) / (1 - wait - random.uniform(0, 0.2))).clip(0, 1))
    return np.asarray(u * u * (3 - 2 * u))


def _path(move: str, t: Floats, random: np.random.Generator) -> tuple[Floats, str, float]:
    """Where the camera looks, (moments, 4): right and down in widths, scale (log), degrees."""
    path, seconds = np.zeros((len(t), 4)), float(t[-1])
    sign = int(random.choice([-1, 1]))
    pace = np.exp(random.uniform(np.log(0.04), np.log(0.5)))
    if move == "static":
        return path + random.normal(0, 0.0002, path.shape), "", 0.0
    if move == "pan":
        path[:, 0] = sign * pace * seconds * _ease(t, random)
        return path, "right" if sign > 0 else "left", pace
    if move == "tilt":
        path[:, 1] = sign * 0.6 * pace * seconds * _ease(t, random)
        return path, "down" if sign > 0 else "up", 0.6 * pace
    if move == "zoom":
        pace = min(pace, 0.6 / seconds)
        path[:, 2] = sign * pace * seconds * _ease(t, random)
        return path, "in" if sign > 0 else "out", pace
    if move == "roll":
        path[:, 3] = sign * 100 * pace * seconds * _ease(t, random)
        return path, "clockwise" if sign > 0 else "anticlockwise", 100 * pace
    if move == "handheld":
        size = np.exp(random.uniform(np.log(0.002), np.log(0.02)))
        return _shake(t, random, size), "", 0.0
    if move == "whip":
        lasts = random.uniform(0.12, 0.35)
        start = random.uniform(0.1, max(0.11, seconds - lasts - 0.1))
        u = ((t - start) / lasts).clip(0, 1)
        far = random.uniform(1.5, 4) * lasts
        path[:, random.choice([0, 0, 1])] = sign * far * u * u * (3 - 2 * u)
        return path, "", far / lasts
    one, other = random.choice(4, 2, replace=False)
    pace = min(pace, 0.5 / seconds) if 2 in (one, other) else pace
    # A zoom and a roll that weigh as much as a shift (`PULL`).
    units = np.array([1, 1, 1 / 0.92, 57.3 / 0.92])
    for axis, share in ((one, 1.0), (other, random.uniform(0.8, 1.2))):
        way = share * pace * seconds * units[axis] * random.choice([-1, 1])
        path[:, axis] = way * _ease(t, random)
    return path, "", pace


def _shake(t: Floats, random: np.random.Generator, size: float) -> Floats:
    """A hand's wander, root mean square `size` widths, mostly under two hertz."""
    lasts = float(t[-1]) + 0.1
    hertz = np.arange(1, int(10 * lasts) + 1) / lasts
    power = 1 / (1 + (hertz / random.uniform(0.6, 1.6)) ** 2)
    path = np.zeros((len(t), 4))
    for axis, scale in enumerate((1.0, 0.8, 0.3, 40.0)):
        waves = np.sin(2 * np.pi * np.outer(t, hertz) + random.uniform(0, 6.3, len(hertz)))
        wander = waves @ (power * random.normal(1, 0.3, len(hertz)))
        path[:, axis] = scale * size * wander / wander.std()
    return path


def _matrix(at: Floats, zoom: float) -> Floats:
    """From a pixel of the window to one of the still, in widths of the window, about its middle."""
    turn, size = np.radians(at[3]), zoom * np.exp(-at[2])
    c, s = size * np.cos(turn), size * np.sin(turn)
    return np.array([[c, -s, at[0] * zoom], [s, c, at[1] * zoom]])


def _seen(behind: Pixels, at: Floats, crowd: Sequence[Any], moment: int) -> NDArray[np.float32]:
    """One moment, (HIGH, WIDE, 3)."""
    high, wide = behind.shape[:2]
    window = _matrix(at, 0.62)
    linear, shift = window[:, :2] * wide / WIDE, window[:, 2] * wide
    origin = np.array([wide / 2, high / 2]) + shift - linear @ np.array([WIDE / 2, HIGH / 2])
    shown = cv2.warpAffine(
        behind,
        np.c_[linear, origin],
        (WIDE, HIGH),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    ).astype(np.float32)
    for texture, mask, places, follows in crowd:
        x, y, size = places[moment]
        seen = np.linalg.inv(np.vstack([_matrix(at, 1), [0, 0, 1]]))[:2] if not follows else None
        x, y = (x, y) if seen is None else seen @ np.array([x, y, 1])
        to = np.array(
            [
                [size, 0, WIDE * (x + 0.5 - size / 2)],
                [0, size, WIDE * y + HIGH / 2 - HIGH * size / 2],
            ]
        )
        over = cv2.warpAffine(texture, to, (WIDE, HIGH)).astype(np.float32)
        part = cv2.warpAffine(mask, to, (WIDE, HIGH))[..., None]
        shown = shown * (1 - part) + over * part
    return np.asarray(shown, np.float32)


def _crowd(figures: Sequence[Pixels], t: Floats, random: np.random.Generator) -> list[Any]:
    """Figures that walk, sway or come nearer: texture, mask, places, whether the camera follows."""
    crowd = []
    for figure in figures[: int(random.integers(1, 3))]:
        texture = np.asarray(cv2.resize(figure, (WIDE, HIGH)), np.uint8)
        mask = np.zeros((HIGH, WIDE), np.float32)
        cv2.ellipse(mask, (WIDE // 2, HIGH // 2), (WIDE // 7, HIGH // 2), 0, 0, 360, 1.0, -1)
        cv2.circle(mask, (WIDE // 2, HIGH // 8), HIGH // 8, 1.0, -1)
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.2), np.float32)
        u = t / t[-1]
        places = np.zeros((len(t), 3))
        places[:, 0] = random.uniform(-0.35, 0.35)
        places[:, 1] = random.uniform(0.0, 0.2)
        places[:, 2] = random.uniform(0.5, 1.3)
        match int(random.integers(3)):
            case 0:
                places[:, 0] += random.choice([-1, 1]) * random.uniform(0.05, 0.5) * (t - t[-1] / 2)
            case 1:
                sway = _shake(t, random, random.uniform(0.01, 0.04))
                places[:, :2] += sway[:, :2]
            case _:
                places[:, 2] *= 1 + random.uniform(0.1, 0.6) * u
        crowd.append((texture, mask, places, bool(random.random() < 0.2)))
    return crowd


def _light(count: int, rate: int, random: np.random.Generator) -> Floats:
    """A factor a frame: a fade, a flame, flashes, a switch."""
    k = np.arange(count)
    match int(random.integers(4)):
        case 0:
            return np.asarray(
                np.linspace(random.uniform(0.1, 0.6), 1, count)[:: random.choice([-1, 1])]
            )
        case 1:
            return np.asarray(
                np.exp(
                    0.25 * np.convolve(random.normal(0, 1, count + 4), np.ones(5) / 2.2, "valid")
                )
            )
        case 2:
            return np.asarray(
                np.where(
                    (k // int(random.integers(2, 7))) % int(random.integers(2, 6)) == 0, 1.6, 0.5
                )
            )
        case _:
            return np.asarray(
                np.where(k < random.integers(1, count), 1.0, random.uniform(0.3, 1.8))
            )


def _look(random: np.random.Generator) -> dict[str, Any]:
    return {
        "dark": float(random.choice([1.0, 1.0, 0.6])),
        "grain": float(random.choice([0, 2, 4])),
        "blur": float(random.choice([0, 0, 1.5, 4])),
        "bars": int(random.choice([0, 0, HIGH // 8])),
        "pillars": int(random.choice([0, 0, 0, WIDE // 8])),
        "text": bool(random.random() < 0.1),
    }


def _spoilt(
    shown: NDArray[np.float32], light: float, look: dict[str, Any], random: np.random.Generator
) -> Pixels:
    if look["blur"]:
        shown = np.asarray(cv2.GaussianBlur(shown, (0, 0), look["blur"]), np.float32)
    shown = shown * light * look["dark"]
    if look["grain"]:
        shown = shown + random.normal(0, look["grain"], shown.shape[:2])[..., None].astype("f4")
    out = np.ascontiguousarray(shown.clip(0, 255).astype(np.uint8))
    if look["text"]:
        cv2.putText(out, "A LINE OF WORDS", (40, HIGH - 30), 0, 0.6, (240, 240, 240), 2)
    if bars := look["bars"]:
        out[:bars] = out[-bars:] = 0
    if bars := look["pillars"]:
        out[:, :bars] = out[:, -bars:] = 0
    return out


def _thinned(frames: list[Frame], random: np.random.Generator) -> list[Frame]:
    """Sometimes every second or third frame alone, for a while or throughout, as a look leaves."""
    match int(random.integers(4)):
        case 0:
            step = int(random.integers(2, 5))
            start = int(random.integers(len(frames)))
            return [f for f in frames if f.index < start or f.index % step == 0]
        case 1:
            return [f for f in frames if random.random() < 0.7]
        case _:
            return frames
