"""How loud the blocks of a stretch of sound are: power by channel, decibels, EBU R 128."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from curation.media.audio import Stretch

FLOOR: Final = -120.0
"""Decibels below full scale at which measuring ends; digital silence is said to have them."""
SILENCE: Final = -60.0
"""A block below is silent: where FFmpeg's `silencedetect` draws the line unless told otherwise."""

ABSOLUTE_GATE: Final = -70.0
RELATIVE_GATE: Final = -10.0
"""Gates of integrated loudness, in LUFS and in LU (ITU-R BS.1770-5, annex 1)."""
MOMENTARY: Final = 4
SHORT_TERM: Final = 30
"""Blocks of 0.1 s in the windows of 0.4 s and 3 s that EBU Tech 3341 calls so."""

Floats = NDArray[np.float64]


def powers(stretch: Stretch) -> Floats:
    """Mean square of each channel in each block, shape (blocks, channels); 1 is full scale."""
    own = stretch.own
    sums = np.einsum("bsc,bsc->bc", own, own).astype(np.float64)
    return np.asarray(sums / own.shape[1])


def decibels(power: Floats) -> Floats:
    """Ten logarithms of powers, none below the floor."""
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (FLOOR / 10))), np.float64)


def loudness(stretch: Stretch) -> tuple[Floats, Floats]:
    """Momentary and short-term loudness in LUFS at the end of each block (EBU R 128).

    Made by FFmpeg's filter `ebur128`.
    """
    import av
    import av.error

    graph = av.filter.Graph()
    given = graph.add_abuffer(
        sample_rate=stretch.rate,
        format="flt",
        layout=stretch.layout,
        time_base=Fraction(1, stretch.rate),
    )
    filters = given, graph.add("ebur128", metadata="1"), graph.add("abuffersink")
    graph.link_nodes(*filters).configure()
    ends, momentary, short_term = list[int](), list[float](), list[float]()
    for frame in stretch.frames():
        graph.push(frame)
        ends.append(frame.samples + (ends[-1] if ends else 0))
        try:
            said = graph.pull().metadata
        except av.error.BlockingIOError:
            # The last frame is too short to be told of.
            said = {}
        momentary.append(float(said.get("lavfi.r128.M", FLOOR)))
        short_term.append(float(said.get("lavfi.r128.S", FLOOR)))
    at = np.searchsorted(ends, stretch.edges[1:]).clip(max=len(ends) - 1)
    return _floored(momentary)[at], _floored(short_term)[at]


def _floored(values: list[float]) -> Floats:
    return np.asarray(np.nan_to_num(np.array(values), nan=FLOOR).clip(FLOOR), np.float64)


def integrated(momentary: Floats) -> float:
    """Gated loudness in LUFS of momentary ones every 0.1 s; the floor where all is gated off.

    They are the gating blocks of ITU-R BS.1770-5: 0.4 s long, overlapping by three quarters.
    """
    power = 10 ** (momentary / 10)
    loud = power[momentary > ABSOLUTE_GATE]
    if not len(loud):
        return FLOOR
    gate = 10 * math.log10(loud.mean()) + RELATIVE_GATE
    louder = loud[10 * np.log10(loud) > gate]
    return float(10 * math.log10(louder.mean()))
