"""Films to shots, measures and tags: asked for, laid out, looked at, committed, relabelled."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from curation.settings import Settings
from curation.stages.catalog import assets_of
from curation.stages.progress import Tell, quiet
from curation.storage import FILE_MISSING, Place, StorageError
from curation.tables import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.analysis import FilmRows, GivenList
    from curation.catalog.knowledge import Knowledge
    from curation.isolation import Worker

SURVEYS_MADE_BY_LOOKING = frozenset({"APPEARANCE_NOT_SURVEYED", "EMBEDDED_NOT_SURVEYED"})
"""A survey is made by looking at the film, so a missing one does not keep the studio from it."""

ANALYSED, FAILED, EXCLUDED = "analysed", "failed", "excluded"


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
    lists = _cut_lists(store, at)

    def key(asset: str) -> str:
        return work_key(asset, exhaustive=settings.exhaustive, cut_list=lists.get(asset))

    pending: list[tuple[str, str]] = []
    excluded: list[dict[str, Any]] = []
    for asset, path, work_id in assets_of(store, at):
        reasons = kept_from_analysis(settings, knowledge, work_id)
        film = films.get(asset)
        if reasons:
            excluded.append({"asset_sha256": asset, "status": EXCLUDED, "reasons": list(reasons)})
        elif (
            film is None
            or film["work_key"] != key(asset)
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
    identity = canonical_json([[asset, key(asset)] for asset, _ in pending])
    plan_id = f"analysis-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    size = settings.batch_films
    laid_out = [_PlannedFilm(asset, path, lists.get(asset)) for asset, path in pending]
    parts = {
        f"{number:05d}": laid_out[first : first + size]
        for number, first in enumerate(range(0, len(pending), size))
    }
    _write_plan(store, plan_id, parts)
    return AnalysisPlan(plan_id, tuple(parts), len(pending), by_reason)


def analyse_part(
    settings: Settings, plan_id: str, part: str, *, tell: Tell = quiet
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
        for number, film in enumerate(films, start=1):
            asset, path = film.asset_sha256, film.path
            if all((store.staging(plan_id) / n / f"{asset}.parquet").exists() for n in _STAGED):
                counts["staged before"] += 1
                continue
            tell(f"analysing {path} ({number} of {len(films)})")
            rows = _analyse_in(worker, store, settings, film)
            for name in _STAGED:
                values = [rows.film] if name == "films" else getattr(rows, name)
                store.stage(plan_id, asset, name, values)
            counts[rows.film["status"]] += 1
            tell(f"{rows.film['status']} {path}: {_outcome(rows, film.cut_list)}")
    return dict(counts)


def _outcome(rows: FilmRows, cut_list: GivenList | None) -> str:
    """What came of one film, in a line."""
    from curation.analysis.rows import REMARK

    if message := rows.film.get("message"):
        return str(message)
    film = rows.film
    said = (
        f"{len(rows.shots)} shots, {film['frames_decoded']:,} of {film['frames']:,} frames decoded"
    )
    if cut_list is None:
        return said
    differ = sum(note["kind"] != REMARK for note in rows.cut_list_notes)
    name = Place.parse(cut_list.url).name
    return f"{said}; cut by {name}, disagreements with the picture: {differ}"


_STAGED = ("shots", "measures", "tags", "embeddings", "cut_list_notes", "films")
"""What each film stages, in this order: with ``films`` it is whole."""


@dataclass(frozen=True, slots=True)
class _PlannedFilm:
    asset_sha256: str
    path: str
    cut_list: GivenList | None


def _planned(store: Store, plan_id: str) -> dict[str, list[_PlannedFilm]]:
    """The films of each part of a plan; none when another run has committed it."""
    from curation.analysis import GivenList

    place = store.staging(plan_id) / "plan.json"
    try:
        planned: dict[str, list[list[Any]]] = json.loads(place.read_text())
    except StorageError as error:
        if error.reason != FILE_MISSING:
            raise
        return {}
    return {
        part: [
            _PlannedFilm(asset, path, GivenList(*given) if given else None)
            for asset, path, *given in films
        ]
        for part, films in planned.items()
    }


def _write_plan(store: Store, plan_id: str, parts: Mapping[str, Sequence[_PlannedFilm]]) -> None:
    from curation.tables.store import canonical_json

    plan = {
        part: [
            [film.asset_sha256, film.path, *(astuple(film.cut_list) if film.cut_list else ())]
            for film in films
        ]
        for part, films in parts.items()
    }
    (store.staging(plan_id) / "plan.json").write_bytes(canonical_json(plan).encode())


def _cut_lists(store: Store, at: datetime) -> dict[str, GivenList]:
    """The cut list of each film that comes with one; its copies are catalogued with the same."""
    from curation.analysis import GivenList
    from curation.tables.query import connect

    query = """
        SELECT asset_sha256, min(cut_list_url), min(cut_list_sha256),
               coalesce(max(cut_list_offset), 0)
        FROM assets WHERE cut_list_sha256 IS NOT NULL GROUP BY asset_sha256
    """
    with connect(store, at) as connection:
        return {asset: GivenList(*said) for asset, *said in connection.execute(query).fetchall()}


def _analyse_in(worker: Worker, store: Store, settings: Settings, film: _PlannedFilm) -> FilmRows:
    """Analyse one film in the worker; whatever happens to it is in its row."""
    from curation.analysis import FilmJob, FilmRows, KnownFilm, analyse_film, failed_film
    from curation.embeddings.stored import embeddings_of
    from curation.isolation import WorkerError
    from curation.tables.packed import Packed
    from curation.tables.store import rows_of

    asset = film.asset_sha256
    shots, notes = (
        rows_of(store.read(name, where={"asset_sha256": asset}))
        for name in ("shots", "cut_list_notes")
    )
    measures = Packed.of(store.read("measures", where={"asset_sha256": asset}))
    said = rows_of(store.read("films", ["notes"], where={"asset_sha256": asset}))
    told = [note for row in said for note in row["notes"] or ()]
    known = KnownFilm(shots, measures, notes, embeddings_of(store, asset), told)
    job = FilmJob(
        asset,
        film.path,
        settings.device,
        exhaustive=settings.exhaustive,
        known=known if shots else None,
        cut_list=film.cut_list,
    )
    try:
        url = str(Place.parse(settings.library).within(film.path))
        return worker.call(analyse_film, replace(job, url=url))
    except (WorkerError, StorageError) as error:
        remedy = _REMEDIES.get(error.reason)
        message = f"{error}; {remedy}" if remedy else str(error)
        return FilmRows(failed_film(job, error.reason, message))


_ONE_BY_ONE = "if it is a tagger, find it by trying one by one: curation tag --tagger NAME FILM"
_REMEDIES = {
    "TIMED_OUT": f"give films longer (CURATION_FILM_TIMEOUT_S); {_ONE_BY_ONE}",
    "OUT_OF_MEMORY": f"give films more (CURATION_FILM_MEMORY_MB); {_ONE_BY_ONE}",
    "CRASHED": f"play the film; {_ONE_BY_ONE}",
}
"""What helps against what a worker cannot tell of itself."""


def commit_analysis(settings: Settings, plan_id: str, *, tell: Tell = quiet) -> dict[str, int]:
    """Put the staged films of a plan into the tables; ``films`` last: it makes the others count.

    Only films that are staged whole are committed and cleared away; another run may be staging
    the rest at this moment. Votes on shots that are still there stay; what nobody could measure is
    told once.

    Returns:
        Rows written, by table. Committing twice changes nothing.
    """
    store = Store.at(settings.store)
    with store.lock("analysis", tell=tell):
        assets = set.intersection(*(store.staged_parts(plan_id, name) for name in _STAGED))
        written: dict[str, int] = {}
        lacks = _lacks(store.staged(plan_id, "films", assets))
        for name in _STAGED:
            rows = store.staged(plan_id, name, assets)
            if name == "tags":
                rows = _with_votes(store, rows, store.staged(plan_id, "shots", assets), tell)
            kept = set(rows.column("asset_sha256").to_pylist())
            store.remove(name, column="asset_sha256", values=assets - kept)
            written[name] = store.replace(name, rows, column="asset_sha256")
        left = {
            part: [film for film in films if film.asset_sha256 not in assets]
            for part, films in _planned(store, plan_id).items()
        }
        if not any(left.values()):
            store.staging(plan_id).delete()
        else:
            _write_plan(store, plan_id, {part: films for part, films in left.items() if films})
            for asset in assets:
                for name in _STAGED:
                    store.unstage(plan_id, name, asset)
    for note, films in lacks.items():
        tell(f"{note} ({films} films)" if films > 1 else note)
    return written


def _lacks(films: pa.Table) -> Counter[str]:
    """What could not be measured for want of something, with the films of which that is true."""
    from curation.analysis.notes import is_lack

    said = (note for notes in films.column("notes").to_pylist() for note in notes or ())
    return Counter(note for note in said if is_lack(note))


def _with_votes(store: Store, tags: pa.Table, shots: pa.Table, tell: Tell) -> pa.Table:
    """Tags with the votes that are stored on these shots; those on shots that are gone are told."""
    import pyarrow as pa

    from curation.tables.store import rows_of
    from curation.tags.votes import is_vote

    there = set(shots.column("shot_id").to_pylist())
    known = set(store.read("films", ["asset_sha256"]).column("asset_sha256").to_pylist())
    kept: list[dict[str, Any]] = []
    lost = 0
    for asset in sorted(known & set(shots.column("asset_sha256").to_pylist())):
        stored = rows_of(store.read("tags", where={"asset_sha256": asset}))
        votes = [row for row in stored if is_vote(row["measures"])]
        kept += [row for row in votes if row["shot_id"] in there]
        lost += len(votes) - sum(row["shot_id"] in there for row in votes)
    if lost:
        tell(f"votes on shots that are others now are gone: {lost}; run `curation vote` again")
    return pa.concat_tables([tags, store.arrow("tags", kept)])


def relabel(settings: Settings, *, tell: Tell = quiet) -> int:
    """Recompute the labels of taggers whose label version changed, from what they measured. Votes,
    and labels of taggers that are not installed here, stay.

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
    measured = ("shot_id", "asset_sha256", "tagger", "summary")
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
    fresh: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    faults: dict[str, str] = {}
    for asset in stale:
        who = {"asset_sha256": asset}
        others += [
            row for row in rows_of(store.read("tags", where=who)) if row["tagger"] not in current
        ]
        for row in rows_of(store.read("measures", measured, where=who)):
            if row["tagger"] in current:
                try:
                    fresh += labels(current[row["tagger"]], row)
                except TaggerFault as fault:
                    faults[asset] = str(fault)
    said = {"status": FAILED, "reasons": [TAGGER_FAILED], "work_key": ""}
    failed = [
        film | said | {"message": faults[film["asset_sha256"]]}
        for film in rows_of(store.read("films"))
        if film["asset_sha256"] in faults
    ]
    for why, films in Counter(faults.values()).items():
        tell(f"failed: {films} films, {why}")
    store.replace("films", failed, column="asset_sha256")
    fresh = [tag for tag in (*fresh, *others) if tag["asset_sha256"] not in faults]
    return store.replace("tags", fresh, column="asset_sha256")


def analyse(
    settings: Settings, *, retry_failed: bool = False, tell: Tell = quiet
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
    if tags := relabel(settings, tell=tell):
        tell(f"labels made anew from what was measured: {tags:,}")
    return dict(counts)


def kept_from_analysis(settings: Settings, knowledge: Knowledge, work_id: str) -> tuple[str, ...]:
    """The first gate's reasons against looking at a work; none where the studio may."""
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
