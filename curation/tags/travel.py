"""The path that a camera took through a shot, from its speeds at moments that are not even.

Time is that which was seen: a gap is left out, as if the camera had stood still in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Series = Mapping[str, Floats]

AXES: Final = ("pan", "tilt", "zoom", "roll")
"""Frame widths to the right, frame widths up, natural logarithms of scale, degrees clockwise."""
REACH: Final = np.array([1.0, 1.0, 0.3, 0.3 * math.pi / 180])
"""Frame widths that a point of the picture moves in the mean, by one of each: in 16:9, points lie
0.3 widths from the middle."""
AGREE: Final = 0.45
"""Share of the picture's structure that must move along, or the motion counts as not seen…"""
LEAP: Final = 0.3
"""…nor is a step by so large a logarithm of scale, which no lens makes in a quarter of a second."""
LONGEST_S: Final = 0.25
"""For which a speed is taken to last, where no other follows sooner."""
FEWEST: Final = 3
GRID_HZ: Final = 24
SMOOTH_S: Final = 1.0
"""Over which the path is smoothed, by a parabola (Savitzky & Golay 1964); the rest is shake."""
BANDS: Final = {"shake_1_2hz": (1, 2), "shake_2_4hz": (2, 4)}
"""Of the shake. Eight speeds a second say nothing of what is faster."""


def travel(series: Series, pts: Floats) -> dict[str, float]:
    """What a shot's path comes to; without `FEWEST` speeds only what was seen of it.

    `pan`, `tilt`, `zoom`, `roll`: the longest way in one direction, signed; `…_back` the longest
    in the other, `…_s` the seconds that the first took. `tried_s`: seconds in which frames could be
    compared; `measured_s` those in which a motion was seen, `lost_s` the longest without.
    `speed`: of the way that moves points of the picture farthest, in frame widths a second.
    `shake`: median distance from the smoothed path in frame widths, and its parts (`BANDS`).
    `smoothness`: correlation of one speed with the next. `vote`: how much of the picture's area
    speaks for its motion rather than against it, -1 to 1, by how far it moved. `told`: share of the
    area that has structure; `ground`: share of one level.
    """
    paired = np.isfinite(series["step_s"])
    paired[0] = False  # The first frame's step is from the shot before.
    held = np.minimum(np.diff(pts, prepend=pts[0]), LONGEST_S)[paired]
    speeds = np.stack([series[name][paired] for name in AXES], axis=1)
    agree, step = series["agree"][paired], series["step_s"][paired]
    seen = np.isfinite(speeds).all(axis=1) & (agree >= AGREE)
    seen &= np.abs(np.nan_to_num(speeds[:, 2])) * step < LEAP
    summary = {
        "samples": float(len(pts)),
        "tried_s": float(held.sum()),
        "measured_s": float(held[seen].sum()),
        "lost_s": _longest(held, ~seen),
    }
    if np.count_nonzero(seen) < FEWEST or summary["measured_s"] * GRID_HZ < 4:
        return summary
    steps = speeds[seen] * held[seen, None] * REACH
    clock = np.concatenate([[0.0], held[seen].cumsum()])
    times = np.arange(int(clock[-1] * GRID_HZ + 1e-6) + 1) / GRID_HZ
    knots = np.concatenate([np.zeros((1, len(AXES))), steps.cumsum(axis=0)])
    path = np.stack([np.interp(times, clock, knot) for knot in knots.T], axis=1)
    calm = smoothed(path)
    better, worse = series["better"][paired][seen], series["worse"][paired][seen]
    weight = np.abs(steps).sum(axis=1)
    said = float(weight @ (better + worse))
    ways = _ways(calm)
    farthest = max(zip(AXES, REACH.tolist(), strict=True), key=lambda a: abs(ways[a[0]]) * a[1])
    return (
        summary
        | {
            "speed": abs(ways[farthest[0]]) * farthest[1] / ways[f"{farthest[0]}_s"],
            "agree": float(np.median(agree[seen])),
            "told": float(np.median(series["told"][paired][seen])),
            "ground": float(np.median(series["ground"][paired][seen])),
            "vote": float(weight @ (better - worse)) / said if said > 0 else 0.0,
            "peak_speed": float(np.hypot(*speeds[seen, :2].T).max()),
            "smoothness": _smoothness(speeds[:, :2], seen),
        }
        | _shake(path[:, :2] - calm[:, :2])
        | ways
    )


def smoothed(path: Floats) -> Floats:
    """A path of shape (moments, axes), even in time at `GRID_HZ`, without its shake."""
    half = min(round(SMOOTH_S * GRID_HZ), len(path) - 1) // 2
    if half < 2:
        return path
    k = np.arange(-half, half + 1)
    kernel = (3 * half * (half + 1) - 1 - 5 * k * k).astype(np.float64)
    kernel /= kernel.sum()
    padded = np.pad(path, ((half, half), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(axis, kernel, "valid") for axis in padded.T], axis=1)


def _longest(held: Floats, lost: NDArray[np.bool_]) -> float:
    """The longest run of seconds `held` in which everything is lost."""
    longest = run = 0.0
    for seconds, gone in zip(held.tolist(), lost.tolist(), strict=True):
        run = run + seconds if gone else 0.0
        longest = max(longest, run)
    return longest


def _smoothness(speeds: Floats, seen: NDArray[np.bool_]) -> float:
    both = seen[1:] & seen[:-1]
    now, then = speeds[1:][both], speeds[:-1][both]
    power = float((now**2 + then**2).sum()) / 2
    return float((now * then).sum()) / power if power > 0 else 0.0


def _shake(rest: Floats) -> dict[str, float]:
    """Of what the smoothed path leaves, shape (moments, 2)."""
    window = np.hanning(len(rest) + 2)[1:-1]
    power = (np.abs(np.fft.rfft(rest * window[:, None], axis=0)) ** 2).sum(axis=1)
    power *= 2 / len(rest) / float(window @ window)
    hertz = np.fft.rfftfreq(len(rest), 1 / GRID_HZ)
    parts = {
        name: float(np.sqrt(power[(hertz >= low) & (hertz < high)].sum()))
        for name, (low, high) in BANDS.items()
    }
    return {"shake": float(np.median(np.hypot(*rest.T))), **parts}


def _ways(calm: Floats) -> dict[str, float]:
    ways: dict[str, float] = {}
    for name, reach, line in zip(AXES, REACH.tolist(), calm.T, strict=True):
        up = line - np.minimum.accumulate(line)
        down = np.maximum.accumulate(line) - line
        rises = bool(up.max() >= down.max())
        end = int((up if rises else down).argmax())
        start = int((line if rises else -line)[: end + 1].argmin())
        far, back = sorted((float(up.max()), float(down.max())), reverse=True)
        ways[name] = (far if rises else -far) / reach
        ways[f"{name}_back"] = back / reach
        ways[f"{name}_s"] = max(1, end - start) / GRID_HZ
    return ways
