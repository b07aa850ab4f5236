"""The Parquet file of a shard: its rows have the shape and say what the manifest says."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from curation.dataset import buckets
from curation.dataset.fault import Fault
from curation.dataset.manifest import Manifest, total_seconds
from curation.dataset.parquet_shards import BYTES
from curation.dataset.shards import Shard, clip_type, paths_of
from curation.storage import Place, StorageError
from curation.tables.store import rows_of

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 100_000
"""As many as a recipe may ask for in one shard."""

MOST_BYTES = 4 << 30
"""Of one file, and of the rows of one shard in memory."""

_BATCH = 256
_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")
_CAME_LATER = (
    *("deinterlaced", "tone_mapped", "copied", "proof"),
    *("crop", "fps", "source_frames", "repeated", "left_out"),
)
"""Of a clip, in this order; releases made before one was written are as good as ever."""


def read_rows(
    release: Place, manifest: Manifest, shard: Shard
) -> tuple[list[dict[str, Any]] | None, list[Fault]]:
    """The rows of a shard, or None where they have no shape to work with; and every fault."""
    import pyarrow as pa

    _, path = paths_of(shard.name)
    try:
        table, what = _table(release / path)
        clips = table.column(BYTES) if table is not None and BYTES in table.column_names else None
        table = table.drop_columns([BYTES]) if table is not None and clips is not None else table
        rows = rows_of(table) if table is not None else []
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        return None, [Fault(path, f"cannot be read as Parquet: {error}")]
    except (StorageError, RecursionError, MemoryError) as error:
        return None, [Fault(path, f"cannot be read: {error}")]
    if table is None:
        return None, [Fault(path, what)]
    shapeless = [Fault(path, what) for what in _columns(table)] or list(_nulls(path, rows))
    if shapeless:
        return None, shapeless
    faults = [Fault(path, what, row["key"]) for row in rows for what in _row(manifest, shard, row)]
    faults += [Fault(path, what, key) for key, what in _clips(manifest, rows, clips)]
    if len(rows) != shard.samples:
        faults.append(Fault(path, f"{len(rows)} rows, the manifest says {shard.samples}"))
    seconds = total_seconds(row["seconds"] for row in rows)
    if seconds != shard.seconds:
        faults.append(Fault(path, f"{seconds} seconds, the manifest says {shard.seconds}"))
    counted = Counter(row["key"] for row in rows)
    faults += [Fault(path, f"{n} rows have this key", key) for key, n in counted.items() if n > 1]
    return rows, faults


def _table(place: Place) -> tuple[pa.Table | None, str]:
    """The table, or why it is not read; no more than a batch beyond the bound is ever held."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if (size := place.entry().size) > MOST_BYTES:
        return None, f"has {size} bytes; this code reads up to {MOST_BYTES}"
    with place.open() as stream, pq.ParquetFile(stream) as file:
        if file.metadata.num_rows > MOST_ROWS:
            return None, f"{file.metadata.num_rows} rows; a shard has {MOST_ROWS} at most"
        batches, held = [], 0
        for batch in file.iter_batches(batch_size=_BATCH):
            batches.append(batch)
            held += batch.nbytes
            if held > MOST_BYTES:
                return None, f"its rows need more than {MOST_BYTES} bytes"
        return pa.Table.from_batches(batches, schema=file.schema_arrow), ""


def _clips(
    manifest: Manifest, rows: list[dict[str, Any]], clips: pa.ChunkedArray | None
) -> Iterator[tuple[str | None, str]]:
    """What is wrong with the clips' bytes in the table, by key."""
    asked = bool(manifest.data["recipe"].get("shard", {}).get("clip_bytes", False))
    if asked != (clips is not None):
        yield None, f"the recipe {'asks' if asked else 'does not ask'} for a column {BYTES!r}"
    for row, clip in zip(rows, clips or (), strict=False):
        data = clip.as_buffer() if hasattr(clip, "as_buffer") else None
        if data is None or hashlib.sha256(data).hexdigest() != row["clip"]["sha256"]:
            yield row["key"], f"its {BYTES} has another SHA-256 than its row"


def _columns(table: pa.Table) -> Iterator[str]:
    """What is wrong with the columns that verification needs."""
    import pyarrow as pa

    names = Counter(table.column_names)
    yield from (f"{n} columns are called {name!r}" for name, n in names.items() if n > 1)
    text = ("key", "shot_id", "asset_sha256", "work_id")
    whole = ("clean_start", "clean_end", "frames")
    wanted = {
        **dict.fromkeys(text, pa.string()),
        **dict.fromkeys(whole, pa.int64()),
        "seconds": pa.float64(),
    }
    of_clips = [
        pa.struct([f for f in clip_type() if f.name not in _CAME_LATER[since:]])
        for since in reversed(range(len(_CAME_LATER) + 1))
    ]
    types = {field.name: field.type for field in table.schema}
    for name, kind in wanted.items():
        if name not in types:
            yield f"has no column {name!r}"
        elif types[name] != kind:
            yield f"its column {name!r} is {types[name]}, not {kind}"
    if "clip" not in types:
        yield "has no column 'clip'"
    elif types["clip"] not in of_clips:
        yield f"its column 'clip' is {types['clip']}, not {of_clips[0]}"
    if "rights" not in types:
        yield "has no column 'rights'"
    elif not pa.types.is_struct(types["rights"]):
        yield f"its column 'rights' is {types['rights']}, not a struct"


def _nulls(path: str, rows: list[dict[str, Any]]) -> Iterator[Fault]:
    """Rows that lack what verification needs of each, or have a key that is no name."""
    names = ("key", "shot_id", "asset_sha256", "work_id", "clean_start", "clean_end", "frames")
    for number, row in enumerate(rows):
        key = row["key"]
        if key is None or not _KEY.fullmatch(key):
            yield Fault(path, f"row {number} has the key {key!r}, which names no sample")
            continue
        missing = [n for n in (*names, "seconds", "rights", "clip") if row[n] is None]
        clip = row["clip"] or {}
        missing += [f"clip.{n}" for n in clip if clip[n] is None and n != "still_sha256"]
        yield from (Fault(path, f"its {name} is null", key) for name in missing)
        if row["seconds"] is not None and not 0 <= row["seconds"] < float("inf"):
            yield Fault(path, f"its seconds are {row['seconds']}", key)


def _row(manifest: Manifest, shard: Shard, row: Mapping[str, Any]) -> Iterator[str]:
    """What a row says that its manifest does not, or that cannot be."""
    rights, clip = row["rights"], row["clip"]
    if row["key"] != row["shot_id"]:
        yield f"its shot_id is {row['shot_id']!r}, not its key"
    if rights.get("outcome") != "ALLOW":
        yield f"its decision is {rights.get('outcome')}, not ALLOW"
    if rights.get("rulebook_sha256") != manifest.data["rulebook_sha256"]:
        yield "its decision was made under another rulebook than the manifest's"
    for name, value in manifest.request.items():
        found = rights.get(name)
        if found != value and not (name == "components" and _is_part("picture", found, value)):
            yield f"cleared for {name} {found!r}, the manifest asks for {value!r}"
    yield from _frames(manifest, row)
    yield from _crop(manifest, clip)
    tar, _ = paths_of(shard.name)
    if clip["tar"] != tar:
        yield f"it says that it lies in {clip['tar']!r}, not in {tar}"
    by = manifest.data["recipe"].get("shard", {}).get("buckets", ())
    bucket = buckets.key_of(by, clip["width"], clip["height"], clip["frames"])
    if bucket != buckets.bucket_of(shard.name):
        yield f"it is of the bucket {bucket}, not of {shard.name}'s"
    if (clip["still_sha256"] is not None) != manifest.still:
        asked = "asks for stills" if manifest.still else "asks for no still"
        yield f"its still_sha256 is {clip['still_sha256']!r}, but the recipe {asked}"


def _frames(manifest: Manifest, row: Mapping[str, Any]) -> Iterator[str]:
    """What does not add up among a clip's frames and those of its span."""
    clip, span = row["clip"], row["clean_end"] - row["clean_start"]
    rate, asked = clip.get("fps", ""), _rate(manifest.data["recipe"].get("clip", {}).get("fps"))
    repeated, left_out = (clip.get(name, 0) for name in ("repeated", "left_out"))
    if rate != asked:
        yield f"its frame rate is {rate!r}, the recipe asks for {asked!r}"
    if not rate and (repeated or left_out):
        yield f"{repeated} frames repeated and {left_out} left out without a frame rate"
    if clip.get("source_frames", span) != span:
        yield f"cut of {clip['source_frames']} frames, its span has {span}"
    shown = clip["frames"] - repeated
    if clip["frames"] != row["frames"] or min(shown, span) < 1 or shown != span - left_out:
        where = f"{row['clean_start']} to {row['clean_end']} ({row['frames']} frames)"
        yield f"{clip['frames']} frames cut of a span of {where}"


def _rate(fps: float | None) -> str:
    """A recipe's rate as its clips say it; empty for none."""
    from curation.media import rate_of

    return "" if fps is None else str(rate_of(fps))


def _crop(manifest: Manifest, clip: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the part of the picture that a clip says it keeps."""
    said = clip.get("crop", "")
    if not said:
        return
    from curation.media import Crop

    asked = manifest.data["recipe"].get("clip", {})
    if not asked.get("crop_bars"):
        yield f"it is cropped to {said!r}, and the recipe asks for no crop"
    try:
        part = Crop.parse(said)
    except ValueError as error:
        yield f"its crop: {error}"
        return
    size = buckets.fitted(part.width, part.height, asked.get("height"))
    if size != (clip["width"], clip["height"]):
        yield f"{clip['width']} by {clip['height']}, cropped to {said}"


def _is_part(needed: str, found: object, asked: object) -> bool:
    """Whether a clip was cleared for some of what was asked, the needed among it."""
    return (
        isinstance(found, list)
        and isinstance(asked, list)
        and needed in found
        and all(one in asked for one in found)
    )
