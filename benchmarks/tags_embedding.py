"""How well the default embedder finds what looks alike, and what it costs.

A still from the middle of each shot of the shared films and the example films that is not plain,
shots as the detector finds them. *Twins*: each shot of `night_call_tv_cut.mp4`, whose nearest shot
among all other films' must be the one of `night_call.mp4` with the same scene, preset and text in
its truth file; each shot of `bbb_480p_30s.mp4`, whose nearest must lie where the whole film has it,
at the offset that most agree on, to a second. *Same film*: whether a shot's nearest other shot is
of its own film, or of the other encode or cut of it, against what chance would give. *Same scene*:
of shots of our own films whose scene another shot of them has too, whether the nearest is one.
*Contexts*: how many are counted of the shots whose scene is known, and of all.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.films import ROOT, SHARED
from curation.analysis import find_shots
from curation.analysis.stills import stills
from curation.analysis.vectors import PLAIN
from curation.console import show
from curation.embeddings.contexts import contexts
from curation.embeddings.duplicates import candidates
from curation.embeddings.efficientnet import EfficientNetLite0

ENDINGS: Final = (".mp4", ".mkv", ".m4v", ".webm")
LIBRARY: Final = ROOT / "examples" / "library"
TV, CUT = "night_call_tv_cut.mp4", "night_call.mp4"
CLIP, WHOLE = "bbb_480p_30s.mp4", "bbb_full_424x240.mkv"
KIN: Final = {TV: CUT, CLIP: WHOLE}
"""Films that are another's: cut anew, or encoded anew."""
LEAST: Final = (0.98, 0.95, 0.9, 0.85, 0.8)
ALIKE: Final = (0.75, 0.7, 0.65, 0.6)


@dataclass(frozen=True, eq=False)
class Seen:
    """A shot by its middle still: when that is, in seconds, and what the truth file calls it."""

    film: str
    seconds: float
    identity: str | None
    scene: str | None


def embedding() -> None:
    """What is found, how alike twins and others are, and the cost."""
    cv2.setNumThreads(1)
    embedder, seen, parts, spent = EfficientNetLite0(), list[Seen](), [], list[float]()
    films = [file for folder in (SHARED / "films", LIBRARY) for file in sorted(folder.iterdir())]
    for film in films:
        if film.suffix in ENDINGS and film.name != "broken_reel.mp4":
            for shot, picture in shots_of(film):
                started = time.process_time()
                parts.append(embedder.embed(picture[None]))
                spent.append(time.process_time() - started)
                seen.append(shot)
    vectors = np.concatenate(parts)
    alike = vectors @ vectors.T
    show(("of", "shots", "right", "share", "chance"), list(found(seen, alike)), title="Nearest")
    show(
        ("similarity at least", "pairs", "twins", "same film", "of twins"),
        list(pairs(seen, vectors)),
        title=f"Candidate duplicates among {len(seen)} shots",
    )
    show(
        ("alike from", "shots with a scene", "scenes", "contexts", "of all"),
        list(looks(seen, vectors)),
    )
    print(f"{1e3 * statistics.median(spent[1:]):.1f} ms of CPU a still")


def shots_of(film: Path) -> Iterator[tuple[Seen, NDArray[np.uint8]]]:
    """Each shot of a film that shows something of its own, with its middle still."""
    known = truth(film.name)
    shots = find_shots(film, "cpu")
    middles = [
        (s.clean_start + s.clean_end) // 2 for s in shots.shots if s.clean_start < s.clean_end
    ]
    for frame in stills(film, shots.timeline, middles, EfficientNetLite0.width):
        said = next((s for s in known if s["start"] <= frame.index < s["end"]), None)
        identity = json.dumps([said["scene"], said["preset"], said["text"]]) if said else None
        if frame.rgb.std(axis=(0, 1)).max() < PLAIN:
            continue
        seconds = float(shots.timeline.seconds(frame.index))
        yield Seen(film.name, seconds, identity, said["scene"] if said else None), frame.rgb.copy()


def truth(film: str) -> list[dict[str, Any]]:
    """The shots of one of our own films, as its truth file has them."""
    file = SHARED / "demo_library" / "truth.json"
    films = json.loads(file.read_text())["files"] if file.is_file() else []
    return next((one.get("shots", []) for one in films if one["file"] == film), [])


def twins(seen: Sequence[Seen], alike: NDArray[np.float32]) -> set[tuple[int, int]]:
    """Pairs of a shot and the same in the film that its film is made of."""
    made = set()
    for n, one in enumerate(seen):
        if one.film == TV:
            made |= {
                (n, k) for k, s in enumerate(seen) if s.film == CUT and s.identity == one.identity
            }
    clip = [n for n, one in enumerate(seen) if one.film == CLIP]
    whole = [k for k, one in enumerate(seen) if one.film == WHOLE]
    if clip and whole:
        offsets = [
            seen[whole[int(alike[n, whole].argmax())]].seconds - seen[n].seconds for n in clip
        ]
        offset = statistics.median(offsets)
        for n in clip:
            near = min(whole, key=lambda k: abs(seen[k].seconds - seen[n].seconds - offset))
            if abs(seen[near].seconds - seen[n].seconds - offset) < 1:
                made.add((n, near))
    return made


def found(seen: Sequence[Seen], alike: NDArray[np.float32]) -> Iterator[list[Any]]:
    """Rows of what the nearest shot is."""
    known = twins(seen, alike)
    origin = np.array([KIN.get(one.film, one.film) for one in seen])
    for film in KIN:
        own = [n for n, one in enumerate(seen) if one.film == film]
        others = np.array([k for k, one in enumerate(seen) if one.film != film])
        right = [(n, int(others[alike[n, others].argmax()])) in known for n in own]
        yield row(f"{film}: twin", right, 1 / len(others))
    itself = np.where(np.eye(len(seen), dtype=bool), -1, alike)
    nearest = itself.argmax(axis=1)
    many = [n for n in range(len(seen)) if (origin == origin[n]).sum() > 1]
    chance = np.mean([((origin == origin[n]).sum() - 1) / (len(seen) - 1) for n in many])
    yield row("same film", [origin[n] == origin[nearest[n]] for n in many], float(chance))
    scenes = np.array([one.scene or "" for one in seen])
    shared = [n for n, name in enumerate(scenes) if name and (scenes == name).sum() > 1]
    chance = np.mean([((scenes == scenes[n]).sum() - 1) / (len(seen) - 1) for n in shared])
    yield row("same scene", [scenes[n] == scenes[nearest[n]] for n in shared], float(chance))


def row(name: str, right: Sequence[bool], chance: float) -> list[Any]:
    return [name, len(right), sum(right), f"{np.mean(right):.2f}", f"{chance:.3f}"]


def pairs(seen: Sequence[Seen], vectors: NDArray[np.float32]) -> Iterator[list[Any]]:
    """Rows of the pairs that are as alike: how many are twins, and of one film."""
    known = twins(seen, vectors @ vectors.T)
    ids = [str(n) for n in range(len(seen))]
    for least in LEAST:
        near = [(int(a), int(b)) for a, b, _ in candidates(ids, vectors, least=least)]
        both = sum((a, b) in known or (b, a) in known for a, b in near)
        film = sum(seen[a].film == seen[b].film for a, b in near)
        yield [least, len(near), both, film, f"{both / max(1, len(known)):.2f}"]


def looks(seen: Sequence[Seen], vectors: NDArray[np.float32]) -> Iterator[list[Any]]:
    """Rows of how many contexts are counted, of shots with a scene and of all."""
    own = [n for n, one in enumerate(seen) if one.scene]
    scenes = len({seen[n].scene for n in own})
    for least in ALIKE:
        counted = (contexts(vectors, places, least=least) for places in (own, range(len(seen))))
        yield [least, len(own), scenes, *counted]
