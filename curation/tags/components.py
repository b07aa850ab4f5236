"""Which components of a film's sound a clip of a shot would carry, as the rights engine calls them.

The rights gate can then be asked about these alone, and a release can drop or mute the shot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Component: TypeAlias = Literal["dialogue", "music", "effects"]

COMPONENTS: Final[tuple[Component, ...]] = ("dialogue", "music", "effects")
"""Facets of the tagger `sound`, each `present`, `absent` or `unknown`."""
PRESENT: Final = "present"
ABSENT: Final = "absent"


def components(labels: Mapping[str, str | None]) -> frozenset[Component]:
    """The components that a clip carries, or may carry, from the labels by facet of `sound`.

    Only what is said to be absent is left out: a facet that is unknown or missing counts as
    present, so a shot that was not heard carries all of them, and one without a sound track none.
    """
    return frozenset(name for name in COMPONENTS if labels.get(name) != ABSENT)
