"""One film to the rows that it adds to the tables."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import curation
from curation.analysis.failure import ANALYSIS_FAILED, PASSING, TAGGER_FAILED, TaggerFault
from curation.analysis.keys import shots_key, work_key
from curation.analysis.measured import labels
from curation.storage import READ_FAILED, Place, StorageError

if TYPE_CHECKING:
    from curation.analysis.measured import Series
    from curation.media import Source, Timeline, VideoInfo
    from curation.tags import Tagger

Row = dict[str, Any]


@dataclass(frozen=True)
class KnownFilm:
    """Rows of ``shots`` and ``measures`` that an earlier analysis stored of a film."""

    shots: list[Row]
    measures: list[Row]


@dataclass(frozen=True)
class FilmJob:
    """One film to analyse: its content, where its bytes lie, and how to look at them.

    ``verify``: the bytes must have that SHA-256; a film that is only looked at needs none.
    ``known``: what is stored already; what of it is still good is not measured again.
    """

    asset_sha256: str
    url: str
    device: str = "auto"
    exhaustive: bool = False
    verify: bool = True
    known: KnownFilm | None = None


@dataclass(frozen=True)
class FilmRows:
    """What one film adds to the tables ``films``, ``shots``, ``measures`` and ``tags``."""

    film: Row
    shots: list[Row] = field(default_factory=list)
    measures: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)


def failed_film(asset_sha256: str, reason: str, message: str, *, exhaustive: bool = False) -> Row:
    """The row of a film that could not be analysed; one whose reason may pass has no work key."""
    final = reason not in PASSING
    return {
        "asset_sha256": asset_sha256,
        "work_key": work_key(asset_sha256, exhaustive=exhaustive) if final else "",
        "status": "failed",
        "reasons": [reason],
        "message": message,
        "code_version": curation.__version__,
        "analysed_at": datetime.now(UTC),
    }


def analyse_film(job: FilmJob) -> FilmRows:
    """Look at a film once; find its shots, measure and tag them.

    A film that cannot be read, is not the content it should be, or on which a tagger fails, ends
    as a row with status ``failed``, its reason and a message.
    """
    started = time.process_time()
    rows = _attempt(job)
    film = {
        "asset_sha256": job.asset_sha256,
        "work_key": work_key(job.asset_sha256, exhaustive=job.exhaustive),
        "code_version": curation.__version__,
        "analysed_at": datetime.now(UTC),
        **rows.film,
        "cpu_s": round(time.process_time() - started, 3),
    }
    return FilmRows(film, rows.shots, rows.measures, rows.tags)


def _attempt(job: FilmJob) -> FilmRows:
    from curation.media import MediaError

    place = Place.parse(job.url)
    try:
        with place.verified(job.asset_sha256) if job.verify else place.source() as source:
            return _analyse(job, source)
    except MediaError as error:
        reason, message = error.code.name, error.message
    except StorageError as error:
        reason, message = error.reason, str(error)
    except TaggerFault as error:
        reason, message = TAGGER_FAILED, str(error)
    except MemoryError as error:
        reason, message = "OUT_OF_MEMORY", f"no memory left: {error}; give films more"
    except OSError as error:
        reason, message = READ_FAILED, f"{job.url}: {error}; try again"
    except Exception as error:  # noqa: BLE001 - a fault that one film brings out stops no other
        reason, message = ANALYSIS_FAILED, f"{type(error).__name__}: {error}; please report it"
    return FilmRows(failed_film(job.asset_sha256, reason, message, exhaustive=job.exhaustive))


def _analyse(job: FilmJob, source: Source) -> FilmRows:
    from curation.analysis.rows import film_row
    from curation.media import probe, read_timeline, scan_of
    from curation.tags import taggers

    info, timeline = probe(source), read_timeline(source)
    scan = scan_of(source, timeline, info)
    info = replace(info, by_fields=scan.by_fields)
    film, every = film_row(info, timeline, scan), taggers()
    if job.known is not None and _still_good(job.known, job):
        shots, measures, said = _measured_again(job, job.known, source, info, timeline, every)
    else:
        shots, measures, said = _looked_at(job, source, info, timeline, every)
    said["notes"] = [*film["notes"], *said.get("notes", ())]
    by_name = {tagger.name: tagger for tagger in every}
    tags = [tag for row in measures for tag in labels(by_name[row["tagger"]], row)]
    return FilmRows(film | said, shots, measures, tags)


def _looked_at(
    job: FilmJob, source: Source, info: VideoInfo, timeline: Timeline, every: Sequence[Tagger]
) -> tuple[list[Row], list[Row], Row]:
    from curation.analysis.look import look
    from curation.analysis.rows import shot_row
    from curation.media import choose_device

    device = choose_device(job.device)
    seen = look(source, info, timeline, every, device=device.device, exhaustive=job.exhaustive)
    key = shots_key(job.asset_sha256, exhaustive=job.exhaustive)
    shots = [shot_row(job.asset_sha256, key, timeline, shot) for shot in seen.shots]
    measures = [each.measured(shot) for shot in shots for each in seen.series]
    said = {
        "device": device.device,
        "device_reason": device.reason,
        "frames_decoded": seen.frames,
        "notes": [*seen.notes, *_missing(seen.series)],
    }
    return shots, measures, said


def _still_good(known: KnownFilm, job: FilmJob) -> bool:
    """Whether the stored shots are those that would be found now."""
    key = shots_key(job.asset_sha256, exhaustive=job.exhaustive)
    return bool(known.shots) and all(shot["work_key"] == key for shot in known.shots)


def _measured_again(
    job: FilmJob,
    known: KnownFilm,
    source: Source,
    info: VideoInfo,
    timeline: Timeline,
    every: Sequence[Tagger],
) -> tuple[list[Row], list[Row], Row]:
    """Show the frames that were sampled before to taggers that have not measured them as now."""
    from curation.analysis.look import measure

    current = {(tagger.name, tagger.version) for tagger in every}
    kept = [row for row in known.measures if (row["tagger"], row["version"]) in current]
    have = {row["tagger"] for row in kept if row["frames"]}
    stale = [tagger for tagger in every if tagger.name not in have]
    shots = sorted(known.shots, key=lambda shot: int(shot["shot_index"]))
    at = {tagger.name: _sampled(tagger, known) for tagger in stale}
    series, count = (
        measure(source, info, timeline, stale, at, exhaustive=job.exhaustive) if stale else ([], 0)
    )
    fresh = {
        (shot["shot_id"], each.tagger.name): each.measured(shot)
        for shot in shots
        for each in series
    }
    found = {(row["shot_id"], row["tagger"]): row for row in kept} | fresh
    measures = [found[shot["shot_id"], tagger.name] for shot in shots for tagger in every]
    names = ", ".join(each.tagger.name for each in series if each.missing is None) or "nothing"
    return (
        shots,
        measures,
        {
            "device": "cpu",
            "device_reason": f"measured again: {names}",
            "frames_decoded": count,
            "notes": _missing(series),
        },
    )


def _missing(series: Sequence[Series]) -> list[str]:
    return [each.missing for each in series if each.missing is not None]


def _sampled(tagger: Tagger, known: KnownFilm) -> list[int]:
    """The frames that a tagger was shown; if it is new, those that any was."""
    own = {int(f) for row in known.measures if row["tagger"] == tagger.name for f in row["frames"]}
    return sorted(own or {int(frame) for row in known.measures for frame in row["frames"]})
