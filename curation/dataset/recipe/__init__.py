"""The recipe: who asks, for what, until when, and what of the library they want, in which form."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Self

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from curation.dataset.recipe.faults import RecipeError, short, told
from curation.dataset.recipe.sections import (
    SOUND,
    AtLeast,
    AtMost,
    AudioSection,
    Balance,
    BoundSection,
    Bucket,
    ClipSection,
    Column,
    Component,
    FilterSection,
    Kind,
    MarginSection,
    Name,
    Policy,
    QuotaSection,
    RequestSection,
    Section,
    ShardSection,
    SoundComponent,
    SplitSection,
    Total,
)
from curation.tables.store import canonical_json

if TYPE_CHECKING:
    from curation.storage import Place

__all__ = [
    "SOUND",
    "AtLeast",
    "AtMost",
    "AudioSection",
    "Balance",
    "BoundSection",
    "Bucket",
    "ClipSection",
    "Column",
    "Component",
    "FilterSection",
    "Kind",
    "MarginSection",
    "Name",
    "Policy",
    "QuotaSection",
    "Recipe",
    "RecipeError",
    "RequestSection",
    "ShardSection",
    "SoundComponent",
    "SplitSection",
    "Total",
    "instant",
    "read_recipe",
    "recipe_from",
]


def _named(filters: object) -> object:
    """Filters that are mere text get a name by their place; an old ``sql`` is a ``where``."""
    if not isinstance(filters, list | tuple):
        return filters
    named = []
    for number, given in enumerate(filters, start=1):
        one = {"name": f"filter-{number}", "where": given} if isinstance(given, str) else given
        if isinstance(one, dict) and "sql" in one and "where" not in one:
            one = {"where" if key == "sql" else key: value for key, value in one.items()}
        named.append(one)
    return named


class Recipe(Section):
    """One order for a dataset."""

    name: Name = Field(description="Name of the release")
    description: str = Field(default="", description="What it is for, in a sentence")
    request: RequestSection
    kinds: tuple[Kind, ...] = Field(
        default=("picture",),
        min_length=1,
        description="What shots may show; cards, black and the like are left out unless named",
    )
    filters: Annotated[
        tuple[FilterSection, ...],
        BeforeValidator(_named, json_schema_input_type=tuple[FilterSection | str, ...]),
    ] = Field(default=(), description="Asked in this order: each a name and a condition, where")
    bounds: dict[Column, BoundSection] = Field(
        default_factory=dict, description="By column of tagged_shots: min, max, unknown"
    )
    duplicates: Policy = Field(
        default="keep_best",
        description="Of near-duplicate shots: the best copy alone, or every copy, all of them in "
        "one split; keep_all is another word for keep_together",
    )
    quotas: QuotaSection = QuotaSection()
    clip: ClipSection = ClipSection()
    audio: AudioSection = AudioSection()
    split: SplitSection = SplitSection()
    shard: ShardSection = ShardSection()
    seed: int = Field(default=0, ge=0, description="Of every choice that is made by lot")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [f.name for f in self.filters]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"filters: the name {twice[0]!r} is given twice")
        more = sorted(set(self.audio.keep or ()) - set(self.request.components))
        if more:
            raise ValueError(
                f"audio: keep names {more[0]}, which request.components does not ask for"
            )
        return self

    @property
    def kept_sound(self) -> frozenset[SoundComponent]:
        """The components of sound that a clip may carry."""
        if self.audio.keep is not None:
            return frozenset(self.audio.keep)
        asked = set(SOUND) <= set(self.request.components)
        return frozenset(SOUND if asked else ())

    @property
    def sound(self) -> bool:
        """Whether clips carry sound whatever it holds."""
        return set(SOUND) <= self.kept_sound

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
        return short(str(error).splitlines()[0])
    mark = error.problem_mark or error.context_mark
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{short(error.problem or error.context or 'damaged')}{where}; mend it there"


def recipe_from(data: object, where: str = "recipe") -> Recipe:
    """Check a recipe that came as data.

    Raises:
        RecipeError: with every fault found, each with its field.
    """
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        faults = told(error, Recipe.model_json_schema())
        raise RecipeError(f"{where}: {'; '.join(faults)}") from error


def instant(value: datetime) -> str:
    """An instant as the rights engine reads it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
