"""Cutting: the samples of one film become clips and stills in the staging area."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.dataset.plan import Plan, read_samples
from curation.isolation import Worker, WorkerError
from curation.storage import Place, StorageError
from curation.tables.store import Store, canonical_json

if TYPE_CHECKING:
    from curation.dataset.recipe import Recipe
    from curation.media import ClipReport, ClipSpec, Encoding, MediaError, Source

CUT_FAILED = "CUT_FAILED"
"""Cutting raised what it should not have; the films after it are cut all the same."""

MAX_BAD_CLIPS = 8
"""Clips of one film that may fail, each by itself, before the rest of the film is given up."""

_OF_ONE = frozenset({"ENCODE_FAILED", "DECODE_FAILED", "NOT_THE_SHOT", "FRAME_COUNT", "NOT_A_BAR"})
"""Errors that may be of one clip and not of its film."""

_SCRATCH = "curation-clips-"


@dataclass(frozen=True, slots=True)
class Cut:
    """One sample to cut: its key, its frames [start, end) in the film, how many the clip will have,
    whether it may sound, and the part of the picture that it keeps: x, y, width, height; all of it
    where that is None.
    """

    key: str
    start: int
    end: int
    frames: int
    sound: bool = False
    crop: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that was cut, or the reason why it could not be.

    ``proof`` is how its first and last frame, decoded again, compare with the shot's: ``kind``,
    ``first_db`` and ``last_db`` as `curation.media.proof.Proof` has them. ``crop`` is the part of
    the film's picture that it keeps (``640x272+0+44``: width, height, x, y), ``fps`` the constant
    rate that it was given (``24000/1001``); both are empty where nothing was changed. Of
    ``source_frames`` frames of the film that rate left out ``left_out``, and ``repeated`` frames of
    the clip show again what the one before shows.
    """

    key: str
    sha256: str = ""
    bytes: int = 0
    frames: int = 0
    width: int = 0
    height: int = 0
    start_pts: str = ""
    end_pts: str = ""
    deinterlaced: str = ""
    tone_mapped: str = ""
    copied: bool = False
    proof: Mapping[str, Any] | None = None
    crop: str = ""
    fps: str = ""
    source_frames: int = 0
    repeated: int = 0
    left_out: int = 0
    failure: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def encoding(recipe: Recipe) -> Encoding:
    """How a recipe wants clips encoded."""
    from curation.media import Encoding, rate_of

    clip = recipe.clip
    return Encoding(
        fps=None if clip.fps is None else rate_of(clip.fps),
        height=clip.height,
        crf=clip.crf,
        preset=clip.preset,
        audio=bool(recipe.kept_sound),
        hdr=clip.hdr,
        stream_copy=clip.stream_copy == "allow",
    )


def cuts_of(store: Store, plan: Plan, asset_sha256: str) -> list[Cut]:
    """What a plan wants cut from one film."""
    crop = ("crop",) if plan.recipe.clip.crop_bars else ()
    names = ("shot_id", "clean_start", "clean_end", "frames", "has_sound")
    where = {"asset_sha256": asset_sha256}
    rows = read_samples(store, plan.release_id, (*names, *crop), where=where).to_pylist()
    return [
        Cut(
            key=row["shot_id"],
            start=row["clean_start"],
            end=row["clean_end"],
            frames=row["frames"],
            sound=row["has_sound"],
            crop=_part(row.get("crop")),
        )
        for row in rows
    ]


def _part(crop: Mapping[str, int] | None) -> tuple[int, int, int, int] | None:
    return None if crop is None else (crop["x"], crop["y"], crop["width"], crop["height"])


def cut_film(
    store: Store,
    plan: Plan,
    asset_sha256: str,
    cuts: Sequence[Cut],
    *,
    worker: Worker,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Clip]:
    """Cut all samples of a film in one decode, in the worker; what an earlier attempt cut is kept.

    A film that cannot be cut gives clips with a ``failure``, never an exception; what failed is
    tried again by the next attempt.

    Raises:
        StorageError: when the store cannot be written.
    """
    done = {c.key: c for c in _existing(store, plan, asset_sha256) if c.failure is None}
    missing = [cut for cut in cuts if cut.key not in done]
    if missing:
        with _scratch(store, plan) as folder:
            try:
                clips = worker.call(_cut, store, plan, asset_sha256, missing, folder)
            except WorkerError as error:
                clips = [Clip(cut.key, failure=error.reason) for cut in missing]
                tell(f"{len(missing)} clips failed: {error.reason}, {error}")
        done |= {clip.key: clip for clip in clips}
        report = canonical_json([done[cut.key].to_json() for cut in cuts])
        _report(store, plan, asset_sha256).write_bytes(report.encode())
    return [done[cut.key] for cut in cuts]


def clip_place(store: Store, plan: Plan, key: str, suffix: str) -> Place:
    """Where the clip (``mp4``) or still (``jpg``) of a sample is staged."""
    return store.staging(plan.release_id) / "clips" / f"{key}.{suffix}"


def clips_of(store: Store, plan: Plan) -> dict[str, Clip]:
    """Every clip that was cut for a plan, by sample key."""
    return {clip.key: clip for asset in plan.films for clip in _existing(store, plan, asset)}


def _cut(
    store: Store, plan: Plan, asset_sha256: str, cuts: Sequence[Cut], folder: Path
) -> list[Clip]:
    """Cut inside the worker: into ``folder``, and from there into the staging area."""
    from curation.isolation import tell
    from curation.media import MediaCode

    try:
        reports, failed = _write(plan, asset_sha256, cuts, folder)
    except _CutError as error:
        tell(f"{len(cuts)} clips failed: {error.reason}, {error}")
        return [Clip(cut.key, failure=error.reason) for cut in cuts]
    for key, trouble in failed.items():
        tell(f"clip {key} failed: {trouble.code.name}, {trouble.message}")
    lengths = {cut.key: cut.frames for cut in cuts}
    clips = [Clip(key, failure=trouble.code.name) for key, trouble in failed.items()]
    for report in reports:
        key = report.path.stem
        if report.frames != lengths[key]:
            clips.append(Clip(key, failure=MediaCode.FRAME_COUNT.name))
            continue
        clip_place(store, plan, key, "mp4").upload(report.path)
        if plan.recipe.clip.still:
            clip_place(store, plan, key, "jpg").upload(folder / f"{key}.jpg")
        clips.append(
            Clip(
                key=key,
                sha256=report.sha256,
                bytes=report.bytes,
                frames=report.frames,
                width=report.width,
                height=report.height,
                start_pts=str(report.start_pts),
                end_pts=str(report.end_pts),
                deinterlaced=report.deinterlaced,
                tone_mapped=report.tone_mapped,
                copied=report.copied,
                proof=asdict(report.proof),
                crop="" if report.crop is None else str(report.crop),
                fps="" if report.fps is None else str(report.fps),
                source_frames=report.source_frames,
                repeated=report.repeated,
                left_out=report.left_out,
            )
        )
    return clips


class _CutError(Exception):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def _write(
    plan: Plan, asset_sha256: str, cuts: Sequence[Cut], folder: Path
) -> tuple[list[ClipReport], dict[str, MediaError]]:
    from curation.media import ClipSpec, Crop, MediaError

    specs = [
        ClipSpec(
            start=cut.start,
            end=cut.end,
            path=folder / f"{cut.key}.mp4",
            still=folder / f"{cut.key}.jpg" if plan.recipe.clip.still else None,
            sound=cut.sound,
            crop=None if cut.crop is None else Crop(*cut.crop),
            count=cut.frames,
        )
        for cut in sorted(cuts, key=lambda c: (c.start, c.end))
    ]
    try:
        with Place.parse(plan.films[asset_sha256]).verified(asset_sha256) as source:
            return _write_all(source, specs, encoding(plan.recipe))
    except MediaError as error:
        raise _CutError(error.code.name, error.message) from error
    except StorageError as error:
        raise _CutError(error.reason, str(error)) from error
    except Exception as error:
        raise _CutError(CUT_FAILED, f"{type(error).__name__}: {error}") from error


def _write_all(
    source: Source, specs: Sequence[ClipSpec], encode: Encoding
) -> tuple[list[ClipReport], dict[str, MediaError]]:
    """Write the clips in one decode; those that cannot be written come back with their error.

    An error does not say whose it is. So the clips that were not finished are written one by one
    until it comes again, and what is left then goes together once more.
    """
    from curation.media import MediaError, write_clips

    done: list[ClipReport] = []
    failed: dict[str, MediaError] = {}
    left, alone = list(specs), False
    while left:
        batch = left[:1] if alone else left
        try:
            write_clips(source, batch, encode=encode, on_done=done.append)
        except MediaError as error:
            is_of_one = error.code in _OF_ONE
            if not is_of_one or len(failed) == MAX_BAD_CLIPS:
                written = {report.path for report in done}
                left = [spec for spec in left if spec.path not in written]
                return done, failed | {spec.path.stem: error for spec in left}
            if len(batch) == 1:
                failed[batch[0].path.stem] = error
            alone = len(batch) > 1
        written = {report.path for report in done}
        left = [s for s in left if s.path not in written and s.path.stem not in failed]
    return done, failed


@contextmanager
def _scratch(store: Store, plan: Plan) -> Iterator[Path]:
    """A folder for half-made clips, where a run that was killed leaves nothing for good.

    In a local store it lies in the staging area, which goes when the release is published. Beside a
    remote one it lies among the system's temporary files, and is removed by the next that comes by
    and finds it without the lock that its maker holds.
    """
    if store.place.is_local:
        parent = (store.staging(plan.release_id) / "cutting").local
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent) as name:
            yield Path(name)
        return
    for left in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        with _held(left) as free:
            if free:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as name, _held(Path(name)):
        yield Path(name)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder; false where another process holds it, or it is not ours."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = True
    except BlockingIOError:
        free = False
    try:
        yield free
    finally:
        os.close(handle)


def _existing(store: Store, plan: Plan, asset_sha256: str) -> list[Clip]:
    place = _report(store, plan, asset_sha256)
    if not place.exists():
        return []
    return [Clip(**clip) for clip in json.loads(place.read_bytes())]


def _report(store: Store, plan: Plan, asset_sha256: str) -> Place:
    return store.staging(plan.release_id) / "cut" / f"{asset_sha256}.json"
