"""Where a coarse look has to look, told from packets alone.

Three facts carry it. A frame that no other frame refers to can be left out without harm to any
other. A picture that its predecessors do not predict costs bytes, so a cut inside a group of
pictures, a flash or a new caption is a surge in packet size. And a film can be entered at a key
frame, so that key frames are known before anything between them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from curation.media.timeline import Timeline

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

INTRA_STEP: Final = 3
"""Of a film of key frames alone every third is an entry: no shot that counts is shorter."""
NEIGHBOURS: Final = 8
"""Packets on each side that a packet's size is compared with."""
SURGES: Final = ((2.0, 0.3), (4.0, 0.1))
"""A surge has more than the first number times the median of its neighbours' sizes, and more than
the second times the size of the smaller of the key frames around it; either pair will do."""
SWELL: Final = 16.0
"""A picture that comes out of black by degrees is no surge: its packets have more than so many
times the size of the lightest of their kind between the same entries, and more than the smaller of
these entries."""
REACH: Final = 3
"""Frames on each side of a change that are looked at one by one…"""
AHEAD: Final = 3
"""…and so many more before it: a cut lies at the packet that surges, or at a frame shown before it
that refers to it."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What packets alone say of a film of n frames.

    `entries`: frames where decoding may begin, ascending, the first is 0. `dense` (n): frames near
    a hint of change, to be decoded even if no other frame refers to them. `surge` (n + 1): the
    first surge or swell at or after a frame, n where there is none. `leads` (n): frames shown
    before the entry that they are stored behind (open groups of pictures). `regular` (entries):
    the entry lies as far from the one before as most do or as any does, so that no change of scene
    put it there. `intra`: every frame is a key frame.
    """

    entries: Indices
    dense: Mask
    surge: Indices
    leads: Mask
    regular: Mask
    intra: bool


def plan_of(timeline: Timeline) -> Plan:
    """Plan a coarse look at a film."""
    frames = len(timeline)
    intra = bool(timeline.key.all())
    entries = np.flatnonzero(timeline.key)
    if intra:
        entries = np.arange(0, frames, INTRA_STEP)
    if not len(entries) or entries[0] != 0:
        entries = np.concatenate(([0], entries))
    surges = np.zeros(frames, np.bool_) if intra else _surges(timeline)
    regular = _regular(entries)
    hints = surges.copy()
    hints[entries[~regular]] = True
    dense = np.convolve(hints, np.ones(AHEAD + 2 * REACH + 1, np.int64))
    dense = dense[AHEAD + REACH : AHEAD + REACH + frames] > 0
    surges |= _swells(timeline, entries)
    following = np.where(np.append(surges, True), np.arange(frames + 1), frames)
    nearest = np.minimum.accumulate(following[::-1])[::-1]
    return Plan(entries.astype(np.int64), dense, nearest, _leads(timeline), regular, intra)


def _regular(entries: Indices) -> Mask:
    steps = np.diff(entries)
    if not len(steps):
        return np.ones(1, np.bool_)
    usual = np.bincount(steps).argmax()
    common = usual if (steps == usual).mean() > 0.5 else -1
    return np.concatenate(([True], (steps == common) | (steps == steps.max())))


def _surges(timeline: Timeline) -> Mask:
    """Frames that cost more bytes than those around them; never key frames."""
    order, frames = timeline.order, len(timeline)
    reordered = order < np.maximum.accumulate(order)
    size, key = timeline.size[order].astype(np.float64), timeline.key[order]
    whole = _smaller_key(size, key)
    surges = np.zeros(frames, np.bool_)
    for kind in (False, True):
        at = np.flatnonzero((reordered == kind) & ~key)
        if not len(at):
            continue
        padded = np.pad(size[at], NEIGHBOURS, mode="reflect" if len(at) > NEIGHBOURS else "edge")
        around = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1)
        usual = np.median(around, axis=1)
        for ratio, share in SURGES:
            high = (size[at] > ratio * usual) & (size[at] > share * whole[at])
            surges[order[at[high]]] = True
    return surges


def _swells(timeline: Timeline, entries: Indices) -> Mask:
    """Frames that show more than one of the entries around them, and came there by degrees."""
    order, size = timeline.order, timeline.size.astype(np.float64)
    reordered = np.zeros(len(timeline), np.bool_)
    reordered[order] = order < np.maximum.accumulate(order)
    interval = np.searchsorted(entries, np.arange(len(timeline)), side="right") - 1
    whole = size[entries]
    lighter = np.minimum(whole, np.append(whole[1:], whole[-1]))[interval]
    swells = np.zeros(len(timeline), np.bool_)
    for kind in (False, True):
        at = np.flatnonzero((reordered == kind) & ~timeline.key)
        lightest = np.full(len(entries), np.inf)
        np.minimum.at(lightest, interval[at], size[at])
        swells[at] = (size[at] > SWELL * lightest[interval[at]]) & (size[at] > lighter[at])
    return swells


def _smaller_key(size: npt.NDArray[np.float64], key: Mask) -> npt.NDArray[np.float64]:
    """For each packet in file order the size of the smaller key frame next to it."""
    keys = np.flatnonzero(key)
    if not len(keys):
        return size
    after = np.searchsorted(keys, np.arange(len(size)))
    before = np.clip(after - 1, 0, len(keys) - 1)
    after = np.clip(after, 0, len(keys) - 1)
    return np.minimum(size[keys[before]], size[keys[after]])


def _leads(timeline: Timeline) -> Mask:
    order, key = timeline.order, timeline.key[timeline.order]
    newest_key = np.maximum.accumulate(np.where(key, order, -1))
    leads = np.zeros(len(timeline), np.bool_)
    leads[order[order < newest_key]] = True
    return leads
