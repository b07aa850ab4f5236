"""The recipe: who asks, for what, until when, and what of the library they want, in which form."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from curation.rights import actions, territories
from curation.tables.store import canonical_json

if TYPE_CHECKING:
    from curation.storage import Place

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Column = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*){0,3}$")]
"""A column of ``tagged_shots``, its parts set apart by dots, or a short name for one."""
Kind = Literal["picture", "title", "credits", "black", "blank", "bars", "logo"]
Component = Literal["picture", "dialogue", "music", "effects"]
SoundComponent = Literal["dialogue", "music", "effects"]
Bucket = Literal["resolution", "aspect", "length"]
Policy = Literal["keep_best", "keep_together", "keep_all"]
ROUNDED = 0.01
"""By how much shares may add to other than 1: three of 0.33 do."""
MAX_SHOWN = 80
"""Letters that an error repeats of what it was given."""
SOUND: tuple[SoundComponent, ...] = ("dialogue", "music", "effects")


class RecipeError(Exception):
    """A recipe that cannot be followed; the message names file, field, reason and remedy."""


def _listed(given: object) -> object:
    return [given] if isinstance(given, str) else given


Columns = Annotated[
    tuple[Column, ...],
    BeforeValidator(_listed, json_schema_input_type=Column | tuple[Column, ...]),
    Field(min_length=1),
]
"""One column, or several whose values together are counted."""


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
        description="What of a shot may be used at most; a clip is cleared for what it carries",
    )

    @model_validator(mode="after")
    def _interval(self) -> Self:
        if self.use_until <= self.use_from:
            raise ValueError("use_until must be later than use_from")
        if "picture" not in self.components:
            raise ValueError("components must name picture, for every clip carries it")
        return self

    @model_validator(mode="after")
    def _known(self) -> Self:
        if not actions.is_known(self.action):
            raise ValueError(
                f"{_short(repr(self.action))} is no action of the rights gate; it knows "
                + ", ".join(actions.ACTIONS)
            )
        for code in self.territories:
            if not territories.is_known(code):
                raise ValueError(
                    f"{_short(repr(code))} is no territory; write ISO 3166 codes, or 001 for "
                    "the world"
                )
        return self


class FilterSection(_Section):
    """One question to each shot; a shot that does not answer yes is left out under this name."""

    name: Name = Field(description="Reason shown for shots left out")
    where: str = Field(min_length=1, description="Condition over tagged_shots, in DuckDB SQL")


class BoundSection(_Section):
    """The least and the most of one number of a shot, both allowed."""

    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)
    unknown: Literal["leave_out", "keep"] = Field(
        default="leave_out", description="What becomes of shots of which the number is not known"
    )

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.max < self.min:
            raise ValueError("max must not be below min")
        return self


class AtMost(_Section):
    """No value of these columns has more than so many clips, or than this share of the release."""

    per: Columns
    share: float | None = Field(default=None, gt=0, le=1)
    count: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.share is None) == (self.count is None):
            raise ValueError("give either share or count")
        return self


class AtLeast(_Section):
    """Each value of these columns should have so many clips; whether it has is reported.

    Its clips are taken before others where a budget or an at_most leaves some out.
    """

    per: Columns
    count: int = Field(ge=1)
    values: tuple[str, ...] = Field(
        default=(), description="Values to count; all that the library holds where none is named"
    )
    otherwise: Literal["warn", "fail"] = Field(
        default="warn", description="Whether a minimum that is missed stops the release"
    )


class Balance(_Section):
    """How a budget is shared among the values of columns: as their clips to the power 1/T."""

    by: Columns
    temperature: float = Field(
        default=1.0, ge=1, le=1000, description="1: as the library is; higher: more evenly"
    )


class Total(_Section):
    """The budget of a release."""

    clips: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.clips is None) == (self.seconds is None):
            raise ValueError("give either clips or seconds")
        return self


class QuotaSection(_Section):
    """How many clips of what; which of them are taken is drawn by lot from the seed."""

    at_most: tuple[AtMost, ...] = ()
    at_least: tuple[AtLeast, ...] = ()
    total: Total | None = None
    balance: Balance | None = None

    @model_validator(mode="after")
    def _budget(self) -> Self:
        if self.balance is not None and self.total is None:
            raise ValueError("balance shares out a budget; give total as well")
        return self


class MarginSection(_Section):
    """What is cut off a shot beside a gradual transition, beyond the transition itself."""

    frames: int = Field(default=0, ge=0, le=10_000)
    seconds: float = Field(default=0.0, ge=0, le=600)


class ClipSection(_Section):
    """How a shot becomes a clip."""

    min_seconds: float = Field(default=1.0, ge=0, description="Shorter shots are left out")
    max_seconds: float = Field(default=60.0, gt=0, description="Longer shots are left out")
    split_long: bool = Field(
        default=False, description="Longer shots are split into equal parts instead"
    )
    margin: MarginSection = MarginSection()
    height: int | None = Field(default=None, ge=16, le=4320, description="Scaled down to this")
    fps: float | None = Field(
        default=None,
        gt=0,
        le=240,
        description="Constant frame rate, by repeating and leaving out frames, 23.976 standing for "
        "24000/1001; every frame at its own time if none",
    )
    codec: Literal["h264"] = Field(default="h264", description="Codec of the picture")
    crop_bars: bool = Field(
        default=False,
        description="Cut off bars around the picture; where they are not known it is left whole",
    )
    crf: int = Field(default=18, ge=0, le=51, description="x264 quality; lower is better")
    preset: Literal[
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"
    ] = Field(default="medium", description="x264 effort")
    stream_copy: Literal["allow", "never"] = Field(
        default="never",
        description="Whether a shot that begins at a key frame may keep the film's own packets, "
        "where nothing else is to be changed: no height, fps or bars to cut off",
    )
    hdr: Literal["tone_map", "keep"] = Field(
        default="tone_map",
        description="What becomes of PQ and HLG: BT.709 by BT.2446-1 A, or kept as 10-bit HEVC",
    )
    still: bool = Field(default=True, description="Add the middle frame as JPEG")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.max_seconds < self.min_seconds:
            raise ValueError("max_seconds must not be below min_seconds")
        if self.split_long and self.max_seconds < 2 * self.min_seconds:
            raise ValueError(
                "split_long needs a max_seconds of twice min_seconds, or parts come out too short"
            )
        return self


class AudioSection(_Section):
    """Which sound a clip may carry. Sound cannot be taken apart: it is kept whole or not at all."""

    keep: Annotated[
        tuple[SoundComponent, ...] | None,
        BeforeValidator(lambda given: () if given == "none" else given),
    ] = Field(
        default=None,
        description="Components kept; [] for none; without it all three if the request names "
        "them, else none",
    )
    otherwise: Literal["mute", "drop"] = Field(
        default="drop",
        description="What becomes of a clip whose sound holds, or may hold, what is not kept or "
        "not licensed",
    )


class SplitSection(_Section):
    """Shares of the groups of titles that go into each split, 1 together; no group is in two."""

    train: float = Field(default=1.0, ge=0, le=1)
    val: float = Field(default=0.0, ge=0, le=1)
    test: float = Field(default=0.0, ge=0, le=1)
    together: tuple[tuple[str, ...], ...] = Field(
        default=(), description="Lists of works that belong together: franchises"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.val + self.test
        if abs(total - 1) > ROUNDED + 1e-9:
            raise ValueError(
                f"train {self.train:g}, val {self.val:g} and test {self.test:g} add to {total:g}; "
                "give shares that add to 1, train among them"
            )
        return self


class ShardSection(_Section):
    """How samples are packed."""

    samples: int = Field(default=256, ge=1, le=100_000, description="Samples a shard at most")
    buckets: tuple[Bucket, ...] = Field(
        default=("resolution", "length"),
        description="What clips of one shard have alike: exact size, shape, frames by powers of 2",
    )
    clip_bytes: bool = Field(
        default=False, description="Whether Parquet holds the clips' bytes too, as column mp4"
    )


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
        found = error.errors()
        inside = {fault["loc"][:-1] for fault in found}
        faults = [
            _fault(fault["loc"], fault["msg"], fault.get("input"))
            for fault in found
            if not (fault["type"] == "too_short" and fault["loc"] in inside)
        ]
        raise RecipeError(f"{where}: {'; '.join(faults)}") from error


def instant(value: datetime) -> str:
    """An instant as the rights engine reads it."""
    from datetime import UTC

    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _fault(path: tuple[int | str, ...], message: str, given: object) -> str:
    from difflib import get_close_matches

    where = ".".join(str(part) for part in path) or "recipe"
    if message.startswith("Extra inputs"):
        near = get_close_matches(str(path[-1]), _fields_at(path[:-1]), n=1, cutoff=0.0)
        return f"{where}: unknown field" + (f"; did you mean {near[0]!r}?" if near else "")
    if "timezone" in message:
        return f"{where}: {given} has no time and offset; write 2026-12-01T00:00:00Z"
    if path[-1:] == ("[key]",):
        message = "no column is written like this; write family.facet.number, in small letters"
    message = message.removeprefix("Value error, ")
    shown = "" if isinstance(given, dict | list) else f" (given: {_short(repr(given))})"
    return f"{where}: {message}{shown}"


def _fields_at(path: tuple[int | str, ...]) -> list[str]:
    """The fields that may stand at a place of a recipe."""
    schema = Recipe.model_json_schema()
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
