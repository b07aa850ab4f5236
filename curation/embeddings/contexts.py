"""How many different contexts shots show: so many, no two of which look alike.

Shots are asked in order; one that is like none of those counted before it is a context of its own.
So nothing chains: however many shots there are, each is like the one that it is counted with.
Where each scene is told apart from all others, that is the number of scenes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from curation.embeddings.embedder import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

ALIKE: Final = 0.7
"""Cosine of EfficientNet-Lite0's vectors from which two shots are of one context. Chosen on 324
middle stills of 17 films, of which 49 shots of our own have a scene in their truth file, 29 scenes
in all: 34 contexts are counted, and no two scenes fall into one; at .65 they do. Two scenes of them
are at most .70 alike. Another network's cosines are other numbers."""
BLOCK: Final = 1024
"""Vectors compared at a time with as many contexts: 10 MB of both."""


class ContextError(Exception):
    """Contexts that cannot be counted; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Contexts:
    """Of the shots of one group: how many contexts, None where none has a vector, and how many
    shots have none."""

    contexts: int | None
    unseen: int


def contexts(vectors: NDArray[np.float32], places: Sequence[int], *, least: float = ALIKE) -> int:
    """How many of these vectors are less than `least` alike to every one that was counted before.

    Exact for the order in `places`, rows of `vectors`, shape (n, dimensions), of unit length; they
    may be a memory map. The last that were counted are asked first: a shot's like is mostly near it
    in its film. The time grows with shots times contexts. Raises `ValueError` for `least`
    outside (0, 1].
    """
    if not 0.0 < least <= 1.0:
        raise ValueError(f"least is {least}; give a similarity above 0, at most 1")
    known: list[int] = []
    for first in range(0, len(places), BLOCK):
        block = np.asarray(places[first : first + BLOCK])
        some = np.asarray(vectors[block])
        new = np.ones(len(block), np.bool_)
        for past in range(len(known), 0, -BLOCK):
            others = np.asarray(vectors[known[max(0, past - BLOCK) : past]])
            new[new] = (some[new] @ others.T).max(axis=1) < least
            if not new.any():
                break
        known += _apart(some, block, np.flatnonzero(new), least)
    return len(known)


def _apart(
    some: NDArray[np.float32], block: NDArray[np.int64], new: NDArray[np.int64], least: float
) -> list[int]:
    """Of those of a block that are like none before it, those that are like none before in it."""
    alike = some[new] @ some[new].T >= least
    kept: list[int] = []
    for n in range(len(new)):
        if not alike[n, kept].any():
            kept.append(n)
    return [int(place) for place in block[new[kept]]]


def contexts_of(
    connection: DuckDBPyConnection, groups: Mapping[str, Sequence[str]]
) -> dict[str, Contexts]:
    """The contexts of each group of shots, their ids in order of their films and their time.

    The vectors wait in a file without a name, 5 KB a shot, not in memory. Raises `ContextError`
    where vectors of several versions are stored, which cannot be compared.
    """
    versions = connection.execute(
        "SELECT DISTINCT version FROM embeddings WHERE embedder = ?", [DEFAULT]
    ).fetchall()
    if len(versions) > 1:
        raise ContextError(
            f"vectors of {len(versions)} versions of {DEFAULT} are stored, which cannot be "
            "compared; run `curation analyze`"
        )
    counted = {}
    with _vectors(connection, groups.values()) as (vectors, rows):
        for name, shots in groups.items():
            seen = [rows[shot] for shot in shots if shot in rows]
            unseen = len(shots) - len(seen)
            found = contexts(vectors, seen) if seen or not unseen else None
            counted[name] = Contexts(found, unseen)
    return counted


@contextmanager
def _vectors(
    connection: DuckDBPyConnection, groups: Iterable[Sequence[str]]
) -> Iterator[tuple[NDArray[np.float32], dict[str, int]]]:
    """The vectors of shots, mapped from a file, and the row of each."""
    import pyarrow as pa

    asked = pa.table({"shot_id": pa.array([s for shots in groups for s in shots], pa.string())})
    connection.register("context_shots", asked)
    query = """
        SELECT shot_id, vector FROM embeddings
        WHERE embedder = ? AND shot_id IN (SELECT shot_id FROM context_shots)
    """
    reader: Any = connection.sql(query, params=[DEFAULT]).to_arrow_reader(BLOCK)
    rows: dict[str, int] = {}
    size = 0
    with TemporaryFile() as file:
        for batch in reader:
            flat = batch.column("vector").flatten().to_numpy()
            size = len(flat) // max(1, batch.num_rows)
            file.write(np.asarray(flat, np.float32).tobytes())
            shots = batch.column("shot_id").to_pylist()
            rows |= {shot: len(rows) + n for n, shot in enumerate(shots)}
        connection.unregister("context_shots")
        file.flush()
        shape = len(rows), size
        none = np.zeros(shape, np.float32)
        yield np.memmap(file, np.float32, "r", shape=shape) if rows else none, rows
