"""One clip in the making: its frames as they come, its still, its encoder."""

from collections import defaultdict

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from curation.media.bench import Bench, ClipReport, ClipSpec, beside, write_still
from curation.media.crop import Bars
from curation.media.encoder import Encoder
from curation.media.hdr import mastering_of
from curation.media.mp4 import Sound


class Job:
    """A clip whose first frame has come; `take` every frame of the film from that one on."""

    def __init__(
        self, spec: ClipSpec, bench: Bench, first: VideoFrame, sound: Sound | None
    ) -> None:
        self._spec = spec
        self._bench = bench
        self._partial = beside(spec.path)
        cadence = bench.cadence(spec)
        self._times: defaultdict[int, list[int]] = defaultdict(list)
        for index, tick in zip(cadence.frames, cadence.ticks, strict=False):
            self._times[index].append(tick)
        self._middle = cadence.frames[len(cadence.frames) // 2]
        self._final = cadence.frames[-1]
        self._count = 0
        self._last: VideoFrame | None = None
        self._still = spec.still
        self._bars = None if spec.crop is None else Bars(bench.info, spec.crop)
        self.rolling = True
        mastering = mastering_of(first)
        self._encoder = Encoder(
            self._partial,
            bench.chain(first, spec.crop, mastering),
            cadence.ticks,
            cadence.base,
            bench.encoding,
            sound,
            mastering,
        )

    def take(self, index: int, frame: VideoFrame | None) -> None:
        """Encode frame `index`; one past the clip (or None, the film's end) completes it."""
        times = self._times.get(index, ()) if frame is not None else ()
        if frame is not None and times:
            if self._bars is not None:
                self._bars.check(frame)
            for tick in times:
                self._encoder.write(frame, tick)
            self._count += len(times)
            self._last = frame
            if index >= self._middle:
                self._write_still()
        if index >= self._final:
            self.rolling = False
            self._write_still()
            self._last = None
            self._encoder.close()

    def _write_still(self) -> None:
        if self._still is not None and self._last is not None:
            write_still(self._still, self._bench.rgb(self._last, self._spec.crop))
            self._still = None

    def finish(self) -> ClipReport:
        """Wait for the encoder and put the clip in its place."""
        proof = self._encoder.wait()
        return self._bench.report(self._spec, self._partial, self._count, proof)

    def abort(self) -> None:
        """Leave neither a thread nor a partial file."""
        self._encoder.kill()
        self._partial.unlink(missing_ok=True)


class Alike:
    """Frames in one format and size: the first frame's."""

    def __init__(self, first: VideoFrame) -> None:
        self._form = first.width, first.height, first.format.name
        self._converter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        return self._converter.reformat(frame, *self._form, threads=1)
