"""How well dialogue, music and effects are told, and what hearing a film costs.

Three materials. `demo`: shots of our little films, whose truth file says speech, music or silence;
music there may hide an effect, so nothing is asked about effects under it. `films`: stretches of
others' films in labels/sound.csv, read by one labeller from spectrograms, without listening and
with the networks' curves beneath: arcs of a voice, held tones and notes, knocks and roar; what
could be either is left empty and does not count. `mixed`: speech of the demo films, music
and noises made here, alone and over each other at known levels. Thresholds were chosen on all
three, with other random numbers.

A component said absent that is there is the worst: the rights gate would not be asked about it.
"""

from __future__ import annotations

import csv
import json
import statistics
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any, Final

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from benchmarks.films import SHARED, source
from curation.analysis.hearing import hear
from curation.console import show
from curation.media import Timeline, probe, read_timeline
from curation.media.audio import BLOCK, Stretch, sound_reel
from curation.tags import Tagger
from curation.tags.components import ABSENT, COMPONENTS, PRESENT, ComponentsTagger
from curation.tags.protocol import UNKNOWN
from curation.tags.sound import SoundTagger

LABELS: Final = Path(__file__).parent / "labels" / "sound.csv"
DEMO: Final = SHARED / "demo_library"
COSTED: Final = ("sintel_trailer-720p.mp4", "agent327_360p.mkv")
RUNS: Final = 3
RATE: Final = 16_000
SECONDS: Final = 9
LEVEL: Final = -23.0
"""Decibels below full scale, RMS, of what others are mixed under."""
UNDER: Final = (0, 10, 20)
"""Decibels by which it lies above them; noise is mixed over music too, 10 above."""

_ANY: Any = None
"""A meter of sound asks nothing of the video."""

Wave = NDArray[np.float64]
Truth = dict[str, str]


@dataclass(frozen=True)
class Case:
    """A stretch of sound: what is in it by component, and what the tagger said."""

    material: str
    name: str
    truth: Truth
    said: dict[str, str]


def sound() -> None:
    """Components told right, wrong and not at all; cost."""
    cases = [*demo(), *films(), *mixed()]
    show(
        ("material", "component", "there", "said", "unknown", "missed",
         "not there", "said absent", "unknown", "invented"),
        list(scores(cases)),
        title="Components of sound, stretches",
    )  # fmt: skip
    wrong = [
        (case.material, case.name, name, case.truth[name], case.said[name])
        for case in cases
        for name in COMPONENTS
        if case.truth.get(name) and case.said[name] not in (case.truth[name], UNKNOWN)
    ]
    show(("material", "stretch", "component", "is", "said"), wrong, title="Told wrong")
    show(
        ("film", "minutes", "CPU s", "of that decoding", "share of FFmpeg's CPU"),
        [cost(source(name)) for name in COSTED],
        title=f"Cost, CPU, medians of {RUNS}",
    )


def scores(cases: list[Case]) -> Iterator[list[Any]]:
    """A row a material and component."""
    for material in dict.fromkeys(case.material for case in cases):
        for name in COMPONENTS:
            met = Counter(
                (case.truth[name], case.said[name])
                for case in cases
                if case.material == material and case.truth.get(name)
            )
            there = [met[PRESENT, said] for said in (PRESENT, UNKNOWN, ABSENT)]
            not_there = [met[ABSENT, said] for said in (ABSENT, UNKNOWN, PRESENT)]
            yield [material, name, sum(there), *there, sum(not_there), *not_there]


def demo() -> Iterator[Case]:
    """The shots of our little films."""
    said_of: dict[str, Truth] = {
        "speech": {"dialogue": PRESENT, "music": ABSENT},
        "music": {"dialogue": ABSENT, "music": PRESENT},
        "silence": dict.fromkeys(COMPONENTS, ABSENT),
    }
    for film in json.loads((DEMO / "truth.json").read_text())["files"]:
        shots = film.get("shots", ())
        # The TV version was shortened with its sound, which then overlaps the cuts.
        if not shots or "tv_cut" in film["file"]:
            continue
        spans = [(shot["visible_from"], shot["visible_to"]) for shot in shots]
        for shot, said in zip(shots, told(DEMO / film["file"], spans), strict=True):
            yield Case("demo", shot["id"], said_of[shot["sound"]], said)


def films() -> Iterator[Case]:
    """The labelled stretches of films that are here."""
    with LABELS.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for name in dict.fromkeys(row["film"] for row in rows):
        film = source(name)
        mine = [row for row in rows if row["film"] == name]
        timeline = read_timeline(str(film))
        spans = [
            (_index(timeline, float(row["start_s"])), _index(timeline, float(row["end_s"])))
            for row in mine
        ]
        for row, said in zip(mine, told(film, spans), strict=True):
            truth: Truth = {component: row[component] for component in COMPONENTS}
            yield Case("films", f"{name} {row['start_s']}", truth, said)


def _index(timeline: Timeline, seconds: float) -> int:
    ticks = (Fraction(seconds) + timeline.seconds(0)) / timeline.time_base
    return int(timeline.index_at(int(ticks)))


def told(film: Path, spans: list[Any]) -> Iterator[dict[str, str]]:
    """What the tagger says of spans of frames."""
    tagger, info, timeline = ComponentsTagger(), probe(str(film)), read_timeline(str(film))
    [series] = hear(str(film), info, timeline, [tagger]).series
    for start, end in spans:
        shot = {"shot_id": "", "asset_sha256": "", "clean_start": start, "clean_end": end}
        tags = tagger.label(series.measured(shot)["summary"])
        yield {tag.facet: tag.label for tag in tags}


def mixed() -> Iterator[Case]:
    """Speech, music and noises, alone and in pairs."""
    voice = _speech()
    for name, make in {**MUSIC, **NOISES}.items():
        kind = "music" if name in MUSIC else "effects"
        truth = dict.fromkeys(COMPONENTS, ABSENT) | {kind: PRESENT}
        for level in (LEVEL, LEVEL - 15):
            yield _case(f"{name} {level:.0f} dBFS", truth, _at(make(11), level))
        for under in UNDER:
            told = truth | {"dialogue": PRESENT}
            yield _case(f"speech, {name} {-under:+} dB", told, voice + _at(make(12), LEVEL - under))
    for name, noise in NOISES.items():
        for under in (-10, *UNDER):
            truth = {"dialogue": ABSENT, "music": PRESENT, "effects": PRESENT}
            wave = _at(MUSIC["band"](13), LEVEL) + _at(noise(14), LEVEL - under)
            yield _case(f"band, {name} {-under:+} dB", truth, wave)
    truth = {"dialogue": PRESENT, "music": ABSENT, "effects": ABSENT}
    yield _case("speech", truth, voice)


def _case(name: str, truth: Truth, wave: Wave) -> Case:
    tagger, blocks = ComponentsTagger(), SECONDS * 10
    edges = np.arange(blocks + 1) * RATE // 10
    samples = wave.astype(np.float32)[:, None]
    stretch = Stretch(samples, edges, np.ones(blocks), RATE, "mono")
    facts = {"tracks": 1.0, "channels": 1.0, "lead": 0.0, "gaps": 0.0, "faults": 0.0}
    measured = tagger.meter(_ANY)(stretch)
    series = measured | {fact: np.full(blocks, value) for fact, value in facts.items()}
    tags = tagger.label(tagger.summarise(series, np.arange(blocks) / 10))
    return Case("mixed", name, truth, {tag.facet: tag.label for tag in tags})


def _speech() -> Wave:
    """Speech of a demo film, which is synthetic too."""
    with sound_reel(str(DEMO / "window_seat.mp4")) as reel:
        assert reel is not None  # noqa: S101
        samples = reel.cut(Fraction(7, 2), Fraction(7, 2) + SECONDS)
    whole = np.array([0, len(samples)])
    mono = Stretch(samples, whole, np.ones(1), reel.rate, reel.layout).mono(RATE)
    return _at(mono.astype(np.float64)[: SECONDS * RATE], LEVEL)


def _at(wave: Wave, level: float) -> Wave:
    """A wave at this RMS level, in decibels."""
    return np.asarray(wave / np.sqrt(np.square(wave).mean()) * 10 ** (level / 20))


T: Final = np.arange(SECONDS * RATE) / RATE


def _note(hertz: float, seconds: float, overtones: int, decay: float) -> Wave:
    t = np.arange(int(seconds * RATE)) / RATE
    heights = [h for h in range(1, overtones + 1) if h * hertz < RATE / 2]
    waves = sum(np.sin(2 * np.pi * h * hertz * t) / h**1.3 for h in heights)
    return np.asarray(waves * np.exp(-decay * t))


def _chords(seed: int) -> Wave:
    chance, out = np.random.default_rng(seed), np.zeros(len(T))
    for second in range(SECONDS):
        root, third = 220 * 2 ** (chance.integers(12) / 12), chance.choice([3, 4])
        for step in (0, third, 7, 12):
            out[second * RATE :][:RATE] += _note(root * 2 ** (step / 12), 1, 8, 1.2)
    return out


def _melody(seed: int) -> Wave:
    chance = np.random.default_rng(seed)
    steps = chance.choice([0, 2, 4, 5, 7, 9, 11, 12], 4 * SECONDS)
    return np.concatenate([_note(440 * 2 ** (step / 12), 0.25, 5, 3) for step in steps])


def _drums(seed: int) -> Wave:
    chance, beat = np.random.default_rng(seed), np.arange(RATE // 4) / RATE
    kick = 2 * np.sin(2 * np.pi * (50 * beat + 6 * (1 - np.exp(-30 * beat)))) * np.exp(-12 * beat)
    out = []
    for k in range(4 * SECONDS):
        hat = 0.3 * np.diff(chance.normal(size=len(beat) + 1)) * np.exp(-60 * beat)
        snare = chance.normal(size=len(beat)) * np.exp(-20 * beat)
        out.append(hat + (kick if k % 4 == 0 else snare if k % 4 == 2 else 0))
    return np.concatenate(out)


def _pad(seed: int) -> Wave:
    chance = np.random.default_rng(seed)
    voices = [f * (1 + d) for f in (110, 165, 220, 277, 330) for d in (-0.003, 0, 0.003)]
    return np.asarray(sum(np.sin(2 * np.pi * f * T + 6 * chance.random()) for f in voices))


def _band(seed: int) -> Wave:
    return _at(_chords(seed), -20) + _at(_drums(seed), -20) + _at(_melody(seed), -23)


def _noise(seed: int, falling: float, seconds: float = SECONDS) -> Wave:
    """Noise whose power falls with this power of the frequency."""
    white = np.random.default_rng(seed).normal(size=int(seconds * RATE))
    spectrum, hertz = np.fft.rfft(white), np.fft.rfftfreq(len(white), 1 / RATE)
    return np.asarray(np.fft.irfft(spectrum / np.maximum(hertz, 20) ** (falling / 2), len(white)))


def _wind(seed: int) -> Wave:
    knots = np.arange(0, SECONDS + 1, 0.7)
    gusts = np.random.default_rng(seed).random(len(knots)) + 0.1
    return _noise(seed, 1.8) * np.interp(T, knots, gusts)


def _engine(seed: int) -> Wave:
    knots = np.arange(0, SECONDS + 1, 0.5)
    hertz = 60 + 5 * np.interp(T, knots, np.random.default_rng(seed).normal(size=len(knots)))
    turns = np.cumsum(hertz) / RATE
    hum = sum(np.sin(2 * np.pi * h * turns) / h**0.7 for h in range(1, 25))
    return np.asarray(hum) + 2 * _at(_noise(seed, 1), 0)


def _struck(seed: int, every: float, seconds: float, decay: float) -> Wave:
    """Bursts of noise at even times, over a faint room."""
    out = 0.002 * _at(_noise(seed, 0), 0)
    fade = np.exp(-decay * np.arange(int(seconds * RATE)) / RATE)
    for k, at in enumerate(np.arange(0.3, SECONDS - seconds, every)):
        burst = _at(_noise(seed + k, 1.4, seconds), 0) * fade
        out[int(at * RATE) :][: len(burst)] += burst
    return out


def _siren(seed: int) -> Wave:
    hertz = 900 + 300 * np.sin(2 * np.pi * 0.5 * T)
    return np.sign(np.sin(2 * np.pi * np.cumsum(hertz) / RATE)) + 0.2 * _at(_noise(seed, 0), 0)


def _ring(seed: int) -> Wave:
    both = np.sin(2 * np.pi * 440 * T) + np.sin(2 * np.pi * 480 * T)
    return np.asarray(both * (T % 1.2 < 0.6) + 0.002 * _at(_noise(seed, 0), 0))


MUSIC: Final[dict[str, Callable[[int], Wave]]] = {
    "chords": _chords,
    "melody": _melody,
    "drums": _drums,
    "pad": _pad,
    "band": _band,
}
NOISES: Final[dict[str, Callable[[int], Wave]]] = {
    "white noise": lambda seed: _noise(seed, 0),
    "pink noise": lambda seed: _noise(seed, 1),
    "wind": _wind,
    "engine": _engine,
    "steps": lambda seed: _struck(seed, 0.5, 0.12, 35),
    "doors": lambda seed: _struck(seed, 1.7, 0.8, 8),
    "siren": _siren,
    "telephone": _ring,
}


def cost(film: Path) -> list[Any]:
    """CPU seconds of hearing a film, against FFmpeg's of decoding all of it."""
    info, timeline = probe(str(film)), read_timeline(str(film))
    taggers: list[Tagger] = [SoundTagger(), ComponentsTagger()]
    hear(str(film), info, timeline, taggers)
    heard, decoded, whole = [], [], []
    for _ in range(RUNS):
        heard.append(_spent(lambda: hear(str(film), info, timeline, taggers), RUSAGE_SELF))
        decoded.append(_spent(lambda: _decoded(film, timeline), RUSAGE_SELF))
        whole.append(_spent(lambda: _by_ffmpeg(film), RUSAGE_CHILDREN))
    spent, alone, ffmpeg = (statistics.median(each) for each in (heard, decoded, whole))
    minutes = float(timeline.seconds(len(timeline)) - timeline.seconds(0)) / 60
    return [film.name, f"{minutes:.1f}", f"{spent:.2f}", f"{alone:.2f}", f"{spent / ffmpeg:.3f}"]


def _spent(work: Callable[[], object], who: int) -> float:
    before = getrusage(who)
    work()
    after = getrusage(who)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _decoded(film: Path, timeline: Timeline) -> None:
    with sound_reel(str(film)) as reel:
        if reel is not None:
            length = timeline.seconds(len(timeline)) - timeline.seconds(0)
            for _ in reel.stretches(timeline.seconds(0), int(length / BLOCK)):
                pass


def _by_ffmpeg(film: Path) -> None:
    line = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", film, "-f", "null", "-"]
    subprocess.run(line, check=True)
