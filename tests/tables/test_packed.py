from __future__ import annotations

import pickle
from typing import Any

import pytest

from curation.tables.packed import TOGETHER, Packed
from curation.tables.schemas import schemas


def row(number: int, **said: Any) -> dict[str, Any]:
    whole = dict.fromkeys(schemas()["tags"].arrow.names) | {
        "shot_id": f"{number}",
        "measures": {"n": float(number)},
    }
    return whole | said


@pytest.mark.parametrize("count", [0, 1, TOGETHER, TOGETHER + 1])
def test_rows_come_out_as_they_went_in(count: int) -> None:
    rows = [row(number) for number in range(count)]
    packed = Packed("tags", iter(rows))
    assert len(packed) == count
    assert list(packed) == rows
    sent = pickle.loads(pickle.dumps(packed))  # noqa: S301 - our own
    assert (len(sent), list(sent)) == (count, rows)


def test_each_row_is_found_by_its_number_from_either_end() -> None:
    packed = Packed("tags", (row(number) for number in range(TOGETHER + 2)))
    for number in (0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1, -1, -2, -TOGETHER - 2):
        assert packed[number] == row(number % len(packed))
    assert packed[TOGETHER - 1 : TOGETHER + 1] == [row(TOGETHER - 1), row(TOGETHER)]
    for number in (TOGETHER + 2, -TOGETHER - 3):
        with pytest.raises(IndexError):
            packed[number]


def test_columns_that_are_not_asked_for_are_not_made() -> None:
    packed = Packed("tags", [row(1, label="cut"), row(2)])
    assert list(packed.only("shot_id", "label")) == [
        {"shot_id": "1", "label": "cut"},
        {"shot_id": "2", "label": None},
    ]
