"""What can be wrong with a film, as one exception with a code."""

from enum import StrEnum


class MediaCode(StrEnum):
    """Why a film or a clip cannot be used. The value is what tables and logs store."""

    CANNOT_OPEN = "CANNOT_OPEN"
    """Missing, unreadable, or not a known film container."""
    EMPTY_FILE = "EMPTY_FILE"
    """Zero bytes."""
    NO_VIDEO = "NO_VIDEO"
    """No video stream (cover pictures do not count)."""
    NO_FRAMES = "NO_FRAMES"
    """A video stream without a single frame."""
    ENCRYPTED = "ENCRYPTED"
    """The samples are encrypted."""
    UNSUPPORTED_CODEC = "UNSUPPORTED_CODEC"
    """No decoder for the video stream in this build of FFmpeg."""
    DECODE_FAILED = "DECODE_FAILED"
    """The stream does not decode, or not to its end."""
    TRUNCATED = "TRUNCATED"
    """The file ends before its own index or header says that it does."""
    ABSURD_HEADER = "ABSURD_HEADER"
    """A size, a count or a clock beyond any film; refused before memory is given to it."""
    NO_TIMESTAMPS = "NO_TIMESTAMPS"
    """The container carries no presentation times (a raw elementary stream)."""
    NO_CUDA = "NO_CUDA"
    """CUDA decoding was demanded and is not to be had."""
    ENCODE_FAILED = "ENCODE_FAILED"
    """The encoder failed."""
    FRAME_COUNT = "FRAME_COUNT"
    """A clip has another number of frames than it should."""
    NOT_THE_SHOT = "NOT_THE_SHOT"
    """A clip's first or last frame, or its times, are not those of its shot."""
    NOT_A_BAR = "NOT_A_BAR"
    """What was to be cut off a picture as a bar holds picture."""


class MediaError(Exception):
    """A film, a clip or a device that cannot be used.

    `code` says which kind of trouble; `message` names the thing, the reason and the remedy.
    """

    def __init__(self, code: MediaCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type["MediaError"], tuple[MediaCode, str]]:
        return type(self), (self.code, self.message)
