"""What is asked of a frame about its light: labels, how a record answers, and how well to answer.

A record holds the facts of one frame, as a renderer that knows its lights writes them (README of
shared/lighting), or a row of `benchmarks/labels/films.csv` under `by_eye`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Record = dict[str, Any]

SIDES = ("front_side", "side", "back_side")
DIRECTIONS = {"back_side": "back"}
YES_NO = ("no", "yes")


@dataclass(frozen=True)
class Question:
    """What is asked of a frame: labels, the true one of a record (None: not asked), a goal."""

    labels: tuple[str, ...]
    truth: Callable[[Record], str | None]
    goal: float
    """Accuracy on rendered scenes held out from which a label is always given."""


def _yes(value: bool | None) -> str | None:
    return None if value is None else YES_NO[bool(value)]


KEY_STYLES = {"high": "high_key", "normal": "normal", "low": "low_key"}
SOURCES = {"fire": "firelight"}

QUESTIONS = {
    "key_style": Question(
        ("high_key", "normal", "low_key"), lambda r: KEY_STYLES.get(r["key_style"]), 0.85
    ),
    "time": Question(("day", "night"), lambda r: r["time"], 0.92),
    "setting": Question(("interior", "exterior"), lambda r: r["setting"], 0.92),
    "tone": Question(
        ("warm", "neutral", "cool", "tinted"),
        lambda r: None if r["bw"] or r["gel"] else r["tone"],
        0.82,
    ),
    "source": Question(
        (
            "artificial",
            "daylight",
            "firelight",
            "fluorescent",
            "golden_hour",
            "mixed",
            "moonlight",
            "neon",
            "overcast",
            "practical",
            "sunny",
        ),
        lambda r: SOURCES.get(r["source"], r["source"]),
        0.70,
    ),
    "gel": Question(YES_NO, lambda r: None if r["bw"] else _yes(bool(r["gel"])), 0.94),
    "mixed": Question(YES_NO, lambda r: None if r["bw"] else _yes(r["mixed"]), 0.9),
    "silhouette": Question(YES_NO, lambda r: _yes(r["silhouette"]), 0.94),
    "backlit": Question(YES_NO, lambda r: _yes(r["backlit"]), 0.85),
    "side": Question(
        ("L", "R"),
        lambda r: r["side"] if r["key_class"] in SIDES and not r["silhouette"] else None,
        0.93,
    ),
    "quality": Question(
        ("hard", "soft"), lambda r: r["quality"] if r["quality"] != "medium" else None, 0.75
    ),
    "direction": Question(
        ("front", "front_side", "side", "back", "top", "under"),
        lambda r: DIRECTIONS.get(r["key_class"], r["key_class"]),
        0.55,
    ),
}
NUMBERS = {"ratio": 1, "white": 2}


EYE = {
    "key_style": "key_style",
    "time": "time",
    "setting": "setting",
    "mixed": "mixed",
    "silhouette": "silhouette",
    "backlit": "backlit",
}
"""Questions answered by eye, and the column of labels. The eye tells cast and source less well than
the network does: of rendered films, 17 of 42 sources were read right."""

ONLY_CALIBRATED = {name: name for name in ("source", "quality", "direction")} | {"tone": "colour"}
"""Labelled by eye too, less well, and not learned: they say how sure the network may be on films,
not from where a label is given."""


def truth(record: Record, name: str, columns: dict[str, str] = EYE) -> str | None:
    """The true label; None where it is not asked or not known."""
    if "by_eye" not in record:
        return QUESTIONS[name].truth(record)
    said = record["by_eye"].get(columns.get(name), "").partition("+")[0]
    return said if said in QUESTIONS[name].labels else None


def numbers(record: Record) -> dict[str, Floats]:
    """Key to fill in stops, and the white of the light as log2 of red and blue over green.

    NaN where it is not asked: of a silhouette there is no ratio, of gels and monochrome no white.
    """
    nothing = math.nan
    if "by_eye" in record:
        return {name: np.full(size, nothing) for name, size in NUMBERS.items()}
    is_lit = record["key_class"] is not None and not record["silhouette"]
    red, green, blue = np.maximum(record["wp"], 1e-3)
    is_white = not (record["bw"] or record["gel"])
    return {
        "ratio": np.array([record["ratio"] if is_lit else nothing]),
        "white": np.array([math.log2(red / green), math.log2(blue / green)])
        if is_white
        else np.full(2, nothing),
    }
