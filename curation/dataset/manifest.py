"""The manifest: what a release holds, file by file, and under which request and rulebook.

It is written last. A folder without one is no release.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import curation
from curation.dataset.plan import FORMAT_VERSION, Plan, ReleaseError
from curation.dataset.recipe import instant
from curation.dataset.shards import Shard
from curation.storage import Place

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was read, with the digest of its bytes."""

    data: Mapping[str, Any]
    sha256: str

    @property
    def release_id(self) -> str:
        return str(self.data["release_id"])

    @property
    def shards(self) -> tuple[Shard, ...]:
        return tuple(Shard.from_json(shard) for shard in self.data["shards"])

    @property
    def samples(self) -> int:
        return int(self.data["totals"]["samples"])


def compose(
    plan: Plan,
    shards: Sequence[Shard],
    *,
    left_out: Iterable[tuple[str, str, int]],
    credits: Sequence[Mapping[str, Any]],
) -> bytes:
    """The bytes of a manifest: UTF-8 JSON with sorted keys.

    Args:
        left_out: (station, first reason, shots) of every shot that is not in the release.
        credits: participants of the works that are in it.
    """
    files = [file for shard in shards for file in shard.files]
    out: list[dict[str, Any]] = [{"station": s, "reason": r, "shots": n} for s, r, n in left_out]
    data = {
        "format": FORMAT_VERSION,
        "release_id": plan.release_id,
        "code_version": curation.__version__,
        "recipe": plan.recipe.model_dump(mode="json"),
        "recipe_sha256": plan.recipe.sha256,
        "rulebook_sha256": plan.rulebook_sha256,
        "performer_gate": plan.performer_gate.value,
        "known_at": instant(plan.known_at),
        "totals": {
            "samples": sum(shard.samples for shard in shards),
            "excluded": sum(line["shots"] for line in out),
            "seconds": round(sum(shard.seconds for shard in shards), 6),
            "bytes": sum(file.bytes for file in files),
        },
        "excluded": out,
        "credits": list(credits),
        "shards": [shard.to_json() for shard in shards],
    }
    return (json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def read_manifest(release: Place) -> Manifest:
    """The manifest of a release.

    Raises:
        ReleaseError: when the folder holds none, or one that cannot be read.
    """
    place = release / MANIFEST
    if not place.exists():
        raise ReleaseError(f"{release} holds no {MANIFEST}, so it is no finished release")
    raw = place.read_bytes()
    try:
        data = json.loads(raw)
        manifest = Manifest(data, hashlib.sha256(raw).hexdigest())
        if data["format"] > FORMAT_VERSION:
            raise ReleaseError(
                f"{place} has format {data['format']}; this code reads up to {FORMAT_VERSION}"
            )
        _ = (manifest.release_id, manifest.samples, manifest.shards)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(f"{place} is no manifest: {error!r}") from error
    return manifest
