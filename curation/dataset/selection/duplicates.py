"""Near-duplicate shots of different films: theatrical and television cuts, trailers, other sizes.

Stills of every shot are stored as fingerprints at analysis (`curation.tags.fingerprint`). Pairs of
shots that share many bits of some still are sought among all of them; each pair is then verified by
laying both sequences of stills over each other in time (`overlay`). That is done
with whole pictures, and, where they have different shapes, with their middles and with the strips
across them, for a copy may have lost its sides, or its top and bottom. Flat pictures are evidence
of nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from curation.dataset.selection.overlay import NEAR, Bits, Evidence, Stills, copies
from curation.tables.schemas import schemas
from curation.tables.store import canonical_json

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from curation.tables.store import Store

VERSION: Final = "2"
FLAT: Final = 4.0
"""Deviation in 8-bit luma under which a picture has no bits worth comparing."""
PARTS: Final = 5
"""Parts of the 64 lowest bits; a candidate pair shares any two of them."""
COMMON: Final = 200
"""A key that more shots share than this says nothing: black, a logo, a test card."""
OTHER_SHAPE: Final = 1.08
"""Of one shape over another, from which parts are compared: cut by less, 4 % at every edge, whole
pictures are found alike in 29 cases of 31."""
PARTIAL: Final = ("strip", "middle")
"""Views of a picture that are compared between shapes; whole pictures are believed first."""
HALF: Final = 0.5
"""Share of a shot that a better copy must cover to stand for it."""
BASIS: Final = b"basis"
"""Metadata of a table of pairs: what they depend on."""

Numbers = NDArray[np.int64]
_Shot = tuple[str, int]
_Two = tuple[_Shot, _Shot]
_Named = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class _Library:
    """Every still worth comparing, ordered by film, shot and time.

    A film is a place in `assets`. A number a shot: its film, its index there, and its first still.
    A number a still: its second, its bits (stills, 2), and the shape of its picture.
    """

    assets: list[str]
    films: Numbers
    indices: Numbers
    starts: Numbers
    seconds: NDArray[np.float64]
    bits: Bits
    shapes: NDArray[np.float32]

    def film(self, film: int) -> dict[int, Stills]:
        """The stills of a film's shots, by the shots' index."""
        first, past = self.films.searchsorted((film, film + 1)).tolist()
        edges = [*self.starts[first : past + 1].tolist(), len(self.bits)]
        return {
            index: Stills(self.seconds[start:end], self.bits[start:end])
            for index, start, end in zip(
                self.indices[first:past].tolist(), edges, edges[1:], strict=False
            )
        }


def basis_of(connection: DuckDBPyConnection) -> str:
    """What the pairs depend on: this code, and the analysis of every film of the catalog."""
    films = connection.execute(
        """
        SELECT asset_sha256, work_key FROM films
        WHERE status = 'analysed' AND asset_sha256 IN (SELECT asset_sha256 FROM assets)
        ORDER BY ALL
        """
    ).fetchall()
    return hashlib.sha256(canonical_json([VERSION, films]).encode()).hexdigest()[:32]


def known_duplicates(connection: DuckDBPyConnection) -> pa.Table:
    """The rows of ``duplicates``: those stored, if they are of the films as they are, else anew."""
    basis = basis_of(connection)
    query = "SELECT 1 FROM copy_searches WHERE basis = ?"
    if not connection.execute(query, [basis]).fetchall():
        return find_duplicates(connection)
    stored = connection.sql("SELECT * FROM duplicates WHERE basis = ?", params=[basis])
    return stored.to_arrow_table().replace_schema_metadata({BASIS: basis})


def keep_duplicates(store: Store, found: pa.Table | None) -> None:
    """Store the pairs, in the place of those of films as they were; nothing where it is None.

    That they were sought is stored too, last, so that none is an answer.

    Raises:
        StoreError: when they cannot be committed.
    """
    if found is None:
        return
    basis = found.schema.metadata[BASIS].decode()
    searches = set(store.read("copy_searches", ["basis"]).column("basis").to_pylist())
    if basis not in searches:
        store.replace("duplicates", found.replace_schema_metadata(None), column="basis")
        done = {"basis": basis, "pairs": found.num_rows, "searched_at": datetime.now(UTC)}
        store.replace("copy_searches", [done], column="basis")
    store.remove("copy_searches", column="basis", values=searches - {basis})
    stored = set(store.read("duplicates", ["basis"]).column("basis").to_pylist())
    store.remove("duplicates", column="basis", values=stored - {basis})


def find_duplicates(connection: DuckDBPyConnection) -> pa.Table:
    """Every pair of near-duplicate shots of different films, the better copy first.

    Better is the larger picture, then the higher bit rate, then the lesser content id.
    """
    import pyarrow as pa

    found: dict[_Two, Evidence] = {}
    for view in PARTIAL:
        found |= _verified(_library(connection, view), other_shape=True)
    found |= _verified(_library(connection, "word"), other_shape=False)
    basis, rows = basis_of(connection), list[dict[str, Any]]()
    ranks, names = _ranks(connection), _names(connection, found)
    for (one, other), evidence in found.items():
        both = (names[one], one[0]), (names[other], other[0])
        is_worse = ranks[other[0]] < ranks[one[0]]
        rows.append(
            _row(
                *(both[::-1] if is_worse else both),
                evidence.turned() if is_worse else evidence,
                basis,
            )
        )
    rows.sort(key=lambda row: (row["shot_id"], row["twin_id"]))
    made = pa.Table.from_pylist(rows, schema=schemas()["duplicates"].arrow)
    return made.replace_schema_metadata({BASIS: basis})


def worse_copies(connection: DuckDBPyConnection) -> list[str]:
    """Shots that a better copy stands for, of those that `plan_choices` still has in.

    From the best down, a shot is left out where one that is kept, better than it, covers half of
    it. Pairs are read from ``plan_duplicates``.
    """
    pairs = connection.execute(
        f"""
        WITH held AS (SELECT DISTINCT shot_id FROM plan_choices WHERE station IS NULL)
        SELECT shot_id, twin_id, asset_sha256 FROM plan_duplicates
        WHERE shot_id IN (FROM held) AND twin_id IN (FROM held) AND twin_covered >= {HALF}
        """  # noqa: S608
    ).fetchall()
    ranks = _ranks(connection)
    worse: set[str] = set()
    for shot_id, twin_id, _ in sorted(pairs, key=lambda pair: (ranks[pair[2]], pair)):
        if shot_id not in worse:
            worse.add(twin_id)
    return sorted(worse)


def _library(connection: DuckDBPyConnection, view: str) -> _Library:
    """The stills of all films, by the bits of one view: `word`, the whole, or one of `PARTIAL`.

    A fingerprint of an older version, which has no bits of that view, is left out.
    """
    words = ", ".join(f"unnest(series['{view}_{n}'])::UBIGINT AS w{n}" for n in range(8))
    low, high = (
        "|".join(f"(w{n} << {16 * (last - n)})" for n in range(first, last + 1))
        for first, last in ((0, 3), (4, 7))
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE plan_films AS
        SELECT (row_number() OVER (ORDER BY asset_sha256) - 1)::INTEGER AS film, asset_sha256
        FROM films WHERE status = 'analysed' AND asset_sha256 IN (SELECT asset_sha256 FROM assets)
        """
    )
    rows = connection.execute(
        f"""
        WITH measured AS (
            SELECT shot_id, unnest(pts_s) AS second, unnest(series['detail']) AS detail,
                   unnest(series['shape']) AS shape, {words}
            FROM measures WHERE tagger = 'fingerprint' AND len(frames) > 0
        )
        SELECT film, shot_index::INTEGER AS shot, second, ({low}) AS low, ({high}) AS high,
               coalesce(shape, 1)::FLOAT AS shape
        FROM measured
        JOIN (SELECT shot_id, asset_sha256, shot_index FROM shots) AS known USING (shot_id)
        JOIN plan_films USING (asset_sha256)
        WHERE detail >= {FLAT} AND w0 IS NOT NULL
        ORDER BY film, shot, second
        """  # noqa: S608
    ).fetchnumpy()
    assets = connection.execute("SELECT asset_sha256 FROM plan_films ORDER BY film").fetchall()
    connection.execute("DROP TABLE plan_films")
    film, index = (np.asarray(rows.pop(name)) for name in ("film", "shot"))
    starts = np.flatnonzero((np.diff(film, prepend=-1) != 0) | (np.diff(index, prepend=-1) != 0))
    return _Library(
        assets=[asset for (asset,) in assets],
        films=film[starts],
        indices=index[starts],
        starts=starts,
        seconds=np.asarray(rows["second"]),
        bits=np.stack([rows.pop("low"), rows.pop("high")], axis=1).astype(np.uint64, copy=False),
        shapes=np.asarray(rows["shape"]),
    )


def _verified(library: _Library, *, other_shape: bool) -> Iterator[tuple[_Two, Evidence]]:
    """The pairs that hold, of films that share something, and those found beside them."""
    shots = _candidates(library, other_shape=other_shape)
    films = library.films[shots]
    borders = np.flatnonzero(np.diff(films, axis=0, prepend=-1).any(axis=1)).tolist()
    for first, past in pairwise([*borders, len(shots)]):
        one, other = films[first].tolist()
        pairs = library.indices[shots[first:past]].tolist()
        found = copies(library.film(one), library.film(other), [(i, j) for i, j in pairs])
        for (i, j), evidence in sorted(found.items()):
            yield ((library.assets[one], i), (library.assets[other], j)), evidence


def _candidates(library: _Library, *, other_shape: bool) -> Numbers:
    """Pairs of shots of different films that share two parts of a still's bits, and of whose stills
    two are alike, shape (pairs, 2), in order.

    Each two parts make a key. Stills are sorted by it, and those of one key compared, so that
    memory grows with the stills, not with their keys.
    """
    count = len(library.starts)
    shot_of = np.repeat(np.arange(count), np.diff(library.starts, append=len(library.bits)))
    width = -(-64 // PARTS)
    mask = np.uint64((1 << width) - 1)
    found = np.zeros(0, np.int64)
    for one, other in combinations(range(PARTS), 2):
        low = library.bits[:, 0]
        parts = [(low >> np.uint64(width * part)) & mask for part in (one, other)]
        keys = ((parts[0] << np.uint64(width)) | parts[1]).astype(np.uint32)
        pairs = [found]
        for mine, theirs in _meeting(keys, shot_of, library.films):
            apart = np.bitwise_count(library.bits[mine] ^ library.bits[theirs])
            alike = apart.sum(axis=1, dtype=np.int64) <= NEAR
            if other_shape:
                ratio = library.shapes[mine] / library.shapes[theirs]
                alike &= np.maximum(ratio, 1 / ratio) >= OTHER_SHAPE
            pairs.append(shot_of[mine[alike]] * count + shot_of[theirs[alike]])
        found = np.unique(np.concatenate(pairs))
    return np.stack([found // count, found % count], axis=1) if count else found.reshape(0, 2)


def _meeting(
    keys: NDArray[np.uint32], shots: Numbers, films: Numbers
) -> Iterator[tuple[Numbers, Numbers]]:
    """Stills of one key and different films, two by two, the one of the earlier film first.

    A shot speaks once for a key. A key that too many shots share is left out.
    """
    order = np.argsort(keys, kind="stable")
    ordered, shot = keys[order], shots[order]
    order = order[
        (np.diff(ordered, prepend=ordered[:1] + 1) != 0) | (np.diff(shot, prepend=-1) != 0)
    ]
    ordered = keys[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] + 1))
    lengths = np.diff(starts, append=len(order))
    film = films[shots[order]]
    ends = starts + lengths - 1
    kept = (lengths <= COMMON) & (film[starts] != film[ends])
    chosen = np.repeat(kept, lengths)
    order, film = order[chosen], film[chosen]
    lengths = lengths[kept]
    left = np.repeat(lengths.cumsum(), lengths) - np.arange(len(order)) - 1
    at, step = np.flatnonzero(left >= 1), 1
    while len(at):
        apart = at[film[at] != film[at + step]]
        yield order[apart], order[apart + step]
        step += 1
        at = at[left[at] >= step]


def _names(connection: DuckDBPyConnection, found: dict[_Two, Evidence]) -> dict[_Shot, str]:
    """The ids of the shots of pairs."""
    assets = sorted({asset for pair in found for asset, _ in pair})
    rows = connection.execute(
        "SELECT asset_sha256, shot_index, shot_id FROM shots "
        "WHERE asset_sha256 IN (SELECT unnest(?::VARCHAR[]))",
        [assets],
    ).fetchall()
    return {(asset, index): shot for asset, index, shot in rows}


def _ranks(connection: DuckDBPyConnection) -> dict[str, int]:
    """Each film's place among all, the best first."""
    rows = connection.execute(
        """
        SELECT films.asset_sha256 FROM films
        LEFT JOIN (
            SELECT asset_sha256, any_value(bytes) AS bytes FROM assets GROUP BY ALL
        ) AS held USING (asset_sha256)
        ORDER BY films.width * films.height DESC NULLS LAST,
            held.bytes / films.duration_s DESC NULLS LAST, films.asset_sha256
        """
    ).fetchall()
    return {asset: place for place, (asset,) in enumerate(rows)}


def _row(one: _Named, other: _Named, found: Evidence, basis: str) -> dict[str, Any]:
    """A row of ``duplicates``, the better copy first."""
    (shot_id, asset), (twin_id, twin_asset) = one, other
    return {
        "shot_id": shot_id,
        "twin_id": twin_id,
        "asset_sha256": asset,
        "twin_asset_sha256": twin_asset,
        "matched": found.matched,
        "compared": found.compared,
        "distance": round(found.distance, 2),
        "offset_s": round(found.offset, 1),
        "covered": round(found.covered, 3),
        "twin_covered": round(found.twin_covered, 3),
        "basis": basis,
    }
