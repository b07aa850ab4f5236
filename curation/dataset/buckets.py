"""Buckets: what all clips of a shard have alike, so that a batch has one shape without padding.

A bucket's key names what the recipe asks for: ``640x360`` is the clips' exact size, ``a178`` their
shape in hundredths (width over height), ``f064`` that they have 64 frames and more, but fewer than
128. Keys go into the shard's name (``train-640x360-f064-000003``) and the sample's ``bucket``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

ALL: Final = "all"
"""The key of clips that have nothing special alike."""
KEY: Final = re.compile(r"(all|[0-9]+x[0-9]+(-f[0-9]+)?|a[0-9]+(-f[0-9]+)?|f[0-9]+)")


def key_of(by: Sequence[str], width: int, height: int, frames: int) -> str:
    """The bucket of a clip of ``width`` by ``height`` pixels and so many frames."""
    parts = []
    if "resolution" in by:
        parts.append(f"{width}x{height}")
    elif "aspect" in by:
        parts.append(f"a{round(100 * width / height):03d}")
    if "length" in by:
        parts.append(f"f{1 << max(0, frames.bit_length() - 1):03d}")
    return "-".join(parts) or ALL


def fitted(width: int, height: int, most: int | None) -> tuple[int, int]:
    """The size of a clip of pictures of ``width`` by ``height``, with at most so many lines."""
    from curation.media.picture import Size, fit_height

    size = fit_height(Size(width, height), most)
    return size.width, size.height


def sql(by: Sequence[str], height: int | None) -> str:
    """The same in DuckDB, of ``width`` and ``height`` of a film as shown, or of the part of it that
    a clip keeps, and a clip's ``frames``.

    Clips have at most ``height`` lines of the film (`curation.media.picture.fit_height`).
    """
    lines = "height" if height is None else f"least(height, {height})"
    high = _even(lines, lines)
    wide = _even(f"width * {high} / height", "width")
    parts = []
    if "resolution" in by:
        parts.append(f"printf('%dx%d', {wide}, {high})")
    elif "aspect" in by:
        parts.append(f"printf('a%03d', round_even(100 * {wide} / {high}, 0)::BIGINT)")
    if "length" in by:
        parts.append("printf('f%03d', pow(2, length(bin(frames)) - 1)::BIGINT)")
    return f"concat_ws('-', {', '.join(parts)})" if parts else f"'{ALL}'"


def _even(value: str, limit: str) -> str:
    return (
        f"greatest(2, least(round_even(({value}) / 2, 0)::BIGINT * 2, ({limit}) // 2 * 2))::BIGINT"
    )


def bucket_of(shard: str) -> str:
    """The bucket of a shard, from its name."""
    return shard.partition("-")[2].rpartition("-")[0] or ALL


def split_of(shard: str) -> str:
    """The split of a shard, from its name."""
    return shard.partition("-")[0]


def name_of(split: str, bucket: str, number: int) -> str:
    """The name of a shard; those of one bucket are counted from 0."""
    middle = "" if bucket == ALL else f"{bucket}-"
    return f"{split}-{middle}{number:06d}"


def is_name(shard: str, split: str) -> bool:
    """Whether a name is one of a shard of this split."""
    head, _, rest = shard.partition("-")
    bucket, _, number = rest.rpartition("-")
    sound = number.isascii() and number.isdigit() and (not bucket or KEY.fullmatch(bucket))
    return head == split and bool(sound)
