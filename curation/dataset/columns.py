"""Columns of ``tagged_shots`` by the names under which recipes speak of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from curation.dataset.recipe import RecipeError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from duckdb.sqltypes import DuckDBPyType

SHORT: Final[Mapping[str, str]] = {
    "motion": "quality.motion.motion_widths_s",
    "sharpness": "quality.sharpness.sharpness",
    "crushed": "quality.exposure.crushed_share",
    "clipped": "quality.exposure.clipped_share",
    "text_share": "text.text.text_share",
    "lighting": "lighting.key_style.label",
}
"""Short names; a column of that very name goes before."""

_NUMBERS: Final = {
    *("tinyint", "smallint", "integer", "bigint", "hugeint", "float", "double", "decimal"),
    *("utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"),
}
_OF_A_TAG: Final = 3
"""Parts of a tag's column: family, facet, and label, confidence or a number."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its full path, and whether it holds numbers."""

    path: tuple[str, ...]
    is_number: bool

    @property
    def sql(self) -> str:
        """The value; null where a tag's label is unknown."""
        value = _quoted(self.path)
        if len(self.path) != _OF_A_TAG:
            return value
        return f"if({_quoted((*self.path[:2], 'label'))} = 'unknown', NULL, {value})"


def columns(connection: DuckDBPyConnection) -> dict[str, Column]:
    """Every column of ``tagged_shots`` that holds one value, by its path with dots."""
    whole = connection.sql("SELECT * FROM tagged_shots LIMIT 0")
    found: dict[str, Column] = {}
    for name, kind in zip(whole.columns, whole.types, strict=True):
        _gather((name,), kind, found)
    return found


def column(name: str, known: Mapping[str, Column], field: str) -> Column:
    """The column that a recipe's field names.

    Raises:
        RecipeError: where there is none; it says which come near.
    """
    path = name if name in known else SHORT.get(name, name)
    if path in known:
        return known[path]
    near = get_close_matches(name, [*known, *(s for s, p in SHORT.items() if p in known)], n=1)
    meant = "" if path == name else f", which stands for {path},"
    raise RecipeError(
        f"{field}: tagged_shots has no column {name!r}{meant} in this store; "
        + (f"did you mean {near[0]!r}? " if near else "")
        + "See `curation tables tagged_shots`"
    )


def _gather(path: tuple[str, ...], kind: DuckDBPyType, found: dict[str, Column]) -> None:
    if kind.id == "struct":
        children: Any = kind.children
        for name, inner in children:
            _gather((*path, name), inner, found)
    elif kind.id not in ("list", "map", "array"):
        found[".".join(path)] = Column(path, kind.id in _NUMBERS)


def _quoted(path: tuple[str, ...]) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in path)
