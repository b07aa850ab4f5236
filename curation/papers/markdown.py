"""Markdown from strangers' words: a title is text, never markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def plain(value: Any) -> str:
    """A value as text in one line that means nothing to Markdown or HTML."""
    return _MARKUP.sub(r"\\\1", " ".join(str(value).split()))


def code(value: Any) -> str:
    """A name, set as code; without what would end it."""
    return f"`{' '.join(str(value).split()).replace('`', chr(39)).replace('|', '/')}`"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already; nothing where there is no row."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    head = [f"| {' | '.join(columns)} |", f"| {' | '.join('---' for _ in columns)} |"]
    return "\n".join([*head, *lines]) + "\n"
