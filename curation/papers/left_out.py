"""The negative manifest: every shot and film that is not in a release, with its frames and reasons.

Parquet, a row a shot; a film that was never cut into shots is one row without a shot. A shot's
frames are those that would have shipped, so that anyone can see that none of them did.
"""

from __future__ import annotations

import io
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One shot, or one film, that is not in the release.

    `first` and `past_last` are frames of the film, None for a film; `reasons` are all that were
    found at `station`, the first of them the one that is counted.
    """

    asset_sha256: str
    work_id: str
    station: str
    reasons: tuple[str, ...]
    shot_id: str | None = None
    first: int | None = None
    past_last: int | None = None

    @property
    def _order(self) -> tuple[str, str, int, str]:
        return self.work_id, self.asset_sha256, self.first or 0, self.shot_id or ""


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    return pa.schema(
        [
            ("shot_id", text),
            ("asset_sha256", text),
            ("work_id", text),
            ("first_frame", whole),
            ("past_last_frame", whole),
            ("station", text),
            ("reasons", pa.list_(text)),
        ]
    )


def write(lines: Iterable[LeftOut]) -> bytes:
    """The file's bytes; they depend on nothing but the lines."""
    return written(table_of(lines))


def written(table: pa.Table) -> bytes:
    """The file's bytes from its rows, which are in the order of `table_of`."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table.cast(_schema()), buffer, compression="zstd")
    return buffer.getvalue()


def table_of(lines: Iterable[LeftOut]) -> pa.Table:
    """Lines as rows: by work, film, first frame and shot."""
    import pyarrow as pa

    rows = [
        {
            "shot_id": line.shot_id,
            "asset_sha256": line.asset_sha256,
            "work_id": line.work_id,
            "first_frame": line.first,
            "past_last_frame": line.past_last,
            "station": line.station,
            "reasons": list(line.reasons),
        }
        for line in sorted(lines, key=lambda line: line._order)
    ]
    return pa.Table.from_pylist(rows, schema=_schema())


def read(stream: BinaryIO) -> list[LeftOut]:
    """The lines of a file.

    Raises:
        ValueError: for a file that is none, or whose lines cannot be.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(stream) as file:
            if file.schema_arrow != _schema():
                raise ValueError(
                    f"its columns are {file.schema_arrow.names}, not as they should be"
                )
            rows = file.read().to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"it cannot be read as Parquet: {error}") from error
    return [_line(number, row) for number, row in enumerate(rows)]


def counted(lines: Iterable[LeftOut]) -> Counter[tuple[str, str]]:
    """Shots by station and first reason; films are not among them."""
    return Counter((line.station, line.reasons[0]) for line in lines if line.shot_id is not None)


class Spans:
    """Frames that must not ship, by film; asked whether a clip touches any."""

    def __init__(self, lines: Iterable[LeftOut]) -> None:
        by_asset: dict[str, list[tuple[int, int, LeftOut]]] = {}
        for line in lines:
            if (
                line.first is not None
                and line.past_last is not None
                and line.first < line.past_last
            ):
                found = by_asset.setdefault(line.asset_sha256, [])
                found.append((line.first, line.past_last, line))
        self._spans = {
            asset: sorted(spans, key=lambda span: span[:2]) for asset, spans in by_asset.items()
        }
        self._starts = {asset: [span[0] for span in s] for asset, s in self._spans.items()}
        self._reach = {
            asset: list(accumulate((span[1] for span in spans), max))
            for asset, spans in self._spans.items()
        }

    def touched(self, asset_sha256: str, start: int, end: int) -> LeftOut | None:
        """One that shares a frame with [start, end) of a film, if there is any."""
        spans: Sequence[tuple[int, int, LeftOut]] = self._spans.get(asset_sha256, ())
        before = bisect_left(self._starts.get(asset_sha256, ()), end)
        if not before or self._reach[asset_sha256][before - 1] <= start:
            return None
        return next(line for _, past_last, line in spans[:before] if past_last > start)


def _line(number: int, row: Mapping[str, Any]) -> LeftOut:
    missing = [name for name in ("asset_sha256", "work_id", "station") if row[name] is None]
    if missing or not row["reasons"] or None in row["reasons"]:
        raise ValueError(f"row {number} lacks {', '.join(missing) or 'a reason'}")
    return LeftOut(
        asset_sha256=row["asset_sha256"],
        work_id=row["work_id"],
        station=row["station"],
        reasons=tuple(row["reasons"]),
        shot_id=row["shot_id"],
        first=row["first_frame"],
        past_last=row["past_last_frame"],
    )
