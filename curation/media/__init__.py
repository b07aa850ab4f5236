"""Bytes to frames and back: probe, timeline, decode, clips.

A source is a local path or a seekable binary file object. A moment is a presentation timestamp
(PTS) of the stream itself, as an exact ``Fraction`` of seconds; a frame is known by its PTS and
by its index in presentation order. Whatever is wrong with a film ends in a `MediaError`.
Importing this package loads no codec library; the first use of a name does.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curation.media.bench import ClipReport, ClipSpec
    from curation.media.cadence import rate_of
    from curation.media.check import check_clip
    from curation.media.clips import write_clips
    from curation.media.colour import Colour
    from curation.media.crop import Crop
    from curation.media.decode import frames
    from curation.media.device import DeviceChoice, choose_device
    from curation.media.encoder import Encoding
    from curation.media.errors import MediaCode, MediaError
    from curation.media.frame import Frame, Still
    from curation.media.info import AudioInfo, VideoInfo, probe
    from curation.media.scan import Scan, scan_of
    from curation.media.source import Source
    from curation.media.sparse import can_be_sparse, chosen, coarse
    from curation.media.stills import read_still, still_format
    from curation.media.timeline import Timeline, read_timeline

__all__ = [
    "AudioInfo",
    "ClipReport",
    "ClipSpec",
    "Colour",
    "Crop",
    "DeviceChoice",
    "Encoding",
    "Frame",
    "MediaCode",
    "MediaError",
    "Scan",
    "Source",
    "Still",
    "Timeline",
    "VideoInfo",
    "can_be_sparse",
    "check_clip",
    "choose_device",
    "chosen",
    "coarse",
    "frames",
    "probe",
    "rate_of",
    "read_still",
    "read_timeline",
    "scan_of",
    "still_format",
    "write_clips",
]

_HOMES = {
    "AudioInfo": "info",
    "ClipReport": "bench",
    "ClipSpec": "bench",
    "Colour": "colour",
    "Crop": "crop",
    "DeviceChoice": "device",
    "Encoding": "encoder",
    "Frame": "frame",
    "MediaCode": "errors",
    "MediaError": "errors",
    "Scan": "scan",
    "Source": "source",
    "Still": "frame",
    "Timeline": "timeline",
    "VideoInfo": "info",
    "can_be_sparse": "sparse",
    "check_clip": "check",
    "choose_device": "device",
    "chosen": "sparse",
    "coarse": "sparse",
    "frames": "decode",
    "probe": "info",
    "rate_of": "cadence",
    "read_still": "stills",
    "read_timeline": "timeline",
    "scan_of": "scan",
    "still_format": "stills",
    "write_clips": "clips",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"curation.media.{_HOMES[name]}"), name)
