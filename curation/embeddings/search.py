"""Shots that look like an example or fit words, the likest first: one query over the store.

DuckDB reads the vectors once, batch by batch, and keeps the best: 300,000 of 1,280 numbers take
11 s of CPU and 1.8 GB, 100,000 take 5 s and 1.4 GB.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from curation.embeddings.embedder import Vectors


class SearchError(Exception):
    """A search that cannot be made; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Example:
    """What is searched for: vectors (n, dimensions) of one version of an embedder, of which the
    nearest counts. `shot_id`: itself is no hit."""

    embedder: str
    version: str
    vectors: Vectors
    shot_id: str | None = None


@dataclass(frozen=True)
class Hit:
    """A shot with where it lies; `similarity` is a cosine, `frame` that of its still."""

    shot_id: str
    asset_path: str
    title: str | None
    timecode: str
    seconds: float
    frame: int
    similarity: float


def shot_example(connection: DuckDBPyConnection, shot: str, embedder: str) -> Example:
    """A stored shot as an example, by its id or the beginning of it; no network is needed.

    Raises `SearchError` where there is no such shot, there are several, or it has no vector.
    """
    found = connection.execute(
        "SELECT shot_id FROM shots WHERE starts_with(shot_id, ?) LIMIT 2", [shot]
    ).fetchall()
    if len(found) != 1:
        said = "several shots begin with" if found else "no shot or file is called"
        raise SearchError(
            f"{said} {shot!r}; give a shot_id as `curation query` shows it, or a file"
        )
    (shot_id,) = found[0]
    row = connection.execute(
        "SELECT version, vector FROM embeddings WHERE shot_id = ? AND embedder = ?",
        [shot_id, embedder],
    ).fetchone()
    if row is None:
        raise SearchError(
            f"shot {shot_id} has no vector of {embedder}: all of it is mixed with others, or the "
            "embedder was not installed; install film-curation[models] and run `curation analyze`"
        )
    return Example(embedder, row[0], np.asarray([row[1]], np.float32), shot_id)


def search(
    connection: DuckDBPyConnection, example: Example, *, limit: int, where: str | None = None
) -> list[Hit]:
    """The shots nearest an example, at most `limit`; of those alone that `where` lets through.

    `where` is a condition over ``tagged_shots`` in DuckDB's SQL. Shots are of films that the
    catalog names now. Equal similarities go by shot id. Raises `duckdb.Error` for a condition that
    cannot be understood.
    """
    size = example.vectors.shape[1]
    names = [f"wanted{n}" for n in range(len(example.vectors))]
    likeness = ", ".join(f"array_cosine_similarity(v, ${n}::FLOAT[{size}])" for n in names)
    chosen = f"SELECT shot_id FROM tagged_shots WHERE ({where}\n)" if where else _HELD  # noqa: S608
    query = f"""
        WITH made AS (
            SELECT shot_id, frame, vector::FLOAT[{size}] AS v FROM embeddings
            WHERE embedder = $embedder AND version = $version
              AND shot_id IS DISTINCT FROM $without AND shot_id IN ({chosen})
        ),
        near AS (
            SELECT shot_id, frame, greatest({likeness}) AS similarity FROM made
            ORDER BY similarity DESC, shot_id LIMIT $most
        ),
        held AS (
            SELECT asset_sha256, min_by(asset_path, asset_path) AS asset_path,
                   min_by(work_id, asset_path) AS work_id
            FROM assets GROUP BY asset_sha256
        )
        SELECT near.shot_id, asset_path, title, shots.end_s - shots.start_s, near.frame,
               similarity, shots.start_frame,
               shots.start_s - films.start_pts * films.time_base_num / films.time_base_den,
               variable_rate, rate_num, rate_den
        FROM near JOIN shots USING (shot_id) JOIN held USING (asset_sha256)
        JOIN films ON films.asset_sha256 = shots.asset_sha256
        LEFT JOIN works USING (work_id)
        ORDER BY similarity DESC, shot_id
    """  # noqa: S608
    given: dict[str, Any] = dict(zip(names, example.vectors.tolist(), strict=True))
    given |= {"embedder": example.embedder, "version": example.version, "most": limit}
    rows = connection.execute(query, given | {"without": example.shot_id}).fetchall()
    return [
        Hit(shot, path, title, _when(*when), seconds, frame, min(1.0, similarity))
        for shot, path, title, seconds, frame, similarity, *when in rows
    ]


_HELD = """
    SELECT shot_id FROM shots JOIN films USING (asset_sha256)
    WHERE films.status = 'analysed' AND asset_sha256 IN (SELECT asset_sha256 FROM assets)
"""


def stored_embedders(connection: DuckDBPyConnection) -> list[str]:
    """The embedders whose vectors the store holds, by name."""
    rows = connection.execute("SELECT DISTINCT embedder FROM embeddings ORDER BY 1").fetchall()
    return [name for (name,) in rows]


def other_versions(connection: DuckDBPyConnection, embedder: str, version: str) -> int:
    """Shots whose vectors of an embedder are of another version, and so cannot be compared."""
    (count,) = connection.execute(
        "SELECT count(*) FROM embeddings WHERE embedder = ? AND version <> ?", [embedder, version]
    ).fetchall()[0]
    return int(count)


def _when(frame: int, seconds: float, varies: bool, num: int | None, den: int | None) -> str:
    """Timecode of a frame, counted from the film's first; the time where the rate varies."""
    from curation.cutlists.timecode import clock_of

    if varies or not num or not den:
        minutes, rest = divmod(seconds, 60)
        return f"{int(minutes) // 60}:{int(minutes) % 60:02}:{rest:06.3f}"
    clock = clock_of(Fraction(num, den))
    return clock.text(frame % clock.frames_a_day)
