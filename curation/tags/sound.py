"""Sound as a signal: silence, loudness, clipping, what its channels carry, risk of lost sync.

What is heard in it is told by `curation.tags.components`. Thresholds are those of standards where
one speaks: EBU R 128 and EBU Tech 3341 of loudness, ITU-R BT.1359-1 of sync. Others say what they
were chosen on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from curation.tags.level import (
    FLOOR,
    MOMENTARY,
    SHORT_TERM,
    SILENCE,
    decibels,
    integrated,
    loudness,
    powers,
)
from curation.tags.numbers import pick, sureness, unknown
from curation.tags.protocol import UNKNOWN, Facet, Needs, SoundMeter, Tag

if TYPE_CHECKING:
    from curation.media import VideoInfo
    from curation.media.audio import Stretch
    from curation.tags.protocol import Series

Floats = NDArray[np.float64]

BLOCK_S: Final = 0.1

SCALE: Final = (-41.0, -14.0)
"""LUFS from the lowest to the highest mark of the "EBU +9" scale of a programme at -23 LUFS (EBU
Tech 3341): what lies beyond is quiet or loud."""
PAUSE_S: Final = 0.5
"""Silence that lasts as long is a pause; between the words of a sentence there is less."""
FULL: Final = 0.999
RUN: Final = 3
"""So many samples one after another at full scale are clipped, a single one may be a true peak."""
CLIPPED: Final = 1e-4
"""Share of clipped samples from which a shot is called clipped: five a second at 48 kHz."""
ALIKE: Final = -40.0
"""Two channels are one where their difference lies so many decibels below their sum: AAC at 128
kbit/s makes up to -50 dB of one and the same channel, a panned voice in a room is above -30."""
DEAD: Final = -50.0
"""A channel so many decibels below the loudest is dead."""
EARLY_S: Final = 0.09
LATE_S: Final = 0.185
"""Sound before and after its picture that viewers still accept (ITU-R BT.1359-1)."""
SHORT_S: Final = 0.5
"""Ends of sound and picture further apart are odd: encoders pad by less than a tenth of that."""

_FACTS: Final = ("tracks", "channels", "lead", "tail", "gaps", "faults")


@dataclass(frozen=True, slots=True)
class SoundTagger:
    """Silence, level, clipping, channels and sync; a film without sound is silent, and says so."""

    name: ClassVar[str] = "sound"
    version: ClassVar[str] = "1"
    label_version: ClassVar[str] = "2"
    needs: ClassVar[Needs] = Needs(sound=True)
    facets: ClassVar[tuple[Facet, ...]] = (
        Facet(
            "silence",
            ("silent", "pauses", "continuous", UNKNOWN),
            {
                "silence_share": "share of the shot below -60 dBFS",
                "longest_silence": "seconds",
                "carried": "share of the shot for which the file carries sound",
            },
        ),
        Facet(
            "level",
            ("silent", "quiet", "normal", "loud", UNKNOWN),
            {
                "integrated": "LUFS over the shot, gated (ITU-R BS.1770-5)",
                "momentary_max": "LUFS, of windows of 0.4 s inside the shot",
                "short_term_max": "LUFS, of windows of 3 s inside the shot",
                "peak": "dBFS, of samples",
            },
        ),
        Facet(
            "clipping",
            ("clipped", "clean", "none", UNKNOWN),
            {"clipped_share": "share of the samples"},
        ),
        Facet(
            "channels",
            ("none", "mono", "dual_mono", "one_sided", "stereo", "surround", UNKNOWN),
            {
                "channels": "of the track that is heard",
                "live": "channels less than 50 dB below the loudest, of blocks that are not silent",
                "side": "dB, difference of the first two against their sum",
                "tracks": "audio streams of the file",
            },
        ),
        Facet(
            "sync",
            ("low_risk", "risk", "none", UNKNOWN),
            {
                "lead": "seconds by which the film's sound begins after its picture",
                "tail": "seconds by which it ends after it",
                "gaps": "jumps of the film's audio clock",
            },
        ),
    )

    def meter(self, video: VideoInfo) -> SoundMeter:
        """A meter of levels and channels."""
        return _measures

    def summarise(self, series: Series, pts: Floats) -> dict[str, float]:
        """Shares of the blocks, gated loudness of windows inside the shot, facts of the track."""
        if not len(pts):
            return {}
        summary = {name: float(series[name][0]) for name in _FACTS if name in series}
        if "level" not in series:
            return summary
        level, sounding = series["level"], series["level"] > SILENCE
        weight = 10 ** (level / 10)
        inside = series["momentary"][MOMENTARY - 1 :]
        return summary | {
            "carried": float(series["carried"].mean()),
            "silence_share": float(1 - sounding.mean()),
            "longest_silence": BLOCK_S * longest(~sounding),
            "level": float(level.max()),
            "integrated": integrated(inside) if len(inside) else math.nan,
            "momentary_max": _most(inside),
            "short_term_max": _most(series["short_term"][SHORT_TERM - 1 :]),
            "peak": float(series["peak"].max()),
            "clipped_share": float(series["clipped"].mean()),
            "live": float(np.median(series["live"][sounding])) if sounding.any() else math.nan,
            "side": float(10 * np.log10(weight @ 10 ** (series["side"] / 10) / weight.sum())),
        }

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """One tag a facet."""
        return (
            _silence(measures),
            _level(measures),
            _clipping(measures),
            _channels(measures),
            _sync(measures),
        )


def longest(given: NDArray[np.bool_]) -> int:
    """Length of the longest run of blocks that are so."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], given, [False]]).astype(np.int8)))
    return int(np.diff(edges)[::2].max(initial=0))


def silent_track(measures: Mapping[str, float]) -> bool:
    """Whether the film has no sound at all, or a track that is truly empty."""
    empty = math.isnan(measures.get("lead", math.nan)) and measures.get("faults", 1) == 0
    return measures.get("tracks") == 0 or (measures.get("channels", 0) > 0 and empty)


def lost(measures: Mapping[str, float]) -> bool:
    """Whether sound may be there that was not heard: it does not decode, or its clock jumps."""
    doubt = measures.get("faults", 1) > 0 or measures.get("gaps", 1) > 0
    return doubt and not measures.get("carried", 0.0) > 0.99


def _measures(stretch: Stretch) -> dict[str, Floats]:
    own, power = stretch.own, powers(stretch)
    level = decibels(power)
    loudest = level.max(axis=1)
    peak = np.maximum(own.max(axis=(1, 2)), -own.min(axis=(1, 2))).astype(np.float64)
    momentary, short_term = loudness(stretch)
    return {
        "carried": stretch.carried,
        "level": loudest,
        "peak": decibels(np.square(peak)),
        "clipped": _clipped(own, peak),
        "live": (level > np.maximum(loudest + DEAD, FLOOR)[:, None]).sum(axis=1).astype(float),
        "side": _side(own),
        "momentary": momentary,
        "short_term": short_term,
    }


def _clipped(own: NDArray[np.float32], peak: Floats) -> Floats:
    """Share of each block's samples that lie in runs at full scale."""
    shares = np.zeros(len(own))
    for block in np.flatnonzero(peak >= FULL):
        full = np.abs(own[block]) >= FULL
        runs = full[: 1 - RUN] & full[1 : 2 - RUN] & full[RUN - 1 :]
        inside = np.zeros_like(full)
        for shift in range(RUN):
            inside[shift : len(full) - RUN + 1 + shift] |= runs
        shares[block] = inside.mean()
    return shares


def _side(own: NDArray[np.float32]) -> Floats:
    """Decibels of the first two channels' difference against their sum; the floor of one alone."""
    if own.shape[2] < 2:
        return np.full(len(own), FLOOR)
    left, right = own[..., 0], own[..., 1]
    apart, sum_ = left - right, left + right
    aside, middle = np.einsum("bs,bs->b", apart, apart), np.einsum("bs,bs->b", sum_, sum_)
    return np.clip(decibels(aside) - decibels(middle), FLOOR, -FLOOR)


def _most(values: Floats) -> float:
    return float(values.max()) if len(values) else math.nan


def _silence(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "silence_share", "longest_silence", "carried")
    if silent_track(measures):
        return Tag("silence", "silent", 1.0, shown)
    if math.isnan(shown["silence_share"]) or lost(measures):
        return unknown("silence", shown)
    if shown["silence_share"] >= 1:
        return Tag("silence", "silent", sureness(SILENCE - measures["level"], 2.0), shown)
    margin = shown["longest_silence"] - PAUSE_S
    label = "pauses" if margin >= 0 else "continuous"
    return Tag("silence", label, sureness(abs(margin), 0.2), shown)


def _level(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "integrated", "momentary_max", "short_term_max", "peak")
    if silent_track(measures):
        return Tag("level", "silent", 1.0, shown)
    heard = shown["integrated"]
    if math.isnan(heard) or lost(measures):
        return unknown("level", shown)
    if measures["silence_share"] >= 1:
        return Tag("level", "silent", sureness(SILENCE - measures["level"], 2.0), shown)
    low, high = SCALE
    label = "quiet" if heard < low else "loud" if heard > high else "normal"
    return Tag("level", label, sureness(min(abs(heard - low), abs(heard - high)), 0.5), shown)


def _clipping(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "clipped_share")
    if silent_track(measures):
        return Tag("clipping", "none", 1.0, shown)
    share = shown["clipped_share"]
    if math.isnan(share) or lost(measures):
        return unknown("clipping", shown)
    label = "clipped" if share >= CLIPPED else "clean"
    octaves = abs(math.log2(max(share, CLIPPED / 64) / CLIPPED))
    return Tag("clipping", label, sureness(octaves, 1.0), shown)


def _channels(measures: Mapping[str, float]) -> Tag:
    shown = pick(measures, "channels", "live", "side", "tracks")
    count, side = shown["channels"], shown["side"]
    if shown["tracks"] == 0:
        return Tag("channels", "none", 1.0, shown)
    if not count >= 1 or math.isnan(shown["live"]) or lost(measures):
        return unknown("channels", shown)
    if count != 2:
        return Tag("channels", "mono" if count == 1 else "surround", 1.0, shown)
    if shown["live"] < 2:
        return Tag("channels", "one_sided", 0.95, shown)
    label = "dual_mono" if side < ALIKE else "stereo"
    return Tag("channels", label, sureness(abs(side - ALIKE), 2.0), shown)


def _sync(measures: Mapping[str, float]) -> Tag:
    """Not measured on lips: what the container's times let fear."""
    shown = pick(measures, "lead", "tail", "gaps")
    if silent_track(measures):
        return Tag("sync", "none", 1.0, shown)
    lead, tail = shown["lead"], shown["tail"]
    if math.isnan(lead):
        return unknown("sync", shown)
    worst = max(lead / LATE_S, -lead / EARLY_S, abs(tail) / SHORT_S, 2.0 * (shown["gaps"] > 0))
    label = "risk" if worst > 1 else "low_risk"
    return Tag("sync", label, sureness(abs(worst - 1), 0.3), shown)
