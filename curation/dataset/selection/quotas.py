"""Quotas: how many clips of what a release takes, and whether its minima are met.

Which clips are taken is drawn by lot from the seed and the clip's id: the answer depends on neither
order nor threads, and a clip keeps its lot when the library grows elsewhere. The clips that a
minimum wants come before all others.

A maximum by share means the share of the release that comes out: its clips are fewer than those
that went in, so the largest number of clips is sought that keeps to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from curation.dataset.recipe import AtLeast, Balance, QuotaSection, Total

TOTAL: Final = "QUOTA_TOTAL"
NO_VALUE: Final = "unknown"
"""Counted as a value of its own, but no minimum is asked of it."""
_ROUNDS: Final = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Minimum:
    """A minimum and what there is: clips of one value of some columns."""

    per: str
    value: str
    wanted: int
    found: int
    must: bool

    @property
    def is_met(self) -> bool:
        return self.found >= self.wanted

    def __str__(self) -> str:
        return f"{self.value} has {self.found} of {self.wanted} ({self.per})"


def rules_of(quotas: QuotaSection) -> list[tuple[str, ...]]:
    """Every combination of columns that quotas count, once, in a fixed order."""
    said = [rule.per for rule in quotas.at_most] + [rule.per for rule in quotas.at_least]
    said += [quotas.balance.by] if quotas.balance else []
    return list(dict.fromkeys(said))


def reason_of(per: Sequence[str]) -> str:
    """The reason of clips that a maximum leaves out: ``QUOTA_TITLE``."""
    return "QUOTA_" + "_".join(per).replace(".", "_").upper()


def apply_quotas(connection: DuckDBPyConnection, quotas: QuotaSection) -> list[str]:
    """Fill ``quota`` of the temporary table ``plan_pool`` with the reason of each clip left out.

    It holds ``clip_id``, ``clip_seconds``, ``lot``, ``reserved`` (false), ``quota`` (null) and
    ``key_<n>``, the value of the n-th of `rules_of`. Returns remarks on what cannot be had.
    """
    rules, remarks = rules_of(quotas), list[str]()
    for least in quotas.at_least:
        _reserve(connection, f"key_{rules.index(least.per)}", least)
    for _ in range(_ROUNDS):
        before = _left(connection)
        for most in quotas.at_most:
            key = f"key_{rules.index(most.per)}"
            cap = most.count
            if most.share is not None:
                counts = _counts(connection, key)
                budget = quotas.total.clips if quotas.total else None
                cap = cap_of(counts, most.share, budget)
                if cap == 0 and len(counts):
                    remarks.append(
                        f"at most {most.share:.2%} of one {' and '.join(most.per)} cannot be had: "
                        f"{len(counts)} of them are left with {int(counts.sum())} clips, and "
                        f"{-(-1 // most.share):.0f} are needed, with a clip each at least"
                    )
            _cap(connection, key, int(cap or 0), reason_of(most.per))
        if quotas.total is not None:
            by = f"key_{rules.index(quotas.balance.by)}" if quotas.balance else None
            _share_out(connection, quotas.total, by, quotas.balance)
        if _left(connection) == before:
            break
    return list(dict.fromkeys(remarks))


def cap_of(counts: Floats, share: float, budget: int | None = None) -> int:
    """The most clips of one value such that none has more than its share of all that are left.

    Args:
        counts: clips of each value; ``budget``: clips that are taken at most.

    The largest n with n = sum(min(count, floor(share n))) is found from above; every step that is
    no solution lowers n, and no solution lies between.
    """
    bound = np.inf if budget is None else float(budget)
    total = min(float(counts.sum()), bound)
    while total > 0:
        cap = int(share * total + 1e-9)
        then = min(float(np.minimum(counts, cap).sum()), bound)
        if then >= total:
            return cap
        total = then
    return 0


def allowances(
    sizes: Floats, reserved: Floats, budget: float, temperature: float, *, whole: bool
) -> Floats:
    """What of a budget each stratum gets: as its size to the power 1/T, never more than its size.

    What a small stratum cannot use goes to the others in the same proportion; no stratum gets less
    than what is reserved of it, unless the budget does not reach so far. `whole`: in whole numbers.
    Sampling by size to the power 1/T: Arivazhagan et al., "Massively Multilingual Neural Machine
    Translation in the Wild", 2019, section 4.2.
    """
    if sizes.sum() <= budget:
        return sizes
    if reserved.sum() >= budget:
        given = reserved * (budget / reserved.sum())
    else:
        weights = sizes ** (1.0 / temperature)
        low, high = 0.0, float((sizes / weights).max())
        for _ in range(200):
            level = (low + high) / 2
            filled = np.clip(level * weights, reserved, sizes).sum()
            low, high = (level, high) if filled < budget else (low, level)
        given = np.clip(low * weights, reserved, sizes)
    return _whole(given, int(budget), sizes) if whole else given


def minima(
    connection: DuckDBPyConnection, quotas: QuotaSection, taken: str, library: str
) -> list[Minimum]:
    """Each minimum against the clips that were taken.

    Args:
        taken, library: tables with columns ``key_<n>``; values are those of the library.
    """
    rules, found = rules_of(quotas), []
    for least in quotas.at_least:
        key = f"key_{rules.index(least.per)}"
        counts = dict(
            connection.execute(f"SELECT {key}, count(*) FROM {taken} GROUP BY ALL").fetchall()  # noqa: S608
        )
        seen = connection.execute(f"SELECT DISTINCT {key} FROM {library} ORDER BY ALL").fetchall()  # noqa: S608
        values = least.values or [value for (value,) in seen if NO_VALUE not in value.split(" / ")]
        must = least.otherwise == "fail"
        found += [
            Minimum(" and ".join(least.per), value, least.count, counts.get(value, 0), must)
            for value in values
        ]
    return found


def _whole(given: Floats, budget: int, sizes: Floats) -> Floats:
    """Rounded down, and what is left of the budget to the largest remainders."""
    floors = np.floor(given + 1e-9)
    rest = int(budget - floors.sum())
    order = np.argsort(-(given - floors), kind="stable")
    order = order[floors[order] < sizes[order]]
    floors[order[: max(rest, 0)]] += 1
    return floors


def _left(connection: DuckDBPyConnection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM plan_pool WHERE quota IS NULL").fetchall()[
        0
    ]
    return int(count)


def _counts(connection: DuckDBPyConnection, key: str) -> Floats:
    found = connection.execute(
        f"SELECT count(*) FROM plan_pool WHERE quota IS NULL GROUP BY {key} ORDER BY {key}"  # noqa: S608
    ).fetchall()
    return np.array([count for (count,) in found], np.float64)


def _reserve(connection: DuckDBPyConnection, key: str, least: AtLeast) -> None:
    connection.execute(
        f"""
        UPDATE plan_pool SET reserved = true WHERE clip_id IN (
            SELECT clip_id FROM plan_pool WHERE {key} <> '{NO_VALUE}'
            QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY lot, clip_id) <= {least.count}
        )
        """  # noqa: S608
    )


def _cap(connection: DuckDBPyConnection, key: str, cap: int, reason: str) -> None:
    connection.execute(
        f"""
        UPDATE plan_pool SET quota = '{reason}' WHERE clip_id IN (
            SELECT clip_id FROM plan_pool WHERE quota IS NULL
            QUALIFY row_number() OVER (
                PARTITION BY {key} ORDER BY reserved DESC, lot, clip_id
            ) > {cap}
        )
        """  # noqa: S608
    )


def _share_out(
    connection: DuckDBPyConnection, total: Total, by: str | None, balance: Balance | None
) -> None:
    """Leave out what is beyond the budget, stratum by stratum; seconds are counted in millionths,
    for whole numbers add up the same in any order."""
    import pyarrow as pa

    whole = total.clips is not None
    budget = float(total.clips or 0) if whole else (total.seconds or 0.0) * 1e6
    key, size = by or "''", "1" if whole else "round(clip_seconds * 1e6)::BIGINT"
    rows = connection.execute(
        f"""
        SELECT {key} AS stratum, sum({size})::DOUBLE,
               coalesce(sum({size}) FILTER (WHERE reserved), 0)::DOUBLE
        FROM plan_pool WHERE quota IS NULL GROUP BY stratum ORDER BY stratum
        """  # noqa: S608
    ).fetchall()
    if not rows:
        return
    strata, sizes, reserved = zip(*rows, strict=True)
    temperature = balance.temperature if balance else 1.0
    shares = allowances(np.array(sizes), np.array(reserved), budget, temperature, whole=whole)
    given = pa.table({"stratum": list(strata), "allowance": shares})
    connection.register("plan_allowances", given)
    connection.execute(
        f"""
        UPDATE plan_pool SET quota = '{TOTAL}' WHERE clip_id IN (
            SELECT clip_id FROM (
                SELECT clip_id, {key} AS stratum, sum({size}) OVER (
                    PARTITION BY {key} ORDER BY reserved DESC, lot, clip_id
                    ROWS UNBOUNDED PRECEDING
                ) AS reached
                FROM plan_pool WHERE quota IS NULL
            ) JOIN plan_allowances USING (stratum) WHERE reached > allowance + 1e-3
        )
        """  # noqa: S608
    )
    connection.unregister("plan_allowances")
