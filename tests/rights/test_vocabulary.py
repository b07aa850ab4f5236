"""Territories, actions, licences, EIDR and spans: the algebra beneath the rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.rights import zones
from curation.rights.actions import ACTIONS, PerformerGate, bars, gates_performers, permits
from curation.rights.eidr import is_content_eidr
from curation.rights.licences import read_licence
from curation.rights.spans import SpanIndex, covers, overlaps
from curation.rights.subdivisions import countries_in
from curation.rights.territories import (
    contains,
    grant_failure,
    is_known,
    meet,
    prohibition_hits,
    reached,
    undone,
)


@pytest.mark.parametrize(
    ("include", "exclude", "asked", "failure"),
    [
        (["001"], [], "US", None),
        (["001"], [], "US-CA", None),
        (["001"], [], "001", None),
        (["CA"], ["CA-QC"], "CA-ON", None),
        (["CA-ON"], [], "CA-ON", None),
        (["CA"], ["CA-QC"], "CA-QC", "TERRITORY_EXCLUDED"),
        (["CA"], ["CA-QC"], "CA", "TERRITORY_PARTIAL"),
        (["CA-ON"], [], "CA", "TERRITORY_PARTIAL"),
        (["US"], [], "001", "TERRITORY_PARTIAL"),
        (["001"], ["RU"], "001", "TERRITORY_PARTIAL"),
        (["001"], ["CA"], "CA-ON", "TERRITORY_EXCLUDED"),
        (["CA-QC"], ["CA"], "CA-QC", "TERRITORY_EXCLUDED"),
        (["US"], ["DE"], "DE", "TERRITORY_NOT_GRANTED"),
        ([], [], "US", "TERRITORY_NOT_GRANTED"),
        (["001"], [], "ZZ", "TERRITORY_NOT_GRANTED"),
        (["001"], [], "us", "TERRITORY_NOT_GRANTED"),
        (["US"], [], "PR", "TERRITORY_NOT_GRANTED"),
        (["001"], ["FR"], "GP", "TERRITORY_EXCLUDED"),
        (["001"], ["GP"], "FR", None),
        (["001"], ["NL"], "BQ-BO", "TERRITORY_EXCLUDED"),
    ],
)
def test_a_grant_reaches_whole_territories(
    include: list[str], exclude: list[str], asked: str, failure: str | None
) -> None:
    assert grant_failure(include, exclude, asked) == failure


@pytest.mark.parametrize(
    ("include", "exclude", "asked", "hits"),
    [
        (["CA-QC"], [], "CA", True),
        (["CA"], ["CA-QC"], "CA-QC", False),
        (["CA"], ["CA-QC"], "CA", True),
        (["DE"], [], "001", True),
        (["DE"], [], "US", False),
        ([], [], "US", True),
        ([], ["US"], "US", False),
        (["001"], [], "ZZ", True),
        (["FR"], [], "GP", True),
        (["FR"], ["GP"], "GP", False),
        (["FR"], ["GP"], "RE", True),
        (["GP"], [], "FR", False),
        (["001"], ["FR"], "GP", True),
        (["CN"], [], "HK", True),
        (["US"], [], "PR", True),
        (["US-CA"], [], "PR", False),
        (["NL"], [], "BQ-BO", True),
        (["NO"], [], "SJ", True),
        (["FI"], [], "AX", True),
        (["DK"], [], "GL", False),
    ],
)
def test_a_prohibition_hits_any_part(
    include: list[str], exclude: list[str], asked: str, hits: bool
) -> None:
    assert prohibition_hits(include, exclude, asked) is hits


@pytest.mark.parametrize("country", ["CN", "FI", "FR", "NL", "NO", "US"])
def test_every_part_with_a_country_code_is_a_country(country: str) -> None:
    assert countries_in(country)
    assert set(countries_in(country)) <= zones.countries()


places = st.sampled_from(["001", "US", "US-CA", "PR", "FR", "FR-IDF", "GP", "GB-ENG", "GB-LND"])
several = st.lists(places, max_size=3)


@given(several, several, several, places)
def test_the_algebra_of_territories(
    include: list[str], exclude: list[str], more: list[str], asked: str
) -> None:
    """What is granted is granted with all its parts; more limits never help either side."""
    hit = prohibition_hits(include, exclude, asked)
    if grant_failure(include, exclude, asked) is None:
        assert not any(prohibition_hits([out], [], asked) for out in exclude)
        assert meet((include, exclude), ([asked], []))
        for part in filter(is_known, ("US-CA", "PR", "FR-IDF", "GP", "GB-ENG")):
            if contains(asked, part) and part not in reached(exclude):
                assert grant_failure(include, exclude, part) is None
    else:
        assert grant_failure(include, [*exclude, *more], asked) is not None
    if hit:
        assert undone(include, exclude) or prohibition_hits(include, exclude, "001")
        assert prohibition_hits([*(include or ["001"]), *more], exclude, asked)
    else:
        assert not prohibition_hits(include, [*exclude, *more], asked)
    if include and meet((include, exclude), ([asked], [])):
        assert hit


def test_territory_codes() -> None:
    assert all(map(is_known, ("001", "US", "US-CA", "GB-SCT", "FR-75")))
    assert not any(map(is_known, ("EU", "150", "USA", "US-", "ZZ-AA", "", "us")))


def test_permission_goes_down_the_tree_and_prohibition_both_ways() -> None:
    assert permits(["train"], "train_gen_finetune")
    assert not permits(["train_gen_finetune"], "train_gen")
    assert bars(["train_gen_finetune"], "train_gen")
    assert bars(["use_ai"], "evaluate")
    assert not bars(["train_nongen"], "train_gen")


@pytest.mark.parametrize(
    "action",
    ["replica_create", "style_imitation", "index_search", "distribute_dataset", "retain_model"],
)
def test_nothing_implies_an_action_outside_the_tree(action: str) -> None:
    others = [other for other in ACTIONS if other != action]
    assert permits([action], action)
    assert not permits(others, action)
    assert not bars(others, action)


def test_an_unknown_action_is_permitted_by_nothing_and_barred_by_anything() -> None:
    assert not permits(ACTIONS, "dream")
    assert bars(["evaluate"], "dream")


def test_what_the_performer_gate_asks_about() -> None:
    gated = {a for a in ACTIONS if gates_performers(PerformerGate.ALL_TRAINING, a)}
    assert gated == set(ACTIONS) - {"tdm_analyze"}
    replica = {a for a in ACTIONS if gates_performers(PerformerGate.REPLICA_ONLY, a)}
    assert replica == {"replica_create"}
    assert not any(gates_performers(PerformerGate.OFF, a) for a in ACTIONS)


@pytest.mark.parametrize(
    ("licence", "commercial", "failures", "attribution"),
    [
        (None, True, (), False),
        ("CC0-1.0", True, (), False),
        ("CC-PDM-1.0", True, (), False),
        ("CC-BY-4.0", True, (), True),
        ("cc-by-3.0-igo", True, (), True),
        ("CC-BY-NC-4.0", True, ("LICENCE_NONCOMMERCIAL",), True),
        ("CC-BY-NC-4.0", False, (), True),
        (
            "CC-BY-NC-SA-3.0",
            True,
            ("LICENCE_NONCOMMERCIAL", "LICENCE_SHARE_ALIKE"),
            True,
        ),
        ("CC-BY-ND-4.0", True, ("LICENCE_NO_DERIVATIVES",), True),
        ("CC-BY-9.0", True, ("LICENCE_UNKNOWN",), False),
        ("CC-BY-4.0 OR CC0-1.0", True, ("LICENCE_UNKNOWN",), False),
        ("MIT", True, ("LICENCE_UNKNOWN",), False),
    ],
)
def test_licences(
    licence: str | None, commercial: bool, failures: tuple[str, ...], attribution: bool
) -> None:
    reading = read_licence(licence, commercial=commercial)
    assert (reading.failures, reading.attribution) == (failures, attribution)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("10.5240/7EC7-228A-510A-053E-CBB8-J", True),
        ("10.5240/7791-8534-2C23-9030-8610-5", True),
        ("10.5240/7791-8534-2c23-9030-8610-5", True),
        ("urn:eidr:10.5240:7791-8534-2C23-9030-8610-5", True),
        ("md:cid:eidr-s:7791-8534-2C23-9030-8610-5", True),
        ("md:cid:eidr-x:7791-8534-2C23-9030-8610-5:directors", True),
        ("https://doi.org/10.5240/7791-8534-2C23-9030-8610-5", True),
        ("10.5240/AAAA-AAAA-AAAA-AAAA-AAAA-Y", True),
        ("10.5240/AAAA-AAAA-AAAA-AAAA-AAAA-A", False),
        ("10.5240/7791-8534-2C23-9030-8610", False),
        ("10.5240/7791-8534-2C23-9030-8610-5:directors", False),
        ("10.5237/9241-6C3D", False),
        ("tt0111161", False),
    ],
)
def test_content_eidr(text: str, good: bool) -> None:
    assert is_content_eidr(text) is good


def test_spans_touch_by_a_frame_and_cover_whole() -> None:
    assert overlaps((0, 100), (99, 200))
    assert not overlaps((0, 100), (100, 200))
    assert overlaps(None, (5, 6))
    assert covers((0, 100), (0, 100))
    assert not covers((0, 100), None)
    assert covers(None, None)


def test_the_span_index_finds_what_a_scan_finds() -> None:
    spans: list[tuple[int, int] | None] = [(0, 5), (3, 900), (5, 6), (7, 9), None, (800, 801)]
    index = SpanIndex(spans, lambda span: span)
    for first in range(12):
        for length in (1, 3):
            asked = (first, first + length)
            found = index.overlapping(asked)
            assert sorted(map(str, found)) == sorted(
                str(span) for span in spans if overlaps(span, asked)
            )
    assert len(index.overlapping(None)) == len(spans)
