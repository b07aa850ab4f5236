"""A table of the store: its columns, its key and what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Schema:
    """A table: name, one sentence, Arrow columns, and the columns that identify a row."""

    name: str
    what: str
    arrow: pa.Schema
    key: tuple[str, ...]
    bitemporal: bool = False
