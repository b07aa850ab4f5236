"""Where a film that begins inside a group of pictures can first be seen."""

import av.error

from curation.media.source import Source, cursor, name_of, opened, packets, video_stream

_PATIENCE = 3000
"""Packets within which a film must show something: a minute at 50 frames per second."""


def first_pts(source: Source) -> int | None:
    """PTS in ticks of the first frame that decodes; None if none soon does or it has no PTS."""
    name = name_of(source)
    with opened(cursor(source)) as container:
        stream = video_stream(container, name)
        stream.thread_type = "NONE"
        for count, packet in enumerate(packets(container, stream, name)):
            try:
                for frame in packet.decode():
                    return frame.pts
            except (av.error.FFmpegError, MemoryError):
                continue
            if count > _PATIENCE:
                break
    return None
