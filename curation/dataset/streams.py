"""Answers too large to be held whole, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_Item = TypeVar("_Item")

BATCH: Final = 100_000
"""Rows at a time."""


def batches(connection: DuckDBPyConnection, query: str, given: Any = None) -> Iterator[pa.Table]:
    """The answer to a query, in tables of `BATCH` rows at most.

    The connection may not be used for anything else before the last.
    """
    import pyarrow as pa

    reader: Any = connection.sql(query, params=given).to_arrow_reader(BATCH)
    for batch in reader:
        yield pa.Table.from_batches([batch])


def in_batches(items: Iterable[_Item], size: int = BATCH) -> Iterator[list[_Item]]:
    """Items in lists of so many; the last is shorter, none is empty."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
