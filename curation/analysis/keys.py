"""Identity of work and of its results: content, parameters and versions, digested."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import Final

from curation.tables.store import canonical_json

ANALYSIS_VERSION: Final = "2"
WIDTH: Final = 320
"""Of the pictures that taggers are shown unless they ask for more."""


def shots_key(asset_sha256: str, *, exhaustive: bool = False) -> str:
    """Key of the shots of a film: its content, how it is looked at, and what finds the shots."""
    from curation.shots import ShotSettings

    return _digest(
        {
            "asset": asset_sha256,
            "analysis": ANALYSIS_VERSION,
            "exhaustive": exhaustive,
            "shots": ShotSettings().canonical(),
        }
    )


def work_key(asset_sha256: str, *, exhaustive: bool = False) -> str:
    """Key of the analysis of a film: its shots, and the version of everything that measures them.

    Label versions are not part of it: labels are recomputed from stored measures.
    """
    from curation.tags import taggers

    return _digest(
        {
            "shots": shots_key(asset_sha256, exhaustive=exhaustive),
            "width": WIDTH,
            "taggers": {tagger.name: tagger.version for tagger in taggers()},
        }
    )


def shot_id(asset_sha256: str, start: Fraction, end: Fraction) -> str:
    """Identity of a shot: its film's content and its first and past-last PTS in seconds."""
    text = f"{asset_sha256}:{start}:{end}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def significant(value: float) -> float:
    """A measure to five significant digits.

    Beyond them is noise of the vision libraries, which differs from run to run; without it the same
    film gives the same bytes.
    """
    return float(f"{value:.5g}")


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:32]
