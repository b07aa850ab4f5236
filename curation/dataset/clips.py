"""Cutting: the samples of one film become clips and stills in the staging area."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.dataset.plan import Plan
from curation.storage import Place
from curation.tables.store import Store, canonical_json

if TYPE_CHECKING:
    from curation.media import Encoding

CONTENT_CHANGED = "CONTENT_CHANGED"
"""The file is not the one that was analysed and cleared."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One sample to cut: its key and its frames [start, end) in the film."""

    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that was cut, or the reason why it could not be."""

    key: str
    sha256: str = ""
    bytes: int = 0
    frames: int = 0
    width: int = 0
    height: int = 0
    start_pts: str = ""
    end_pts: str = ""
    failure: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def encoding(plan: Plan) -> Encoding:
    """How the recipe wants clips encoded."""
    from curation.media import Encoding

    clip = plan.recipe.clip
    return Encoding(height=clip.height, crf=clip.crf, preset=clip.preset, audio=plan.recipe.sound)


def cut_film(
    store: Store,
    plan: Plan,
    asset_sha256: str,
    cuts: Sequence[Cut],
    *,
    on_clip: Callable[[Clip], None] = lambda _: None,
) -> list[Clip]:
    """Cut all samples of a film in one decode; what an earlier, killed attempt cut is kept.

    A film that cannot be cut gives clips with a ``failure``, never an exception.
    """
    done = {clip.key: clip for clip in _existing(store, plan, asset_sha256)}
    missing = [cut for cut in cuts if cut.key not in done]
    if missing:
        for clip in _cut(store, plan, asset_sha256, missing):
            done[clip.key] = clip
            on_clip(clip)
        report = canonical_json([done[cut.key].to_json() for cut in cuts])
        _report(store, plan, asset_sha256).write_bytes(report.encode())
    return [done[cut.key] for cut in cuts]


def clip_place(store: Store, plan: Plan, key: str, suffix: str) -> Place:
    """Where the clip (``mp4``) or still (``jpg``) of a sample is staged."""
    return store.staging(plan.release_id) / "clips" / f"{key}.{suffix}"


def clips_of(store: Store, plan: Plan) -> dict[str, Clip]:
    """Every clip that was cut for a plan, by sample key."""
    return {clip.key: clip for asset in plan.films for clip in _existing(store, plan, asset)}


def _cut(store: Store, plan: Plan, asset_sha256: str, cuts: Sequence[Cut]) -> list[Clip]:
    from curation.media import ClipSpec, MediaCode, MediaError, write_clips

    film = Place.parse(plan.films[asset_sha256])
    if film.sha256() != asset_sha256:
        return [Clip(cut.key, failure=CONTENT_CHANGED) for cut in cuts]
    with tempfile.TemporaryDirectory(prefix="curation-clips-") as name:
        folder = Path(name)
        specs = [
            ClipSpec(
                start=cut.start,
                end=cut.end,
                path=folder / f"{cut.key}.mp4",
                still=folder / f"{cut.key}.jpg" if plan.recipe.clip.still else None,
            )
            for cut in sorted(cuts, key=lambda c: (c.start, c.end))
        ]
        try:
            with film.source() as source:
                reports = write_clips(source, specs, encode=encoding(plan))
        except MediaError as error:
            return [Clip(cut.key, failure=error.code.name) for cut in cuts]
        lengths = {cut.key: cut.end - cut.start for cut in cuts}
        clips = []
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
                )
            )
        return clips


def _existing(store: Store, plan: Plan, asset_sha256: str) -> list[Clip]:
    place = _report(store, plan, asset_sha256)
    if not place.exists():
        return []
    return [Clip(**clip) for clip in json.loads(place.read_bytes())]


def _report(store: Store, plan: Plan, asset_sha256: str) -> Place:
    return store.staging(plan.release_id) / "cut" / f"{asset_sha256}.json"
