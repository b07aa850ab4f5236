"""Clips of a release held against their films: both ends are decoded from the film once more.

What a release says of itself, its proofs too, can be written anew by whoever changes it. Where the
films are at hand this is not taken on trust.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from curation.dataset.clips import encoding
from curation.dataset.fault import Fault
from curation.dataset.manifest import Manifest
from curation.dataset.recipe import Recipe, RecipeError, recipe_from
from curation.dataset.shards import paths_of
from curation.dataset.verify.row_check import read_rows
from curation.isolation import Worker, WorkerError
from curation.storage import Place, StorageError

Rows = list[Mapping[str, Any]]


def check_sources(
    release: Place,
    manifest: Manifest,
    films: Mapping[str, str],
    *,
    worker: Worker,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Fault | str]:
    """Compare first and last frame and the times of every clip with its film's, film by film.

    Args:
        films: the place of each film's bytes, by content.

    Yields:
        Faults, and a sentence for each film that could not be asked.
    """
    try:
        recipe = recipe_from(manifest.data["recipe"])
    except RecipeError as error:
        yield f"whether clips are their films': {error}"
        return
    by_film: dict[str, Rows] = {}
    for shard in manifest.shards:
        for row in read_rows(release, manifest, shard)[0] or ():
            by_film.setdefault(row["asset_sha256"], []).append(row)
    for asset, rows in sorted(by_film.items()):
        if asset not in films:
            yield f"whether {len(rows)} clips are those of the film {asset}: it is not at hand"
            continue
        tell(f"holding {len(rows)} clips against {Place.parse(films[asset]).name}")
        try:
            faults = worker.call(_check_film, release, recipe, asset, films[asset], rows)
        except WorkerError as error:
            yield f"whether {len(rows)} clips are those of the film {asset}: {error}"
            continue
        yield from faults


def _check_film(
    release: Place, recipe: Recipe, asset: str, place: str, rows: Rows
) -> list[Fault | str]:
    """The same of one film, in the worker."""
    from curation.media import MediaError

    with tempfile.TemporaryDirectory(prefix="curation-verify-") as name:
        try:
            _unpack(release, rows, Path(name))
            with Place.parse(place).verified(asset) as source:
                return list(_compare(source, recipe, rows, Path(name)))
        except (MediaError, StorageError, tarfile.TarError, OSError, ValueError) as error:
            return [f"whether {len(rows)} clips are those of the film {asset}: {error}"]


def _unpack(release: Place, rows: Rows, folder: Path) -> None:
    """The clips of some rows, out of their shards; what is missing verification has told."""
    for path in sorted({row["clip"]["tar"] for row in rows}):
        wanted = {f"{row['key']}.mp4" for row in rows if row["clip"]["tar"] == path}
        with (release / path).open() as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            for member in tar:
                data = tar.extractfile(member) if member.name in wanted else None
                if data is not None:
                    with (folder / member.name).open("wb") as file:
                        shutil.copyfileobj(data, file)


def _compare(source: Any, recipe: Recipe, rows: Rows, folder: Path) -> Iterator[Fault | str]:
    from curation.media import ClipSpec, Crop, MediaError, read_timeline
    from curation.media.source_proof import prove_from_film

    timeline = read_timeline(source)
    specs: dict[ClipSpec, float] = {}
    by_spec: dict[ClipSpec, Mapping[str, Any]] = {}
    for row in rows:
        clip, start, end = row["clip"], row["clean_start"], row["clean_end"]
        file = folder / f"{row['key']}.mp4"
        if not file.exists():
            continue
        where = _parquet(row)
        if not 0 <= start < end <= len(timeline):
            what = f"its frames {start} to {end} are none of its film, which has {len(timeline)}"
            yield Fault(where, what, row["key"])
            continue
        times = tuple(str(timeline.seconds(index)) for index in (start, end))
        if times != (clip["start_pts"], clip["end_pts"]):
            said = f"{clip['start_pts']} to {clip['end_pts']}"
            yield Fault(
                where,
                f"it says {said} s of its film, where its frames are {times[0]} to {times[1]}",
                row["key"],
            )
        part = Crop.parse(clip["crop"]) if clip.get("crop") else None
        spec = ClipSpec(start, end, file, crop=part, count=row["frames"])
        specs[spec] = 0 if clip.get("copied") else recipe.clip.crf
        by_spec[spec] = row
    for spec, found in prove_from_film(source, specs, encode=encoding(recipe)):
        if isinstance(found, MediaError):
            row = by_spec[spec]
            what = f"it is not its film's: {found.message.removeprefix(f'{spec.path}: ')}"
            yield Fault(row["clip"]["tar"], what, row["key"])


def _parquet(row: Mapping[str, Any]) -> str:
    return paths_of(Path(row["clip"]["tar"]).stem)[1]
