"""Stations of a release at which a clip can be left out, and reasons that only selecting knows."""

from __future__ import annotations

RIGHTS, KIND, LENGTH, AUDIO, FILTER, BOUNDS, DUPLICATES, QUOTA, CUT = STATIONS = (
    *("rights", "kind", "length", "audio", "filter", "bounds", "duplicates", "quota", "cut"),
)
"""In their order."""

DUPLICATE, SOUND_NOT_KEPT = "DUPLICATE", "SOUND_NOT_KEPT"
