"""What is wrong with a recipe, in words: the field, the reason and what was meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, TypeAlias

from pydantic import ValidationError

Path: TypeAlias = tuple[int | str, ...]
Schema: TypeAlias = dict[str, Any]
"""A JSON Schema."""
MAX_SHOWN = 80
"""Letters that an error repeats of what it was given."""


class RecipeError(Exception):
    """A recipe that cannot be followed; the message names file, field, reason and remedy."""


def told(error: ValidationError, schema: Schema) -> list[str]:
    """Each fault in a sentence; a list that is empty because all in it was wrong is not one more.

    Args:
        schema: of a recipe.
    """
    found = error.errors()
    inside = {fault["loc"][:-1] for fault in found}
    return [
        _fault(fault["loc"], fault["msg"], fault.get("input"), schema)
        for fault in found
        if not (fault["type"] == "too_short" and fault["loc"] in inside)
    ]


def short(text: str) -> str:
    """A text, or its beginning."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _fault(path: Path, message: str, given: object, schema: Schema) -> str:
    where = ".".join(str(part) for part in path) or "recipe"
    if message.startswith("Extra inputs"):
        near = get_close_matches(str(path[-1]), _fields_at(path[:-1], schema), n=1, cutoff=0.0)
        return f"{where}: unknown field" + (f"; did you mean {near[0]!r}?" if near else "")
    if "timezone" in message:
        return f"{where}: {given} has no time and offset; write 2026-12-01T00:00:00Z"
    if path[-1:] == ("[key]",):
        message = "no column is written like this; write family.facet.number, in small letters"
    message = message.removeprefix("Value error, ")
    shown = "" if isinstance(given, dict | list) else f" (given: {short(repr(given))})"
    return f"{where}: {message}{shown}"


def _fields_at(path: Path, schema: Schema) -> list[str]:
    """The fields that may stand at a place of a recipe."""
    node: Any = schema
    for part in path:
        node = node.get("items") if isinstance(part, int) else _member(node, part)
        node = _resolved(schema, node or {})
    return list(node.get("properties", ()))


def _member(node: Any, name: str) -> Any:
    others: Any = next(iter(node.get("patternProperties", {}).values()), {})
    return node.get("properties", {}).get(name, others)


def _resolved(schema: dict[str, Any], node: Any) -> Any:
    """A node of a schema itself: not a reference, and not the null that it may be instead."""
    for choice in (node, *node.get("anyOf", ())):
        if "$ref" in choice:
            return schema["$defs"][choice["$ref"].rsplit("/", 1)[1]]
    return node
