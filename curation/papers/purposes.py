"""What a split is for, and whether what the rights gate was asked for covers it.

In the engine's tree of actions evaluating is no part of training: a permission to train covers no
use of a split for validation or for tests, and one to evaluate no training. What was not asked for
is not licensed, whatever a split is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from curation.papers.terms import Terms
from curation.rights.actions import bars, permits

_PURPOSES: Final[Mapping[str, tuple[str, str]]] = {
    "train": ("train", "training"),
    "val": ("evaluate", "validation"),
    "test": ("evaluate", "testing"),
}
"""Each split, the action that its name stands for, and that in words."""


def purpose_of(split: str) -> str:
    """What a split is for, in words, with the action's name."""
    action, words = _PURPOSES[split]
    return f"{words} (`{action}`)"


def licensed_for(split: str, terms: Terms) -> str:
    """Whether a split may be used for what it is called, in words."""
    is_licensed = serves(split, terms.action)
    return f"{purpose_of(split)}: {'licensed' if is_licensed else 'not asked for, not licensed'}"


def serves(split: str, action: str) -> bool:
    """Whether a clip cleared for an action may be used for what its split is called.

    A split for training serves the training that was asked for, of whatever kind.
    """
    purpose, _ = _PURPOSES[split]
    return permits((action,), purpose) or (purpose == "train" and bars(("train",), action))
