"""Publication: the gate is asked once more, the papers are written, the manifest signed and written
last, and the tables told.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import curation
from curation.dataset.cards import write_cards
from curation.dataset.clearance import Span, clear
from curation.dataset.clips import Clip, clips_of
from curation.dataset.filing import file_papers, negative
from curation.dataset.manifest import MANIFEST, Manifest, compose, describe, read_manifest
from curation.dataset.plan import Plan, ReleaseError, read_samples
from curation.dataset.selection import CUT, STATIONS
from curation.dataset.shards import Shard
from curation.dataset.signature import SIGNATURE, Signer
from curation.papers.left_out import LeftOut
from curation.rights import Request, Rulebook
from curation.storage import Place
from curation.tables.store import Store, canonical_json, rows_of

_ORDER = {station: position for position, station in enumerate(STATIONS)}


def publish(
    store: Store,
    plan: Plan,
    shards: Sequence[Shard],
    *,
    rulebook: Rulebook,
    withheld: Mapping[str, str],
    faces: Container[str],
    works: Mapping[str, str],
    credits: Sequence[Mapping[str, Any]],
    frames: Mapping[str, tuple[int, int]],
    films: Iterable[LeftOut],
    issuer: str,
    signer: Signer | None,
    at: datetime,
) -> Manifest:
    """Make a packed release visible.

    Args:
        rulebook: as known at ``at``, the moment of publication; ``withheld`` likewise.
        faces: shots in which a face was detected.
        works: the work of each film as known at ``at``, by content.
        credits: participants, of whom those of released works travel with the release.
        frames: the clean span of each shot, for those that the gate was not asked about.
        films: those left out whole, before they were cut into shots.
        issuer: the party that releases.
        signer: who signs the manifest; nobody where it is None.

    Raises:
        ReleaseError: when no clip could be cut, or a sample is no longer cleared; nothing becomes
            visible then.
    """
    clips = clips_of(store, plan)
    selections = _settled(rows_of(store.staged(plan.release_id, "selections")), clips)
    if not any(row["status"] == "released" for row in selections):
        reasons = Counter(clip.failure for clip in clips.values())
        raise ReleaseError(f"{plan.release_id}: no clip could be cut ({dict(reasons)})")
    decisions = store.staged(plan.release_id, "decisions")
    asked = {
        row["shot_id"]: Request.from_json(json.loads(row["request"])) for row in rows_of(decisions)
    }
    samples = rows_of(read_samples(store, plan.release_id))
    spans = _released_spans(selections, samples, asked, works)
    again = clear(
        rulebook,
        plan.recipe,
        spans,
        known_at=at,
        performer_gate=plan.performer_gate,
        withheld=withheld,
        faces=faces,
    )
    if lost := Counter(c.reasons[0] for c in again if not c.allowed):
        raise ReleaseError(
            f"{plan.release_id}: the rights changed while it was made: {dict(lost)}; "
            "plan the release again"
        )
    parents = {work.work_id: work.parent_id for work in rulebook.works}
    released = {work for span in spans for work in _lineage(span.work_id, parents)}
    release = store.release(plan.release_id)
    described = describe(
        plan,
        shards,
        issuer=issuer,
        cards=write_cards(release, plan.cards),
        left_out=_left_out(selections),
        credits=[credit for credit in credits if credit["work_id"] in released],
    )
    spoken_of = {shot: request.span for shot, request in asked.items() if request.span}
    lines = negative(selections, {**frames, **spoken_of}, films)
    papers = file_papers(release, described, shards, cards=plan.cards, lines=lines)
    raw = compose(described, papers)
    _sweep(release)
    if signer is not None:
        (release / SIGNATURE).write_bytes(signer.sign(raw))
    (release / MANIFEST).write_bytes(raw)
    manifest = read_manifest(release)
    store.replace("decisions", decisions, column="release_id")
    store.replace("selections", selections, column="release_id")
    row = _release_row(plan, manifest, str(release), at)
    store.replace("releases", [row], column="release_id")
    return manifest


def _sweep(release: Place) -> None:
    """Remove what an attempt that was killed left: half-written files, and its signature."""
    (release / SIGNATURE).delete()
    for entry in release.files():
        if entry.path.endswith(".partial"):
            (release / entry.path).delete()


def _settled(selections: list[dict[str, Any]], clips: Mapping[str, Clip]) -> list[dict[str, Any]]:
    """Selections after cutting: a clip that failed is out, with its reason."""
    settled = []
    for row in selections:
        clip = clips.get(row["sample_key"]) if row["status"] == "released" else None
        if row["status"] != "released":
            settled.append(row)
        elif clip is None or clip.failure is not None:
            reason = clip.failure if clip and clip.failure else "NOT_CUT"
            settled.append(
                row
                | {"status": "failed", "station": CUT, "reasons": [reason]}
                | {"split": None, "shard": None, "sample_key": None}
            )
        else:
            settled.append(row | {"clip_sha256": clip.sha256})
    return settled


def _released_spans(
    selections: Sequence[Mapping[str, Any]],
    samples: Sequence[Mapping[str, Any]],
    asked: Mapping[str, Request],
    works: Mapping[str, str],
) -> list[Span]:
    """The spans that were cut, each proven to be the one that was cleared."""
    cut = {row["shot_id"]: row for row in samples}
    spans = []
    for selection in selections:
        if selection["status"] != "released":
            continue
        shot_id = selection["shot_id"]
        sample, request = cut[shot_id], asked.get(shot_id)
        span = Span(
            shot_id,
            sample["work_id"],
            sample["clean_start"],
            sample["clean_end"],
            source_id=sample["source_shot_id"],
            components=request.components if request else None,
        )
        if request is None or (request.work_id, request.span) != (
            span.work_id,
            (span.start, span.end),
        ):
            raise ReleaseError(f"sample {shot_id} is not what was cleared; plan the release again")
        if works.get(sample["asset_sha256"]) != span.work_id:
            raise ReleaseError(
                f"the film of sample {shot_id} is no longer listed as {span.work_id}; "
                "plan the release again"
            )
        spans.append(span)
    return spans


def _lineage(work_id: str, parents: Mapping[str, str | None]) -> list[str]:
    """A work and those above it: a title's makers are owed their credit by each of its edits."""
    line = [work_id]
    while parent := parents.get(line[-1]):
        line.append(parent)
    return line


def _left_out(selections: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    counts = Counter(
        (row["station"], row["reasons"][0]) for row in selections if row["status"] != "released"
    )
    ordered = sorted(counts.items(), key=lambda kv: (_ORDER[kv[0][0]], -kv[1], kv[0][1]))
    return [(station, reason, count) for (station, reason), count in ordered]


def _release_row(plan: Plan, manifest: Manifest, url: str, at: datetime) -> dict[str, Any]:
    totals = manifest.data["totals"]
    return {
        "release_id": plan.release_id,
        "name": plan.recipe.name,
        "url": url,
        "licensee": plan.recipe.request.licensee,
        "action": plan.recipe.request.action,
        "recipe": canonical_json(plan.recipe.model_dump(mode="json")),
        "rulebook_sha256": plan.rulebook_sha256,
        "known_at": plan.known_at,
        "samples": totals["samples"],
        "excluded": totals["excluded"],
        "bytes": totals["bytes"],
        "seconds": totals["seconds"],
        "manifest_sha256": manifest.sha256,
        "code_version": curation.__version__,
        "published_at": at,
    }
