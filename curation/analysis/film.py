"""One film to the rows that it adds to the tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import curation
from curation.analysis.failure import (
    ANALYSIS_FAILED,
    CUT_LIST_MISFIT,
    CUT_LIST_UNREADABLE,
    PASSING,
    TAGGER_FAILED,
    MisfitFault,
    TaggerFault,
)
from curation.analysis.keys import GivenList, shots_key, work_key
from curation.analysis.known import KnownFilm
from curation.analysis.measured import labels
from curation.analysis.patience import to_analyse, to_open
from curation.isolation import bounded
from curation.storage import READ_FAILED, Place, StorageError
from curation.tables.packed import Packed

if TYPE_CHECKING:
    from curation.analysis.conformed import ListOnFilm
    from curation.analysis.look import Seen
    from curation.analysis.measured import Series
    from curation.analysis.vectors import Vectors
    from curation.embeddings.embedder import Embedder
    from curation.media import Source, Timeline, VideoInfo
    from curation.tags import Tagger

Row = dict[str, Any]


@dataclass(frozen=True)
class FilmJob:
    """One film to analyse: its content, where its bytes lie, and how to look at them.

    ``verify``: the bytes must have that SHA-256; a film that is only looked at needs none.
    ``known``: what is stored already; what of it is still good is not measured again.
    ``cut_list``: the editor's, which is believed for the boundaries.
    ``taggers``: those that look, by name, and no embedder; all, and all embedders, where it is
    None. ``stills``: a picture file is taken
    for a film of one frame; in a library it is none.
    """

    asset_sha256: str
    url: str
    device: str = "auto"
    exhaustive: bool = False
    verify: bool = True
    known: KnownFilm | None = None
    cut_list: GivenList | None = None
    taggers: tuple[str, ...] | None = None
    stills: bool = False

    @property
    def shots_key(self) -> str:
        return shots_key(self.asset_sha256, exhaustive=self.exhaustive, cut_list=self.cut_list)

    @property
    def work_key(self) -> str:
        return work_key(self.asset_sha256, exhaustive=self.exhaustive, cut_list=self.cut_list)


@dataclass(frozen=True)
class FilmRows:
    """What one film adds to the tables: its row of ``films``, and those of the tables so named."""

    film: Row
    shots: list[Row] = field(default_factory=list)
    measures: Packed = field(default_factory=partial(Packed, "measures"))
    tags: Packed = field(default_factory=partial(Packed, "tags"))
    cut_list_notes: list[Row] = field(default_factory=list)
    embeddings: list[Row] = field(default_factory=list)


def failed_film(job: FilmJob, reason: str, message: str) -> Row:
    """The row of a film that could not be analysed; one whose reason may pass has no work key."""
    return {
        "asset_sha256": job.asset_sha256,
        "work_key": "" if reason in PASSING else job.work_key,
        "status": "failed",
        "reasons": [reason],
        "message": message,
        "code_version": curation.__version__,
        "analysed_at": datetime.now(UTC),
    }


def analyse_film(job: FilmJob) -> FilmRows:
    """Look at a film once; find its shots, measure and tag them.

    A film that cannot be read, is not the content it should be, whose cut list is not its own or
    on which a tagger fails, ends as a row with status ``failed``, its reason and a message.
    """
    started = time.process_time()
    rows = _attempt(job)
    film = {
        "asset_sha256": job.asset_sha256,
        "work_key": job.work_key,
        "code_version": curation.__version__,
        "analysed_at": datetime.now(UTC),
        **rows.film,
        "cpu_s": round(time.process_time() - started, 3),
    }
    return replace(rows, film=film)


def _attempt(job: FilmJob) -> FilmRows:
    from curation.cutlists import CutListError
    from curation.media import MediaError

    place, notes = Place.parse(job.url), list[Row]()
    try:
        if job.verify:
            bounded(to_open(place.entry().size))
        with place.verified(job.asset_sha256) if job.verify else place.source() as source:
            return _analyse(job, source)
    except MediaError as error:
        reason, message = error.code.name, error.message
    except StorageError as error:
        reason, message = error.reason, str(error)
    except CutListError as error:
        reason = CUT_LIST_UNREADABLE
        message = f"{error}; or take the list from the film's row; then ingest the catalog again"
    except MisfitFault as error:
        reason, message, notes = CUT_LIST_MISFIT, str(error), error.notes
    except TaggerFault as error:
        reason, message = TAGGER_FAILED, str(error)
    except MemoryError as error:
        reason, message = "OUT_OF_MEMORY", f"no memory left: {error}; give films more"
    except OSError as error:
        reason, message = READ_FAILED, f"{job.url}: {error}; try again"
    except Exception as error:  # noqa: BLE001 - a fault that one film brings out stops no other
        reason, message = ANALYSIS_FAILED, f"{type(error).__name__}: {error}; please report it"
    return FilmRows(failed_film(job, reason, message), cut_list_notes=notes)


def _analyse(job: FilmJob, source: Source) -> FilmRows:
    from curation.analysis.rows import film_row
    from curation.embeddings.embedder import embedders
    from curation.media import probe, read_timeline, scan_of, still_format
    from curation.tags import taggers

    if job.stills and isinstance(source, str) and still_format(source) is not None:
        return _still(job, source, taggers(job.taggers))
    info, timeline = probe(source), read_timeline(source)
    bounded(to_analyse(info, timeline))
    scan = scan_of(source, timeline, info)
    info = replace(info, by_fields=scan.by_fields)
    film, every = film_row(info, timeline, scan), taggers(job.taggers)
    all_embed = embedders() if job.taggers is None else ()
    if job.known is None or not job.known.has_shots_of(job.shots_key):
        rows = _looked_at(job, source, info, timeline, every, all_embed)
    elif job.known.lacks_every_frame(every):
        rows = _looked_at_again(job, source, info, timeline, job.known, every, all_embed)
    else:
        rows = _measured_again(job, source, info, timeline, job.known, every, all_embed)
    rows = _labelled(rows, every)
    notes = dict.fromkeys([*film["notes"], *rows.film.get("notes", ())])
    return replace(rows, film=film | rows.film | {"notes": list(notes)})


def _labelled(rows: FilmRows, every: Sequence[Tagger]) -> FilmRows:
    by_name = {tagger.name: tagger for tagger in every}
    costs = dict(rows.film["tagger_cpu_s"])

    def made() -> Iterator[Row]:
        for row in rows.measures.only("shot_id", "asset_sha256", "tagger", "summary"):
            started, name = time.thread_time(), row["tagger"]
            found = labels(by_name[name], row)
            if name in costs:
                costs[name] += time.thread_time() - started
            yield from found

    tags = Packed("tags", made())
    film = rows.film | {"tagger_cpu_s": {name: round(cost, 3) for name, cost in costs.items()}}
    return replace(rows, film=film, tags=tags)


def _still(job: FilmJob, path: str, every: Sequence[Tagger]) -> FilmRows:
    """A picture file as a film of one frame, which is its one shot."""
    import cv2

    from curation.analysis.measured import Series
    from curation.media import read_still

    cv2.setNumThreads(1)
    info, frame = read_still(path)
    series = [Series(tagger, info) for tagger in every if not tagger.needs.sound]
    for each in series:
        if each.missing is None:
            each.measure(frame, None)
    span = {"start_frame": 0, "end_frame": 1, "clean_start": 0, "clean_end": 1}
    shot = {"shot_id": job.asset_sha256, "asset_sha256": job.asset_sha256, **span}
    measures = Packed("measures", (each.measured(shot) for each in series))
    said = {"status": "analysed", "notes": _missing(series), "tagger_cpu_s": _costs(series)}
    return _labelled(FilmRows(said, [shot], measures), every)


def _looked_at(
    job: FilmJob,
    source: Source,
    info: VideoInfo,
    timeline: Timeline,
    every: Sequence[Tagger],
    embedders: Sequence[Embedder],
) -> FilmRows:
    from curation.analysis.hearing import hear
    from curation.analysis.look import look
    from curation.analysis.rows import shot_row
    from curation.media import choose_device

    listed = _read_list(job.cut_list, info, timeline)
    device = choose_device(job.device)
    eyes, ears = _parted(every)
    card, exact = device.device, job.exhaustive
    seen = look(source, info, timeline, eyes, embedders, device=card, exhaustive=exact)
    known_by, remarks = "detector", list[Row]()
    if listed is not None:
        seen, known_by, remarks = _believed(job, source, info, timeline, seen, listed)
    shots = [
        shot_row(job.asset_sha256, job.shots_key, timeline, shot, known_by) for shot in seen.shots
    ]
    heard = hear(source, info, timeline, ears)
    by_name = {each.tagger.name: each for each in (*seen.series, *heard.series)}
    series = [by_name[tagger.name] for tagger in every]
    measures = Packed("measures", (each.measured(shot) for shot in shots for each in series))
    embeddings = [row for each in seen.vectors for row in each.rows(shots)]
    said = {
        "device": device.device,
        "device_reason": device.reason,
        "frames_decoded": seen.frames,
        "notes": [*seen.notes, *heard.notes, *_missing([*series, *seen.vectors])],
        "tagger_cpu_s": _costs([*series, *seen.vectors]),
    }
    return FilmRows(said, shots, measures, cut_list_notes=remarks, embeddings=embeddings)


def _read_list(given: GivenList | None, info: VideoInfo, timeline: Timeline) -> ListOnFilm | None:
    """The film's list, before a picture is decoded: what cannot be read costs nothing."""
    from curation.analysis.conformed import list_on_film

    if given is None:
        return None
    place = Place.parse(given.url)
    with place.verified(given.sha256):
        return list_on_film(place, info, timeline, given.offset)


def _believed(
    job: FilmJob,
    source: Source,
    info: VideoInfo,
    timeline: Timeline,
    seen: Seen,
    listed: ListOnFilm,
) -> tuple[Seen, str, list[Row]]:
    """What was seen with the list's boundaries, the list's format, and what is to be said of it."""
    from curation.analysis.conformed import believed
    from curation.analysis.look import fill, with_kinds
    from curation.analysis.people import FoundShots
    from curation.analysis.rows import cut_list_rows

    name = Place.parse(job.url).name
    found = FoundShots(name, info, timeline, seen.shots, seen.transitions, seen.frames)
    agreed = believed(source, found, listed)
    remarks = cut_list_rows(job.asset_sha256, agreed, source)
    if agreed.misfit is not None:
        raise MisfitFault(
            f"the cut list {job.cut_list and job.cut_list.url} is not that of this film: "
            f"{'; '.join([agreed.misfit, *agreed.notes])}; name the right list and its "
            "cut_list_offset in the film's row, or none, and ingest the catalog again",
            remarks,
        )
    cut = replace(seen, shots=agreed.shots.shots, transitions=agreed.shots.transitions)
    fill(source, timeline, cut, exact=job.exhaustive)
    return with_kinds(source, timeline, cut), agreed.format, remarks


def _looked_at_again(
    job: FilmJob,
    source: Source,
    info: VideoInfo,
    timeline: Timeline,
    known: KnownFilm,
    every: Sequence[Tagger],
    embedders: Sequence[Embedder],
) -> FilmRows:
    """Look as at first, with the taggers and embedders alone that have not worked as they do now.

    Should another machine's pictures have given other shots, all of them look.
    """
    from curation.analysis.vectors import standing

    kept, stale = known.standing(every)
    embedded, lacking = standing(known.embeddings, embedders)
    rows = _looked_at(job, source, info, timeline, stale, lacking)
    if {shot["shot_id"] for shot in rows.shots} != {shot["shot_id"] for shot in known.shots}:
        return _looked_at(job, source, info, timeline, every, embedders)
    fresh = {
        (row["shot_id"], row["tagger"]): number
        for number, row in enumerate(rows.measures.only("shot_id", "tagger"))
    }
    pairs = ((shot["shot_id"], tagger.name) for shot in rows.shots for tagger in every)
    found = (
        rows.measures[fresh[pair]] if pair in fresh else known.measures[kept[pair]]
        for pair in pairs
    )
    measures = Packed("measures", found)
    names = ", ".join(tagger.name for tagger in stale)
    said = {
        "device_reason": f"{rows.film['device_reason']}; looked at again for {names}",
        "notes": [*rows.film["notes"], *known.standing_notes(stale, is_seen_anew=True)],
    }
    embeddings = [*embedded, *rows.embeddings]
    return replace(rows, film=rows.film | said, measures=measures, embeddings=embeddings)


def _measured_again(
    job: FilmJob,
    source: Source,
    info: VideoInfo,
    timeline: Timeline,
    known: KnownFilm,
    every: Sequence[Tagger],
    embedders: Sequence[Embedder],
) -> FilmRows:
    """Show the frames that were sampled before to taggers that have not measured them as now; to
    new ones, those that any was shown who samples. To embedders, a still a shot."""
    from curation.analysis.hearing import hear
    from curation.analysis.look import embed, measure
    from curation.analysis.vectors import standing, stills_of

    kept, stale = known.standing(every)
    shots = sorted(known.shots, key=lambda shot: int(shot["shot_index"]))
    eyes, ears = _parted(stale)
    at = known.frames_for(eyes, every)
    shown, count = (
        measure(source, info, timeline, eyes, at, exhaustive=job.exhaustive) if eyes else ([], 0)
    )
    heard = hear(source, info, timeline, ears)
    series = [*shown, *heard.series]
    embedded, lacking = standing(known.embeddings, embedders)
    stills = stills_of(shots, known.embeddings)
    vectors, more = embed(source, info, timeline, lacking, stills, exhaustive=job.exhaustive)
    embeddings = [*embedded, *(row for each in vectors for row in each.rows(shots))]
    fresh = {each.name: each for each in series}
    found = (
        fresh[tagger.name].measured(shot)
        if tagger.name in fresh
        else known.measures[kept[shot["shot_id"], tagger.name]]
        for shot in shots
        for tagger in every
    )
    measures = Packed("measures", found)
    names = ", ".join(_costs([*series, *vectors])) or "nothing"
    said = {
        "device": "cpu",
        "device_reason": f"measured again: {names}",
        "frames_decoded": count + more,
        "notes": [
            *known.standing_notes(stale, is_seen_anew=False),
            *heard.notes,
            *_missing([*series, *vectors]),
        ],
        "tagger_cpu_s": _costs([*series, *vectors]),
    }
    notes = known.cut_list_notes
    return FilmRows(said, shots, measures, cut_list_notes=notes, embeddings=embeddings)


def _parted(every: Sequence[Tagger]) -> tuple[list[Tagger], list[Tagger]]:
    """The taggers that see, and those that hear."""
    eyes = [tagger for tagger in every if not tagger.needs.sound]
    return eyes, [tagger for tagger in every if tagger.needs.sound]


def _costs(series: Sequence[Series | Vectors]) -> dict[str, float]:
    """CPU seconds of each tagger and embedder that looked, by name; one that cannot has none."""
    return {each.name: each.cpu_s for each in series if each.missing is None}


def _missing(series: Sequence[Series | Vectors]) -> list[str]:
    return [each.missing for each in series if each.missing is not None]
