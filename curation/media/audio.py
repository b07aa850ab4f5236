"""Sound beside the picture: stretches of a film's first audio stream, exact to the sample."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction

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

Samples = npt.NDArray[np.float32]


class SoundReel:
    """Reads a film's sound forward, once.

    `rate` in hertz, `layout` as FFmpeg names it, `channels` a count. Sample n of the reel is
    heard at n / rate seconds of the film's own clock; what the film does not carry, or does not
    decode, is silence.
    """

    def __init__(self, container: InputContainer, stream: AudioStream, name: str) -> None:
        self.rate = stream.codec_context.sample_rate
        self.layout = stream.codec_context.layout.name
        self.channels = stream.codec_context.channels
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

    def _decode(
        self, container: InputContainer, stream: AudioStream, name: str
    ) -> Iterator[tuple[int, Samples]]:
        shape = av.AudioResampler(format="flt", layout=self.layout, rate=self.rate)
        position: int | None = None
        for packet in packets(container, stream, name):
            try:
                batch = packet.decode()
            except av.error.FFmpegError:
                continue
            for frame in batch:
                told = _position(frame, self.rate)
                if position is None or (
                    told is not None and abs(told - position) > _JITTER * self.rate
                ):
                    position = told or 0
                try:
                    parts = shape.resample(frame)
                except (av.error.FFmpegError, ValueError):
                    continue
                for part in parts:
                    samples = part.to_ndarray().reshape(-1, self.channels)
                    yield position, np.asarray(samples, np.float32)
                    position += len(samples)


def _position(frame: AudioFrame, rate: int) -> int | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return round(frame.pts * frame.time_base * rate)


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
