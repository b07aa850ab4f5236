"""Rows of a table kept as Arrow: what a film of three hours says of its shots takes a third of the
memory that dictionaries take, and can be pickled without a copy of every number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Self, overload

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]

TOGETHER: Final = 512
"""Rows that are dictionaries at a time."""


class Packed(Sequence[Row]):
    """Rows of the table of that name, each a dictionary when it is asked for.

    Columns that a row lacks are None. Raises what pyarrow raises for a value of another type.
    """

    def __init__(self, table: str, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        import pyarrow as pa

        from curation.tables.schemas import schemas

        schema, left = schemas()[table].arrow, iter(rows)
        self._batches: list[pa.RecordBatch] = []
        while some := list(islice(left, TOGETHER)):
            self._batches.append(pa.RecordBatch.from_pylist(some, schema=schema))
        self._count()

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """The rows of an Arrow table."""
        made = cls.__new__(cls)
        made._batches = [batch for batch in table.to_batches(TOGETHER) if batch.num_rows]
        made._count()
        return made

    def _count(self) -> None:
        self._pasts: list[int] = []
        for batch in self._batches:
            self._pasts.append(batch.num_rows + (self._pasts[-1] if self._pasts else 0))

    def __len__(self) -> int:
        return self._pasts[-1] if self._pasts else 0

    def __iter__(self) -> Iterator[Row]:
        return self.only()

    def only(self, *columns: str) -> Iterator[Row]:
        """Each row with these columns alone; with all if none is named."""
        for batch in self._batches:
            some = batch.select(list(columns)) if columns else batch
            yield from some.to_pylist(maps_as_pydicts="strict")

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        which = bisect_right(self._pasts, place)
        batch = self._batches[which]
        (row,) = batch.slice(place - self._pasts[which] + batch.num_rows, 1).to_pylist(
            maps_as_pydicts="strict"
        )
        return dict(row)
