"""Opening a source safely and walking its packets."""

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import av
import av.error
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from curation.media.errors import MediaCode, MediaError
from curation.media.structure import MAX_EDITS, edits, ends_early

Source = str | BinaryIO
_S = TypeVar("_S", bound=Stream)

MAX_SIDE = 16_384
MAX_PIXELS = 200_000_000
MAX_PACKETS = 1 << 24
"""About eight days at 24 frames per second."""

_READ_FAULTS = 100
_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image

# Demuxers for film containers alone: a playlist or a script (HLS, DASH, concat) among the films of
# a stranger could otherwise make FFmpeg open other files and addresses.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,avi,mxf,mxf_opatom,asf,flv,ogg,"
    "gxf,nut,dv,lxf,ivf,obu,h264,hevc,vvc,m4v,vc1,yuv4mpegpipe,gif,apng"
)
_OPTIONS = {"max_pixels": str(MAX_PIXELS), "format_whitelist": _CONTAINERS}


def name_of(source: Source) -> str:
    """How messages call this source."""
    return source if isinstance(source, str) else str(getattr(source, "name", "film object"))


@contextlib.contextmanager
def opened(source: Source, *, hwaccel: HWAccel | None = None) -> Iterator[InputContainer]:
    """Open `source` for demuxing; any FFmpeg error inside the block becomes a `MediaError`.

    A file object is rewound first and left open. Raises CANNOT_OPEN and EMPTY_FILE.
    """
    name = name_of(source)
    try:
        container = _open(source, name, hwaccel)
    except av.error.MemoryError as error:
        raise MediaError(
            MediaCode.ABSURD_HEADER, f"{name}: its header asks for too much memory ({error})"
        ) from error
    except av.error.ArgumentError as error:
        raise MediaError(
            MediaCode.CANNOT_OPEN,
            f"{name}: of no format that films come in (MP4, MOV, Matroska, MPEG, MXF, AVI, …); "
            "take it off the film list or transcode it",
        ) from error
    except (av.error.FFmpegError, UnicodeError) as error:
        short = "; it ends before its own structure says" if ends_early(source) else ""
        raise MediaError(
            MediaCode.CANNOT_OPEN,
            f"{name}: not a readable film container ({_reason(error)}){short}; fetch it again or "
            "remux it",
        ) from error
    try:
        with container:
            yield container
    except av.error.FFmpegError as error:
        raise MediaError(
            MediaCode.DECODE_FAILED, f"{name}: {_reason(error)}; fetch or transcode it again"
        ) from error


def _open(source: Source, name: str, hwaccel: HWAccel | None) -> InputContainer:
    if not isinstance(source, str):
        source.seek(0, 2)
        size = source.tell()
        source.seek(0)
        if size == 0:
            raise MediaError(MediaCode.EMPTY_FILE, f"{name}: zero bytes; deliver it again")
        _check_edits(source, name)
        source.seek(0)
        return av.open(
            source, "r", container_options=_OPTIONS, buffer_size=1 << 18, hwaccel=hwaccel
        )
    try:
        status = Path(source).stat()
    except (OSError, ValueError) as error:
        raise MediaError(MediaCode.CANNOT_OPEN, f"{name}: {error}") from error
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(MediaCode.CANNOT_OPEN, f"{name}: not a regular file")
    if status.st_size == 0:
        raise MediaError(MediaCode.EMPTY_FILE, f"{name}: zero bytes; deliver it again")
    _check_edits(source, name)
    # "file:" keeps a colon in a file name from being read as a protocol.
    options = {**_OPTIONS, "protocol_whitelist": "file"}
    return av.open(f"file:{source}", "r", options=options, buffer_size=1 << 18, hwaccel=hwaccel)


def _check_edits(source: Source, name: str) -> None:
    try:
        count = edits(source)
    except PermissionError as error:
        raise MediaError(
            MediaCode.CANNOT_OPEN, f"{name}: {error}; grant the right to read"
        ) from error
    if count > MAX_EDITS:
        raise MediaError(
            MediaCode.ABSURD_HEADER,
            f"{name}: an edit list of {count} entries is beyond {MAX_EDITS}; flatten it by "
            "transcoding, or deliver it again",
        )


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """The film's picture: the first stream marked default, else the first; no cover pictures.

    Raises NO_VIDEO, UNSUPPORTED_CODEC, ABSURD_HEADER.
    """
    streams = [s for s in container.streams.video if not s.disposition & _PICTURES]
    if not streams:
        raise MediaError(MediaCode.NO_VIDEO, f"{name}: no video stream; take it off the film list")
    known = [s for s in streams if s.codec_context is not None]
    if not known:
        raise MediaError(
            MediaCode.UNSUPPORTED_CODEC,
            f"{name}: no decoder for its video; transcode it to a mezzanine codec",
        )
    stream = next((s for s in known if s.disposition & Disposition.default), known[0])
    check_size(stream.codec_context.width, stream.codec_context.height, name)
    return stream


def check_size(width: int, height: int, name: str) -> None:
    """Raise ABSURD_HEADER for a picture no film has."""
    # FFmpeg says 0x0 of a size that it refuses itself (`max_pixels`).
    if min(width, height) < 1 or max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise MediaError(
            MediaCode.ABSURD_HEADER,
            f"{name}: a picture of {width}x{height} (0 stands for unusable) is not from 1 to "
            f"{MAX_SIDE} a side and {MAX_PIXELS} pixels; check the header or deliver it again",
        )


def _demux(container: InputContainer, stream: _S) -> "Iterator[Packet[_S]]":
    return cast("Iterator[Packet[_S]]", container.demux(stream))


def packets(container: InputContainer, stream: _S, name: str) -> "Iterator[Packet[_S]]":
    """Packets of `stream` in file order, reading on past damage; the last one is an empty flush.

    Raises ENCRYPTED and ABSURD_HEADER (too many packets).
    """
    faults = count = 0
    walk = _demux(container, stream)
    while True:
        try:
            packet = next(walk)
        except StopIteration:
            return
        except IndexError:
            # PyAV 18.1 at the very end, when flushing a stream that turned up after opening;
            # ours, which was there from the start, has had its flush.
            return
        except (av.error.InvalidDataError, av.error.OSError) as error:
            faults += 1
            if faults > _READ_FAULTS:
                raise MediaError(
                    MediaCode.DECODE_FAILED, f"{name}: unreadable inside ({_reason(error)})"
                ) from error
            walk = _demux(container, stream)
            continue
        faults = 0
        count += 1
        if count > MAX_PACKETS:
            raise MediaError(MediaCode.ABSURD_HEADER, f"{name}: over {MAX_PACKETS} packets")
        if packet.is_keyframe and packet.has_sidedata("encryption_info"):
            raise MediaError(
                MediaCode.ENCRYPTED, f"{name}: its samples are encrypted; deliver it in the clear"
            )
        yield packet


class Cursor:
    """A place of its own in a shared file object, so that two readers can walk it in turn."""

    def __init__(self, file: BinaryIO) -> None:
        self.name = name_of(file)
        self._file = file
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        self._file.seek(self._at)
        data = self._file.read(size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 1:
            offset, whence = self._at + offset, 0
        self._file.seek(offset, whence)
        self._at = self._file.tell()
        return self._at

    def tell(self) -> int:
        return self._at


def cursor(source: Source) -> Source:
    """A second reader of `source`."""
    return source if isinstance(source, str) else cast("BinaryIO", Cursor(source))
