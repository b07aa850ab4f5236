"""A release from recipe to verdict: planned, cut, packed, published, verified."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.settings import Settings
from curation.stages.catalog import assets_of
from curation.stages.progress import Tell, quiet
from curation.storage import Place, StorageError
from curation.tables import Store
from curation.tables.store import rows_of

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from curation.catalog.knowledge import Knowledge
    from curation.dataset.leftovers import Leftover
    from curation.dataset.manifest import Manifest
    from curation.dataset.recipe import Recipe
    from curation.dataset.selection import Selection
    from curation.dataset.selection.funnel import Checked
    from curation.dataset.signature import Signer
    from curation.dataset.verify import Verification


@dataclass(frozen=True)
class ReleaseTasks:
    """What is to be done for a release.

    Attributes:
        films: content ids to cut from; empty when the release is there already.
        shards: shards to pack; empty when the release is there already.
    """

    release_id: str
    films: tuple[str, ...]
    shards: tuple[str, ...]
    is_done: bool


def plan_release(
    settings: Settings,
    recipe: Recipe,
    *,
    known_at: datetime | None = None,
    tell: Tell = quiet,
) -> ReleaseTasks:
    """Ask the second gate about each shot, select, and lay out what is to be cut and packed.

    Raises:
        ReleaseError: when no shot may go into the release, or the use is over already.
        KeyFileError: for a signing key that cannot be used.
        RecipeError: for a filter that cannot be asked.
    """
    from curation.catalog.knowledge import knowledge_at
    from curation.dataset.cards import travelling
    from curation.dataset.leftovers import leftovers
    from curation.dataset.plan import (
        find_films,
        keep_time,
        make_plan,
        refuse_no_shots,
        refuse_past_use,
        write_plan,
    )
    from curation.dataset.selection import select
    from curation.dataset.selection.clearance import shots_with_faces
    from curation.dataset.selection.duplicates import keep_duplicates, known_duplicates
    from curation.dataset.shards import keep_packed
    from curation.rights import PerformerGate
    from curation.tables.query import connect
    from curation.tags.lighting.words import stored_caption

    store, at = Store.at(settings.store), known_at or datetime.now(UTC)
    refuse_past_use(recipe, at)
    _signer(settings)
    knowledge = knowledge_at(store, at)
    gate = PerformerGate(settings.performer_gate)
    with connect(store, at) as connection:
        refuse_no_shots(connection)
        films = find_films(connection, Place.parse(settings.library))
        duplicates = known_duplicates(connection)
        selection = select(
            connection,
            knowledge.rulebook,
            recipe,
            known_at=at,
            performer_gate=gate,
            withheld=knowledge.withheld,
            unreachable=films.unreachable,
            duplicates=duplicates,
        )
        for remark in selection.remarks:
            tell(remark)
        if known_at is not None:
            faces = shots_with_faces(connection)
            _refuse_lost(settings, recipe, selection, knowledge, faces, datetime.now(UTC))
        plan, samples = make_plan(
            connection,
            selection,
            recipe,
            films=films.places,
            rulebook=knowledge.rulebook,
            performer_gate=gate,
            known_at=at,
            cards=travelling(connection, selection.sources(), _known_of_taggers()),
            captions={"lighting": stored_caption},
        )
        is_done = _is_published(store, plan.release_id)
        if not is_done:
            keep_packed(store, plan.release_id)
            plan = keep_time(store, plan)
            write_plan(store, plan, samples, selection)
    keep_duplicates(store, duplicates)
    for one in leftovers(store):
        if one.release_id != plan.release_id and one.release_id.startswith(f"{recipe.name}-"):
            tell(str(one))
    if is_done:
        return ReleaseTasks(plan.release_id, (), (), is_done=True)
    return ReleaseTasks(plan.release_id, tuple(plan.films), plan.shards, is_done=False)


def check_recipe(
    settings: Settings, recipe: Recipe, *, known_at: datetime | None = None
) -> Checked:
    """What a recipe would select and why not, by the code that plans the release; nothing is cut.

    The copies that were sought for it are kept, for the next check and the release.

    Raises:
        ReleaseError: when the use is over already, or there are no shots.
        RecipeError: for a filter, a bound or a quota that cannot be asked.
    """
    from curation.catalog.knowledge import knowledge_at
    from curation.dataset.plan import find_films, refuse_no_shots, refuse_past_use
    from curation.dataset.selection import select
    from curation.dataset.selection.duplicates import keep_duplicates, known_duplicates
    from curation.dataset.selection.funnel import checked
    from curation.rights import PerformerGate
    from curation.tables.query import connect

    store, at = Store.at(settings.store), known_at or datetime.now(UTC)
    refuse_past_use(recipe, at)
    knowledge = knowledge_at(store, at)
    with connect(store, at) as connection:
        refuse_no_shots(connection)
        films = find_films(connection, Place.parse(settings.library))
        duplicates = known_duplicates(connection)
        selection = select(
            connection,
            knowledge.rulebook,
            recipe,
            known_at=at,
            performer_gate=PerformerGate(settings.performer_gate),
            withheld=knowledge.withheld,
            unreachable=films.unreachable,
            duplicates=duplicates,
        )
        found = checked(selection, recipe)
    keep_duplicates(store, duplicates)
    return found


def cut_film(
    settings: Settings, release_id: str, asset_sha256: str, *, tell: Tell = quiet
) -> dict[str, int]:
    """Cut all samples of one film in an isolated process; clips by ``cut`` and ``failed``."""
    from curation.dataset.clips import cut_film, cuts_of
    from curation.dataset.plan import read_plan
    from curation.isolation import Worker

    store = Store.at(settings.store)
    plan = read_plan(store, release_id)
    cuts = cuts_of(store, plan, asset_sha256)
    tell(f"cutting {len(cuts)} clips from {Place.parse(plan.films[asset_sha256]).name}")
    with Worker(
        timeout_s=settings.film_timeout_s, memory_mb=settings.film_memory_mb, on_tell=tell
    ) as worker:
        clips = cut_film(store, plan, asset_sha256, cuts, worker=worker, tell=tell)
    return dict(Counter("failed" if clip.failure else "cut" for clip in clips))


def shards_of(settings: Settings, release_id: str) -> tuple[str, ...]:
    """The shards that the plan of a release lays out."""
    from curation.dataset.plan import read_plan

    return read_plan(Store.at(settings.store), release_id).shards


def pack_shard(settings: Settings, release_id: str, shard: str, *, tell: Tell = quiet) -> int:
    """Pack one shard; returns its samples."""
    from curation.dataset.clips import clips_of
    from curation.dataset.plan import read_plan, read_samples
    from curation.dataset.shards import pack_shard

    store = Store.at(settings.store)
    plan = read_plan(store, release_id)
    mine = read_samples(store, release_id, where={"shard": shard})
    films = {asset: plan.films[asset] for asset in mine.column("asset_sha256").unique().to_pylist()}
    packed = pack_shard(store, plan, shard, mine, clips_of(store, replace(plan, films=films)))
    tell(f"packed {shard}: {packed.samples} samples")
    return packed.samples


def publish(settings: Settings, release_id: str) -> Manifest:
    """Ask the gate again as of now, write the manifest, commit the tables, clear the staging area.

    Raises:
        ReleaseError: when a sample is no longer cleared, or nothing could be cut; what was cut
            is removed then, unless a manifest is there, so that somebody may have it.
    """
    from curation.catalog.knowledge import knowledge_at
    from curation.dataset.manifest import MANIFEST
    from curation.dataset.plan import ReleaseError, read_plan
    from curation.dataset.publish import publish
    from curation.dataset.selection.clearance import shots_with_faces
    from curation.dataset.shards import packed
    from curation.papers.left_out import LeftOut
    from curation.tables.query import connect

    store, at = Store.at(settings.store), datetime.now(UTC)
    plan = read_plan(store, release_id)
    shards = [packed(store, release_id, name) for name in plan.shards]
    columns = ("work_id", "party_id", "name", "role", "guild")
    with connect(store, at) as connection:
        people = connection.execute(
            f"SELECT {', '.join(columns)} FROM participants ORDER BY ALL"  # noqa: S608
        ).fetchall()
        faces = shots_with_faces(connection)
        listed = {
            asset: datetime.fromtimestamp(since / 1e6, UTC)
            for asset, since in connection.execute(_LISTED).fetchall()
        }
        films = [
            LeftOut(
                asset,
                work,
                "may we analyse" if status == "excluded" else "analysis",
                tuple(reasons),
            )
            for asset, work, status, reasons in connection.execute(_NOT_ANALYSED).fetchall()
        ]
    credits = [dict(zip(columns, row, strict=True)) for row in people]
    knowledge = knowledge_at(store, at)
    try:
        manifest = publish(
            store,
            plan,
            [shard for shard in shards if shard.samples],
            rulebook=knowledge.rulebook,
            withheld=knowledge.withheld,
            faces=faces,
            works={asset: work for asset, _, work in assets_of(store, at)},
            listed=listed,
            credits=credits,
            films=films,
            issuer=settings.studio,
            signer=_signer(settings),
            at=at,
        )
    except ReleaseError:
        if not (store.release(release_id) / MANIFEST).exists():
            store.release(release_id).delete()
            store.staging(release_id).delete()
        raise
    store.staging(release_id).delete()
    return manifest


def release(
    settings: Settings, recipe: Recipe, *, known_at: datetime | None = None, tell: Tell = quiet
) -> ReleaseTasks:
    """Plan, cut, pack and publish in this process.

    Where another run has published the same release meanwhile, and its files are those of its
    manifest, there is nothing more to do.
    """
    from curation.dataset.plan import ReleaseError

    tasks = plan_release(settings, recipe, known_at=known_at, tell=tell)
    if tasks.is_done:
        tell(f"{tasks.release_id} is there already, nothing to do")
        return tasks
    try:
        for film in tasks.films:
            cut_film(settings, tasks.release_id, film, tell=tell)
        for shard in tasks.shards:
            pack_shard(settings, tasks.release_id, shard, tell=tell)
        publish(settings, tasks.release_id)
    except (ReleaseError, StorageError):
        store = Store.at(settings.store)
        if not (_is_published(store, tasks.release_id) and _is_whole(store, tasks.release_id)):
            raise
        store.staging(tasks.release_id).delete()
        tell(f"another run has published {tasks.release_id} meanwhile, nothing to do")
        return ReleaseTasks(tasks.release_id, (), (), is_done=True)
    return tasks


def place_of(settings: Settings, name: str) -> Place:
    """Where a release lies that is given by its id in the store, or by its place.

    Raises:
        ReportError: for what is neither.
    """
    from curation.report.stations import ReportError, unknown_release

    store, place = Store.at(settings.store), Place.parse(name)
    if "/" in name:
        return place
    if store.release(name).exists():
        return store.release(name)
    if not place.exists():
        rows = rows_of(store.read("releases", ["release_id", "published_at"]))
        rows.sort(key=lambda row: (row["published_at"], row["release_id"]))
        raise ReportError(unknown_release(name, [row["release_id"] for row in rows]))
    return place


def discard(
    settings: Settings, release_id: str, *, in_use: bool = False, with_manifest: bool = False
) -> Leftover:
    """Remove what a release that was cut short has left; see ``curation.dataset.leftovers``."""
    from curation.dataset.leftovers import discard

    now = datetime.now(UTC)
    return discard(
        Store.at(settings.store), release_id, now=now, in_use=in_use, with_manifest=with_manifest
    )


def verify(
    settings: Settings,
    name: str,
    *,
    keys: Sequence[Path] = (),
    signed: bool = False,
    at: datetime | None = None,
    against_films: bool = False,
    tell: Tell = quiet,
) -> Verification:
    """Check a release, given by its id in the store or by the place where it lies.

    Only by its id is its manifest held against what the store remembers of it, and its decisions
    against the rulebook as it was known; and each sample is asked about again, as known by now.

    Args:
        at: the instant whose knowledge counts as that of now.
        keys: files of public keys, of which one must have signed it.
        signed: it must be signed; by the settings' own key, where there is one and none is given.
        against_films: decode both ends of every clip from its film once more and compare; of a
            release without other faults.

    Raises:
        KeyFileError: for a key that cannot be read.
    """
    from curation.dataset.signature import read_public_key
    from curation.dataset.verify import anchor_of, verify

    store = Store.at(settings.store)
    place = place_of(settings, name)
    known = "/" not in name and store.release(name).exists()
    trusted = [read_public_key(key) for key in keys]
    if signed and not trusted and (signer := _signer(settings)) is not None:
        trusted.append(signer.public)
    found = verify(
        place,
        anchor=anchor_of(store, name, at) if known else None,
        keys=trusted,
        signed=signed,
        on_shard=lambda shard: tell(f"checking {shard}"),
    )
    return _against_films(settings, place, found, tell) if against_films else found


def _against_films(
    settings: Settings, place: Place, found: Verification, tell: Tell
) -> Verification:
    """The same, its clips held against the films of the library."""
    from curation.dataset.fault import Fault
    from curation.dataset.manifest import read_manifest
    from curation.dataset.plan import find_films
    from curation.dataset.verify.source_check import check_sources
    from curation.isolation import Worker
    from curation.tables.query import connect

    if not found.good:
        why = "whether clips are those of their films: the faults come first"
        return replace(found, unchecked=(*found.unchecked, why))
    with connect(Store.at(settings.store), datetime.now(UTC)) as connection:
        films = find_films(connection, Place.parse(settings.library)).places
    with Worker(
        timeout_s=settings.film_timeout_s, memory_mb=settings.film_memory_mb, on_tell=tell
    ) as worker:
        said = list(check_sources(place, read_manifest(place), films, worker=worker, tell=tell))
    return replace(
        found,
        faults=tuple(one for one in said if isinstance(one, Fault)),
        unchecked=(*found.unchecked, *(one for one in said if isinstance(one, str))),
    )


_LISTED = """
    SELECT asset_sha256, epoch_us(min(recorded_at)) FROM history.assets
    WHERE scope IS NULL AND asset_sha256 IS NOT NULL GROUP BY asset_sha256
"""

_NOT_ANALYSED = """
    SELECT asset_sha256, min(work_id), any_value(status), any_value(reasons)
    FROM assets JOIN films USING (asset_sha256)
    WHERE status <> 'analysed' GROUP BY asset_sha256 ORDER BY asset_sha256
"""


def _signer(settings: Settings) -> Signer | None:
    """Who signs releases here; None where nobody does."""
    from curation.dataset.signature import read_signer

    return read_signer(Path(settings.signing_key)) if settings.signing_key else None


def _refuse_lost(
    settings: Settings,
    recipe: Recipe,
    selection: Selection,
    then: Knowledge,
    faces: Container[str],
    now: datetime,
) -> None:
    """Knowledge of the past decides nothing that is known better by now; say so before cutting."""
    from curation.catalog.knowledge import knowledge_at
    from curation.dataset.plan import ReleaseError
    from curation.dataset.selection.clearance import clear
    from curation.rights import PerformerGate

    today = knowledge_at(Store.at(settings.store), now)
    if (today.rulebook.sha256, today.withheld) == (then.rulebook.sha256, then.withheld):
        return
    spans = list(selection.spans())
    again = clear(
        today.rulebook,
        recipe,
        spans,
        known_at=now,
        performer_gate=PerformerGate(settings.performer_gate),
        withheld=today.withheld,
        faces=faces,
    )
    if lost := Counter(c.reasons[0] for c in again if not c.allowed):
        raise ReleaseError(
            f"as known at {then.known_at.isoformat()} {len(spans)} shots might go, but by what is "
            f"known now {sum(lost.values())} of them may not: {dict(lost)}. A release is made from "
            "what is known now; leave out --known-at"
        )


def _known_of_taggers() -> dict[str, dict[str, Any]]:
    """What is known of each tagger installed here, as JSON by name."""
    from curation import __version__
    from curation.tags import taggers
    from curation.tags.protocol import card_of

    known = {}
    for tagger in taggers():
        card = card_of(tagger)
        known[tagger.name] = {
            "label_version": tagger.label_version,
            "code_version": __version__,
            "facets": {
                facet.name: {"labels": list(facet.labels), "measures": dict(facet.measures)}
                for facet in tagger.facets
            },
            "card": card.to_json() if card else None,
        }
    return known


def _is_published(store: Store, release_id: str) -> bool:
    from curation.dataset.manifest import MANIFEST

    published = store.read("releases", ["release_id"]).column("release_id").to_pylist()
    return release_id in published and (store.release(release_id) / MANIFEST).exists()


def _is_whole(store: Store, release_id: str) -> bool:
    """Whether every file of a release is there, byte for byte.

    Raises:
        ReleaseError: for a manifest that cannot be read.
    """
    from curation.dataset.manifest import read_manifest

    place = store.release(release_id)
    return all(
        (place / file.path).exists() and (place / file.path).sha256() == file.sha256
        for file in read_manifest(place).files
    )
