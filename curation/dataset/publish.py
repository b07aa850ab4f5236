"""Publication: the gate is asked once more, the papers are written, the manifest signed and written
last, and the tables told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import curation
from curation.dataset.cards import write_cards
from curation.dataset.filing import file_papers
from curation.dataset.manifest import MANIFEST, Manifest, compose, describe, read_manifest
from curation.dataset.plan import Plan, ReleaseError
from curation.dataset.recipe import instant
from curation.dataset.selection.clearance import clear
from curation.dataset.settlement import settle
from curation.dataset.shards import Shard
from curation.dataset.signature import SIGNATURE, Signer
from curation.dataset.streams import in_batches
from curation.papers import left_out
from curation.papers.left_out import LeftOut
from curation.rights import Rulebook
from curation.storage import Place
from curation.tables.store import Store, canonical_json


def publish(
    store: Store,
    plan: Plan,
    shards: Sequence[Shard],
    *,
    rulebook: Rulebook,
    withheld: Mapping[str, str],
    faces: Container[str],
    works: Mapping[str, str],
    listed: Mapping[str, datetime],
    credits: Sequence[Mapping[str, Any]],
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
        listed: since when the catalog lists each film, by content.
        credits: participants, of whom those of released works travel with the release.
        films: those left out whole, before they were cut into shots.
        issuer: the party that releases.
        signer: who signs the manifest; nobody where it is None.

    Raises:
        ReleaseError: when no clip could be cut, or a sample is no longer cleared; nothing becomes
            visible then.
    """
    release = store.release(plan.release_id)
    with settle(store, plan) as settled:
        if not settled.released:
            raise ReleaseError(f"{plan.release_id}: no clip could be cut ({settled.failures()})")
        lost = Counter[str]()
        for spans in in_batches(settled.spans(works)):
            again = clear(
                rulebook,
                plan.recipe,
                spans,
                known_at=at,
                performer_gate=plan.performer_gate,
                withheld=withheld,
                faces=faces,
            )
            lost.update(one.reasons[0] for one in again if not one.allowed)
        if lost:
            raise ReleaseError(
                f"{plan.release_id}: the rights changed while it was made: {dict(lost)}; "
                "plan the release again"
            )
        sources = settled.sources()
        described = describe(
            plan,
            shards,
            issuer=issuer,
            cards=write_cards(release, plan.cards),
            left_out=settled.left_out(),
            credits=_credits_of((work for _, work in sources), credits, rulebook),
            sources=[_source(asset, work, listed.get(asset)) for asset, work in sources],
        )
        negative = left_out.written(settled.negative(films))
        papers = file_papers(release, described, shards, cards=plan.cards, negative=negative)
        raw = compose(described, papers)
        _sweep(release)
        if signer is not None:
            (release / SIGNATURE).write_bytes(signer.sign(raw))
        (release / MANIFEST).write_bytes(raw)
        manifest = read_manifest(release)
        store.replace("selections", settled.selections(), column="release_id")
    store.replace("decisions", store.staged(plan.release_id, "decisions"), column="release_id")
    row = _release_row(plan, manifest, str(release), at)
    store.replace("releases", [row], column="release_id")
    return manifest


def _sweep(release: Place) -> None:
    """Remove what an attempt that was killed left: half-written files, and its signature."""
    (release / SIGNATURE).delete()
    for entry in release.files():
        if entry.path.endswith(".partial"):
            (release / entry.path).delete()


def _source(asset: str, work: str, since: datetime | None) -> dict[str, str]:
    """A film as the manifest lists it."""
    known = {} if since is None else {"listed_since": instant(since)}
    return {"asset_sha256": asset, "work_id": work, **known}


def _credits_of(
    works: Iterable[str], credits: Sequence[Mapping[str, Any]], rulebook: Rulebook
) -> list[Mapping[str, Any]]:
    """The credits owed by what is released."""
    parents = {work.work_id: work.parent_id for work in rulebook.works}
    released = {above for work in works for above in _lineage(work, parents)}
    return [credit for credit in credits if credit["work_id"] in released]


def _lineage(work_id: str, parents: Mapping[str, str | None]) -> list[str]:
    """A work and those above it: a title's makers are owed their credit by each of its edits."""
    line = [work_id]
    while parent := parents.get(line[-1]):
        line.append(parent)
    return line


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
