"""Single papers: ranges, cards, what was left out; each a pure function."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.papers import binder, left_out
from curation.papers.dataset_card import size_category
from curation.papers.eu_summary import size_range
from curation.papers.facts import Facts, count
from curation.papers.left_out import LeftOut, Spans
from curation.papers.licence import licence
from curation.papers.markdown import code, plain, table
from curation.papers.purposes import serves
from curation.papers.terms import terms_of

REQUEST: dict[str, Any] = {
    "licensee": "lab",
    "action": "train_gen",
    "territories": ["001"],
    "use_from": "2026-12-01T00:00:00Z",
    "use_until": "2031-12-01T00:00:00Z",
    "commercial": False,
    "components": ["picture"],
}

MANIFEST: dict[str, Any] = {
    "release_id": "r",
    "issuer": "studio",
    "rulebook_sha256": "x",
    "known_at": "2026",
    "performer_gate": "OFF",
    "credits": [],
}


@pytest.mark.parametrize(
    ("modality", "size", "said"),
    [
        ("video", 0.0, "Less than 10 000 hours"),
        ("video", 9_999.9, "Less than 10 000 hours"),
        ("video", 10_000, "10 000 to 1 million hours"),
        ("video", 1_000_000, "10 000 to 1 million hours"),
        ("video", 1_000_001, "More than 1 million hours"),
        ("image", 999_999, "Less than 1 million images"),
        ("image", 2 * 10**9, "More than 1 billion images"),
        ("text", 10**12, "1 billion to 10 trillion tokens"),
    ],
)
def test_a_size_falls_into_the_range_of_the_template(modality: str, size: float, said: str) -> None:
    assert size_range(modality, size) == said


def test_a_number_of_samples_has_the_hubs_name() -> None:
    assert [size_category(n) for n in (0, 999, 1000, 10**6, 10**12)] == [
        "n<1K",
        "n<1K",
        "1K<n<10K",
        "1M<n<10M",
        "10B<n<100B",
    ]


def row(number: int, seconds: float) -> dict[str, Any]:
    return {
        "key": f"s{number}",
        "work_id": f"W{number % 3}",
        "title": None if number % 2 else f"Title {number % 3}",
        "asset_sha256": f"a{number % 3}",
        "seconds": seconds,
        "clip": {"width": 640, "height": 360, "still_sha256": None if number % 2 else "x"},
        "rights": {"licences": ["CC0-1.0"], "duties": [f"D{number % 2}@POST"], "grants": ["G"]},
        "lighting": {"key_style": {"label": "low_key", "confidence": 0.9}},
        "lighting_caption": "Two words." if number % 2 else "",
        "transition_in": {"type": "cut", "start": 1},
    }


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=12), st.randoms())
def test_facts_do_not_depend_on_the_order_of_rows(lengths: list[float], lot: Any) -> None:
    rows = [row(number, seconds) for number, seconds in enumerate(lengths)]
    mixed = lot.sample(rows, len(rows))
    for facts in (count([("train", rows)]), count([("train", mixed[:5]), ("train", mixed[5:])])):
        assert facts.all.samples == len(rows) == sum(t.samples for t in facts.works.values())
        assert facts.all.microseconds == sum(round(s * 1e6) for s in lengths)
        assert facts.stills + facts.captions == len(rows)
        assert facts.labels == {"lighting": {"key_style": {"low_key": len(rows)}}}
        assert facts.words == 2 * facts.captions


lines = st.lists(
    st.builds(
        LeftOut,
        asset_sha256=st.sampled_from(["a", "b"]),
        work_id=st.just("W"),
        station=st.just("rights"),
        reasons=st.just(("NO_GRANT",)),
        shot_id=st.sampled_from(["s", None]),
        first=st.one_of(st.none(), st.integers(0, 30)),
        past_last=st.one_of(st.none(), st.integers(0, 30)),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(lines, st.sampled_from(["a", "b", "c"]), st.integers(0, 30), st.integers(1, 10))
def test_frames_that_must_not_ship_are_found_as_by_hand(
    out: list[LeftOut], asset: str, start: int, length: int
) -> None:
    clip = set(range(start, start + length))
    met = [
        line
        for line in out
        if line.asset_sha256 == asset
        and line.first is not None
        and line.past_last is not None
        and clip & set(range(line.first, line.past_last))
    ]
    found = Spans(out).touched(asset, start, start + length)
    assert (found in met) if met else (found is None)


@settings(deadline=None, max_examples=25)
@given(lines)
def test_what_was_left_out_is_read_as_it_was_written(out: list[LeftOut]) -> None:
    raw = left_out.write(out)
    assert raw == left_out.write(reversed(out)) or len({*out}) < len(out) or _ties(out)
    assert sorted(map(repr, left_out.read(io.BytesIO(raw)))) == sorted(map(repr, out))
    assert sum(left_out.counted(out).values()) == sum(line.shot_id is not None for line in out)


def _ties(out: list[LeftOut]) -> bool:
    return len({line._order for line in out}) < len(out)


@pytest.mark.parametrize("raw", [b"", b"PAR1", b"no parquet at all" * 10])
def test_what_is_no_table_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        left_out.read(io.BytesIO(raw))


def test_a_strangers_words_are_text_in_a_paper() -> None:
    title = "<script>alert(1)</script> | a\n# b [x](javascript:y) `z`"
    assert plain(title) == (
        "\\<script\\>alert(1)\\</script\\> \\| a \\# b \\[x\\](javascript:y) \\`z\\`"
    )
    assert "`" not in code(title)[1:-1]
    assert table(("a",), [(plain(title),)]).count("\n") == 3
    said = licence(
        MANIFEST | {"issuer": title, "credits": [{"work_id": title, "name": title}]},
        terms_of(REQUEST | {"licensee": title}),
    )
    assert "<script>" not in re.sub("`[^`]*`", "", said)
    assert "not for commercial ends" in said
    assert "the world" in said


@pytest.mark.parametrize(
    ("split", "action", "is_licensed"),
    [
        ("train", "train_gen_pretrain", True),
        ("train", "train", True),
        ("train", "use_ai", True),
        ("train", "evaluate", False),
        ("train", "tdm_analyze", False),
        ("val", "train", False),
        ("test", "train_gen", False),
        ("val", "evaluate", True),
        ("test", "use_ai", True),
    ],
)
def test_a_split_is_licensed_for_what_was_asked_for_and_not_for_its_name(
    split: str, action: str, is_licensed: bool
) -> None:
    assert serves(split, action) is is_licensed
    terms = terms_of(REQUEST | {"action": action})
    manifest = MANIFEST | {"shards": [{"split": split}]}
    (line,) = [one for one in licence(manifest, terms).splitlines() if f"| `{split}` |" in one]
    assert f"`{action}`" in line
    assert ("not licensed" in line) is not is_licensed


@pytest.mark.parametrize("commercial", [True, False])
def test_every_paper_that_states_the_use_says_whether_commercial_use_is_covered(
    commercial: bool,
) -> None:
    request = REQUEST | {"commercial": commercial}
    manifest = MANIFEST | {
        "recipe": {"name": "r", "description": "", "clip": {}, "request": request},
        "recipe_sha256": "x",
        "code_version": "1",
        "excluded": [],
    }
    rows = [row(0, 1.0)]
    rows[0]["clip"]["sha256"] = "x"
    bound = binder.bind(manifest, count([("train", rows)]), {}, [])
    croissant, record, policy = (
        json.loads(bound[path]) for path in (binder.CROISSANT, binder.PROVENANCE, binder.POLICY)
    )
    assertion = json.loads(binder.sidecar(manifest, rows))["assertions"][0]
    entry = assertion["data"]["entries"]["cawg.ai_generative_training"]
    for said in (
        bound[binder.CARD].decode().partition("### Direct Use")[2].partition("###")[0],
        bound[binder.LICENCE].decode(),
        *croissant["rai:dataUseCases"],
        record["use"]["intended-purpose"][0]["description"],
        entry["constraint_info"],
    ):
        assert "for commercial ends" in said
        assert ("not for commercial ends" in said) is not commercial
    purposes = [c for c in policy["permission"][0]["constraint"] if c["leftOperand"] == "purpose"]
    assert bool(purposes) is not commercial


def test_of_no_rows_there_are_facts_too() -> None:
    assert count([]) == Facts()


def test_what_no_clip_was_cleared_for_is_not_licensed() -> None:
    asked = REQUEST | {"components": ["picture", "dialogue", "music", "effects"]}
    silent, spoken = row(0, 1.0), row(1, 1.0)
    silent["rights"] |= {"components": ["picture"]}
    spoken["rights"] |= {"components": ["picture", "dialogue"]}
    cleared = count([("train", [silent, spoken])]).components
    assert terms_of(asked, (), cleared).components == ("picture", "dialogue")
