"""The network of the lighting tagger, as its file holds it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.tags.lighting import LightingTagger
from curation.tags.lighting.meter import LightingMeter
from curation.tags.lighting.model import model
from curation.tags.photometry import light_from
from tests.tags.test_lighting import frame, scenery

FACETS = {facet.name: facet for facet in LightingTagger.facets}
VALUES = st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(math.inf)


def test_its_inputs_are_measures() -> None:
    measures = LightingMeter(light_from("bt709", "bt709"))(frame(scenery(-3, 1)), None)
    assert set(model().inputs) <= set(measures)


@pytest.mark.parametrize("head", [name for name, one in model().heads.items() if one.labels])
def test_its_answers_are_labels_of_a_facet_with_their_card(head: str) -> None:
    said = set(model().heads[head].labels)
    labels = set(FACETS[{"tone": "colour"}.get(head, head)].labels)
    assert said <= labels or (head == "gel" and said == {"no", "yes"})
    assert model().card["scenes"] > 100


@given(st.dictionaries(st.sampled_from(model().inputs), VALUES))
def test_whatever_it_is_given_it_answers_in_probabilities(measures: dict[str, float]) -> None:
    for name, said in model()(measures).items():
        assert np.isfinite(said).all(), name
        if model().heads[name].labels:
            assert said.sum() == pytest.approx(1)
            assert (said >= 0).all()
