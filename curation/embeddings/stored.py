"""Vectors in the store.

They have a table of their own, joined to shots by `shot_id`: embedders of different lengths lie
side by side in it, a new version of one rewrites no shot, and whoever plans over shots carries no
5 KB of each. Delta Lake knows no lists of fixed size, so the size is asked of each embedder and
cast to in queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.embeddings.embedder import Vectors
    from curation.tables import Store

Row = dict[str, Any]


def embeddings_of(store: Store, asset_sha256: str) -> list[Row]:
    """A film's rows of ``embeddings``, their vectors as arrays."""
    table = store.read("embeddings", where={"asset_sha256": asset_sha256})
    rows: list[Row] = table.drop_columns("vector").to_pylist()
    vectors = (row.values.to_numpy() for row in table.column("vector"))
    return [row | {"vector": vector} for row, vector in zip(rows, vectors, strict=True)]


def vectors_of(table: pa.Table, dimensions: int) -> tuple[list[str], Vectors]:
    """The shots of rows of ``embeddings`` and their vectors (n, dimensions), in the table's order.

    Raises `ValueError` where a vector has another length.
    """
    ids: list[str] = table.column("shot_id").to_pylist()
    flat = table.column("vector").combine_chunks().flatten().to_numpy()
    if len(flat) != len(ids) * dimensions:
        raise ValueError(f"{len(flat)} numbers are not {len(ids)} vectors of {dimensions}")
    return ids, np.asarray(flat, np.float32).reshape(len(ids), dimensions)
