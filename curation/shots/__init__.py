"""Frames to shots: boundary detection, typed transitions, and the partition they imply.

Importing this package costs nothing heavy; `ShotDetector` brings in OpenCV and PySceneDetect
when it is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from curation.shots.assemble import KINDS_VERSION, Shot, ShotKind, assemble
from curation.shots.settings import VERSION, ShotSettings
from curation.shots.transition import GRADUAL, Transition, TransitionType
from curation.shots.truth import to_score_json, to_truth_json

if TYPE_CHECKING:
    from curation.shots.detector import ShotDetector
    from curation.shots.eye import ShotEye

__all__ = [
    "GRADUAL",
    "KINDS_VERSION",
    "VERSION",
    "Shot",
    "ShotDetector",
    "ShotEye",
    "ShotKind",
    "ShotSettings",
    "Transition",
    "TransitionType",
    "assemble",
    "to_score_json",
    "to_truth_json",
]


_HOMES = {"ShotDetector": "detector", "ShotEye": "eye"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"curation.shots.{_HOMES[name]}"), name)
