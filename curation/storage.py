"""Places: one URL for a folder on disk or a prefix in an object store.

A ``Place`` is immutable and cheap to make; the filesystem behind it is opened on first use. Object
stores take their credentials and endpoint from the environment that their own tools use
(``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, …; ``GOOGLE_APPLICATION_CREDENTIALS``).
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

REMOTE_SCHEMES = ("s3://", "gs://")
_BLOCK = 1 << 20


class StorageError(Exception):
    """A place that cannot be read or written; the message names it, the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file below a place: path relative to it, size in bytes, modification time in ns or 0."""

    path: str
    size: int
    modified_ns: int


@dataclass(frozen=True)
class Place:
    """A folder or an object-store prefix, known by its URL (no trailing slash)."""

    url: str

    @classmethod
    def parse(cls, text: str | os.PathLike[str]) -> Place:
        """Read a URL or a path; a path becomes absolute.

        Raises:
            StorageError: for a scheme that no filesystem here serves.
        """
        raw = os.fspath(text)
        if raw.startswith(REMOTE_SCHEMES):
            return cls(raw.rstrip("/"))
        if raw.startswith("file://"):
            raw = raw.removeprefix("file://")
        elif "://" in raw:
            known = ", ".join(REMOTE_SCHEMES)
            raise StorageError(f"{raw}: unknown kind of place; give a folder or one of {known}")
        return cls(str(Path(raw).expanduser().absolute()))

    @property
    def is_local(self) -> bool:
        return not self.url.startswith(REMOTE_SCHEMES)

    @property
    def local(self) -> Path:
        """The folder itself.

        Raises:
            StorageError: when the place is not on this machine.
        """
        if not self.is_local:
            raise StorageError(f"{self.url} is not a folder on this machine; give a local path")
        return Path(self.url)

    @property
    def name(self) -> str:
        return PurePosixPath(self.url).name

    def __truediv__(self, part: str) -> Place:
        return Place(f"{self.url}/{part.strip('/')}")

    def __str__(self) -> str:
        return self.url

    @cached_property
    def _opened(self) -> tuple[FileSystem, str]:
        if self.is_local:
            from pyarrow.fs import LocalFileSystem

            return LocalFileSystem(), self.url
        scheme, _, rest = self.url.partition("://")
        return _remote(scheme, os.environ.get("AWS_ENDPOINT_URL")), rest

    @property
    def filesystem(self) -> FileSystem:
        return self._opened[0]

    @property
    def path(self) -> str:
        """The path by which ``filesystem`` knows this place."""
        return self._opened[1]

    def exists(self) -> bool:
        from pyarrow.fs import FileType

        return bool(self.filesystem.get_file_info(self.path).type != FileType.NotFound)

    def is_folder(self) -> bool:
        from pyarrow.fs import FileType

        return bool(self.filesystem.get_file_info(self.path).type == FileType.Directory)

    def files(self) -> Iterator[Entry]:
        """All files below, in path order; none where the place does not exist."""
        from pyarrow.fs import FileSelector, FileType

        selector = FileSelector(self.path, recursive=True, allow_not_found=True)
        prefix = len(self.path.rstrip("/")) + 1
        infos = [i for i in self.filesystem.get_file_info(selector) if i.type == FileType.File]
        for info in sorted(infos, key=lambda i: i.path):
            yield Entry(info.path[prefix:], info.size, info.mtime_ns or 0)

    def entry(self) -> Entry:
        """Size and time of the file at this place.

        Raises:
            StorageError: when there is no such file.
        """
        from pyarrow.fs import FileType

        info = self.filesystem.get_file_info(self.path)
        if info.type != FileType.File:
            raise StorageError(f"{self.url}: no such file; check the path and its spelling")
        return Entry(self.name, info.size, info.mtime_ns or 0)

    def open(self) -> BinaryIO:
        """Open for reading, seekable.

        Raises:
            StorageError: when it cannot be opened.
        """
        try:
            return cast("BinaryIO", self.filesystem.open_input_file(self.path))
        except OSError as error:
            raise StorageError(f"{self.url} cannot be read: {_reason(error)}") from error

    @contextmanager
    def source(self) -> Iterator[str | BinaryIO]:
        """The file as media libraries like it best: a path on this machine, else a stream."""
        if self.is_local:
            yield self.url
            return
        with self.open() as stream:
            yield stream

    def read_bytes(self) -> bytes:
        with self.open() as stream:
            return stream.read()

    def read_text(self) -> str:
        return self.read_bytes().decode("utf-8")

    def write_bytes(self, data: bytes) -> None:
        """Write whole or not at all: a reader never sees half a file."""
        if self.is_local:
            target = self.local
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
            partial.write_bytes(data)
            partial.replace(target)
            return
        with self.filesystem.open_output_stream(self.path) as stream:
            stream.write(data)

    def upload(self, source: Path) -> None:
        """Copy a local file here, whole or not at all."""
        if self.is_local:
            target = self.local
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
            with source.open("rb") as reader, partial.open("wb") as writer:
                while block := reader.read(_BLOCK):
                    writer.write(block)
            partial.replace(target)
            return
        with source.open("rb") as reader, self.filesystem.open_output_stream(self.path) as writer:
            while block := reader.read(_BLOCK):
                writer.write(block)

    def delete(self) -> None:
        """Remove the file or everything below; nothing happens where nothing is."""
        from pyarrow.fs import FileType

        kind = self.filesystem.get_file_info(self.path).type
        if kind == FileType.File:
            self.filesystem.delete_file(self.path)
        elif kind == FileType.Directory:
            self.filesystem.delete_dir(self.path)

    def sha256(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        digest = hashlib.sha256()
        with self.open() as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def within(self, relative: str) -> Place:
        """The file ``relative`` below this place, proven to lie inside it.

        Raises:
            StorageError: for an absolute path, a ``..``, or a link that leads out.
        """
        pure = PurePosixPath(relative.replace("\\", "/"))
        if not relative.strip() or pure.is_absolute() or ".." in pure.parts or ":" in pure.parts[0]:
            raise StorageError(
                f"{relative!r} leaves {self.url}; give a path inside it, relative and without '..'"
            )
        inside = self / str(pure)
        if self.is_local and not inside.local.resolve().is_relative_to(self.local.resolve()):
            raise StorageError(
                f"{relative!r} is a link that leads out of {self.url}; put the file itself there"
            )
        return inside


@lru_cache(maxsize=8)
def _remote(scheme: str, endpoint: str | None) -> FileSystem:
    from pyarrow.fs import GcsFileSystem, S3FileSystem

    return S3FileSystem(endpoint_override=endpoint) if scheme == "s3" else GcsFileSystem()


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file; check the path and its spelling"
    return error.strerror or str(error).splitlines()[0]
