"""The manifest: what a release holds, file by file, and under which request and rulebook.

It is written last. A folder without one is no release.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

import curation
from curation.dataset.plan import Plan, ReleaseError
from curation.dataset.recipe import SOUND, Recipe, instant
from curation.dataset.shards import ReleaseFile, Shard
from curation.papers import binder
from curation.storage import Place, StorageError

FORMAT = 4
"""2: the cards of taggers are files of the release; 3: its papers are; 4: remarks, and since when
the catalog lists each film."""

MANIFEST = "manifest.json"
_MOST_BYTES = 1 << 30
"""A manifest of a million shards has about half of this."""

_GONE_BY = ("request", "clip", "shard")
"""Sections of a recipe that verification goes by."""

Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    """What is beside the fields is read, and told by `unknown_fields`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")


class _File(_Part, extra="forbid"):
    path: str
    bytes: Count
    sha256: Sha256


class _Shard(_Part, extra="forbid"):
    name: str
    split: str
    samples: Count
    seconds: Seconds
    files: list[_File]


class _Totals(_Part):
    samples: Count
    excluded: Count
    seconds: Seconds
    bytes: Count


class _Excluded(_Part):
    station: str
    reason: str
    shots: Count


class _Source(_Part):
    asset_sha256: str
    work_id: str
    listed_since: str | None = None


class _Credit(_Part):
    work_id: Any = None
    party_id: Any = None
    name: Any = None
    role: Any = None
    guild: Any = None


class _ClipPart(_Part):
    still: bool


class _Request(_Part):
    components: list[str]


class _Recipe(_Part):
    name: str
    request: _Request
    clip: _ClipPart


class _Shape(_Part):
    """What must be in a manifest for it to be read at all."""

    format: Annotated[int, Field(ge=1)]
    release_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,127}$")]
    recipe: _Recipe
    recipe_sha256: Sha256
    rulebook_sha256: str
    known_at: Any = None
    code_version: Any = None
    performer_gate: Any = None
    totals: _Totals
    excluded: list[_Excluded]
    credits: list[_Credit]
    shards: list[_Shard]
    cards: list[_File] = []
    papers: list[_File] = []
    papers_version: Annotated[int, Field(ge=1)] | None = None
    issuer: str | None = None
    remarks: list[str] = []
    sources: list[_Source] = []


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was read, with its bytes."""

    data: Mapping[str, Any]
    raw: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def format(self) -> int:
        return int(self.data["format"])

    @property
    def release_id(self) -> str:
        return str(self.data["release_id"])

    @property
    def shards(self) -> tuple[Shard, ...]:
        return tuple(Shard.from_json(shard) for shard in self.data["shards"])

    @property
    def cards(self) -> tuple[ReleaseFile, ...]:
        """The cards of taggers; releases of format 1 have none."""
        return tuple(ReleaseFile(**file) for file in self.data.get("cards", ()))

    @property
    def papers(self) -> tuple[ReleaseFile, ...]:
        """What a lawyer reads of it; releases before format 3 have none."""
        return tuple(ReleaseFile(**file) for file in self.data.get("papers", ()))

    @property
    def files(self) -> tuple[ReleaseFile, ...]:
        """Every file of the release but the manifest and its signature."""
        shards = (file for shard in self.shards for file in shard.files)
        return (*self.papers, *self.cards, *shards)

    @property
    def samples(self) -> int:
        return int(self.data["totals"]["samples"])

    @property
    def request(self) -> Mapping[str, Any]:
        """What was asked of the rights gate, as the recipe says."""
        return self.data["recipe"]["request"]  # type: ignore[no-any-return]

    @property
    def still(self) -> bool:
        """Whether each sample has a still."""
        return bool(self.data["recipe"]["clip"]["still"])

    @property
    def sound(self) -> bool:
        """Whether clips may carry sound: only if all its components were asked for."""
        return set(SOUND) <= set(self.request["components"])


def describe(
    plan: Plan,
    shards: Sequence[Shard],
    *,
    issuer: str,
    cards: Sequence[ReleaseFile],
    left_out: Iterable[tuple[str, str, int]],
    credits: Sequence[Mapping[str, Any]],
    sources: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What a manifest says of a release, its papers aside.

    Args:
        issuer: the party that releases.
        left_out: (station, first reason, shots) of every shot that is not in the release.
        credits: participants of the works that are in it.
        sources: films that are in it: ``asset_sha256``, ``work_id``, and ``listed_since`` where it
            is known.
    """
    files = [*cards, *(file for shard in shards for file in shard.files)]
    out: list[dict[str, Any]] = [{"station": s, "reason": r, "shots": n} for s, r, n in left_out]
    return {
        "format": FORMAT,
        "release_id": plan.release_id,
        "issuer": issuer,
        "code_version": curation.__version__,
        "recipe": plan.recipe.model_dump(mode="json"),
        "recipe_sha256": plan.recipe.sha256,
        "rulebook_sha256": plan.rulebook_sha256,
        "performer_gate": plan.performer_gate.value,
        "known_at": instant(plan.known_at),
        "totals": {
            "samples": sum(shard.samples for shard in shards),
            "excluded": sum(line["shots"] for line in out),
            "seconds": total_seconds(shard.seconds for shard in shards),
            "bytes": sum(file.bytes for file in files),
        },
        "excluded": out,
        "remarks": list(plan.remarks),
        "sources": list(sources),
        "credits": list(credits),
        "cards": [card.to_json() for card in cards],
        "shards": [shard.to_json() for shard in shards],
    }


def compose(described: Mapping[str, Any], papers: Sequence[ReleaseFile]) -> bytes:
    """The bytes of a manifest: UTF-8 JSON with sorted keys."""
    totals = described["totals"]
    size = totals["bytes"] + sum(paper.bytes for paper in papers)
    data = {
        **described,
        "totals": {**totals, "bytes": size},
        "papers": [paper.to_json() for paper in papers],
        "papers_version": binder.VERSION,
    }
    return (json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def total_seconds(parts: Iterable[float]) -> float:
    """A sum to the microsecond that does not depend on order or on Python's version."""
    return round(math.fsum(parts), 6)


def read_manifest(release: Place) -> Manifest:
    """The manifest of a release.

    Raises:
        ReleaseError: when the folder holds none, or one that cannot be read: no JSON, a name
            twice in it, a field missing or of the wrong kind, a newer format.
    """
    place = release / MANIFEST
    if not place.exists():
        raise ReleaseError(f"{release} holds no {MANIFEST}, so it is no finished release")
    try:
        if (size := place.entry().size) > _MOST_BYTES:
            raise ReleaseError(f"{place} has {size} bytes, too many for a manifest")
        raw = place.read_bytes()
        data = json.loads(raw, object_pairs_hook=_unique)
        if isinstance(data, dict) and isinstance(found := data.get("format"), int):
            _refuse_newer(place, found)
        _Shape.model_validate(data)
    except ValidationError as error:
        faults = "; ".join(_wrong(f["loc"], f["msg"]) for f in error.errors()[:10])
        raise ReleaseError(f"{place} is no manifest: {faults}") from error
    except RecursionError as error:
        raise ReleaseError(f"{place} is no manifest: its JSON is nested too deep") from error
    except (ValueError, OSError, StorageError) as error:
        raise ReleaseError(f"{place} is no manifest: {error}") from error
    return Manifest(data, raw)


def unknown_fields(manifest: Manifest) -> list[str]:
    """Fields that no release has: whoever added them wants something to be believed.

    Those of its recipe are told by `recipe_faults`.
    """
    return list(_beside(_Shape.model_validate(manifest.data), ""))


def recipe_faults(manifest: Manifest) -> list[str]:
    """Why its recipe is none; nothing where it is one.

    What verification goes by must also stand there as a recipe is written: a number in quotes is
    read as one in an order, and never written so in a release.
    """
    given = manifest.data["recipe"]
    try:
        recipe = Recipe.model_validate(given)
    except ValidationError as error:
        return [_no_recipe(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
    written = recipe.model_dump(mode="json", exclude_unset=True)
    return [
        f"recipe.{part}.{name} is {value!a}; a release has {written[part][name]!a} there"
        for part in _GONE_BY
        for name, value in given.get(part, {}).items()
        if value != written[part][name]
    ]


def _no_recipe(path: tuple[int | str, ...], kind: str, message: str) -> str:
    where = ".".join(map(str, ("recipe", *path)))
    if kind == "extra_forbidden":
        return f"{where!a} is no field of a manifest; remove it"
    return f"its {where!a} is none of a recipe: {message}"


def _beside(part: BaseModel, where: str) -> Iterator[str]:
    yield from (f"{where}{name}" for name in part.model_extra or ())
    for name in type(part).model_fields:
        value = getattr(part, name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, BaseModel) and not isinstance(one, _Recipe):
                yield from _beside(one, f"{where}{name}.")


def _refuse_newer(place: Place, found: int) -> None:
    if found > FORMAT:
        raise ReleaseError(f"{place} has format {found}; this code reads up to {FORMAT}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One JSON object; which of two values under one name counts is not for us to choose."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"the name {twice[0]!r} is given twice in one object")
    return found


def _wrong(path: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in path) or "the whole"
    return f"{where}: {message}"
