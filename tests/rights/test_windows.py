"""Windows: zones, conventions, words, and days that are not 24 hours long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from curation.rights.windows import MAX, MIN, WindowError, parse_instant, resolve_window

LA = "America/Los_Angeles"


def utc(text: str) -> datetime:
    return parse_instant(text)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-06-01", 24)]
)
def test_an_inclusive_day_is_as_long_as_its_clock_says(day: str, hours: int) -> None:
    window = resolve_window(day, day, time_zone=LA, end_convention="INCLUSIVE_DAY")
    assert window.certain.end - window.certain.start == timedelta(hours=hours)
    assert window.certain == window.possible


def test_a_day_whose_midnight_is_skipped_begins_at_its_first_instant() -> None:
    window = resolve_window("2024-09-08", None, time_zone="America/Santiago")
    assert window.certain.start == utc("2024-09-08T04:00:00Z")
    assert window.possible.start == window.certain.start


def test_a_midnight_that_comes_twice_begins_the_day_the_first_time() -> None:
    window = resolve_window("2024-11-03", None, time_zone="America/Havana")
    assert window.possible.start == window.certain.start == utc("2024-11-03T04:00:00Z")


def test_a_repeated_local_time_is_read_both_ways() -> None:
    window = resolve_window("2026-11-01T01:30:00", None, time_zone=LA)
    assert window.possible.start == utc("2026-11-01T08:30:00Z")
    assert window.certain.start == utc("2026-11-01T09:30:00Z")


def test_an_unstated_convention_leaves_the_last_day_open() -> None:
    window = resolve_window("2026-01-01", "2026-11-09", time_zone="UTC")
    assert window.certain.end == utc("2026-11-09T00:00:00Z")
    assert window.possible.end == utc("2026-11-10T00:00:00Z")


@pytest.mark.parametrize("text", ["2026-11-09T23:59:59", "2026-11-09T23:59:59.999Z"])
def test_the_last_second_of_a_day_is_its_end(text: str) -> None:
    window = resolve_window(None, text, time_zone="UTC")
    assert window.certain.end == window.possible.end == utc("2026-11-10T00:00:00Z")


@pytest.mark.parametrize("text", ["2026-11-09T23:59", "2026-11-09T23:59:00", "2026-11-09T23:59Z"])
@pytest.mark.parametrize("convention", [None, "INCLUSIVE_DAY", "EXCLUSIVE_INSTANT"])
def test_the_last_minute_of_a_day_is_its_end_for_what_bars_only(
    text: str, convention: str | None
) -> None:
    window = resolve_window(None, text, time_zone="UTC", end_convention=convention)
    assert window.certain.end == utc("2026-11-09T23:59:00Z")
    assert window.possible.end == utc("2026-11-10T00:00:00Z")
    last = utc("2026-11-09T23:59:00Z"), utc("2026-11-09T23:59:59Z")
    assert window.permission_failure(*last) == "WINDOW_AMBIGUOUS"
    assert resolve_window(text, None, time_zone="UTC").possible.start == last[0]


@pytest.mark.parametrize("text", ["2026-11-09T00:00", "2026-11-09T00:00:00Z"])
def test_a_midnight_that_includes_its_day_may_be_a_date(text: str) -> None:
    window = resolve_window(None, text, time_zone="UTC", end_convention="INCLUSIVE_DAY")
    assert window.certain.end == utc("2026-11-09T00:00:00Z")
    assert window.possible.end == utc("2026-11-10T00:00:00Z")
    for convention in (None, "EXCLUSIVE_INSTANT"):
        window = resolve_window(None, text, time_zone="UTC", end_convention=convention)
        assert window.certain.end == window.possible.end == utc("2026-11-09T00:00:00Z")


def test_the_last_minute_before_a_short_day_ends_where_the_day_ends() -> None:
    window = resolve_window(None, "2024-09-07T23:59", time_zone="America/Santiago")
    assert window.possible.end == utc("2024-09-08T04:00:00Z")


def test_an_offset_beats_the_zone() -> None:
    window = resolve_window("2026-11-10T00:00:00+01:00", None, time_zone=LA)
    assert window.certain.start == utc("2026-11-09T23:00:00Z")


def test_candidate_zones_bound_the_two_ranges() -> None:
    window = resolve_window(
        "2026-11-10", "2026-11-20T12:00:00", candidate_time_zones=("Europe/Paris", LA)
    )
    assert window.possible.start == utc("2026-11-09T23:00:00Z")
    assert window.certain.start == utc("2026-11-10T08:00:00Z")
    assert window.certain.end == utc("2026-11-20T11:00:00Z")
    assert window.possible.end == utc("2026-11-20T20:00:00Z")


def test_without_candidates_the_zones_are_those_of_the_territories() -> None:
    us = resolve_window("2026-11-10", None, territories=("US",))
    assert us.possible.start == utc("2026-11-10T05:00:00Z")
    assert us.certain.start == utc("2026-11-10T10:00:00Z")
    germany = resolve_window("2026-11-10", None, territories=("DE",))
    assert germany.possible == germany.certain
    world = resolve_window("2026-11-10", None, territories=("001", "DE"))
    assert world.possible.start == utc("2026-11-09T10:00:00Z")
    assert world.certain.start == utc("2026-11-10T12:00:00Z")


@pytest.mark.parametrize("text", [None, "Open", "open"])
def test_open_and_absent_are_unbounded(text: str | None) -> None:
    window = resolve_window(text, text)
    assert (window.certain.start, window.certain.end) == (MIN, MAX)
    assert not window.undetermined


@pytest.mark.parametrize("word", ["ESTStart", "Broadcast", "TBD"])
def test_a_word_for_an_unfixed_date_never_opens_and_bars_without_bound(word: str) -> None:
    for window in (resolve_window(word, None), resolve_window(None, word)):
        assert window.permission_failure(utc("2026-01-01T00:00:00Z"), MAX) == "WINDOW_NOT_OPEN"
        assert (window.possible.start, window.possible.end) == (MIN, MAX)


def test_the_ends_of_the_calendar_do_not_overflow() -> None:
    window = resolve_window("0001-01-01", "9999-12-31")
    assert (window.possible.start, window.possible.end) == (MIN, MAX)


@pytest.mark.parametrize(
    ("use", "failure"),
    [
        (("2026-11-09T23:00:00Z", "2026-11-10T00:00:00Z"), "WINDOW_NOT_OPEN"),
        (("2026-11-09T23:00:00Z", "2026-11-10T00:00:01Z"), "WINDOW_DOES_NOT_COVER_USE"),
        (("2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"), None),
        (("2026-11-10T00:00:00Z", "2026-11-11T00:00:01Z"), "WINDOW_DOES_NOT_COVER_USE"),
        (("2026-11-11T00:00:00Z", "2026-11-11T00:00:01Z"), "WINDOW_EXPIRED"),
    ],
)
def test_windows_are_half_open(use: tuple[str, str], failure: str | None) -> None:
    window = resolve_window("2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z")
    assert window.permission_failure(utc(use[0]), utc(use[1])) == failure


@pytest.mark.parametrize(
    "arguments",
    [
        {"start": "10.11.2026"},
        {"start": "2026-02-30"},
        {"start": "2026-11-10T25:00:00Z"},
        {"start": "2026-W45-2"},
        {"start": "soon"},
        {"start": "2026-11-10", "time_zone": "Mars/Olympus"},
        {"end": "2026-11-10", "end_convention": "WHENEVER"},
        {"start": "2026-11-10", "end": "2026-11-01", "time_zone": "UTC"},
    ],
)
def test_what_cannot_be_read_is_an_error(arguments: dict[str, str]) -> None:
    with pytest.raises(WindowError):
        resolve_window(**{"start": None, "end": None, **arguments})


def test_an_instant_needs_its_offset() -> None:
    assert parse_instant("2026-11-10T01:00:00+01:00") == datetime(2026, 11, 10, tzinfo=UTC)
    for text in ("2026-11-10T00:00:00", "2026-11-10", "now"):
        with pytest.raises(WindowError):
            parse_instant(text)
