"""Clips of a constant rate and without bars, from the recipe to the verified release."""

import re
import shutil
import subprocess
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import imageio_ffmpeg
import pyarrow.dataset as ds
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from curation import stages
from curation.dataset.columns import Column
from curation.dataset.manifest import Manifest
from curation.dataset.recipe import ClipSection
from curation.dataset.selection.cropping import WIDTH, with_crop
from curation.dataset.selection.spans import frames_sql
from curation.dataset.verify import row_check
from curation.media import rate_of
from curation.media.cadence import count_at
from curation.media.picture import _even
from curation.settings import Settings
from curation.tables import Store
from tests.dataset.conftest import KNOWN_AT, ROOT, recipe

KNOWN = {"lighting.bars.label": Column(("lighting", "bars", "label"), is_number=False)}
CONNECTION = duckdb.connect()


def cropped(width: int, height: int, label: str, **bars: float) -> dict[str, int] | None:
    """As planned, of a film of this size."""
    names = ("bar_top", "bar_bottom", "bar_left", "bar_right")
    said = {name: bars.get(name, 0.0) for name in names} | {"label": label}
    shots = "(SELECT ? AS width, ? AS height, {'bars': ?} AS lighting)"
    ((part,),) = CONNECTION.execute(
        f"SELECT crop FROM {with_crop(shots, ClipSection(crop_bars=True), KNOWN)}",
        [width, height, said],
    ).fetchall()
    found: dict[str, int] | None = part
    return found


@effort(max_examples=80, deadline=None)
@given(st.integers(64, 4096), st.integers(64, 2304), st.integers(0, 50), st.integers(0, 3))
def test_what_is_kept_is_even_and_all_that_is_no_bar(
    width: int, height: int, lines: int, more: int
) -> None:
    measured = _even(height * min(WIDTH, width) / width, height)
    top, bottom = min(lines, measured // 4), min(lines + more, measured // 4)
    part = cropped(width, height, "letterbox", bar_top=top / measured, bar_bottom=bottom / measured)
    if not top + bottom:
        assert part is None
        return
    if part is None:
        assert height - (top + bottom + 2) * height / measured < 22
        return
    assert {side % 2 for side in part.values()} == {0}
    assert (part["x"], part["width"]) == (0, width // 2 * 2)
    line = height / measured
    below = height - part["y"] - part["height"]
    for taken, bar in ((part["y"], top), (below, bottom)):
        met = line if height > measured and bar else 0
        assert bar * line + met - 1e-6 <= taken <= bar * line + met + 3


def test_what_is_no_bar_for_sure_is_left() -> None:
    assert cropped(1920, 1080, "none", bar_top=0.005, bar_bottom=0.005) is None
    assert cropped(1920, 1080, "unknown", bar_top=0.1, bar_bottom=0.1) is None
    boxed = cropped(1920, 1080, "pillarbox", bar_left=0.125, bar_right=0.125, bar_top=0.01)
    assert boxed == {"x": 246, "y": 0, "width": 1428, "height": 1080}
    assert cropped(320, 180, "letterbox", bar_top=22 / 180, bar_bottom=22 / 180) == {
        "x": 0,
        "y": 22,
        "width": 320,
        "height": 136,
    }
    plain = with_crop("(SELECT 1 AS shot)", ClipSection(), KNOWN)
    assert CONNECTION.execute(f"SELECT crop FROM {plain}").fetchall() == [(None,)]


@effort(max_examples=100, deadline=None)
@given(st.sampled_from([8.0, 12.5, 23.976, 24.0, 29.97, 60.0]), st.integers(1, 20_000))
def test_as_many_frames_are_planned_as_are_cut(fps: float, ticks: int) -> None:
    for base in (Fraction(1, 25), Fraction(1001, 24_000), Fraction(1, 1000)):
        seconds = ticks * base
        ((planned,),) = CONNECTION.execute(
            f"SELECT {frames_sql(ClipSection(fps=fps))} FROM (SELECT ?::DOUBLE AS clip_seconds)",
            [float(seconds)],
        ).fetchall()
        assert planned == count_at(rate_of(fps), seconds)


BAR = 40
"""Lines of 360 that the film's bars have at the top and at the bottom."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A store with Window Seat in letterbox."""
    folder = tmp_path_factory.mktemp("films")
    (folder / "library").mkdir()
    bars = f"drawbox=0:0:iw:{BAR}:black:fill,drawbox=0:ih-{BAR}:iw:{BAR}:black:fill"
    film = ROOT / "examples" / "library" / "window_seat.mp4"
    line = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-t",
        "12",
        "-i",
        str(film),
        "-vf",
        bars,
    ]
    line += ["-preset", "ultrafast", "-crf", "12", "-c:a", "copy"]
    made = folder / "library" / "window_seat.mp4"
    subprocess.run([*line, str(made)], check=True, stdin=subprocess.DEVNULL)
    shutil.copytree(ROOT / "examples" / "catalog", folder / "catalog")
    found = Settings(
        store=str(folder / "store"), library=str(made.parent), catalog=str(folder / "catalog")
    )
    stages.ingest(found, now=KNOWN_AT)
    stages.analyse(found)
    return found


def test_a_release_of_a_constant_rate_without_bars(films: Settings) -> None:
    order = recipe()
    form = {"fps": 9.99, "crop_bars": True, "stream_copy": "allow", "height": None}
    order = order.model_copy(
        update={
            "clip": order.clip.model_copy(update=form),
            "shard": order.shard.model_copy(update={"buckets": ("resolution", "length")}),
        }
    )
    said = " ".join(stages.check_recipe(films, order, known_at=KNOWN_AT).remarks)
    assert "no clip keeps the film's packets, for clip.fps" in said
    done = stages.release(films, order, known_at=KNOWN_AT)
    verified = stages.verify(films, done.release_id)
    assert verified.good, verified.faults
    folder = Store.at(films.store).release(done.release_id).local
    rows = ds.dataset(folder / "parquet", partitioning="hive").to_table().to_pylist()
    assert rows
    assert "crop" not in rows[0]
    for row in rows:
        clip = row["clip"]
        source = row["clean_end"] - row["clean_start"]
        assert (clip["fps"], clip["copied"]) == ("10000/1001", False)
        assert clip["frames"] == row["frames"] == round(source / 24 * 10_000 / 1001)
        assert (clip["source_frames"], clip["repeated"]) == (source, 0)
        assert clip["left_out"] == source - clip["frames"] > 0
        assert row["bucket"].startswith(f"{clip['width']}x{clip['height']}-f")
        assert clip["proof"]["kind"] == "lossy"
        if row["lighting"]["bars"]["label"] == "letterbox":
            wide, high, left, top = map(int, re.findall("[0-9]+", clip["crop"]))
            assert (wide, high) == (clip["width"], clip["height"]) == (640, 360 - 2 * top)
            assert left == 0
            assert BAR <= top <= BAR + 2
        else:
            assert (clip["crop"], clip["width"], clip["height"]) == ("", 640, 360)
    assert sum(bool(row["clip"]["crop"]) for row in rows) > len(rows) / 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"repeated": 1}, "10 frames cut of a span"),
        ({"left_out": 14}, "10 frames cut of a span"),
        ({"source_frames": 24}, "cut of 24 frames, its span has 25"),
        ({"fps": "", "left_out": 0, "frames": 25}, "is '', the recipe asks for '10'"),
        ({"fps": "12"}, "its frame rate is '12', the recipe asks for '10'"),
        ({"crop": "640x280+0+40+0"}, "is no part of a picture"),
        ({"crop": "640x240+0+60"}, "320 by 140, cropped to 640x240"),
    ],
)
def test_a_row_that_does_not_add_up_is_found(change: dict[str, Any], words: str) -> None:
    clip = {"frames": 10, "repeated": 0, "left_out": 15, "source_frames": 25, "fps": "10"}
    clip |= {"crop": "640x280+0+40", "width": 320, "height": 140, **change}
    row = {"clean_start": 0, "clean_end": 25, "frames": clip["frames"], "clip": clip}
    asked = {"fps": 10, "crop_bars": True, "height": 140}
    manifest = cast("Manifest", SimpleNamespace(data={"recipe": {"clip": asked}}))
    found = [*row_check._frames(manifest, row), *row_check._crop(manifest, clip)]
    assert len(found) == bool(words)
    assert words in " ".join(found)
