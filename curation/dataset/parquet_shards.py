"""A shard's rows as one Parquet file that the field's readers open as they find it.

Zstandard, a page index, one row group, a fixed-size list for the embedding, and field ids that a
column keeps in every release, whatever other columns there are.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

EMBEDDING: Final = "embedding"
BYTES: Final = "mp4"
"""The column with the clips' bytes, where a recipe asks for it."""
_FIELD_ID: Final = b"PARQUET:field_id"


def parquet_bytes(rows: pa.Table) -> bytes:
    """The bytes of a Parquet file; the same for the same rows and version of Arrow."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    plain = _with_fixed_embedding(rows.replace_schema_metadata(None))
    pq.write_table(
        plain.cast(_with_ids(plain.schema)),
        buffer,
        compression="zstd",
        write_page_index=True,
        row_group_size=max(1, plain.num_rows),
        store_schema=True,
    )
    return buffer.getvalue()


def field_id(path: str) -> int:
    """The id of a column by its path with dots: drawn from it, so that it never changes."""
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big") >> 1


def _with_fixed_embedding(rows: pa.Table) -> pa.Table:
    """Lists of one length as fixed-size lists; anything else stays as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if EMBEDDING not in rows.column_names:
        return rows
    column = rows.column(EMBEDDING)
    lengths = pc.unique(pc.list_value_length(column).drop_null())
    if not pa.types.is_list(column.type) or len(lengths) != 1:
        return rows
    fixed = pa.list_(column.type.value_type, lengths[0].as_py())
    at = rows.column_names.index(EMBEDDING)
    return rows.set_column(at, EMBEDDING, pa.array(column.to_pylist(), fixed))


def _with_ids(schema: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    taken: set[int] = set()
    return pa.schema([_numbered(field, "", taken) for field in schema])


def _numbered(field: pa.Field, above: str, taken: set[int]) -> pa.Field:
    import pyarrow as pa

    path = f"{above}{field.name}"
    number = field_id(path)
    while number in taken:
        number = (number + 1) % (1 << 31)
    taken.add(number)
    kind = field.type
    if pa.types.is_struct(kind):
        kind = pa.struct([_numbered(inner, f"{path}.", taken) for inner in kind])
    elif pa.types.is_fixed_size_list(kind):
        kind = pa.list_(_numbered(kind.value_field, f"{path}.", taken), kind.list_size)
    elif pa.types.is_list(kind):
        kind = pa.list_(_numbered(kind.value_field, f"{path}.", taken))
    return pa.field(path.rpartition(".")[2], kind, field.nullable, {_FIELD_ID: str(number)})
