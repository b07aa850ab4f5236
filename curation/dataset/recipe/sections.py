"""The sections of a recipe: each a question of its own, checked by itself."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from curation.dataset.recipe.faults import short
from curation.rights import actions, territories

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
FINEST_RATE = 10**9
"""Ticks a second of the finest clock that a clip can have; a rate's numerator is its clip's."""
SOUND: tuple[SoundComponent, ...] = ("dialogue", "music", "effects")


def _listed(given: object) -> object:
    return [given] if isinstance(given, str) else given


Columns = Annotated[
    tuple[Column, ...],
    BeforeValidator(_listed, json_schema_input_type=Column | tuple[Column, ...]),
    Field(min_length=1),
]
"""One column, or several whose values together are counted."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RequestSection(Section):
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
                f"{short(repr(self.action))} is no action of the rights gate; it knows "
                + ", ".join(actions.ACTIONS)
            )
        for code in self.territories:
            if not territories.is_known(code):
                raise ValueError(
                    f"{short(repr(code))} is no territory; write ISO 3166 codes, or 001 for "
                    "the world"
                )
        return self


class FilterSection(Section):
    """One question to each shot; a shot that does not answer yes is left out under this name."""

    name: Name = Field(description="Reason shown for shots left out")
    where: str = Field(min_length=1, description="Condition over tagged_shots, in DuckDB SQL")


class BoundSection(Section):
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


class AtMost(Section):
    """No value of these columns has more than so many clips, or than this share of the release."""

    per: Columns
    share: float | None = Field(default=None, gt=0, le=1)
    count: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.share is None) == (self.count is None):
            raise ValueError("give either share or count")
        return self


class AtLeast(Section):
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


class Balance(Section):
    """How a budget is shared among the values of columns: as their clips to the power 1/T."""

    by: Columns
    temperature: float = Field(
        default=1.0, ge=1, le=1000, description="1: as the library is; higher: more evenly"
    )


class Total(Section):
    """The budget of a release."""

    clips: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.clips is None) == (self.seconds is None):
            raise ValueError("give either clips or seconds")
        return self


class QuotaSection(Section):
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


class MarginSection(Section):
    """What is cut off a shot beside a gradual transition, beyond the transition itself."""

    frames: int = Field(default=0, ge=0, le=10_000)
    seconds: float = Field(default=0.0, ge=0, le=600)


class ClipSection(Section):
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
        ge=1,
        le=240,
        allow_inf_nan=False,
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

    @field_validator("fps", mode="before")
    @classmethod
    def _number(cls, given: object) -> object:
        if given is not None and (isinstance(given, bool) or not isinstance(given, int | float)):
            raise ValueError("write the rate as a number, without quotes; 23.976 is 24000/1001")
        return given

    @field_validator("fps")
    @classmethod
    def _exact(cls, given: float | None) -> float | None:
        from curation.media import rate_of

        if given is not None and rate_of(given).numerator > FINEST_RATE:
            raise ValueError(f"no clip's clock is that fine; write {given:.6f}")
        return given

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.max_seconds < self.min_seconds:
            raise ValueError("max_seconds must not be below min_seconds")
        if self.split_long and self.max_seconds < 2 * self.min_seconds:
            raise ValueError(
                "split_long needs a max_seconds of twice min_seconds, or parts come out too short"
            )
        return self


class AudioSection(Section):
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


class SplitSection(Section):
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


class ShardSection(Section):
    """How samples are packed."""

    samples: int = Field(default=256, ge=1, le=100_000, description="Samples a shard at most")
    buckets: tuple[Bucket, ...] = Field(
        default=("resolution", "length"),
        description="What clips of one shard have alike: exact size, shape, frames by powers of 2",
    )
    clip_bytes: bool = Field(
        default=False, description="Whether Parquet holds the clips' bytes too, as column mp4"
    )
