"""One film to shots and tags: a single decode that feeds every detector and every tagger.

Runs inside an isolated worker, so arguments and results are plain values that can be pickled.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import curation
from curation.isolation import tell
from curation.storage import CONTENT_CHANGED, FILE_MISSING, READ_FAILED, Place, StorageError
from curation.tables.store import canonical_json

if TYPE_CHECKING:
    from curation.media import Frame, Source, Timeline, VideoInfo
    from curation.shots import Shot, Transition
    from curation.tags import Tagger

Row = dict[str, Any]

ANALYSIS_VERSION = "1"
ANALYSIS_WIDTH = 320
PROGRESS_S = 15

TAGGER_FAILED, ANALYSIS_FAILED = "TAGGER_FAILED", "ANALYSIS_FAILED"
PASSING = frozenset(
    {FILE_MISSING, CONTENT_CHANGED, READ_FAILED, "TIMED_OUT", "OUT_OF_MEMORY", "NO_CUDA"}
)
"""Reasons that lie in the circumstances: the next run tries again. Every other reason is one of
this content under this code, and final until one of the two changes."""


class TaggerFault(Exception):  # noqa: N818 - TaggerError is the registry's
    """A tagger raised, or gave what is no measure or label; the message names it and the error."""


@dataclass(frozen=True)
class FilmJob:
    """One film to analyse: its content, where its bytes lie, and on which device to decode.

    ``verify``: the bytes must have that SHA-256; a film that is only looked at needs none.
    """

    asset_sha256: str
    url: str
    device: str = "auto"
    verify: bool = True


@dataclass(frozen=True)
class FilmRows:
    """What one film adds to the tables ``films``, ``shots``, ``measures`` and ``tags``."""

    film: Row
    shots: list[Row] = field(default_factory=list)
    measures: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)


def work_key(asset_sha256: str) -> str:
    """Key of the analysis of a film: its content, and the version of all that measures it.

    Label versions are not part of it: labels are recomputed from stored measures.
    """
    from curation.shots import ShotSettings
    from curation.tags import taggers

    return _digest(
        {
            "asset": asset_sha256,
            "analysis": ANALYSIS_VERSION,
            "width": ANALYSIS_WIDTH,
            "shots": ShotSettings().canonical(),
            "taggers": {tagger.name: tagger.version for tagger in taggers()},
        }
    )


def shot_id(asset_sha256: str, start: Fraction, end: Fraction) -> str:
    """Identity of a shot: its film's content and its first and past-last PTS in seconds."""
    text = f"{asset_sha256}:{start}:{end}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def failed_film(asset_sha256: str, reason: str, message: str) -> Row:
    """The row of a film that could not be analysed; one whose reason may pass has no work key."""
    return {
        "asset_sha256": asset_sha256,
        "work_key": "" if reason in PASSING else work_key(asset_sha256),
        "status": "failed",
        "reasons": [reason],
        "message": message,
        "code_version": curation.__version__,
        "analysed_at": datetime.now(UTC),
    }


def analyse_film(job: FilmJob) -> FilmRows:
    """Decode a film once; find its shots, measure and tag them.

    A film that cannot be read, is not the content it should be, or on which a tagger fails, ends
    as a row with status ``failed``, its reason and a message.
    """
    started = time.process_time()
    rows = _attempt(job)
    film = {
        "asset_sha256": job.asset_sha256,
        "work_key": work_key(job.asset_sha256),
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
    return FilmRows(failed_film(job.asset_sha256, reason, message))


@dataclass(frozen=True)
class FoundShots:
    """The shots of one film, for a person or a comparison."""

    name: str
    info: VideoInfo
    timeline: Timeline
    shots: list[Shot]
    transitions: list[Transition]

    def to_truth(self) -> dict[str, Any]:
        """Boundaries in the form that shot-boundary benchmarks compare."""
        from curation.shots import to_truth_json

        pts = [self.timeline.seconds(index) for index in range(len(self.timeline))]
        rate = None if self.timeline.is_variable else self.info.average_rate
        return to_truth_json(self.name, pts, self.transitions, rate)


def find_shots(film: Path, device: str = "auto") -> FoundShots:
    """Find the shots of a film without tagging them.

    Raises:
        MediaError: when the film cannot be read.
    """
    from curation.media import frames, probe, read_timeline
    from curation.shots import ShotDetector, assemble

    info, timeline = probe(str(film)), read_timeline(str(film))
    detector = ShotDetector()
    count = 0
    for frame in frames(str(film), width=ANALYSIS_WIDTH, device=device, timeline=timeline):
        detector.feed(frame)
        count += 1
    _agree(count, timeline)
    transitions = detector.finish()
    shots = assemble(transitions, count, detector.black_spans)
    return FoundShots(film.name, info, timeline, shots, transitions)


def tag_film(
    film: Path, names: Sequence[str] | None = None, device: str = "auto"
) -> Iterator[dict[str, Any]]:
    """The tags of each shot of a film, as ``{"file", "span", "tags": {tagger: {facet: …}}}``.

    A film that cannot be read gives one ``{"file", "error", "message"}``.
    """
    from curation.tags import taggers

    wanted = {tagger.name for tagger in taggers(names)}
    rows = analyse_film(FilmJob(film.name, str(film), device, verify=False))
    if rows.film["status"] != "analysed":
        yield {
            "file": str(film),
            "error": rows.film["reasons"][0],
            "message": rows.film["message"],
        }
    for shot in rows.shots:
        tags: dict[str, dict[str, Any]] = {}
        for tag in rows.tags:
            if tag["shot_id"] == shot["shot_id"] and tag["tagger"] in wanted:
                said = {"label": tag["label"], "confidence": tag["confidence"], **tag["measures"]}
                tags.setdefault(tag["tagger"], {})[tag["facet"]] = said
        yield {
            "file": str(film),
            "span": [shot["start_frame"], shot["end_frame"]],
            "tags": tags,
        }


def labels(tagger: Tagger, measured: Row) -> list[Row]:
    """The rows of ``tags`` that a tagger's labels make of one row of ``measures``.

    Raises:
        TaggerFault: when it raises or gives something else than tags.
    """
    with _blaming(tagger, "label"):
        return [
            {
                "shot_id": measured["shot_id"],
                "asset_sha256": measured["asset_sha256"],
                "tagger": tagger.name,
                "label_version": tagger.label_version,
                "facet": _text(tag.facet),
                "label": _text(tag.label),
                "confidence": round(float(tag.confidence), 4),
                "measures": {
                    n: v for n, v in sorted(_numbers(tag.measures).items()) if isfinite(v)
                },
            }
            for tag in tagger.label(measured["summary"])
        ]


@contextmanager
def _blaming(tagger: Tagger, step: str) -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise TaggerFault(
            f"tagger {tagger.name!r} failed in {step}: {type(error).__name__}: {error}; "
            "repair or uninstall it, then analyse with --retry-failed"
        ) from error


def _numbers(given: object) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise TypeError(f"{given!r:.80} is no mapping of names to numbers")
    return {_text(name): float(value) for name, value in given.items()}


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{given!r:.80} is no text")
    return given


def _analyse(job: FilmJob, source: Source) -> FilmRows:
    from curation.media import choose_device, frames, probe, read_timeline
    from curation.shots import ShotDetector, assemble
    from curation.tags import taggers

    info = probe(source)
    timeline = read_timeline(source)
    device = choose_device(job.device)
    detector = ShotDetector()
    series = [_Series(tagger, info) for tagger in taggers()]
    count, said = 0, time.monotonic()
    for frame in frames(source, width=ANALYSIS_WIDTH, device=device.device, timeline=timeline):
        if time.monotonic() - said > PROGRESS_S:
            said = time.monotonic()
            tell(f"frame {count:,} of {len(timeline):,}")
        detector.feed(frame)
        for each in series:
            each.feed(frame)
        count += 1
    _agree(count, timeline)
    shots = assemble(detector.finish(), count, detector.black_spans)
    key = work_key(job.asset_sha256)
    shot_rows = [_shot_row(job, key, timeline, shot) for shot in shots]
    measures = [
        each.measured(row, shot)
        for shot, row in zip(shots, shot_rows, strict=True)
        for each in series
    ]
    by_name = {each.tagger.name: each.tagger for each in series}
    film = _film_row(info, timeline) | {"device": device.device, "device_reason": device.reason}
    return FilmRows(
        film=film,
        shots=shot_rows,
        measures=measures,
        tags=[tag for row in measures for tag in labels(by_name[row["tagger"]], row)],
    )


def significant(value: float) -> float:
    """A measure to five significant digits.

    Beyond them is noise of the vision libraries, which differs from run to run; without it the same
    film gives the same bytes.
    """
    return float(f"{value:.5g}")


class _Series:
    """What one tagger measured over a whole film: a column a measure, a row a frame it was fed."""

    def __init__(self, tagger: Tagger, info: VideoInfo) -> None:
        from curation.tags import sampler

        self.tagger = tagger
        with _blaming(tagger, "meter"):
            self._wanted = sampler(tagger.needs)
            self._meter = tagger.meter(info)
        self._frames: list[int] = []
        self._pts: list[float] = []
        self._columns: dict[str, list[float]] = {}

    def feed(self, frame: Frame) -> None:
        if not self._wanted(frame):
            return
        with _blaming(self.tagger, "meter"):
            values = _numbers(self._meter(frame))
            if self._frames and values.keys() != self._columns.keys():
                raise ValueError(f"measures {sorted(values)}, but {sorted(self._columns)} before")
        self._frames.append(frame.index)
        self._pts.append(float(frame.pts))
        for name, value in values.items():
            self._columns.setdefault(name, []).append(significant(value))

    def measured(self, row: Row, shot: Shot) -> Row:
        """The row of ``measures`` of one shot, from the frames inside its clean span."""
        import numpy as np

        first, last = np.searchsorted(self._frames, [shot.clean_start, shot.clean_end])
        pts = np.asarray(self._pts[first:last])
        series = {n: np.asarray(column[first:last]) for n, column in self._columns.items()}
        with _blaming(self.tagger, "summarise"):
            summary = _numbers(self.tagger.summarise(series, pts))
        return {
            "shot_id": row["shot_id"],
            "asset_sha256": row["asset_sha256"],
            "tagger": self.tagger.name,
            "version": self.tagger.version,
            "frames": self._frames[first:last],
            "pts_s": pts.tolist(),
            "series": {name: values.tolist() for name, values in series.items()},
            "summary": {n: significant(v) for n, v in summary.items()},
        }


def _agree(decoded: int, timeline: Timeline) -> None:
    """Frame numbers mean nothing unless the decoder and the packets count the same frames."""
    from curation.media import MediaCode, MediaError

    if decoded != len(timeline):
        raise MediaError(
            MediaCode.DECODE_FAILED,
            f"{decoded} frames decoded where the packets promise {len(timeline)}; "
            "the file is damaged, remux or replace it",
        )


def _film_row(info: VideoInfo, timeline: Timeline) -> Row:
    rate = info.average_rate
    return {
        "status": "analysed",
        "reasons": [],
        "message": None,
        "container": info.container,
        "codec": info.codec,
        "width": info.display_width,
        "height": info.display_height,
        "pix_fmt": info.pix_fmt,
        "bit_depth": info.bit_depth,
        "matrix": info.matrix,
        "primaries": info.primaries,
        "transfer": info.transfer,
        "colour_range": info.colour_range,
        "guessed": list(info.guessed),
        "audio_codec": info.audio[0].codec if info.audio else None,
        "frames": len(timeline),
        "variable_rate": timeline.is_variable,
        "rate_num": rate.numerator if rate else None,
        "rate_den": rate.denominator if rate else None,
        "time_base_num": timeline.time_base.numerator,
        "time_base_den": timeline.time_base.denominator,
        "start_pts": int(timeline.pts[0]),
        "end_pts": int(timeline.end),
        "duration_s": float(timeline.seconds(len(timeline)) - timeline.seconds(0)),
        "notes": list(timeline.notes),
    }


def _shot_row(job: FilmJob, key: str, timeline: Timeline, shot: Shot) -> Row:
    start, end = timeline.seconds(shot.start), timeline.seconds(shot.end)
    return {
        "shot_id": shot_id(job.asset_sha256, start, end),
        "asset_sha256": job.asset_sha256,
        "work_key": key,
        "shot_index": shot.index,
        "start_frame": shot.start,
        "end_frame": shot.end,
        "clean_start": shot.clean_start,
        "clean_end": shot.clean_end,
        "start_pts": int(start / timeline.time_base),
        "end_pts": int(end / timeline.time_base),
        "time_base_num": timeline.time_base.numerator,
        "time_base_den": timeline.time_base.denominator,
        "start_s": float(start),
        "end_s": float(end),
        "clean_start_s": float(timeline.seconds(shot.clean_start)),
        "clean_end_s": float(timeline.seconds(shot.clean_end)),
        "transition_in": asdict(shot.transition_in),
        "transition_out": asdict(shot.transition_out),
        "kind": shot.kind,
    }


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:32]
