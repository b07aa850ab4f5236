"""Proof that a written clip can be read."""

import av.error

from curation.media.errors import MediaCode, MediaError
from curation.media.source import Source, name_of, opened, packets, video_stream


def check_clip(source: Source, frames: int) -> None:
    """Decode every frame of a clip and count them; the least error is an error.

    Raises `MediaError`: DECODE_FAILED, FRAME_COUNT, and those of opening.
    """
    name = name_of(source)
    count = 0
    with opened(source) as container:
        stream = video_stream(container, name)
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"err_detect": "explode"}
        for packet in packets(container, stream, name):
            if packet.is_corrupt:
                raise MediaError(MediaCode.DECODE_FAILED, f"{name}: broken off; write it again")
            try:
                batch = packet.decode()
            except av.error.FFmpegError as error:
                raise MediaError(
                    MediaCode.DECODE_FAILED, f"{name}: frame {count} ({error}); write it again"
                ) from error
            count += len(batch)
    if count != frames:
        raise MediaError(
            MediaCode.FRAME_COUNT, f"{name}: {count} frames, not {frames}; write it again"
        )
