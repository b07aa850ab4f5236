"""Where long work says what it is at."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]


def quiet(_: str) -> None:
    """Say nothing."""
