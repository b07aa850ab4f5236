from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from curation.dataset.recipe import SplitSection
from curation.dataset.selection.split import groups_of, split_of, titles_of
from curation.rights import Rulebook

TITLES = 12
WORKS = [f"E{n}" for n in range(TITLES)]
pairs = st.lists(st.tuples(st.sampled_from(WORKS), st.sampled_from(WORKS)), max_size=8)
shares = st.tuples(*[st.floats(0, 1)] * 3).filter(lambda s: sum(s) > 0)


def rulebook(series: dict[int, int]) -> Rulebook:
    """An edit of each title; titles of one series have it above them."""
    works: list[dict[str, Any]] = [
        {"work_id": f"S{n}", "level": "series"} for n in sorted(set(series.values()))
    ]
    for n in range(TITLES):
        above = {"parent_id": f"S{series[n]}"} if n in series else {}
        works.append({"work_id": f"T{n}", "level": "title"} | above)
        works.append({"work_id": f"E{n}", "level": "edit", "parent_id": f"T{n}"})
    return Rulebook.from_json({"works": works})


@given(
    series=st.dictionaries(st.integers(0, TITLES - 1), st.integers(0, 3)),
    alike=pairs,
    together=st.lists(st.lists(st.sampled_from(WORKS), max_size=4), max_size=3),
    seed=st.integers(0, 99),
    offered=shares,
)
def test_what_belongs_together_is_never_in_two_splits(
    series: dict[int, int],
    alike: list[tuple[str, str]],
    together: list[list[str]],
    seed: int,
    offered: tuple[float, float, float],
) -> None:
    train, val, test = (share / sum(offered) for share in offered)
    split = SplitSection(train=train, val=val, test=test)
    groups = groups_of(rulebook(series), WORKS, together=together, alike=alike)
    place = {work: split_of(group, seed, split) for work, group in groups.items()}
    for one, other in alike:
        assert groups[one] == groups[other]
    for members in together:
        assert len({place[member] for member in members}) <= 1
    for n, above in series.items():
        for m, beside in series.items():
            assert above != beside or place[f"E{n}"] == place[f"E{m}"]
    assert all(getattr(split, name) > 0 for name in place.values())


@given(alike=pairs, seed=st.integers(0, 9))
def test_a_group_is_the_same_in_whatever_order_its_pairs_come(
    alike: list[tuple[str, str]], seed: int
) -> None:
    turned = [(other, one) for one, other in reversed(alike)]
    book = rulebook({})
    assert groups_of(book, WORKS, alike=alike) == groups_of(book, WORKS, alike=turned)


def test_a_title_that_shares_nothing_keeps_its_split_when_the_library_grows() -> None:
    book = rulebook({})
    assert groups_of(book, ["E1"]) == {"E1": "T1"}
    assert groups_of(book, WORKS, alike=[("E2", "E3")])["E1"] == "T1"


def test_titles_are_those_of_edits_whatever_is_above_them() -> None:
    titles = titles_of(rulebook({1: 0}))
    assert (titles["E1"], titles["T1"], titles["S0"]) == ("T1", "T1", "S0")
