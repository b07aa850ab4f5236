"""The recipe: who asks, for what, until when, and what of the library they want, in which form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from curation.tables.store import canonical_json

if TYPE_CHECKING:
    from curation.storage import Place

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Kind = Literal["picture", "title", "credits", "black", "blank", "bars", "logo"]
Component = Literal["picture", "dialogue", "music", "effects"]
MAX_SHOWN = 80
"""Letters that an error repeats of what it was given."""
SOUND: tuple[Component, ...] = ("dialogue", "music", "effects")


class RecipeError(Exception):
    """A recipe that cannot be followed; the message names file, field, reason and remedy."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RequestSection(_Section):
    """What is asked of the rights gate, for every shot."""

    licensee: str = Field(min_length=1, description="Party that will train on the release")
    action: str = Field(
        default="train_gen", description="What it will do: train_gen, train_nongen, evaluate, …"
    )
    territories: tuple[str, ...] = Field(
        min_length=1, description="Where: ISO 3166 codes, 001 for the world"
    )
    use_from: AwareDatetime = Field(description="First instant of use, with its offset from UTC")
    use_until: AwareDatetime = Field(description="Instant at which use has ended")
    commercial: bool = Field(default=True, description="Whether the use is commercial")
    components: tuple[Component, ...] = Field(
        default=("picture",),
        min_length=1,
        description="What of a shot is used; sound is kept only when all its components are",
    )

    @model_validator(mode="after")
    def _interval(self) -> Self:
        if self.use_until <= self.use_from:
            raise ValueError("use_until must be later than use_from")
        return self


class FilterSection(_Section):
    """One question to each shot; a shot that does not answer yes is left out under this name."""

    name: Name = Field(description="Reason shown for shots left out")
    sql: str = Field(min_length=1, description="Condition over tagged_shots, in DuckDB SQL")


class ClipSection(_Section):
    """How a shot becomes a clip."""

    min_seconds: float = Field(default=1.0, ge=0, description="Shorter shots are left out")
    max_seconds: float = Field(default=60.0, gt=0, description="Longer shots are left out")
    height: int | None = Field(default=None, ge=16, le=4320, description="Scaled down to this")
    crf: int = Field(default=18, ge=0, le=51, description="x264 quality; lower is better")
    preset: Literal[
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"
    ] = Field(default="medium", description="x264 effort")
    still: bool = Field(default=True, description="Add the middle frame as JPEG")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.max_seconds < self.min_seconds:
            raise ValueError("max_seconds must not be below min_seconds")
        return self


class SplitSection(_Section):
    """Shares of the titles that go into each split; a title is never in two."""

    train: float = Field(default=1.0, ge=0)
    val: float = Field(default=0.0, ge=0)
    test: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.train + self.val + self.test <= 0:
            raise ValueError("one share at least must be above 0")
        return self


class ShardSection(_Section):
    """How samples are packed."""

    samples: int = Field(default=256, ge=1, le=100_000, description="Samples a shard at most")


class Recipe(_Section):
    """One order for a dataset."""

    name: Name = Field(description="Name of the release")
    description: str = Field(default="", description="What it is for, in a sentence")
    request: RequestSection
    kinds: tuple[Kind, ...] = Field(
        default=("picture",),
        min_length=1,
        description="What shots may show; cards, black and the like are left out unless named",
    )
    filters: tuple[FilterSection, ...] = Field(default=(), description="Asked in this order")
    clip: ClipSection = ClipSection()
    split: SplitSection = SplitSection()
    shard: ShardSection = ShardSection()
    seed: int = Field(default=0, ge=0, description="Of every choice that is made by lot")

    @model_validator(mode="after")
    def _unique(self) -> Self:
        names = [f.name for f in self.filters]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"filters: the name {twice[0]!r} is given twice")
        return self

    @property
    def sound(self) -> bool:
        """Whether clips carry sound: stems cannot be taken apart, so only if all are asked for."""
        return set(SOUND) <= set(self.request.components)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(canonical_json(self.model_dump(mode="json")).encode()).hexdigest()


def read_recipe(place: Place) -> Recipe:
    """Read a recipe from YAML.

    Raises:
        RecipeError: when it is no YAML or no recipe, with every fault found.
        StorageError: when it cannot be read.
    """
    raw = place.read_bytes()
    try:
        data = yaml.load(raw.decode("utf-8-sig"), _Loader)  # noqa: S506 - a SafeLoader
    except UnicodeDecodeError as error:
        raise RecipeError(f"{place} is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(f"{place} is not readable YAML: {_yaml_trouble(error)}") from None
    if not isinstance(data, dict) or Recipe.model_fields.keys().isdisjoint(data):
        raise RecipeError(
            f"{place} is no recipe: it has neither name nor request; start from examples/recipes/"
        )
    return recipe_from(data, str(place))


class _Loader(yaml.SafeLoader):
    """Of a name said twice the safe loader keeps the last; here it is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: list[object] = []
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is said twice; say it once", key.start_mark
                )
            seen.append(key.value)
        return super().construct_mapping(node, deep)


def _yaml_trouble(error: Exception) -> str:
    """What is wrong, and where, without the lines of a file that may be no recipe of ours."""
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if not isinstance(error, yaml.MarkedYAMLError):
        return _short(str(error).splitlines()[0])
    mark = error.problem_mark or error.context_mark
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{_short(error.problem or error.context or 'damaged')}{where}; mend it there"


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def recipe_from(data: object, where: str = "recipe") -> Recipe:
    """Check a recipe that came as data.

    Raises:
        RecipeError: with every fault found, each with its field.
    """
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        faults = "; ".join(_fault(f["loc"], f["msg"], f.get("input")) for f in error.errors())
        raise RecipeError(f"{where}: {faults}") from error


def form(recipe: Recipe) -> dict[str, tuple[Any, dict[str, Any]]]:
    """The recipe's fields for an input form: name to (value, JSON Schema with ``section``).

    A field of a section is named ``<section>_<field>``; ``filters`` stays one list.
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
    data: dict[str, Any] = {}
    sections = ("request", "clip", "split", "shard")
    for name, value in values.items():
        section, _, inner = name.partition("_")
        if section in sections and inner:
            data.setdefault(section, {})[inner] = value
        else:
            data[name] = value
    return recipe_from(data, "form")


def instant(value: datetime) -> str:
    """An instant as the rights engine reads it."""
    from datetime import UTC

    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _section(schema: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any] | None:
    reference = properties.get("$ref")
    return schema["$defs"][reference.rsplit("/", 1)[1]] if reference else None


def _inlined(schema: dict[str, Any], node: Any) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _inlined(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[1]])
        if {"type": "null"} in node.get("anyOf", ()):
            (some,) = (choice for choice in node["anyOf"] if choice != {"type": "null"})
            rest = {key: value for key, value in node.items() if key != "anyOf"}
            return _inlined(schema, some | rest) | {"type": [some["type"], "null"]}
        return {key: _inlined(schema, value) for key, value in node.items() if key != "default"}
    if isinstance(node, list):
        return [_inlined(schema, value) for value in node]
    return node


def _fault(path: tuple[int | str, ...], message: str, given: object) -> str:
    from difflib import get_close_matches

    where = ".".join(str(part) for part in path) or "recipe"
    if message.startswith("Extra inputs"):
        model: Any = Recipe
        for part in path[:-1]:
            field = model.model_fields.get(part) if isinstance(part, str) else None
            model = getattr(field, "annotation", None) if field else FilterSection
        known = list(getattr(model, "model_fields", {}))
        near = get_close_matches(str(path[-1]), known, n=1, cutoff=0.0)
        return f"{where}: unknown field" + (f"; did you mean {near[0]!r}?" if near else "")
    if "timezone" in message:
        return f"{where}: {given} has no time and offset; write 2026-12-01T00:00:00Z"
    shown = "" if isinstance(given, dict | list) else f" (given: {_short(repr(given))})"
    return f"{where}: {message}{shown}"
