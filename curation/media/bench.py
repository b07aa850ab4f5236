"""What all clips of one film share: its clock, its picture, how they are encoded."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from av.video.frame import VideoFrame

from curation.media.audio import SoundReel
from curation.media.cadence import Cadence, constant, own
from curation.media.chain import Chain, Step, cut_out, upright
from curation.media.crop import Crop
from curation.media.encoder import Encoding
from curation.media.errors import MediaCode, MediaError
from curation.media.frame import Pixels
from curation.media.hdr import Mastering, is_hdr, mastering_of
from curation.media.info import VideoInfo
from curation.media.mp4 import Sound
from curation.media.picture import Painter, Size, fit_height, size_of
from curation.media.plan import Mask
from curation.media.proof import Proof
from curation.media.timeline import Timeline
from curation.media.tone_map import METHOD, write_cube

_JPEG_QUALITY: Final = 90


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """A clip to write: frames [start, end) of the film, to `path` (MP4) and its middle frame to
    `still` (JPEG), if wanted. `sound`: it may carry sound, if the encoding says so. `crop`: the
    part of the picture that it keeps. `count`: how many frames it has at the encoding's rate; as
    many as last nearest to the film's own where none is given.
    """

    start: int
    end: int
    path: Path
    still: Path | None = None
    sound: bool = True
    crop: Crop | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ClipReport:
    """A clip as written. `frames` are those that it has, less any that did not decode.

    `start_pts` and `end_pts` are seconds of the film's clock; the clip's own clock starts at 0.
    `bytes` and `sha256` are those of the MP4. `deinterlaced` says how the film was scanned and what
    made its pictures whole, `tone_mapped` how HDR became SDR; they are empty where pictures are as
    the film has them. `copied`: the packets are the film's own. `crop` is the part of the film's
    picture that is kept, `fps` the constant rate; None where nothing was changed. Of
    `source_frames` frames of the film so many were `left_out` by that rate, and so many of the
    clip's are `repeated`.
    """

    path: Path
    frames: int
    start_pts: Fraction
    end_pts: Fraction
    width: int
    height: int
    bytes: int
    sha256: str
    deinterlaced: str
    tone_mapped: str
    copied: bool
    proof: Proof
    crop: Crop | None
    fps: Fraction | None
    source_frames: int
    repeated: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Bench:
    """One film's clips' common ground; `folder` is for what they share on disk."""

    name: str
    info: VideoInfo
    timeline: Timeline
    encoding: Encoding
    deinterlaced: str
    folder: Path

    @property
    def tone_mapped(self) -> str:
        return METHOD if self.encoding.tone_maps(self.info) else ""

    def size(self, crop: Crop | None = None) -> Size:
        """The size of a clip."""
        shown = size_of(self.info) if crop is None else Size(crop.width, crop.height)
        return fit_height(shown, self.encoding.height)

    def cadence(self, spec: ClipSpec) -> Cadence:
        """Which frames a clip shows, and when."""
        rate = self.encoding.fps
        if rate is None:
            return own(self.timeline, spec.start, spec.end)
        return constant(self.timeline, spec.start, spec.end, rate, spec.count)

    def wanted(self, clips: Sequence[ClipSpec]) -> Mask:
        """The film's frames that clips show."""
        mask = np.zeros(len(self.timeline), np.bool_)
        for spec in clips:
            mask[list(self.cadence(spec).frames)] = True
        return mask

    def chain(self, first: VideoFrame, crop: Crop | None, mastering: Mastering | None) -> Chain:
        """The filters of a clip whose first frame is given."""
        return Chain(
            first,
            self._steps(crop),
            self.size(crop),
            self.info.colour,
            self.encoding.pixel_format,
            self._lut(mastering) if self.tone_mapped else None,
        )

    def rgb(self, frame: VideoFrame, crop: Crop | None) -> Pixels:
        """A still (height, width, 3) of BT.709 or whatever SDR the film has."""
        info, size = self.info, self.size(crop)
        if crop is None and not is_hdr(info):
            painter = Painter(size, info.colour, info.rotation, mirrored=info.mirrored)
            return painter.rgb(frame)
        lut = self._lut(mastering_of(frame)) if is_hdr(info) else None
        painted = Chain(frame, self._steps(crop), size, info.colour, "rgb24", lut)(frame)
        return np.asarray(painted.to_ndarray(), np.uint8)

    def _steps(self, crop: Crop | None) -> list[Step]:
        info = self.info
        turned = upright(info.rotation, mirrored=info.mirrored)
        return turned if crop is None else [*turned, cut_out(crop.within(info))]

    def _lut(self, mastering: Mastering | None) -> Path:
        """The table that maps the film's pictures to BT.709."""
        path = self.folder / "bt709.cube"
        if not path.exists():
            most = mastering.luminance[1] if mastering and mastering.luminance else None
            write_cube(path, self.info.transfer, most)
        return path

    def sound(self, reel: SoundReel | None, spec: ClipSpec) -> Sound | None:
        """What is heard while a clip's frames are shown in the film."""
        if reel is None or not spec.sound:
            return None
        start, end = (self.timeline.seconds(i) for i in (spec.start, spec.end))
        return Sound(reel.cut(start, end), reel.rate, reel.layout)

    def report(
        self, spec: ClipSpec, written: Path, frames: int, proof: Proof, *, copied: bool = False
    ) -> ClipReport:
        """Put a clip in its place."""
        digest = hashlib.sha256()
        with written.open("rb") as clip:
            while chunk := clip.read(1 << 20):
                digest.update(chunk)
        length, size, cadence = written.stat().st_size, self.size(spec.crop), self.cadence(spec)
        written.replace(spec.path)
        taken = spec.end - spec.start
        return ClipReport(
            path=spec.path,
            frames=frames,
            start_pts=self.timeline.seconds(spec.start),
            end_pts=self.timeline.seconds(spec.end),
            width=size.width,
            height=size.height,
            bytes=length,
            sha256=digest.hexdigest(),
            deinterlaced=self.deinterlaced,
            tone_mapped=self.tone_mapped,
            copied=copied,
            proof=proof,
            crop=spec.crop,
            fps=self.encoding.fps,
            source_frames=taken,
            repeated=cadence.repeated,
            left_out=taken - len(set(cadence.frames)),
        )


def write_still(path: Path, rgb: Pixels) -> None:
    """Write a JPEG. Raises `MediaError` ENCODE_FAILED."""
    done, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not done:
        raise MediaError(MediaCode.ENCODE_FAILED, f"{path}: OpenCV wrote no JPEG")
    partial = beside(path)
    partial.write_bytes(jpeg.tobytes())
    partial.replace(path)


def beside(path: Path) -> Path:
    """Where a file is written before it is complete."""
    return path.with_name(f"{path.name}.tmp")
