"""Frames to shots: boundary detection, typed transitions, and the partition they imply.

Importing this package costs nothing heavy; `ShotDetector` brings in OpenCV and PySceneDetect
when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from curation.shots.assemble import Shot, assemble
from curation.shots.settings import VERSION, ShotSettings
from curation.shots.transition import GRADUAL, Transition, TransitionType
from curation.shots.truth import to_score_json, to_truth_json

if TYPE_CHECKING:
    from curation.shots.detector import ShotDetector

__all__ = [
    "GRADUAL",
    "VERSION",
    "Shot",
    "ShotDetector",
    "ShotSettings",
    "Transition",
    "TransitionType",
    "assemble",
    "to_score_json",
    "to_truth_json",
]


def __getattr__(name: str) -> Any:
    if name == "ShotDetector":
        from curation.shots.detector import ShotDetector

        return ShotDetector
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
