"""The recipe as others fill it in: its JSON Schema, and the fields of a form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from curation.dataset.recipe import Recipe, recipe_from

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def recipe_schema() -> str:
    """The JSON Schema of a recipe, as it is published: indented, UTF-8, one newline at its end."""
    schema = {"$schema": DIALECT, **Recipe.model_json_schema()}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def form(recipe: Recipe) -> dict[str, tuple[Any, dict[str, Any]]]:
    """The recipe's fields for an input form: name to (value, JSON Schema with ``section``).

    A field of a section is named ``<section>_<field>``; what is nested deeper stays one value.
    """
    schema = Recipe.model_json_schema()
    values = recipe.model_dump(mode="json")
    fields: dict[str, tuple[Any, dict[str, Any]]] = {}
    for name, properties in schema["properties"].items():
        section = _section(schema, properties)
        if section is None:
            inlined = _inlined(schema, properties) | {"section": "Recipe"}
            fields[name] = (values[name], inlined)
            continue
        for inner, inner_properties in section["properties"].items():
            inlined = _inlined(schema, inner_properties) | {"section": name.capitalize()}
            fields[f"{name}_{inner}"] = (values[name][inner], inlined)
    return fields


def from_form(values: Mapping[str, Any]) -> Recipe:
    """The recipe that a filled-in form describes.

    Raises:
        RecipeError: with every fault found.
    """
    schema = Recipe.model_json_schema()
    sections = [n for n, p in schema["properties"].items() if _section(schema, p) is not None]
    data: dict[str, Any] = {}
    for name, value in values.items():
        section, _, inner = name.partition("_")
        if section in sections and inner:
            data.setdefault(section, {})[inner] = value
        else:
            data[name] = value
    return recipe_from(data, "form")


def _section(schema: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any] | None:
    reference = properties.get("$ref")
    return schema["$defs"][reference.rsplit("/", 1)[1]] if reference else None


def _inlined(schema: dict[str, Any], node: Any) -> Any:
    """A node without references; what may be null says so by its ``type``, as forms want it."""
    if isinstance(node, list):
        return [_inlined(schema, value) for value in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[1]])
    choices = node.get("anyOf", ())
    if {"type": "null"} in choices:
        (some,) = (choice for choice in choices if choice != {"type": "null"})
        own = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        inlined = _inlined(schema, some) | own
        return inlined | {"type": [inlined["type"], "null"]}
    return {key: _inlined(schema, value) for key, value in node.items() if key != "default"}
