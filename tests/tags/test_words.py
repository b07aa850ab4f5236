from __future__ import annotations

import math
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.tags.lighting import LightingTagger
from curation.tags.lighting.words import SURE, TERMS, caption
from curation.tags.protocol import UNKNOWN, Tag, card_of

SHOTBENCH = {
    *("Daylight", "Artificial light", "Mixed light", "Firelight", "Overcast", "Practical light"),
    *("Sunny", "Moonlight", "Fluorescent", "HMI", "Tungsten", "LED"),
    *("Side light", "Backlight", "Top light", "Underlight", "High contrast", "Low contrast"),
    *("Silhouette", "Edge light", "Hard light", "Soft light"),
}
CINETECHBENCH = {
    *("High Key", "Low Key", "Hard Light", "Soft Light", "Back Light", "Side Light", "Top Light"),
    "Black and White",
}
WAN = {
    *("Day time", "Night time", "Dawn time", "Sunrise time", "Daylight", "Artificial lighting"),
    *("Moonlight", "Practical lighting", "Firelight", "Fluorescent lighting", "Overcast lighting"),
    *("Sunny lighting", "Soft lighting", "Hard lighting", "Warm colors", "Cool colors"),
    *("Mixed colors", "Top lighting", "Side lighting", "Underlighting", "Edge lighting"),
}

FACETS = {one.name: one.labels for one in LightingTagger().facets} | {
    "dynamics": ("steady", "change", "flicker", "strobe", "flash", UNKNOWN)
}
GRAMMAR = {"scene", "at", "by", "light", "from", "camera", "subject", "tones", "in", "and"}
WORDS = {
    "low-key": {"low_key"},
    "high-key": {"high_key"},
    "chiaroscuro": {"chiaroscuro"},
    **{word: {word} for word in ("interior", "exterior", "night", "day", "hard", "soft", "side")},
    "frontal": {"front"},
    "three-quarter": {"front_side"},
    "backlight": {"back"},
    "top": {"top"},
    "underlight": {"under"},
    "left": {"L"},
    "right": {"R"},
    "backlit": {"backlit"},
    "silhouette": {"silhouette"},
    "black-and-white": {"monochrome"},
    **{word: {word} for word in ("warm", "cool", "artificial", "daylight", "firelight")},
    **{word: {word} for word in ("fluorescent", "moonlight", "neon", "overcast")},
    "golden-hour": {"golden_hour"},
    "practicals": {"practical"},
    "sunlight": {"sunny"},
    **{word: {word} for word in ("red", "amber", "green", "cyan", "blue", "purple", "magenta")},
    "gel": {"gel"},
    "tint": {"tint"},
    "mixed": {"mixed"},
    "color": {"mixed"},
    "temperatures": {"mixed"},
    "changing": {"change"},
    "flickering": {"flicker"},
    "strobing": {"strobe"},
    "flashing": {"flash"},
    **{
        w: {"contrast"}
        for w in ("about", "key", "to", "fill", "stop", "stops", "half", "a", "even")
    },
}


def tag(facet: str, label: str, confidence: float = 0.95, **measures: float) -> Tag:
    return Tag(facet, label, confidence, measures)


@st.composite
def tag_sets(draw: st.DrawFn) -> list[Tag]:
    names = draw(st.lists(st.sampled_from(sorted(FACETS)), unique=True))
    stops = st.one_of(st.floats(0, 9), st.just(math.nan))
    return [
        Tag(name, draw(st.sampled_from(FACETS[name])), draw(st.floats(0, 1)),
            {"ratio_stops": draw(stops)} if name == "contrast" else {})
        for name in names
    ]  # fmt: skip


def test_terms_are_of_our_labels_and_of_their_vocabularies() -> None:
    for facet, labels in TERMS.items():
        assert set(labels) <= set(FACETS[facet])
        for terms in labels.values():
            assert {terms.shotbench, terms.cinetechbench, terms.wan} - {None}
            assert terms.shotbench in {None, *SHOTBENCH}
            assert terms.cinetechbench in {None, *CINETECHBENCH}
            assert terms.wan in {None, *WAN}


def test_a_caption_reads_as_one_would_say_it() -> None:
    assert caption(
        [
            tag("key_style", "low_key"),
            tag("setting", "interior"),
            tag("time", "night"),
            tag("quality", "hard"),
            tag("direction", "side"),
            tag("side", "L"),
            tag("colour", "warm"),
            tag("source", "practical"),
            tag("contrast", "high", ratio_stops=3.1),
        ]
    ) == (
        "Low-key interior at night, hard side light from camera left, warm practicals, "
        "about 3 stops key to fill."
    )


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ([], ""),
        ([tag("key_style", "normal"), tag("gel", "none"), tag("bars", "letterbox")], ""),
        ([tag("setting", "exterior", SURE - 0.01), tag("time", UNKNOWN, 0.0)], ""),
        ([tag("time", "night")], "Scene at night."),
        ([tag("side", "R")], "Light from camera right."),
        ([tag("contrast", "flat", ratio_stops=0.2)], "Key and fill even."),
        ([tag("contrast", "flat", ratio_stops=0.6)], "About half a stop key to fill."),
        ([tag("contrast", "normal", ratio_stops=1.1)], "About 1 stop key to fill."),
        ([tag("contrast", "normal", ratio_stops=math.nan)], ""),
        ([tag("colour", "cool")], "Cool tones."),
        (
            [tag("monochrome", "yes"), tag("key_style", "high_key")],
            "Black-and-white high-key scene.",
        ),
    ],
)
def test_what_is_not_known_is_not_said(tags: list[Tag], said: str) -> None:
    assert caption(tags) == said


def test_of_two_that_contradict_each_other_the_surer_is_said() -> None:
    night = tag("time", "night", 0.9)
    assert caption([night, tag("source", "sunny", 0.85)]) == "Scene at night."
    assert caption([night, tag("source", "sunny", 0.95)]) == "Sunlight."


def words_of(sentence: str) -> Iterator[str]:
    for word in re.findall(r"[a-z][a-z-]*|[0-9.]*[0-9]", sentence.lower()):
        if word not in GRAMMAR:
            yield word


@given(tag_sets())
def test_every_word_of_a_caption_traces_to_a_sure_label(tags: list[Tag]) -> None:
    sure = [one for one in tags if one.confidence >= SURE and one.label != UNKNOWN]
    sentence = caption(tags)
    traced = {one.label for one in sure} | {one.facet for one in sure if one.label != "no"}
    for word in words_of(sentence):
        if word[0].isdigit():
            stops = next(one.measures["ratio_stops"] for one in sure if one.facet == "contrast")
            assert abs(float(word) - stops) <= 0.25
        else:
            assert WORDS[word] & traced, (word, sentence)
    assert caption(sure) == sentence == caption(tags[::-1])


@given(tag_sets())
def test_a_caption_does_not_contradict_itself(tags: list[Tag]) -> None:
    said = set(words_of(caption(tags)))
    for pair in (
        {"night", "sunlight"},
        {"day", "moonlight"},
        {"hard", "overcast"},
        {"frontal", "backlit"},
        {"high-key", "silhouette"},
        {"black-and-white", "warm"},
        {"black-and-white", "gel"},
        {"silhouette", "stops"},
        {"cool", "firelight"},
    ):
        assert not pair <= said


def test_the_lighting_card_holds_a_confusion_for_each_judged_facet() -> None:
    tagger = LightingTagger()
    card = card_of(tagger)
    assert card is not None
    assert set(card.facets) <= {one.name for one in tagger.facets}
    assert {"key_style", "setting", "time", "source", "colour"} <= set(card.facets)
    for held_out in card.facets.values():
        assert sum(map(sum, held_out.confusion)) == held_out.scores["frames"]
        assert 0 < held_out.scenes <= card.data["scenes"]
