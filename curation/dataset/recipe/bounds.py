"""A recipe's bounds: the least and the most of numbers of a shot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from curation.dataset.columns import column
from curation.dataset.recipe import RecipeError

if TYPE_CHECKING:
    from curation.dataset.columns import Column
    from curation.dataset.recipe import BoundSection, Recipe

BELOW, ABOVE, UNKNOWN = "BELOW_MIN", "ABOVE_MAX", "UNKNOWN"


def broken_bounds(recipe: Recipe, known: Mapping[str, Column]) -> str:
    """SQL for the reasons of a shot that is out of bounds, as a list, in the recipe's order.

    Reasons read ``MOTION_BELOW_MIN``, ``MOTION_ABOVE_MAX``, ``MOTION_UNKNOWN``. What is not known
    breaks a bound unless the recipe says ``unknown: keep``.

    Raises:
        RecipeError: for a bound on what is no number or no column.
    """
    cases = [_case(name, bound, known) for name, bound in recipe.bounds.items()]
    return f"list_filter([{', '.join(cases)}]::VARCHAR[], lambda reason: reason IS NOT NULL)"


def _case(name: str, bound: BoundSection, known: Mapping[str, Column]) -> str:
    field = f"bounds.{name}"
    found = column(name, known, field)
    if not found.is_number:
        raise RecipeError(f"{field}: {'.'.join(found.path)} holds no numbers; ask it in a filter")
    value, code = f"({found.sql})::DOUBLE", name.replace(".", "_").upper()
    unknown = f"'{code}_{UNKNOWN}'" if bound.unknown == "leave_out" else "NULL"
    ends = [f"WHEN {value} IS NULL OR isnan({value}) THEN {unknown}"]
    if bound.min is not None:
        ends.append(f"WHEN {value} < {bound.min!r} THEN '{code}_{BELOW}'")
    if bound.max is not None:
        ends.append(f"WHEN {value} > {bound.max!r} THEN '{code}_{ABOVE}'")
    return f"CASE {' '.join(ends)} END"
