"""Identity of work and of its results: content, parameters and versions, digested."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from curation.tables.store import canonical_json

ANALYSIS_VERSION: Final = "2"
CUT_LISTS_VERSION: Final = "1"
"""Raised when lists are read, or put on films, otherwise than before."""
WIDTH: Final = 320
"""Of the pictures that taggers are shown unless they ask for more."""


@dataclass(frozen=True, slots=True)
class GivenList:
    """The cut list with which a film comes: where it lies, its content, and the film's frame at
    which it begins."""

    url: str
    sha256: str
    offset: int = 0


def shots_key(
    asset_sha256: str, *, exhaustive: bool = False, cut_list: GivenList | None = None
) -> str:
    """Key of the shots of a film: its content, how it is looked at, what finds the shots and
    what names their kinds.

    A cut list counts by its content, wherever it lies. Where the network that judges doubtful cuts
    is not installed they may be others.
    """
    from curation.shots import KINDS_VERSION, ShotSettings

    look: dict[str, object] = {
        "asset": asset_sha256,
        "analysis": ANALYSIS_VERSION,
        "exhaustive": exhaustive,
        "shots": ShotSettings().canonical(),
        "kinds": KINDS_VERSION,
        "network": _network(),
    }
    if cut_list is not None:
        look["cut_list"] = [CUT_LISTS_VERSION, cut_list.sha256, cut_list.offset]
    return _digest(look)


def work_key(
    asset_sha256: str, *, exhaustive: bool = False, cut_list: GivenList | None = None
) -> str:
    """Key of the analysis of a film: its shots, and the version of everything that measures or
    embeds them.

    Label versions are not part of it: labels are recomputed from stored measures.
    """
    from curation.embeddings.embedder import versions
    from curation.tags import taggers

    return _digest(
        {
            "shots": shots_key(asset_sha256, exhaustive=exhaustive, cut_list=cut_list),
            "width": WIDTH,
            "taggers": {tagger.name: tagger.version for tagger in taggers()},
            "embedders": versions(),
        }
    )


def _network() -> str | None:
    from curation.models import ModelUnavailableError
    from curation.shots.transnet import identity

    try:
        return identity()
    except ModelUnavailableError:
        return None


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
