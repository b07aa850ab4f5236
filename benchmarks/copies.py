"""How well copies of pictures are found: films made anew by FFmpeg, sought among each other.

Three of our own films, on which the thresholds were chosen, and three open films, on which nothing
was, are each made anew in `KINDS`; beside them stand the television cut of one of ours and all
other films there are. Shots are as the detector finds them. A pair of shots of one film's versions
is true where both show the same half second of it, and some still of each is no flat picture;
credits and titles count. What overlaps by less counts neither way, and so do the two encodes of Big
Buck Bunny. Every other pair that is found is false.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import imageio_ffmpeg

from benchmarks.films import ROOT, SHARED, folder
from curation.analysis.film import FilmJob, analyse_film
from curation.console import show
from curation.dataset.selection.duplicates import FLAT, find_duplicates
from curation.storage import Place
from curation.tables import Store
from curation.tables.query import connect

NOW: Final = datetime(2026, 11, 21, tzinfo=UTC)
LIBRARY: Final = ROOT / "examples" / "library"
OURS: Final = ("night_call.mp4", "window_seat.mp4", "courtyard.mp4")
OPEN: Final = (
    "sintel_trailer-720p.mp4",
    "tears-of-steel-battle-clip-medium.webm",
    "agent327_360p.mkv",
)
ENDINGS: Final = (".mp4", ".mkv", ".m4v", ".webm")
TRAILER_S, LENGTH_S = 7, 60
"""Where the trailer begins, and how much of a film the copies hold at most."""
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "320 wide, crf 30": ("-vf", "scale=320:-2", "-crf", "30"),
    "24 to 25 frames a second": ("-vf", "setpts=PTS*24/25", "-r", "25"),
    "brighter, flatter, gamma 1.2": ("-vf", "eq=brightness=0.08:contrast=0.85:gamma=1.2"),
    "letterboxed in 4:3": ("-vf", "pad=iw:ceil(iw*3/8)*2:0:(oh-ih)/2,scale=480:-2"),
    "trailer: twelve seconds of it, 426 wide": ("-t", "12", "-vf", "scale=426:-2", "-crf", "28"),
    "4 % cut off at every edge": ("-vf", "crop=iw*0.92:ih*0.92"),
    "sides cut off, a quarter of the width": ("-vf", "crop=iw*0.75:ih,scale=480:-2"),
    "sides cut off to 4:3, 400 wide": ("-vf", "crop=ih*4/3:ih,scale=400:300"),
    "a quarter of the width, from the side": ("-vf", "crop=iw*0.75:ih:iw*0.06:0,scale=480:-2"),
    "top and bottom cut off, a quarter": ("-vf", "crop=iw:ih*0.75"),
}
TRAILER, PAL = "trailer: twelve seconds of it, 426 wide", "24 to 25 frames a second"
TV: Final = "television cut, 480x270 at 29.97, two shots taken out"
OVERLAP_S, INSIDE_S = 0.5, 0.1
"""What copies share at least; how far inside a shot its ends are placed, clear of what was cut."""


@dataclass(frozen=True)
class Version:
    """A film of which `kind` None is the original; `shown` is the original's second of its own."""

    film: str
    kind: str | None
    shown: Callable[[float], float]


@dataclass(frozen=True)
class Placed:
    """A shot with the seconds of the original that it shows, by itself and with its transitions;
    `bare`: all of it is flat."""

    version: Version
    clean: tuple[float, float]
    whole: tuple[float, float]
    bare: bool


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keep the films here, or use those that are")
    options = parser.parse_args()
    with folder(options.folder) as made, TemporaryDirectory(prefix="curation-copies-") as place:
        versions = dict(films(made))
        store, spent = analysed(Store.at(place), versions)
        print(f"{spent:.1f} s of CPU to analyse {len(versions)} films")
        with connect(store) as connection:
            started = time.perf_counter()
            pairs = find_duplicates(connection).to_pylist()
            print(f"{time.perf_counter() - started:.1f} s to seek copies")
            shots = placed(connection, versions)
    found = {frozenset((row["shot_id"], row["twin_id"])) for row in pairs}
    for title, names in (("Our own films", OURS), ("Open films", OPEN)):
        show(("copy, against its original", "found", "of"), list(against(shots, found, names)))
        print(f"{title}: all pairs, copies of copies too: {every(shots, found, names)}")
    false = [pair for pair in found if is_false(*(shots[shot] for shot in pair))]
    print(f"false pairs: {len(false)} of {len(found)}")
    for pair in false:
        print("  ", *((shots[shot].version, shots[shot].whole) for shot in pair))


def films(made: Path) -> Iterator[tuple[Path, Version]]:
    """Every film with what it is a version of."""
    folders = [path for path in (SHARED / "films", LIBRARY) if path.is_dir()]
    for path in (path for each in folders for path in sorted(each.iterdir())):
        if path.name == "night_call_tv_cut.mp4":
            yield path, Version("night_call.mp4", TV, lambda t: t if t < 14.11 else t + 4.25)
        elif path.suffix in ENDINGS and path.name != "broken_reel.mp4":
            yield path, Version(path.name, None, float)
        if path.name in (*OURS, *OPEN):
            for number, (kind, options) in enumerate(KINDS.items()):
                copy = made / f"{path.stem}-{number}.mp4"
                encode(path, copy, options, start=TRAILER_S if kind == TRAILER else 0)
                yield copy, Version(path.name, kind, _shown(kind))


def _shown(kind: str) -> Callable[[float], float]:
    if kind == TRAILER:
        return lambda t: t + TRAILER_S
    return (lambda t: t * 25 / 24) if kind == PAL else float


def encode(film: Path, made: Path, options: Sequence[str], *, start: int) -> None:
    """Make a version of a film's picture, unless it is there."""
    if made.is_file():
        return
    line = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-ss", str(start), "-i", film]
    line += ["-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p"]
    line += ["-t", str(LENGTH_S)]
    subprocess.run([*map(str, line), *options, str(made)], check=True)


def analysed(store: Store, versions: Mapping[Path, Version]) -> tuple[Store, float]:
    """The store with the films' shots and fingerprints, and the CPU seconds that took."""
    store.append("ingests", [{"ingest_id": "1", "ingested_at": NOW}])
    spent = 0.0
    for path in versions:
        asset = Place.parse(path).sha256()
        rows = analyse_film(FilmJob(asset, str(path), verify=False, taggers=("fingerprint",)))
        spent += rows.film["cpu_s"]
        entry = {"row_key": str(path), "asset_path": str(path), "work_id": path.name}
        known = {"asset_sha256": asset, "recorded_at": NOW, "ingested_at": NOW}
        store.append("assets", [entry | known])
        store.append("films", [rows.film])
        store.append("shots", rows.shots)
        store.append("measures", rows.measures)
    return store, spent


def placed(connection: Any, versions: Mapping[Path, Version]) -> dict[str, Placed]:
    """Each shot by its id."""
    rows = connection.execute(
        f"""
        SELECT shot_id, asset_path, clean_start_s, clean_end_s, start_s, end_s,
               coalesce(list_max(series['detail']) < {FLAT}, true)
        FROM tagged_shots JOIN measures USING (shot_id)
        """  # noqa: S608
    ).fetchall()
    shots = {}
    for shot, path, start, end, first, past, bare in rows:
        version = versions[Path(path)]
        clean, whole = (_of_original(version, *span) for span in ((start, end), (first, past)))
        shots[shot] = Placed(version, clean, whole, bare)
    return shots


def _of_original(version: Version, start: float, end: float) -> tuple[float, float]:
    first, past = version.shown(start + INSIDE_S), version.shown(end - INSIDE_S)
    return first - INSIDE_S, past + INSIDE_S


def overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Seconds that two spans share; below 0 where they lie apart."""
    return min(one[1], other[1]) - max(one[0], other[0])


def true_pairs(
    shots: Mapping[str, Placed], names: Sequence[str]
) -> Iterator[tuple[frozenset[str], set[str | None]]]:
    """The pairs of copies among the versions of these films, with their kinds."""
    own = [(shot, one) for shot, one in shots.items() if one.version.film in names and not one.bare]
    for (shot, one), (other, two) in combinations(own, 2):
        if one.version.film != two.version.film or one.version is two.version:
            continue
        if overlap(one.clean, two.clean) >= OVERLAP_S:
            yield frozenset((shot, other)), {one.version.kind, two.version.kind}


def against(
    shots: Mapping[str, Placed], found: set[frozenset[str]], names: Sequence[str]
) -> Iterator[tuple[str, int, int]]:
    """Rows of the copies found of each kind, against the originals."""
    counted: dict[str, list[bool]] = defaultdict(list)
    for pair, kinds in true_pairs(shots, names):
        if None in kinds:
            counted["".join(kind or "" for kind in kinds)].append(pair in found)
    for kind in (TV, *KINDS):
        if kind in counted:
            yield kind, sum(counted[kind]), len(counted[kind])


def every(shots: Mapping[str, Placed], found: set[frozenset[str]], names: Sequence[str]) -> str:
    """How many of all pairs are found."""
    right = [pair in found for pair, _ in true_pairs(shots, names)]
    return f"{sum(right)} of {len(right)}"


def is_false(one: Placed, other: Placed) -> bool:
    """Whether two shots show nothing of one film at one time."""
    both = {one.version.film, other.version.film}
    if both == {"bbb_480p_30s.mp4", "bbb_full_424x240.mkv"}:
        return False
    return len(both) > 1 or overlap(one.whole, other.whole) <= 0


if __name__ == "__main__":
    main()
