"""How the whole picture moves from one frame to the next, whoever moves in it.

Two small pictures are laid over each other by a similarity: shift, scale and turn. It is sought by
Gauss-Newton steps on brightness (Lucas & Kanade 1981) with gradients of both pictures (Benhimane &
Malis 2004) from where the picture stands still and, where that fits badly, from the shift that
phase correlation gives (Kuglin & Hines 1975). Weights of Geman & McClure (1985) drop what moves
otherwise. Of light that changes little is left in what is compared: luma less its local mean, over
its local deviation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.tags.frame_bars import BAR_LEVEL, bars

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

LOCAL: Final = (9, 9)
"""Pixels of the box against whose mean and deviation structure is seen…"""
FLOOR: Final = 3.0
"""…and levels that are added to that deviation: what varies by less is noise."""
LEAST: Final = 0.02
"""Mean square of structure under which there is nothing to see."""
SLACK: Final = 0.08
"""Of structure, whose deviation is near 1: how much two pictures of the same differ anyway."""
NEAR: Final = (0.4, 0.3, 0.3, 0.3, 0.3)
FAR: Final = (1.0, 0.6, 0.3, 0.3)
"""Pixels that a point may lie off the motion of the whole, step by step: from a picture that may
stand still, and from a shift that is known to a pixel."""
ENOUGH: Final = 0.02
"""Pixels; a shorter step is the last."""
SURE: Final = 0.75
"""What agrees so far is not sought elsewhere…"""
ELSEWHERE: Final = 0.7
"""…nor where the shift of phase correlation is no further off, in pixels."""
CELLS: Final = (8, 6)
NOISE: Final = 0.0005
"""Mean squared error of structure in a cell, under which two motions explain it alike."""
TOLD: Final = 0.003
"""Mean squared gradient of structure in a cell from which on it is asked."""


@dataclass(frozen=True, slots=True)
class Motion:
    """From one picture to the next, of what is seen: `right` and `down` in frame widths, `grow` in
    natural logarithms of scale, `turn` in radians clockwise.

    `agree`: share of the picture's structure that moves so. `better` and `worse`: by how much this
    motion explains the picture's cells better than none does, and worse, each at most 1, in the
    mean over cells that have structure; `told` is their share.
    """

    right: float
    down: float
    grow: float
    turn: float
    agree: float
    better: float
    worse: float
    told: float


def global_motion(
    now: NDArray[np.uint8], before: NDArray[np.uint8], aspect: float
) -> Motion | None:
    """The motion from `before` to `now`, both luma (rows, columns) of a picture of that aspect.

    Frame widths are of the picture inside its black bars. None where there is too little structure
    to tell.
    """
    inside = _inside(np.maximum(now, before))
    both = np.asarray(cv2.merge((before[inside], now[inside])), np.uint8)
    rows, columns = both.shape[:2]
    grid = _grid(rows, columns, aspect * columns / now.shape[1] * now.shape[0] / rows)
    old, new = (np.asarray(each, np.float32) for each in cv2.split(_structure(both)))
    if float(cv2.norm(old, cv2.NORM_L2SQR)) < LEAST * old.size:
        return None
    fit = _Fit(old, new, np.eye(3), grid)
    fit.refine(NEAR)
    if fit.agree < SURE:
        (x, y), _ = cv2.phaseCorrelate(old * grid.window, new * grid.window)
        shift = np.array([[1, 0, x * grid.across], [0, 1, y * grid.down], [0, 0, 1]])
        off = (shift - fit.ahead)[:2, 2] / (grid.across, grid.down)
        if math.hypot(*off) > ELSEWHERE:
            other = _Fit(old, new, shift, grid)
            other.refine(FAR)
            fit = max(fit, other, key=lambda one: one.agree)
    return fit.motion()


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Pixel centres (rows, columns) in frame widths from the middle, and the size of a pixel."""

    x: Plane
    y: Plane
    across: float
    down: float
    to_width: Matrix
    to_pixel: Matrix
    window: Plane
    whole: Plane


@lru_cache(maxsize=64)
def _grid(rows: int, columns: int, aspect: float) -> _Grid:
    across, down = 1 / columns, 1 / aspect / rows
    x = (np.arange(columns) + 0.5) * across - 0.5
    y = (np.arange(rows) + 0.5) * down - 0.5 / aspect
    xs, ys = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    to_width = np.array([[across, 0, x[0]], [0, down, y[0]], [0, 0, 1]])
    window = np.outer(np.hanning(rows + 2)[1:-1], np.hanning(columns + 2)[1:-1])
    to_pixel, whole = np.linalg.inv(to_width), np.ones_like(xs)
    return _Grid(xs, ys, across, down, to_width, to_pixel, window.astype(np.float32), whole)


def _structure(greys: NDArray[np.uint8]) -> Plane:
    """Luma (rows, columns, pictures) less its local mean, over its local deviation."""
    soft = cv2.GaussianBlur(greys.astype(np.float32), (5, 5), 1.0)
    fine = cv2.subtract(soft, cv2.blur(soft, LOCAL))
    power = np.maximum(cv2.blur(cv2.multiply(fine, fine), LOCAL), 0)
    return np.asarray(fine / (np.sqrt(power) + FLOOR), np.float32)


def _inside(grey: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Rows and columns of luma (rows, columns) inside its bars, their blurred edges left out."""
    ends = grey[0], grey[-1], grey[:, 0], grey[:, -1]
    if min(int(end.max()) for end in ends) > BAR_LEVEL:
        return slice(None), slice(None)
    spans = zip(bars(grey), grey.shape, strict=True)
    rows, columns = (
        slice(span.first + 1, span.past - 1) if span.past - span.first < size else slice(None)
        for span, size in spans
    )
    return rows, columns


def _laid(plane: Plane, ahead: Matrix, grid: _Grid, how: int = cv2.INTER_LINEAR) -> Plane:
    """A plane of the later picture laid back over the earlier; 0 where it does not reach."""
    rows, columns = plane.shape
    affine = (grid.to_pixel @ ahead @ grid.to_width)[:2]
    flags = how | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(plane, affine, (columns, rows), flags=flags), np.float32)


class _Fit:
    """The motion of one picture onto another; gradients are taken once, where it starts."""

    def __init__(self, old: Plane, new: Plane, ahead: Matrix, grid: _Grid) -> None:
        start, inside = new, grid.whole
        if ahead[0, 2] or ahead[1, 2]:
            start = _laid(new, ahead, grid)
            inside = (_laid(grid.whole, ahead, grid) > 0.99).astype(np.float32)
        both = cv2.add(start, old)
        # Per pixel, of the mean of both pictures.
        gx = cv2.Sobel(both, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 16) * inside
        gy = cv2.Sobel(both, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 16) * inside
        self._power = gx * gx + gy * gy
        gx /= grid.across
        gy /= grid.down
        self._slopes = np.stack((gx, gy, gx * grid.x + gy * grid.y, gy * grid.x - gx * grid.y))
        self._slopes = self._slopes.reshape(4, -1)
        self._total = max(1e-6, float(cv2.sumElems(self._power)[0]))
        self._old, self._new, self._inside, self._grid = old, new, inside, grid
        self.ahead, self.agree = ahead, 0.0

    def refine(self, tolerances: tuple[float, ...]) -> None:
        """Step by step with narrower tolerances, as far as it pays."""
        for tolerance in tolerances:
            error = _laid(self._new, self.ahead, self._grid) - self._old
            off = 1 + error * error / (tolerance**2 * self._power + SLACK**2)
            weight = self._inside / (off * off)
            self.agree = float(cv2.sumElems(weight * self._power)[0]) / self._total
            weighted = self._slopes * weight.ravel()
            normal = (weighted @ self._slopes.T).astype(np.float64)
            normal[_DIAGONAL] = normal[_DIAGONAL] * (1 + 1e-4) + 1e-3
            pull = (weighted @ error.reshape(-1, 1)).astype(np.float64)
            _, step = cv2.solve(normal, -pull)
            x, y, grow, turn = step.ravel().clip(-0.15, 0.15).tolist()
            self.ahead = self.ahead @ np.array(
                ((1 + grow, -turn, x), (turn, 1 + grow, y), (0.0, 0.0, 1.0))
            )
            if abs(x) + abs(y) + 0.5 * (abs(grow) + abs(turn)) < ENOUGH * self._grid.across:
                break

    def motion(self) -> Motion:
        """The motion, and what speaks for it."""
        (a, _, right), (b, _, down) = self.ahead[:2].tolist()
        still = cv2.subtract(self._new, self._old)
        moved = cv2.subtract(_laid(self._new, self.ahead, self._grid, cv2.INTER_CUBIC), self._old)
        stays, moves = (_cells(cv2.multiply(e, e) * self._inside) for e in (still, moved))
        told = _cells(self._power) > TOLD
        gain = (stays - moves)[told] / (stays + moves + NOISE)[told]
        return Motion(
            right=right,
            down=down,
            grow=math.log(max(1e-6, math.hypot(a, b))),
            turn=math.atan2(b, a),
            agree=self.agree,
            better=float(gain[gain > 0].sum()) / gain.size if gain.size else 0.0,
            worse=-float(gain[gain < 0].sum()) / gain.size if gain.size else 0.0,
            told=float(told.mean()),
        )


_DIAGONAL: Final = np.diag_indices(4)


def _cells(plane: Plane) -> Plane:
    return np.asarray(cv2.resize(plane, CELLS, interpolation=cv2.INTER_AREA), np.float32)
