"""Questions to a release in plain SQL, and the clips that answer them, each read from its tar.

    python examples/loaders/duckdb_query.py store/releases/<release>

Needs duckdb alone.
"""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

import duckdb

WHAT = """
    SELECT split, bucket, count(*) AS clips, round(sum(seconds), 1) AS seconds,
           round(avg(lighting.key_style.confidence), 2) AS sure
    FROM shots GROUP BY ALL ORDER BY ALL
"""
DARK = """
    SELECT key, clip.tar, clip.sha256 FROM shots
    WHERE lighting.key_style.label = 'low_key' ORDER BY key
"""


def connect(release: Path) -> duckdb.DuckDBPyConnection:
    """A connection in which `shots` are the rows of a release."""
    connection = duckdb.connect()
    files = str(release / "parquet" / "*" / "*.parquet").replace("'", "''")
    connection.execute(
        f"CREATE VIEW shots AS FROM read_parquet('{files}', hive_partitioning = true)"
    )
    return connection


def clip(release: Path, tar: str, key: str) -> bytes:
    """The bytes of one clip."""
    with tarfile.open(release / tar) as shard:
        if (member := shard.extractfile(f"{key}.mp4")) is None:
            raise KeyError(key)
        return member.read()


if __name__ == "__main__":
    release = Path(sys.argv[1])
    connection = connect(release)
    print(connection.sql(WHAT))
    for key, tar, _ in connection.sql(DARK).fetchall()[:3]:
        print(key, tar, len(clip(release, tar, key)), "bytes")
