"""Rows of shots: transitions with type, span and score, and clean spans without mixed frames."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import example, given

from curation.analysis.rows import shot_row
from curation.shots import GRADUAL, Transition, assemble
from tests.cutlists.films import happenings, steady

FRAMES = 100
BLINK = [Transition("fade_out", 10, 19), Transition("fade_in", 20, 29)]
TIMELINE = steady(FRAMES, Fraction(24000, 1001))


@given(happenings(FRAMES))
@example(BLINK)
def test_mixed_frames_are_in_nobodys_clean_span(found: list[Transition]) -> None:
    shots = assemble(found, FRAMES)
    rows = [shot_row("x", "key", TIMELINE, shot, "edl") for shot in shots]
    sides = [row[side] for row in rows for side in ("transition_in", "transition_out")]
    mixed = {
        frame
        for side in sides
        if side["type"] in GRADUAL
        for frame in range(side["start"], side["end"] + 1)
    }
    clean = [frame for row in rows for frame in range(row["clean_start"], row["clean_end"])]
    assert sorted([*clean, *mixed]) == list(range(FRAMES))
    given_by_type = {(t.type, t.start, t.end, t.score) for t in found}
    for side in sides:
        assert side.keys() == {"type", "start", "end", "score"}
        if side["type"] not in ("start", "end"):
            assert tuple(side.values()) in given_by_type or side["type"] == "fade_through_black"
    for row in rows:
        assert row["clean_start_s"] == float(TIMELINE.seconds(row["clean_start"]))
        assert row["boundaries_from"] == "edl"


@given(happenings(FRAMES))
@example(BLINK)
@example([Transition("fade_out", 80, 98), Transition("dissolve", 99, 99)])
def test_no_gradual_transition_is_lost_but_to_one_that_overlaps_it(
    found: list[Transition],
) -> None:
    shots = assemble(found, FRAMES)
    held = {t for shot in shots for t in (shot.transition_in, shot.transition_out) if t.gradual}
    for one in found:
        others = (t for t in held if t.start <= one.end and one.start <= t.end)
        assert not one.gradual or one in held or any(others)
