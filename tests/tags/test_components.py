"""What a clip would carry of a film's sound is asked about unless it is said to be absent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.rights.rows import COMPONENTS as OF_RIGHTS
from curation.tags.components import ABSENT, COMPONENTS, components


def test_components_are_those_of_the_rights_engine_but_the_picture() -> None:
    assert set(COMPONENTS) == set(OF_RIGHTS) - {"picture"}


@given(st.dictionaries(st.sampled_from([*COMPONENTS, "silence"]), st.text() | st.none()))
def test_only_what_is_said_to_be_absent_is_left_out(labels: dict[str, str | None]) -> None:
    left_out = set(COMPONENTS) - components(labels)
    assert left_out == {name for name in COMPONENTS if labels.get(name) == ABSENT}


@pytest.mark.parametrize("labels", [{}, dict.fromkeys(COMPONENTS, "unknown")])
def test_a_shot_that_was_not_heard_carries_everything(labels: dict[str, str]) -> None:
    assert components(labels) == set(COMPONENTS)


def test_a_shot_without_sound_carries_nothing() -> None:
    assert components(dict.fromkeys(COMPONENTS, ABSENT)) == frozenset()
