"""One MP4 in the making: the picture's packets, the sound beside them, times that begin at 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.codec import Codec
from av.codec.context import CodecContext, Flags
from av.packet import Packet
from av.video.stream import VideoStream

from curation.media.audio import Samples
from curation.media.errors import MediaCode, MediaError

_CHUNK: Final = 1024
"""Samples of an AAC frame."""
_LONGEST_STEP: Final = (1 << 31) - 1
"""Ticks that a sample of an MP4 may stay."""
_FINER: Final = 1000
"""Ticks a second of a clock of whole seconds: readers take one of a single tick for damage."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Float32 samples (count, channels) at `rate` hertz in `layout`, as FFmpeg names it."""

    samples: Samples
    rate: int
    layout: str


class Mp4:
    """Writes an MP4, the index first, the same bytes for the same packets.

    `ticks` are the times of the frames and the clip's end, in units of `base` seconds on the film's
    clock; the clip's own begins at 0. Raises `MediaError` ENCODE_FAILED for steps too long to say.
    """

    def __init__(self, path: Path, base: Fraction, ticks: Sequence[int]) -> None:
        steps = np.diff(np.asarray(ticks, np.int64))
        if int(steps.max()) > _LONGEST_STEP:
            stays = float(int(steps.max()) * base)
            which = "its last frame" if steps.argmax() == len(steps) - 1 else "a frame"
            raise MediaError(
                MediaCode.ENCODE_FAILED,
                f"{path}: {which} stays {stays:.0f} s, more than a file can say; leave that shot "
                "out or mend the film's time stamps",
            )
        self.base = base
        self._start = int(ticks[0])
        self._steps = dict(zip(map(int, ticks[:-1]), map(int, steps), strict=True))
        self._sound: Sound | None = None
        self._track: AudioStream | None = None
        self._heard = 0
        scale = str(base.denominator if base.denominator > 1 else _FINER)
        self.file = av.open(
            f"file:{path}",
            "w",
            format="mp4",
            options={
                "movflags": "+faststart",
                "fflags": "+bitexact",
                "video_track_timescale": scale,
                "movie_timescale": scale,
            },
        )

    def add_sound(self, sound: Sound, bit_rate: int) -> None:
        """Add a track of AAC, at the nearest rate and layout that it can have."""
        rates = Codec("aac", "w").audio_rates or [sound.rate]
        rate = min(rates, key=lambda r: (abs(r - sound.rate), -r))
        track = self.file.add_stream("aac", rate=rate)
        track.codec_context.layout = _layout(sound, rate)
        track.codec_context.bit_rate = bit_rate
        track.codec_context.flags |= Flags.bitexact
        self._sound, self._track = sound, track

    def picture(self, packet: "Packet[VideoStream]") -> None:
        """Add a packet of the picture whose times are ticks of the film's clock."""
        if packet.pts is None or packet.dts is None:
            raise ValueError("a packet carries no time")
        packet.duration = self._steps.get(packet.pts, packet.duration or 0)
        packet.pts -= self._start
        packet.dts -= self._start
        packet.time_base = self.base
        self.file.mux_one(packet)

    def sound_until(self, tick: int | None) -> None:
        """Add the sound up to a time; all that is left for None."""
        sound, track = self._sound, self._track
        if sound is None or track is None:
            return
        past = len(sound.samples)
        if tick is not None:
            past = min(past, int((tick - self._start) * self.base * sound.rate))
        while self._heard < past and (tick is None or past - self._heard >= _CHUNK):
            part = sound.samples[self._heard : self._heard + _CHUNK]
            frame = AudioFrame.from_ndarray(
                np.ascontiguousarray(part).reshape(1, -1), format="flt", layout=sound.layout
            )
            frame.sample_rate, frame.pts = sound.rate, self._heard
            frame.time_base = Fraction(1, sound.rate)
            self._heard += len(part)
            self.file.mux(track.encode(frame))
        if tick is None:
            self.file.mux(track.encode(None))

    def close(self) -> None:
        """Write what is left and the index."""
        self.file.close()


def _layout(sound: Sound, rate: int) -> str:
    trial = CodecContext.create("aac", "w")
    trial.sample_rate, trial.layout = rate, sound.layout
    try:
        trial.open()
    except (av.error.FFmpegError, ValueError):
        return "stereo" if sound.samples.shape[1] > 1 else "mono"
    return sound.layout
