"""What happens between two shots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

TransitionType = Literal[
    "start",
    "end",
    "cut",
    "dissolve",
    "fade_in",
    "fade_out",
    "fade_through_black",
    "fade_through_white",
    "wipe",
    "iris",
]

TYPES: Final[frozenset[str]] = frozenset(get_args(TransitionType))
GRADUAL: Final[frozenset[str]] = TYPES - {"start", "end", "cut"}


@dataclass(frozen=True, slots=True)
class Transition:
    """A passage from one shot to the next.

    `start` and `end` are the first and the last frame (inclusive, presentation order) that mix
    or alter the picture. A cut has both on the first frame of the new shot; the film's `start`
    has both on frame 0 and its `end` has both on the frame count, one past the last frame.
    `score` in [0, 1] grows with the evidence; it is an order, not a probability.

    Raises `ValueError` for an unknown type, a negative frame or an `end` before its `start`.
    """

    type: TransitionType
    start: int
    end: int
    score: float = 1.0

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"unknown transition type {self.type!r}; known: {sorted(TYPES)}")
        if not 0 <= self.start <= self.end:
            raise ValueError(f"{self.type} runs from frame {self.start} to {self.end}")

    @property
    def gradual(self) -> bool:
        """Whether frames mix here."""
        return self.type in GRADUAL

    @property
    def boundary(self) -> int:
        """First frame that counts as the new shot.

        The middle of a transition that mixes two shots. A fade out belongs whole to the shot it
        ends, and a fade in whole to the shot it begins.
        """
        match self.type:
            case "fade_out":
                return self.end + 1
            case "fade_in":
                return self.start
            case _:
                return (self.start + self.end + 1) // 2
