"""Boundaries as JSON: the form of our truth files, and the form their scorer reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from curation.shots.transition import Transition


def to_truth_json(
    file: str,
    pts: Sequence[Fraction],
    transitions: Iterable[Transition],
    rate: Fraction | None = None,
) -> dict[str, Any]:
    """Boundaries in the form of the truth files: `{"file", "fps", "frames", "boundaries"}`.

    `pts` are the presentation times of all frames in seconds; `rate` is the nominal frame rate,
    `"variable"` where there is none. A boundary is `{"type": "cut", "frame", "pts"}` or `{"type",
    "start", "end", "start_pts", "end_pts"}`, frames 0-based and inclusive, each with `score`.

    Raises `ValueError` when a transition lies beyond the last frame.
    """
    boundaries: list[dict[str, Any]] = []
    for t in sorted(transitions, key=lambda t: (t.start, t.end, t.type)):
        if t.type in ("start", "end"):
            continue
        if t.end >= len(pts):
            raise ValueError(f"{file}: {t.type} ends at frame {t.end} of {len(pts)}")
        score = round(t.score, 4)
        if t.gradual:
            boundaries.append(
                {
                    "type": t.type,
                    "start": t.start,
                    "end": t.end,
                    "start_pts": _seconds(pts[t.start]),
                    "end_pts": _seconds(pts[t.end]),
                    "score": score,
                }
            )
        else:
            at = _seconds(pts[t.start])
            boundaries.append({"type": "cut", "frame": t.start, "pts": at, "score": score})
    fps = "variable" if rate is None else f"{rate.numerator}/{rate.denominator}"
    return {"file": file, "fps": fps, "frames": len(pts), "boundaries": boundaries}


def to_score_json(name: str, films: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several films of `to_truth_json` as one prediction file of shared/shots/score.py."""
    return {
        "name": name,
        "films": {
            film["file"]: {
                "cuts": [b["frame"] for b in film["boundaries"] if b["type"] == "cut"],
                "graduals": [
                    [b["start"], b["end"]] for b in film["boundaries"] if b["type"] != "cut"
                ],
            }
            for film in films
        },
    }


def _seconds(pts: Fraction) -> float:
    return round(float(pts), 6)
