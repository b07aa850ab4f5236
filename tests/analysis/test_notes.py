from __future__ import annotations

import pytest

from curation.analysis.notes import is_lack, standing_notes

FILE = "the last frame has no duration; the median step stands in"
LOOK = "looked at exhaustively after a fault (boom)"
DOUBT = "doubtful cuts were left out: no network"
SOUND = "its sound begins 1.25 s after the picture"
LACK = "safety: nothing measured, install it"
BLIND = "open_clip: nothing embedded, install it"
ALL = (FILE, LOOK, DOUBT, SOUND, LACK, BLIND)


@pytest.mark.parametrize(
    ("seen", "heard", "stand"),
    [
        (False, False, [FILE, LOOK, DOUBT, SOUND]),
        (False, True, [LOOK, DOUBT]),
        (True, False, [FILE, SOUND]),
        (True, True, []),
    ],
)
def test_a_note_holds_until_what_it_is_of_is_done_anew(
    seen: bool, heard: bool, stand: list[str]
) -> None:
    assert standing_notes(ALL, is_seen_anew=seen, is_heard_anew=heard) == stand


def test_what_was_not_installed_is_a_lack() -> None:
    assert [note for note in ALL if is_lack(note)] == [DOUBT, LACK, BLIND]
