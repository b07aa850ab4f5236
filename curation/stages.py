"""The verbs: one function for each step that a scheduler or a person can ask for.

Every function takes ``Settings`` and plain values and returns plain values, so that a task of a
scheduler, a test and the command line call the same thing. Progress goes to a ``tell`` function.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from curation.settings import Settings
from curation.storage import FILE_MISSING, Place, StorageError
from curation.tables import Store

if TYPE_CHECKING:
    from curation.analysis import FilmRows
    from curation.catalog import Ingest
    from curation.catalog.knowledge import Knowledge
    from curation.dataset.manifest import Manifest
    from curation.dataset.recipe import Recipe
    from curation.dataset.selection import Selection
    from curation.dataset.verify import Verification
    from curation.isolation import Worker

Tell = Callable[[str], None]

SURVEYS_MADE_BY_LOOKING = frozenset({"APPEARANCE_NOT_SURVEYED", "EMBEDDED_NOT_SURVEYED"})
"""A survey is made by looking at the film, so a missing one does not keep the studio from it."""

ANALYSED, FAILED, EXCLUDED = "analysed", "failed", "excluded"


def _quiet(_: str) -> None:
    return


@dataclass(frozen=True)
class AnalysisPlan:
    """Films to analyse, in parts that can run side by side.

    Attributes:
        plan_id: drawn from the films and the code, so a run that was killed finds its own work.
        parts: names of the parts.
        films: films in all parts together.
        excluded: films that the first gate keeps out, by reason.
    """

    plan_id: str
    parts: tuple[str, ...]
    films: int
    excluded: dict[str, int]


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


def ingest(
    settings: Settings,
    *,
    now: datetime | None = None,
    replace: bool = False,
    tell: Tell = _quiet,
) -> Ingest:
    """Read the catalog into the store; see ``curation.catalog.ingest``."""
    from curation.catalog import ingest as read_catalog

    return read_catalog(
        Store.at(settings.store),
        Place.parse(settings.catalog),
        Place.parse(settings.library),
        now=now,
        replace=replace,
        tell=tell,
    )


def plan_analysis(
    settings: Settings, *, known_at: datetime | None = None, retry_failed: bool = False
) -> AnalysisPlan:
    """Ask the first gate about each film, and lay out those that are still to be analysed.

    A film is done when its content was analysed by the same versions of all measurers; one that
    failed under them is not tried again unless ``retry_failed``.
    """
    from curation.analysis import work_key
    from curation.catalog.knowledge import knowledge_at
    from curation.tables.store import canonical_json, rows_of

    store, at = Store.at(settings.store), known_at or datetime.now(UTC)
    knowledge = knowledge_at(store, at)
    films = {
        row["asset_sha256"]: row
        for row in rows_of(store.read("films", ["asset_sha256", "work_key", "status", "reasons"]))
    }
    pending: list[tuple[str, str]] = []
    excluded: list[dict[str, Any]] = []
    for asset, path, work_id in _assets(store, at):
        reasons = _kept_from_analysis(settings, knowledge, work_id)
        film = films.get(asset)
        if reasons:
            excluded.append({"asset_sha256": asset, "status": EXCLUDED, "reasons": list(reasons)})
        elif (
            film is None
            or film["work_key"] != work_key(asset, exhaustive=settings.exhaustive)
            or (film["status"] == FAILED and retry_failed)
        ):
            pending.append((asset, path))
    news = [
        row
        for row in excluded
        if (film := films.get(row["asset_sha256"])) is None
        or (film["status"], film["reasons"]) != (EXCLUDED, row["reasons"])
    ]
    store.replace(
        "films", [row | {"work_key": "", "analysed_at": at} for row in news], column="asset_sha256"
    )
    by_reason = dict(Counter(row["reasons"][0] for row in excluded))
    if not pending:
        return AnalysisPlan("", (), 0, by_reason)
    identity = canonical_json(
        [[asset, work_key(asset, exhaustive=settings.exhaustive)] for asset, _ in pending]
    )
    plan_id = f"analysis-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    size = settings.batch_films
    parts = {
        f"{number:05d}": pending[first : first + size]
        for number, first in enumerate(range(0, len(pending), size))
    }
    _write_plan(store, plan_id, parts)
    return AnalysisPlan(plan_id, tuple(parts), len(pending), by_reason)


def analyse_part(
    settings: Settings, plan_id: str, part: str, *, tell: Tell = _quiet
) -> dict[str, int]:
    """Analyse the films of one part, each in an isolated process; returns films by status.

    A film that crashes, hangs or cannot be read is a row with its reason; the others go on. Films
    staged by an attempt that was killed are not analysed again. A plan that is not there any more
    was committed by another run, which is no error.

    Raises:
        MediaError: when ``device`` is ``cuda`` and there is no card; that is no film's fault.
    """
    from curation.isolation import Worker
    from curation.media import choose_device

    store = Store.at(settings.store)
    films = _planned(store, plan_id).get(part)
    if films is None:
        tell(f"{plan_id}: another run has committed it")
        return {"committed elsewhere": 1}
    counts: Counter[str] = Counter()
    with Worker(
        timeout_s=settings.film_timeout_s, memory_mb=settings.film_memory_mb, on_tell=tell
    ) as worker:
        device = worker.call(choose_device, settings.device)
        tell(f"decoding on {device.device}: {device.reason}")
        for number, (asset, path) in enumerate(films, start=1):
            if all((store.staging(plan_id) / n / f"{asset}.parquet").exists() for n in _STAGED):
                counts["staged before"] += 1
                continue
            tell(f"analysing {path} ({number} of {len(films)})")
            rows = _analyse_in(worker, store, settings, asset, path)
            for name in _STAGED:
                values = [rows.film] if name == "films" else getattr(rows, name)
                store.stage(plan_id, asset, name, values)
            counts[rows.film["status"]] += 1
            outcome = rows.film.get("message") or (
                f"{len(rows.shots)} shots, {rows.film['frames_decoded']:,} of "
                f"{rows.film['frames']:,} frames decoded"
            )
            tell(f"{rows.film['status']} {path}: {outcome}")
    return dict(counts)


_STAGED = ("shots", "measures", "tags", "films")
"""What each film stages, in this order: with ``films`` it is whole."""


def _planned(store: Store, plan_id: str) -> dict[str, list[list[str]]]:
    """The films of each part of a plan; none when another run has committed it."""
    place = store.staging(plan_id) / "plan.json"
    try:
        planned: dict[str, list[list[str]]] = json.loads(place.read_text())
    except StorageError as error:
        if error.reason != FILE_MISSING:
            raise
        return {}
    return planned


def _write_plan(store: Store, plan_id: str, parts: Mapping[str, Sequence[Sequence[str]]]) -> None:
    from curation.tables.store import canonical_json

    (store.staging(plan_id) / "plan.json").write_bytes(canonical_json(parts).encode())


def _analyse_in(
    worker: Worker, store: Store, settings: Settings, asset: str, path: str
) -> FilmRows:
    """Analyse one film in the worker; whatever happens to it is in its row."""
    from curation.analysis import FilmJob, FilmRows, KnownFilm, analyse_film, failed_film
    from curation.isolation import WorkerError
    from curation.tables.store import rows_of

    shots, measures = (
        rows_of(store.read(name, where={"asset_sha256": asset})) for name in ("shots", "measures")
    )
    exhaustive = settings.exhaustive
    try:
        url = str(Place.parse(settings.library).within(path))
        known = KnownFilm(shots, measures) if shots else None
        job = FilmJob(asset, url, settings.device, exhaustive=exhaustive, known=known)
        return worker.call(analyse_film, job)
    except (WorkerError, StorageError) as error:
        failed = failed_film(asset, error.reason, str(error), exhaustive=exhaustive)
        return FilmRows(failed)


def commit_analysis(settings: Settings, plan_id: str, *, tell: Tell = _quiet) -> dict[str, int]:
    """Put the staged films of a plan into the tables; ``films`` last: it makes the others count.

    Only films that are staged whole are committed and cleared away; another run may be staging
    the rest at this moment.

    Returns:
        Rows written, by table. Committing twice changes nothing.
    """
    store = Store.at(settings.store)
    with store.lock("analysis", tell=tell):
        assets = set.intersection(*(store.staged_parts(plan_id, name) for name in _STAGED))
        written: dict[str, int] = {}
        for name in _STAGED:
            rows = store.staged(plan_id, name, assets)
            kept = set(rows.column("asset_sha256").to_pylist())
            store.remove(name, column="asset_sha256", values=assets - kept)
            written[name] = store.replace(name, rows, column="asset_sha256")
        left = {
            part: [film for film in films if film[0] not in assets]
            for part, films in _planned(store, plan_id).items()
        }
        if not any(left.values()):
            store.staging(plan_id).delete()
        else:
            _write_plan(store, plan_id, {part: films for part, films in left.items() if films})
            for asset in assets:
                for name in _STAGED:
                    store.unstage(plan_id, name, asset)
    return written


def relabel(settings: Settings) -> int:
    """Recompute the labels of taggers whose label version changed, from what they measured.

    A film on which a tagger fails keeps its labels and becomes ``failed``, so that it goes into no
    release half labelled; the next analysis tries it again.

    Returns:
        Rows of ``tags`` written. No film is opened.
    """
    from curation.analysis import TAGGER_FAILED, TaggerFault, labels
    from curation.tables.store import rows_of
    from curation.tags import taggers

    store = Store.at(settings.store)
    current = {tagger.name: tagger for tagger in taggers()}
    tags = rows_of(store.read("tags", ["asset_sha256", "tagger", "label_version"]))
    stale = sorted(
        {
            row["asset_sha256"]
            for row in tags
            if row["tagger"] in current
            and row["label_version"] != current[row["tagger"]].label_version
        }
    )
    if not stale:
        return 0
    measured = [row for row in rows_of(store.read("measures")) if row["asset_sha256"] in set(stale)]
    fresh: list[dict[str, Any]] = []
    faults: dict[str, str] = {}
    for row in measured:
        if row["tagger"] in current:
            try:
                fresh += labels(current[row["tagger"]], row)
            except TaggerFault as fault:
                faults[row["asset_sha256"]] = str(fault)
    said = {"status": FAILED, "reasons": [TAGGER_FAILED], "work_key": ""}
    failed = [
        film | said | {"message": faults[film["asset_sha256"]]}
        for film in rows_of(store.read("films"))
        if film["asset_sha256"] in faults
    ]
    store.replace("films", failed, column="asset_sha256")
    fresh = [tag for tag in fresh if tag["asset_sha256"] not in faults]
    return store.replace("tags", fresh, column="asset_sha256")


def analyse(
    settings: Settings, *, retry_failed: bool = False, tell: Tell = _quiet
) -> dict[str, int]:
    """Plan, analyse and commit in this process, part after part; returns films by status."""
    plan = plan_analysis(settings, retry_failed=retry_failed)
    counts: Counter[str] = Counter(
        (plan.excluded and {EXCLUDED: sum(plan.excluded.values())}) or {}
    )
    for part in plan.parts:
        counts.update(analyse_part(settings, plan.plan_id, part, tell=tell))
    if plan.parts:
        commit_analysis(settings, plan.plan_id, tell=tell)
    relabel(settings)
    return dict(counts)


def plan_release(
    settings: Settings, recipe: Recipe, *, known_at: datetime | None = None
) -> ReleaseTasks:
    """Ask the second gate about each shot, select, and lay out what is to be cut and packed.

    Raises:
        ReleaseError: when no shot may go into the release, or the use is over already.
        RecipeError: for a filter that cannot be asked.
    """
    from curation.catalog.knowledge import knowledge_at
    from curation.dataset.plan import (
        find_films,
        keep_time,
        make_plan,
        refuse_past_use,
        write_plan,
    )
    from curation.dataset.selection import select
    from curation.rights import PerformerGate
    from curation.tables.query import connect

    store, at = Store.at(settings.store), known_at or datetime.now(UTC)
    refuse_past_use(recipe, at)
    knowledge = knowledge_at(store, at)
    gate = PerformerGate(settings.performer_gate)
    with connect(store, at) as connection:
        films = find_films(connection, Place.parse(settings.library))
        selection = select(
            connection,
            knowledge.rulebook,
            recipe,
            known_at=at,
            performer_gate=gate,
            withheld=knowledge.withheld,
            unreachable=films.unreachable,
        )
        if known_at is not None:
            _refuse_lost(settings, recipe, selection, knowledge, datetime.now(UTC))
        plan, samples = make_plan(
            connection,
            selection,
            recipe,
            films=films.places,
            rulebook=knowledge.rulebook,
            performer_gate=gate,
            known_at=at,
        )
    if _is_published(store, plan.release_id):
        return ReleaseTasks(plan.release_id, (), (), is_done=True)
    store.release(plan.release_id).delete()
    plan = keep_time(store, plan)
    write_plan(store, plan, samples, selection)
    return ReleaseTasks(plan.release_id, tuple(plan.films), plan.shards, is_done=False)


def cut_film(
    settings: Settings, release_id: str, asset_sha256: str, *, tell: Tell = _quiet
) -> dict[str, int]:
    """Cut all samples of one film in an isolated process; clips by ``cut`` and ``failed``."""
    from curation.dataset.clips import Cut, cut_film
    from curation.dataset.plan import read_plan, read_samples
    from curation.isolation import Worker

    store = Store.at(settings.store)
    plan = read_plan(store, release_id)
    columns = ("shot_id", "asset_sha256", "clean_start", "clean_end")
    rows = read_samples(store, release_id).select(list(columns)).to_pylist()
    cuts = [
        Cut(row["shot_id"], row["clean_start"], row["clean_end"])
        for row in rows
        if row["asset_sha256"] == asset_sha256
    ]
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


def pack_shard(settings: Settings, release_id: str, shard: str, *, tell: Tell = _quiet) -> int:
    """Pack one shard; returns its samples."""
    import pyarrow.compute as pc

    from curation.dataset.clips import clips_of
    from curation.dataset.plan import read_plan, read_samples
    from curation.dataset.shards import pack_shard
    from curation.tables.store import canonical_json

    store = Store.at(settings.store)
    plan = read_plan(store, release_id)
    samples = read_samples(store, release_id)
    mine = samples.filter(pc.equal(samples.column("shard"), shard))
    packed = pack_shard(store, plan, shard, mine, clips_of(store, plan))
    report = canonical_json(packed.to_json()).encode()
    (store.staging(release_id) / "packed" / f"{shard}.json").write_bytes(report)
    tell(f"packed {shard}: {packed.samples} samples")
    return packed.samples


def publish(settings: Settings, release_id: str) -> Manifest:
    """Ask the gate again as of now, write the manifest, commit the tables, clear the staging area.

    Raises:
        ReleaseError: when a sample is no longer cleared, or nothing could be cut; what was cut
            is removed then.
    """
    from curation.catalog.knowledge import knowledge_at
    from curation.dataset.plan import ReleaseError, read_plan
    from curation.dataset.publish import publish
    from curation.dataset.shards import Shard
    from curation.tables.query import connect

    store, at = Store.at(settings.store), datetime.now(UTC)
    plan = read_plan(store, release_id)
    folder = store.staging(release_id) / "packed"
    shards = [
        Shard.from_json(json.loads((folder / f"{name}.json").read_text())) for name in plan.shards
    ]
    columns = ("work_id", "party_id", "name", "role", "guild")
    with connect(store, at) as connection:
        people = connection.execute(
            f"SELECT {', '.join(columns)} FROM participants ORDER BY ALL"  # noqa: S608
        ).fetchall()
    credits = [dict(zip(columns, row, strict=True)) for row in people]
    knowledge = knowledge_at(store, at)
    try:
        manifest = publish(
            store,
            plan,
            [shard for shard in shards if shard.samples],
            rulebook=knowledge.rulebook,
            withheld=knowledge.withheld,
            works={asset: work for asset, _, work in _assets(store, at)},
            credits=credits,
            at=at,
        )
    except ReleaseError:
        store.release(release_id).delete()
        store.staging(release_id).delete()
        raise
    store.staging(release_id).delete()
    return manifest


def release(
    settings: Settings, recipe: Recipe, *, known_at: datetime | None = None, tell: Tell = _quiet
) -> ReleaseTasks:
    """Plan, cut, pack and publish in this process."""
    tasks = plan_release(settings, recipe, known_at=known_at)
    if tasks.is_done:
        tell(f"{tasks.release_id} is there already, nothing to do")
        return tasks
    for film in tasks.films:
        cut_film(settings, tasks.release_id, film, tell=tell)
    for shard in tasks.shards:
        pack_shard(settings, tasks.release_id, shard, tell=tell)
    publish(settings, tasks.release_id)
    return tasks


def verify(settings: Settings, name: str, *, tell: Tell = _quiet) -> Verification:
    """Check a release, given by its id in the store or by the place where it lies.

    Only by its id is its manifest held against what the store remembers of it.
    """
    from curation.dataset.verify import anchor_of, verify

    store = Store.at(settings.store)
    known = "/" not in name and store.release(name).exists()
    place = store.release(name) if known else Place.parse(name)
    anchor = anchor_of(store, name) if known else None
    return verify(place, anchor=anchor, on_shard=lambda shard: tell(f"checking {shard}"))


def _assets(store: Store, at: datetime) -> list[tuple[str, str, str]]:
    """Each film once: content, path and work."""
    from curation.tables.query import connect

    query = """
        SELECT asset_sha256, min(asset_path), any_value(work_id)
        FROM assets GROUP BY asset_sha256 ORDER BY min(asset_path)
    """
    with connect(store, at) as connection:
        return [(a, p, w) for a, p, w in connection.execute(query).fetchall()]


def _kept_from_analysis(settings: Settings, knowledge: Knowledge, work_id: str) -> tuple[str, ...]:
    from curation.rights import PerformerGate, Request, decide

    request = Request(
        work_id=work_id,
        components=("picture",),
        action="tdm_analyze",
        licensee=settings.studio,
        territories=(settings.territory,),
        use_from=knowledge.known_at,
        use_until=knowledge.known_at + timedelta(days=1),
        known_at=knowledge.known_at,
    )
    decision = decide(
        knowledge.rulebook, request, performer_gate=PerformerGate(settings.performer_gate)
    )
    reasons = tuple(r for r in decision.reasons if r not in SURVEYS_MADE_BY_LOOKING)
    if work_id in knowledge.withheld:
        reasons = (*reasons, knowledge.withheld[work_id])
    return reasons


def _refuse_lost(
    settings: Settings, recipe: Recipe, selection: Selection, then: Knowledge, now: datetime
) -> None:
    """Knowledge of the past decides nothing that is known better by now; say so before cutting."""
    from curation.catalog.knowledge import knowledge_at
    from curation.dataset.clearance import Span, clear
    from curation.dataset.plan import ReleaseError
    from curation.rights import PerformerGate

    today = knowledge_at(Store.at(settings.store), now)
    if (today.rulebook.sha256, today.withheld) == (then.rulebook.sha256, then.withheld):
        return
    spans = [
        Span(c.shot.shot_id, c.shot.work_id, c.shot.start, c.shot.end) for c in selection.chosen
    ]
    again = clear(
        today.rulebook,
        recipe,
        spans,
        known_at=now,
        performer_gate=PerformerGate(settings.performer_gate),
        withheld=today.withheld,
    )
    if lost := Counter(c.reasons[0] for c in again if not c.allowed):
        raise ReleaseError(
            f"as known at {then.known_at.isoformat()} {len(spans)} shots might go, but by what is "
            f"known now {sum(lost.values())} of them may not: {dict(lost)}. A release is made from "
            "what is known now; leave out --known-at"
        )


def _is_published(store: Store, release_id: str) -> bool:
    from curation.dataset.manifest import MANIFEST

    published = store.read("releases", ["release_id"]).column("release_id").to_pylist()
    return release_id in published and (store.release(release_id) / MANIFEST).exists()
