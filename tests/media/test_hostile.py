"""What is no film, or a broken or monstrous one: a clear reason, in little time and memory."""

import io
import os
import random
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ffmpeg
import pytest

from curation.analysis import FilmJob, analyse_film
from curation.isolation import Worker
from curation.media import MediaCode, MediaError, frames
from tests.media.barcode import encode, remux, run
from tests.media.test_formats import MPEG2, PRORES, VP9, X264, Options

SECONDS = 10
GROWTH_MB = 250
TRIALS = int(os.environ.get("CURATION_FUZZ", "10"))
SEED = os.environ.get("CURATION_FUZZ_SEED", "1")

BASE: dict[str, Options] = {
    "film.mp4": X264,
    "front.mp4": X264 | {"movflags": "+faststart"},
    "fragments.mp4": X264 | {"movflags": "+frag_keyframe+empty_moov"},
    "film.mkv": X264,
    "film.ts": X264,
    "film.avi": X264,
    "film.mxf": MPEG2 | {"pix_fmt": "yuv422p"},
    "film.mpg": MPEG2,
    "film.webm": VP9,
    "prores.mov": PRORES,
}

Make = Callable[[Path, Path], Path]


def measured(job: FilmJob) -> tuple[dict[str, Any], int]:
    """The film's row, and by how many MiB its analysis raised the process's peak memory."""
    # 5 sets the peak to what is resident now (proc(5)).
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak_mb()
    return analyse_film(job).film, _peak_mb() - before


def _peak_mb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("peak memory is read from /proc")
    with Worker(timeout_s=2 * SECONDS, memory_mb=2048) as child:
        # Its imports are not a film's time.
        child.call(analyse_film, FilmJob("none", "/absent.mp4", "cpu", verify=False))
        yield child


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small film of each container."""
    folder = tmp_path_factory.mktemp("base")
    for name, options in BASE.items():
        encode(folder / name, **options)
    return folder


def judged(worker: Worker, film: Path, growth_mb: int = GROWTH_MB) -> dict[str, Any]:
    """The row of a film, whose analysis kept within its bounds."""
    started = time.monotonic()
    row, growth = worker.call(measured, FilmJob(film.name, str(film), "cpu", verify=False))
    assert time.monotonic() - started < SECONDS
    assert growth < growth_mb
    assert row["status"] == "analysed" or len(row["message"]) > 30
    return row


def written(data: bytes | str) -> Make:
    def make(base: Path, film: Path) -> Path:
        film.write_bytes(data.encode() if isinstance(data, str) else data)
        return film

    return make


def cut(share: float) -> Make:
    def make(base: Path, film: Path) -> Path:
        whole = (base / film.name).read_bytes()
        film.write_bytes(whole[: round(len(whole) * share)])
        return film

    return make


def noisy(base: Path, film: Path) -> Path:
    whole = (base / film.name).read_bytes()
    head = whole[: min(1500, len(whole) // 3)]
    film.write_bytes(head + random.Random(1).randbytes(200_000))
    return film


def patched(box: bytes, offset: int, *values: int) -> Make:
    """film.mp4 with 32-bit values written `offset` bytes into a box's content."""

    def make(base: Path, film: Path) -> Path:
        data = bytearray((base / "film.mp4").read_bytes())
        at = data.index(box) + 4 + offset
        data[at : at + 4 * len(values)] = struct.pack(f">{len(values)}I", *values)
        film.write_bytes(data)
        return film

    return make


def many_edits(count: int) -> Make:
    def make(base: Path, film: Path) -> Path:
        data = (base / "film.mp4").read_bytes()
        at = data.index(b"elst")
        entries = b"".join(struct.pack(">III", 40, k % 1000, 1 << 16) for k in range(count))
        box = struct.pack(">I4sII", 16 + len(entries), b"elst", 0, count) + entries
        old = int.from_bytes(data[at - 4 : at])
        longer = bytearray(data[: at - 4] + box + data[at - 4 + old :])
        for parent in (b"edts", b"trak", b"moov"):
            start = longer.index(parent) - 4
            size = int.from_bytes(longer[start : start + 4]) + len(box) - old
            longer[start : start + 4] = struct.pack(">I", size)
        film.write_bytes(longer)
        return film

    return make


def cluster_at(ticks: int) -> Make:
    """film.mkv with its first cluster at a time of `ticks` milliseconds."""

    def make(base: Path, film: Path) -> Path:
        data = (base / "film.mkv").read_bytes()
        cluster = data.index(bytes.fromhex("1f43b675"))
        at = data.index(b"\xe7\x81\x00", cluster)
        longer = bytearray(data[:at] + b"\xe7\x88" + ticks.to_bytes(8) + data[at + 3 :])
        for start in (cluster + 4, data.index(bytes.fromhex("18538067")) + 4):
            length = 9 - longer[start].bit_length()
            size = int.from_bytes(longer[start : start + length]) + 7
            longer[start : start + length] = size.to_bytes(length)
        film.write_bytes(longer)
        return film

    return make


def wide(base: Path, film: Path) -> Path:
    """A film of raw pictures whose AVI header says that they are 30,000 pixels wide."""
    run(ffmpeg.output(lavfi("color=s=64x64:d=0.2"), str(film), vcodec="rawvideo"))
    data = film.read_bytes()
    film.write_bytes(data[:600].replace(struct.pack("<I", 64), b"\x30\x75\0\0") + data[600:])
    return film


def lavfi(graph: str) -> Any:
    return ffmpeg.input(graph, format="lavfi")


def drawn(graph: str, **options: Any) -> Make:
    def make(base: Path, film: Path) -> Path:
        run(ffmpeg.output(lavfi(graph), f"file:{film}", **options))
        return film

    return make


def endless_box(base: Path, film: Path) -> Path:
    """A film behind whose index a box of 2^64 - 1 bytes begins."""
    film.write_bytes((base / "film.mp4").read_bytes() + b"\0\0\0\1free" + b"\xff" * 8)
    return film


def cover_alone(base: Path, film: Path) -> Path:
    cover = drawn("color=s=64x64", vframes=1)(base, film.with_name("cover.png"))
    parts = (lavfi("sine=d=1"), ffmpeg.input(str(cover)))
    given = {"acodec": "aac", "vcodec": "png", "disposition:v:0": "attached_pic"}
    run(ffmpeg.output(*parts, str(film), **given))
    return film


def subtitles_alone(base: Path, film: Path) -> Path:
    text = film.with_name("words.srt")
    text.write_text("1\n00:00:00,000 --> 00:00:02,000\nHello.\n")
    run(ffmpeg.output(ffmpeg.input(str(text)), str(film)))
    return film


def locked(base: Path, film: Path) -> Path:
    keys: Options = {"encryption_kid": "a7" * 16, "encryption_key": "76" * 16}
    return remux(base / "film.mp4", film, encryption_scheme="cenc-aes-ctr", **keys)


def folder(base: Path, film: Path) -> Path:
    film.mkdir()
    return film


def pipe(base: Path, film: Path) -> Path:
    os.mkfifo(film)
    return film


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://192.0.2.1/x.ts\n#EXT-X-ENDLIST\n"
HUGE = 0xFFFFFFFF

REFUSED: list[tuple[str, Make, str]] = [
    ("zero.mp4", written(b""), "EMPTY_FILE"),
    ("text.mp4", written("These are the notes of the editor.\n" * 100), "CANNOT_OPEN"),
    ("playlist.mp4", written(HLS), "CANNOT_OPEN"),
    ("noise.mp4", written(random.Random(2).randbytes(100_000)), "CANNOT_OPEN"),
    ("folder.mp4", folder, "CANNOT_OPEN"),
    ("pipe.mp4", pipe, "CANNOT_OPEN"),
    ("still.png", drawn("color=s=64x64", vframes=1), "CANNOT_OPEN"),
    ("still.jpg", drawn("color=s=64x64", vframes=1), "CANNOT_OPEN"),
    ("sound.mp4", drawn("sine=d=1", acodec="aac"), "NO_VIDEO"),
    ("cover.m4a", cover_alone, "NO_VIDEO"),
    ("words.mkv", subtitles_alone, "NO_VIDEO"),
    ("locked.mp4", locked, "ENCRYPTED"),
    ("film.mp4", cut(0.6), "CANNOT_OPEN"),
    ("prores.mov", cut(0.6), "CANNOT_OPEN"),
    ("front.mp4", cut(0.6), "TRUNCATED"),
    ("fragments.mp4", cut(0.6), "TRUNCATED"),
    ("film.mkv", cut(0.6), "TRUNCATED"),
    ("film.webm", cut(0.6), "TRUNCATED"),
    ("film.mxf", cut(0.6), "TRUNCATED"),
    ("film.ts", cut(0.6), "TRUNCATED"),
    ("film.avi", cut(0.8), "TRUNCATED"),
    ("film.mp4", noisy, "CANNOT_OPEN"),
    ("prores.mov", noisy, "CANNOT_OPEN"),
    ("fragments.mp4", noisy, "DECODE_FAILED"),
    ("film.mkv", noisy, "DECODE_FAILED"),
    ("film.mxf", noisy, "CANNOT_OPEN"),
    ("film.ts", noisy, "DECODE_FAILED"),
    ("film.mpg", noisy, "DECODE_FAILED"),
    ("film.avi", noisy, "NO_FRAMES"),
    ("wide.avi", wide, "ABSURD_HEADER"),
    ("no_ticks.mp4", patched(b"mdhd", 12, 0), "ABSURD_HEADER"),
    ("fine_ticks.mp4", patched(b"mdhd", 12, HUGE), "ABSURD_HEADER"),
    ("frame_count.mp4", patched(b"stts", 8, HUGE), "ABSURD_HEADER"),
    ("time_table.mp4", patched(b"stts", 4, HUGE), "ABSURD_HEADER"),
    ("size_table.mp4", patched(b"stsz", 8, HUGE), "CANNOT_OPEN"),
    ("one_size.mp4", patched(b"stsz", 4, 1, 0x0FFFFFFF), "NO_FRAMES"),
    ("far_chunk.mp4", patched(b"stco", 8, 0xFFFFFFF0), "NO_FRAMES"),
    ("late_edit.mp4", patched(b"elst", 12, 0x7FFFFFFF), "NO_FRAMES"),
    ("edit_count.mp4", patched(b"elst", 4, 0x7FFFFFFF), "ABSURD_HEADER"),
    ("edits.mp4", many_edits(1_000_000), "ABSURD_HEADER"),
    ("endless.mp4", endless_box, "TRUNCATED"),
    ("distant.mkv", cluster_at(1 << 50), "ABSURD_HEADER"),
    ("overflow.mkv", cluster_at(1 << 62), "ABSURD_HEADER"),
    ("negative.mkv", cluster_at((1 << 64) - 1), "NO_TIMESTAMPS"),
]


@pytest.mark.parametrize(
    ("name", "make", "code"),
    REFUSED,
    ids=[f"{n}-{name}-{code}" for n, (name, _, code) in enumerate(REFUSED)],
)
def test_fails_with_a_clear_reason(
    worker: Worker, base: Path, tmp_path: Path, name: str, make: Make, code: str
) -> None:
    row = judged(worker, make(base, tmp_path / name))
    assert (row["status"], row["reasons"]) == ("failed", [code]), row["message"]


THROUGH_A_FILE = ("film.mkv", "film.mxf", "film.ts", "front.mp4", "edits.mp4", "zero.mp4")


@pytest.mark.parametrize(
    ("name", "make", "code"), [case for case in REFUSED if case[0] in THROUGH_A_FILE]
)
def test_a_file_object_fails_for_the_same_reason(
    base: Path, tmp_path: Path, name: str, make: Make, code: str
) -> None:
    source = io.BytesIO(make(base, tmp_path / name).read_bytes())
    with pytest.raises(MediaError) as caught:
        list(frames(source, width=32, device="cpu"))
    assert caught.value.code == code
    assert not source.closed


def gap(base: Path, film: Path) -> Path:
    return encode(film, times="'N*3600+gt(N\\,20)*90000*7200'", **X264)


def joined(base: Path, film: Path, size: tuple[int, int], **options: Any) -> Path:
    part = encode(film.with_name("part.ts"), size=size, output_ts_offset=2, **options)
    film.write_bytes((base / "film.ts").read_bytes() + part.read_bytes())
    return film


def resized(base: Path, film: Path) -> Path:
    return joined(base, film, (320, 192), **X264)


def recoloured(base: Path, film: Path) -> Path:
    return joined(base, film, (160, 96), **(X264 | {"pix_fmt": "yuv444p"}))


def turned(base: Path, film: Path) -> Path:
    run(
        ffmpeg.output(
            ffmpeg.input(str(base / "film.mp4"), display_rotation=90), str(film), c="copy"
        )
    )
    return film


def squeezed(base: Path, film: Path) -> Path:
    return encode(film, vf="setsar=2", **X264)


ODD: list[tuple[str, Make, dict[str, Any]]] = [
    ("one.mp4", drawn("color=s=64x64", vframes=1, vcodec="libx264"), {"frames": 1}),
    ("pixel.mkv", drawn("color=s=1x1:d=1", vcodec="ffv1", pix_fmt="gray"), {"frames": 25}),
    ("moves.gif", drawn("testsrc=s=64x64:d=1"), {"frames": 25}),
    ("moves.png", drawn("testsrc=s=64x64:d=1", f="apng"), {"frames": 25}),
    ("gap.mp4", gap, {"frames": 50, "variable_rate": True, "duration_s": 7202.0}),
    ("gap.mkv", gap, {"frames": 50, "variable_rate": True}),
    ("resized.ts", resized, {"frames": 100, "width": 160, "height": 96}),
    ("recoloured.ts", recoloured, {"frames": 100}),
    ("turned.mp4", turned, {"frames": 50, "width": 96, "height": 160}),
    ("squeezed.mp4", squeezed, {"frames": 50, "width": 320, "height": 96}),
    ("edits.mp4", many_edits(1000), {"frames": 487}),
    ("film_clock.mp4", patched(b"mvhd", 12, 0), {"frames": 50}),
    ("distant.mkv", cluster_at(1 << 40), {"frames": 50, "start_pts": 1 << 40}),
]


@pytest.mark.parametrize(("name", "make", "facts"), ODD, ids=[name for name, _, _ in ODD])
def test_odd_films_are_films(
    worker: Worker, base: Path, tmp_path: Path, name: str, make: Make, facts: dict[str, Any]
) -> None:
    row = judged(worker, make(base, tmp_path / name))
    assert row["status"] == "analysed", row["message"]
    assert {key: row[key] for key in facts} == facts


@pytest.mark.parametrize(("size", "growth_mb"), [("7680x4320", 600), ("16000x12000", 1500)])
def test_great_pictures_take_memory_by_their_size(
    worker: Worker, base: Path, tmp_path: Path, size: str, growth_mb: int
) -> None:
    options = {"vcodec": "mjpeg", "pix_fmt": "yuvj420p", "q:v": 20}
    film = drawn(f"color=s={size}:d=0.08", **options)(base, tmp_path / "great.mov")
    assert judged(worker, film, growth_mb)["frames"] == 2


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """A film with some of its bytes flipped, zeroed, cut out, doubled, or cut off."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 3, 10))):
        at, length = chance.randrange(len(data)), chance.randrange(1, 1 + len(data) // 20)
        match chance.randrange(6):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at] ^= 1 << chance.randrange(8)
            case 2:
                data[at : at + length] = bytes(len(data[at : at + length]))
            case 3:
                del data[at : min(at + length, len(data) - 1)]
            case 4:
                data[at:at] = data[at : at + length]
            case _:
                data[at : at + 4] = chance.choice((b"\xff" * 4, b"\x7f\xff\xff\xff", bytes(4)))
    return bytes(data[: chance.randrange(1, len(data))] if chance.random() < 0.15 else data)


KNOWN = {code.name for code in MediaCode}


@pytest.mark.parametrize("name", BASE)
def test_damage_ends_in_rows_or_in_a_reason(
    worker: Worker, base: Path, tmp_path: Path, name: str
) -> None:
    chance = random.Random(f"{name} {SEED}")
    whole = (base / name).read_bytes()
    for trial in range(TRIALS):
        film = tmp_path / f"{trial}-{name}"
        film.write_bytes(damaged(whole, chance))
        row = judged(worker, film)
        assert row["status"] == "analysed" or set(row["reasons"]) <= KNOWN, row["message"]
        film.unlink()
