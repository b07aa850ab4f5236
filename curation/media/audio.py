"""Sound beside the picture: a film's first audio stream that decodes, exact to the sample."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from curation.media.source import Source, name_of, opened, packets

_JITTER = Fraction(30, 1000)
"""Seconds by which a container may round a packet's time before it counts as a gap."""
_RESTART = 1
"""Seconds by which a clock that goes back has started anew."""

BLOCK: Final = Fraction(1, 10)
"""Seconds of a block, of which everything that is heard is told."""
MARGIN: Final = 30
"""Blocks that are heard before and after those of a stretch, the 3 s of short-term loudness."""
_LENGTH = 600
"""Blocks of a stretch…"""
_MOST = 16_000_000
"""…which together with its margins holds no more than about so many numbers."""

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Stretch:
    """Successive blocks of a film's sound, and a little of what is heard before and after them.

    `samples`, float32 of shape (count, channels), full scale 1, at `rate` hertz in `layout`, as
    FFmpeg names it. Block k is `samples[edges[k] : edges[k + 1]]`; `carried` (blocks,) is the share
    of each that the file carries, the rest being silence that stands in.
    """

    samples: Samples
    edges: npt.NDArray[np.int64]
    carried: npt.NDArray[np.float64]
    rate: int
    layout: str

    def __len__(self) -> int:
        return len(self.carried)

    @cached_property
    def own(self) -> Samples:
        """Those of its blocks, shape (blocks, samples, channels).

        At a rate of no whole number of samples a block, of longer blocks the last one is left out.
        """
        length = int(np.diff(self.edges).min())
        at = self.edges[:-1, None] + np.arange(length)
        return np.asarray(self.samples[at], np.float32)

    def mono(self, rate: int) -> Samples:
        """All its samples as one channel at another rate, mixed as a player would.

        Sample n is of the same instant as sample n / rate * self.rate of `samples`.
        """
        shape = av.AudioResampler(format="flt", layout="mono", rate=rate)
        parts = [np.zeros(0, np.float32)]
        for given in (*self.frames(), None):
            parts += [part.to_ndarray()[0] for part in shape.resample(given)]
        return np.concatenate(parts)

    def frames(self) -> Iterator[AudioFrame]:
        """All its samples as FFmpeg takes them, a block at a time, counted from the first."""
        step = int(self.rate * BLOCK)
        for first in range(0, len(self.samples), step):
            part = np.ascontiguousarray(self.samples[first : first + step])
            frame = AudioFrame.from_ndarray(part.reshape(1, -1), format="flt", layout=self.layout)
            frame.sample_rate = self.rate
            yield frame


class SoundReel:
    """Reads a film's sound forward, once.

    `rate` in hertz, `layout` as FFmpeg names it, `channels` a count. Sample n of the reel is
    heard at n / rate seconds of the film's own clock; what the film does not carry, or does not
    decode, is silence. Of what was read so far: `first` and `past` are the samples that it begins
    with and ends before, None where there is none; `gaps` counts jumps of its clock, `faults` what
    did not decode.
    """

    def __init__(self, container: InputContainer, stream: AudioStream, name: str) -> None:
        self.rate = stream.codec_context.sample_rate
        self.layout = stream.codec_context.layout.name
        self.channels = stream.codec_context.channels
        self.first: int | None = None
        self.past: int | None = None
        self.gaps = self.faults = 0
        self._blocks: list[tuple[int, Samples]] = []
        self._reached = -(1 << 62)
        self._walk = self._decode(container, stream, name)

    def cut(self, start: Fraction, end: Fraction) -> Samples:
        """Float32 samples (count, channels) of [start, end) seconds; starts must not go back.

        Abutting stretches share no sample and lose none.
        """
        first, past = round(start * self.rate), round(end * self.rate)
        self._blocks = [(at, b) for at, b in self._blocks if at + len(b) > first]
        while self._reached < past and (block := next(self._walk, None)) is not None:
            self._reached = block[0] + len(block[1])
            if self._reached > first:
                self._blocks.append(block)
        samples = np.zeros((past - first, self.channels), np.float32)
        for at, block_samples in self._blocks:
            low, high = max(at, first), min(at + len(block_samples), past)
            if low < high:
                samples[low - first : high - first] = block_samples[low - at : high - at]
        return samples

    def stretches(self, start: Fraction, blocks: int) -> Iterator[Stretch]:
        """So many blocks from `start` seconds on, a stretch at a time."""
        each = min(_LENGTH, max(MARGIN, _MOST * 10 // (self.rate * self.channels) - 2 * MARGIN))
        for begin in range(0, blocks, each):
            count = min(each, blocks - begin)
            first = start + (begin - MARGIN) * BLOCK
            samples = self.cut(first, start + (begin + count + MARGIN) * BLOCK)
            origin = round(first * self.rate)
            edges = np.array(
                [round((start + (begin + k) * BLOCK) * self.rate) for k in range(count + 1)]
            )
            carried = self._carried(edges)
            yield Stretch(samples, edges - origin, carried, self.rate, self.layout)

    def rest(self) -> None:
        """Read to the end, so that it is known."""
        for _ in self._walk:
            pass

    def _carried(self, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        shares = np.zeros(len(edges) - 1)
        for at, samples in self._blocks:
            if at < edges[-1] and at + len(samples) > edges[0]:
                shared = np.minimum(edges[1:], at + len(samples)) - np.maximum(edges[:-1], at)
                shares += shared.clip(0)
        return np.minimum(shares / np.diff(edges), 1.0)

    def _decode(
        self, container: InputContainer, stream: AudioStream, name: str
    ) -> Iterator[tuple[int, Samples]]:
        shape: av.AudioResampler | None = None
        position: int | None = None
        moved, jitter = 0, int(_JITTER * self.rate)
        for packet in packets(container, stream, name):
            try:
                batch = packet.decode()
            except av.error.FFmpegError:
                self.faults += 1
                continue
            for frame in batch:
                told = _position(frame, self.rate)
                if position is None:
                    position = told or 0
                elif told is not None:
                    if told + moved < position - _RESTART * self.rate:
                        moved = position - told
                        self.gaps += 1
                    elif abs(told + moved - position) > jitter:
                        position = told + moved
                        self.gaps += 1
                try:
                    shape = shape or self._shape()
                    parts = shape.resample(frame)
                except (av.error.FFmpegError, ValueError):
                    # Of another rate or layout than what came before.
                    shape = None
                    self.faults += 1
                    continue
                for part in parts:
                    plain = np.frombuffer(part.planes[0], np.float32)  # type: ignore[call-overload]
                    samples = plain[: part.samples * self.channels].reshape(-1, self.channels)
                    self.first = position if self.first is None else self.first
                    yield position, samples
                    position += len(samples)
                    self.past = max(self.past or position, position)

    def _shape(self) -> av.AudioResampler:
        return av.AudioResampler(format="flt", layout=self.layout, rate=self.rate)


def _position(frame: AudioFrame, rate: int) -> int | None:
    if frame.pts is None or frame.time_base is None:
        return None
    base = frame.time_base
    whole, rest = divmod(frame.pts * base.numerator * rate, base.denominator)
    return whole if not rest else round(frame.pts * base * rate)


@contextlib.contextmanager
def sound_reel(source: Source) -> Iterator[SoundReel | None]:
    """The sound of `source`; None if it has none that can be decoded."""
    with opened(source) as container:
        stream = next(
            (
                s
                for s in container.streams.audio
                if s.codec_context is not None
                and s.codec_context.sample_rate
                and s.codec_context.channels
            ),
            None,
        )
        yield SoundReel(container, stream, name_of(source)) if stream else None


def sound_tracks(source: Source) -> int:
    """How many audio streams `source` has, whether or not they can be decoded."""
    with opened(source) as container:
        return len(container.streams.audio)
