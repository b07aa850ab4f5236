"""Near-duplicate shots of different films: theatrical and television cuts, trailers, other sizes.

Stills of every shot are stored as fingerprints at analysis (`curation.tags.fingerprint`). Pairs of
shots that share many bits of some still are found set by set in DuckDB; each pair is then verified
by laying both sequences of stills over each other in time; and the shots next to a verified pair
are tried too, for two cuts of a film run side by side. Flat pictures are evidence of nothing.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from curation.tables.schemas import schemas
from curation.tables.store import canonical_json

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from curation.tables.store import Store

VERSION: Final = "1"
BITS: Final = 128
FLAT: Final = 4.0
"""Deviation in 8-bit luma under which a picture has no bits worth comparing."""
NEAR: Final = 28
"""Bits, of 128, by which stills of a pair differ at most that others beside it bear out."""
ALIKE: Final = 10.0
"""Bits by which the stills of a pair that stands alone differ at most in the mean; where only one
was compared, half of it."""
CHAIN: Final = 3
"""Pairs of shots in a row, at one offset, that bear each other out."""
OFFSETS: Final = 3
"""Offsets that are tried of a pair, the best."""
ENOUGH: Final = 0.7
"""Share of the stills that lie over each other which must be alike."""
BLOCKS: Final = 5
"""Parts of the 64 lowest bits; a candidate pair shares any two of them."""
COMMON: Final = 200
"""A key that more stills share than this says nothing: black, a logo, a test card."""
APART_S: Final = 0.6
"""Seconds by which stills that are compared lie apart at most, once laid over each other."""
_BESIDE: Final = tuple(
    (sign * a, sign * b) for a in range(3) for b in range(3) for sign in (1, -1) if a or b
)
"""Shots on either side of a pair that are tried: one or two may be missing, or be split."""
HALF: Final = 0.5
"""Share of a shot that a better copy must cover to stand for it."""

Bits = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Stills:
    """The stills of one shot: seconds, and their bits, shape (stills, 2)."""

    shot_id: str
    seconds: NDArray[np.float64]
    bits: Bits


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two shots laid over each other.

    `matched` of the `compared` stills are alike and differ by `distance` bits in the mean;
    `offset` is the other's time less this one's; `covered` is the share of this one's stills that
    have a copy, `twin_covered` that of the other's.
    """

    matched: int
    compared: int
    distance: float
    offset: float
    covered: float
    twin_covered: float


def basis_of(connection: DuckDBPyConnection) -> str:
    """What the pairs depend on: this code, and every film's analysis."""
    films = connection.execute(
        "SELECT asset_sha256, work_key FROM films WHERE status = 'analysed' ORDER BY ALL"
    ).fetchall()
    return hashlib.sha256(canonical_json([VERSION, films]).encode()).hexdigest()[:32]


def known_duplicates(connection: DuckDBPyConnection) -> pa.Table:
    """The rows of ``duplicates``: those stored, if they are of the films as they are, else anew."""
    basis = basis_of(connection)
    stored = connection.sql(
        "SELECT * FROM duplicates WHERE basis = ?", params=[basis]
    ).to_arrow_table()
    return stored if stored.num_rows else find_duplicates(connection)


def keep_duplicates(store: Store, found: pa.Table | None) -> None:
    """Store the pairs, in the place of those of films as they were; nothing where it is None.

    Raises:
        StoreError: when they cannot be committed.
    """
    if found is None:
        return
    mine = set(found.column("basis").to_pylist())
    stored = set(store.read("duplicates", ["basis"]).column("basis").to_pylist())
    if not mine <= stored:
        store.replace("duplicates", found, column="basis")
    store.remove("duplicates", column="basis", values=stored - mine)


def find_duplicates(connection: DuckDBPyConnection) -> pa.Table:
    """Every pair of near-duplicate shots of different films, the better copy first.

    Better is the larger picture, then the higher bit rate, then the lesser content id.
    """
    import pyarrow as pa

    _lay_out(connection)
    ranks = _ranks(connection)
    basis = basis_of(connection)
    rows = []
    for (one, other), pairs in _by_films(connection):
        for first, second, found in _verified(connection, one, other, pairs):
            mine = (first, second, one, other, found.covered, found.twin_covered, found.offset)
            if ranks[other] < ranks[one]:
                mine = (second, first, other, one, found.twin_covered, found.covered, -found.offset)
            rows.append(_row(mine, found, basis))
    rows.sort(key=lambda row: (row["shot_id"], row["twin_id"]))
    for name in ("plan_stills", "plan_keys"):
        connection.execute(f"DROP TABLE {name}")
    return pa.Table.from_pylist(rows, schema=schemas()["duplicates"].arrow)


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


def laid_over(one: Stills, other: Stills, *, near: float | None = None) -> list[Evidence]:
    """How two shots lie over each other where they may be copies, the whole or a part of each.

    Each offset at which some still lies on one like it is tried; the one with most matches comes
    first. Nothing where no offset holds.

    Args:
        near: the offset that is looked for, in seconds; any where it is None.
    """
    apart = distances(one.bits, other.bits)
    shifts = other.seconds[None, :] - one.seconds[:, None]
    likely = apart <= NEAR
    if near is not None:
        likely &= np.abs(shifts - near) <= 2 * APART_S
    found = [_at(apart, shifts, offset) for offset in np.unique(shifts[likely].round(1)).tolist()]
    good = [one for one in found if one is not None]
    return sorted(good, key=lambda e: (-e.matched, e.distance, abs(e.offset)))[:OFFSETS]


def distances(one: Bits, other: Bits) -> NDArray[np.int64]:
    """Bits by which each of (n, 2) stills differs from each of (m, 2), shape (n, m)."""
    differing = one[:, None, :] ^ other[None, :, :]
    return np.asarray(np.bitwise_count(differing).sum(axis=2, dtype=np.int64))


def _at(apart: NDArray[np.int64], shifts: NDArray[np.float64], offset: float) -> Evidence | None:
    """What two shots say of each other at one offset."""
    beside = np.abs(shifts - offset) <= APART_S
    best = np.where(beside, apart, BITS)
    mine, theirs = best.min(axis=1), best.min(axis=0)
    matched, matched_too = mine <= NEAR, theirs <= NEAR
    compared, compared_too = beside.any(axis=1).sum(), beside.any(axis=0).sum()
    if min(matched.sum() / compared, matched_too.sum() / compared_too) < ENOUGH:
        return None
    return Evidence(
        matched=int(matched.sum()),
        compared=int(compared),
        distance=float(mine[matched].mean()),
        offset=offset,
        covered=float(matched.mean()),
        twin_covered=float(matched_too.mean()),
    )


def _lay_out(connection: DuckDBPyConnection) -> None:
    """Every still with bits worth comparing, ``plan_stills``, and what it is sought by,
    ``plan_keys``."""
    words = ", ".join(f"unnest(series['word_{n}'])::UBIGINT AS w{n}" for n in range(8))
    low, high = (
        "|".join(f"(w{n}::UBIGINT << {16 * (last - n)})" for n in range(first, last + 1))
        for first, last in ((0, 3), (4, 7))
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE plan_stills AS
        WITH measured AS (
            SELECT shot_id, unnest(pts_s) AS second, unnest(series['detail']) AS detail, {words}
            FROM measures WHERE tagger = 'fingerprint' AND len(frames) > 0
        )
        SELECT shot_id, asset_sha256, shot_index, second, ({low}) AS low, ({high}) AS high
        FROM measured
        JOIN (SELECT shot_id, asset_sha256, shot_index FROM shots) AS known USING (shot_id)
        WHERE detail >= {FLAT} AND asset_sha256 IN (
            SELECT asset_sha256 FROM films WHERE status = 'analysed'
        ) AND asset_sha256 IN (SELECT asset_sha256 FROM assets)
        ORDER BY asset_sha256, shot_index, second
        """  # noqa: S608
    )
    width = -(-64 // BLOCKS)
    part = f"((low >> {width} * {{}}) & {(1 << width) - 1})"
    keys = ", ".join(
        f"(({number} << {2 * width}) | ({part.format(i)} << {width}) | {part.format(j)})::BIGINT"
        for number, (i, j) in enumerate(combinations(range(BLOCKS), 2))
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE plan_keys AS
        WITH films AS (
            SELECT asset_sha256, row_number() OVER (ORDER BY asset_sha256)::INTEGER AS film
            FROM (SELECT DISTINCT asset_sha256 FROM plan_stills)
        ),
        distinct_stills AS (
            SELECT min(rowid) AS still, asset_sha256, low FROM plan_stills
            GROUP BY asset_sha256, shot_index, low, high
        ),
        keyed AS MATERIALIZED (
            SELECT still, film, unnest([{keys}]) AS key
            FROM distinct_stills JOIN films USING (asset_sha256)
        )
        SELECT * FROM keyed WHERE key IN (
            SELECT key FROM keyed GROUP BY key
            HAVING min(film) < max(film) AND count(*) <= {COMMON}
        )
        """  # noqa: S608
    )


def _by_films(
    connection: DuckDBPyConnection,
) -> Iterator[tuple[tuple[str, str], list[tuple[int, int]]]]:
    """Candidate pairs of shots, by their index, film pair by film pair."""
    found = connection.execute(
        f"""
        WITH meeting AS (
            SELECT DISTINCT a.still AS one, b.still AS other
            FROM plan_keys AS a JOIN plan_keys AS b ON a.key = b.key AND a.film < b.film
        )
        SELECT DISTINCT a.asset_sha256, b.asset_sha256, a.shot_index, b.shot_index
        FROM meeting
        JOIN plan_stills AS a ON a.rowid = one
        JOIN plan_stills AS b ON b.rowid = other
        WHERE bit_count(xor(a.low, b.low)) + bit_count(xor(a.high, b.high)) <= {NEAR}
        ORDER BY ALL
        """  # noqa: S608
    ).fetchall()
    by_films: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for one, other, first, second in found:
        by_films.setdefault((one, other), []).append((first, second))
    yield from by_films.items()


def _verified(
    connection: DuckDBPyConnection, one: str, other: str, pairs: list[tuple[int, int]]
) -> Iterator[tuple[str, str, Evidence]]:
    """The pairs that hold, and those found beside them."""
    mine, theirs = _film(connection, one), _film(connection, other)
    found: dict[tuple[int, int], Evidence] = {}
    for i, j in pairs:
        if (i, j) in found:
            continue
        for seed in laid_over(mine[i], theirs[j]):
            chain = _chain(mine, theirs, (i, j), seed)
            if len(chain) >= CHAIN or any(_is_sure(evidence) for evidence in chain.values()):
                found |= {pair: evidence for pair, evidence in chain.items() if pair not in found}
                break
    for (i, j), evidence in sorted(found.items()):
        yield mine[i].shot_id, theirs[j].shot_id, evidence


def _is_sure(evidence: Evidence) -> bool:
    """Whether a pair by itself proves to be copies."""
    return evidence.distance <= (ALIKE if evidence.matched > 1 else ALIKE / 2)


def _chain(
    mine: Mapping[int, Stills], theirs: Mapping[int, Stills], pair: tuple[int, int], seed: Evidence
) -> dict[tuple[int, int], Evidence]:
    """The pairs that follow a pair and go before it at the same offset, itself among them."""
    found = {pair: seed}
    waiting = deque([pair])
    while waiting:
        i, j = waiting.popleft()
        for a, b in _BESIDE:
            beside = i + a, j + b
            if beside in found or beside[0] not in mine or beside[1] not in theirs:
                continue
            near = laid_over(mine[beside[0]], theirs[beside[1]], near=found[i, j].offset)
            if near:
                found[beside] = near[0]
                waiting.append(beside)
    return found


def _film(connection: DuckDBPyConnection, asset_sha256: str) -> dict[int, Stills]:
    """The stills of a film's shots, by the shots' index."""
    rows = connection.execute(
        "SELECT shot_index, shot_id, second, low, high FROM plan_stills WHERE asset_sha256 = ? "
        "ORDER BY shot_index, second",
        [asset_sha256],
    ).fetchnumpy()
    index = np.asarray(rows["shot_index"])
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    bits = np.stack([rows["low"], rows["high"]], axis=1).astype(np.uint64)
    return {
        int(index[start]): Stills(
            str(rows["shot_id"][start]), np.asarray(rows["second"][start:end]), bits[start:end]
        )
        for start, end in zip(starts, [*starts[1:], len(index)], strict=True)
    }


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


def _row(pair: tuple[Any, ...], found: Evidence, basis: str) -> dict[str, Any]:
    shot_id, twin_id, asset, twin_asset, covered, twin_covered, offset = pair
    return {
        "shot_id": shot_id,
        "twin_id": twin_id,
        "asset_sha256": asset,
        "twin_asset_sha256": twin_asset,
        "matched": found.matched,
        "compared": found.compared,
        "distance": round(found.distance, 2),
        "offset_s": round(offset, 1),
        "covered": round(covered, 3),
        "twin_covered": round(twin_covered, 3),
        "basis": basis,
    }
