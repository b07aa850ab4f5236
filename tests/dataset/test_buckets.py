"""Buckets: planned as they come out, named so that they can be told."""

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dataset import buckets
from curation.media.picture import Size, _even

SIDES = st.integers(2, 9000)
BY = st.sampled_from([(), ("resolution",), ("aspect",), ("length",), ("resolution", "length")])
CONNECTION = duckdb.connect()


def clip_size(width: int, height: int, lines: int | None) -> Size:
    """As `fit_height` makes it."""
    limit = height if lines is None else min(lines, height)
    high = _even(limit, limit)
    return Size(_even(width * high / height, width), high)


@settings(max_examples=150, deadline=None)
@given(SIDES, SIDES, st.integers(1, 1 << 18), st.none() | st.integers(16, 4320), BY)
def test_a_clip_lands_in_the_bucket_that_was_planned(
    width: int, height: int, frames: int, lines: int | None, by: tuple[str, ...]
) -> None:
    size = clip_size(width, height, lines)
    query = f"SELECT {buckets.sql(by, lines)} FROM (SELECT ? AS width, ? AS height, ? AS frames)"
    planned = CONNECTION.execute(query, [width, height, frames]).fetchall()
    assert planned == [(buckets.key_of(by, size.width, size.height, frames),)]


@given(st.sampled_from(["train", "val", "test"]), SIDES, SIDES, st.integers(1, 1 << 18), BY)
def test_a_shards_name_tells_split_and_bucket(
    split: str, width: int, height: int, frames: int, by: tuple[str, ...]
) -> None:
    key = buckets.key_of(by, width, height, frames)
    name = buckets.name_of(split, key, 7)
    assert (buckets.split_of(name), buckets.bucket_of(name)) == (split, key)
    assert buckets.is_name(name, split)
    assert not buckets.is_name(name, "other")
    assert not buckets.is_name(name.replace("-", "/"), split)


def test_clips_of_a_length_have_at_least_its_frames() -> None:
    keys = [buckets.key_of(("length",), 2, 2, n) for n in (1, 2, 3, 63, 64, 127, 128, 4096)]
    assert keys == ["f001", "f002", "f002", "f032", "f064", "f064", "f128", "f4096"]
