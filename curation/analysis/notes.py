"""Notes of a film: which of those stored hold on when a part of it alone is measured again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LACKS: Final = (": nothing measured, ", ": nothing embedded, ", "doubtful cuts were left out: ")
"""In notes of what could not be done for want of a network."""
_OF_A_LOOK: Final = ("doubtful cuts were left out: ", "looked at ")
_OF_WATCHERS: Final = LACKS[:2]


def is_lack(note: str) -> bool:
    """Whether a note says that something was not done for want of what could be installed."""
    return any(mark in note for mark in LACKS)


def standing_notes(notes: Iterable[str], *, is_seen_anew: bool, is_heard_anew: bool) -> list[str]:
    """What was said of a film and is not said anew.

    A note of a look holds until there is another look; one of the sound, and of the file, until
    somebody hears the sound again: the file's own is then made anew. A tagger or an embedder that
    lacks something says so each time.
    """
    kept = []
    for note in notes:
        is_of_look = note.startswith(_OF_A_LOOK)
        is_new = is_seen_anew if is_of_look else is_heard_anew
        if not is_new and not any(mark in note for mark in _OF_WATCHERS):
            kept.append(note)
    return kept
