"""Text that is there and says nothing, in rows that can open something: nobody may guess it open.

A grant without an end has none. That must be said and not come from a cell that somebody forgot:

- JSON leaves a field out, or writes ``null``, to say nothing of it. Empty text (``"end": ""``) is
  neither, so in a rule or a consent it is a fault, whatever the field.
- A table (CSV, Parquet) leaves a field out by an empty cell alone. Under a column ``start`` or
  ``end`` an executed PERMIT needs its date or the word ``Open`` in that cell. In all other columns
  an empty cell says nothing, as it does in a PROHIBIT, which is read at its widest, and in a draft,
  which permits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OPENING = ("rules", "consents")
"""Tables whose rows can permit."""
_BOUNDS = ("start", "end")


def empty_text(table: str, values: Mapping[str, object]) -> str | None:
    """The first field of a JSON row that holds empty text where none may stand; or None."""
    if table not in OPENING:
        return None
    return next((name for name, value in values.items() if value == ""), None)


def unbounded(table: str, values: Mapping[str, object], blank: Iterable[str]) -> str | None:
    """The first bound of a grant in force that its table leaves empty; or None."""
    in_force = (values.get("effect"), values.get("status")) == ("PERMIT", "EXECUTED")
    if table != "rules" or not in_force:
        return None
    left = set(blank)
    return next((name for name in _BOUNDS if name in left), None)
