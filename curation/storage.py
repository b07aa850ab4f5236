"""Places: one URL for a folder on disk or a prefix in an object store.

A ``Place`` is immutable and cheap to make; the filesystem behind it is opened on first use. Object
stores take their credentials and endpoint from the environment that their own tools use
(``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, …; ``GOOGLE_APPLICATION_CREDENTIALS``).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

REMOTE_SCHEMES = ("s3://", "gs://")
_BLOCK = 1 << 20
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")


FILE_MISSING, CONTENT_CHANGED, READ_FAILED = "FILE_MISSING", "CONTENT_CHANGED", "READ_FAILED"


class StorageError(Exception):
    """A place that cannot be read or written; the message names it, the reason and the remedy.

    Attributes:
        reason: FILE_MISSING, CONTENT_CHANGED or READ_FAILED; each may pass.
    """

    def __init__(self, message: str, *, reason: str = READ_FAILED) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    """A file below a place: path relative to it, size in bytes, modification time in ns or 0.

    A name on disk that is no UTF-8 shows U+FFFD for each wrong byte, and opens nothing.
    """

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

    def __reduce__(self) -> tuple[type[Place], tuple[str]]:
        return Place, (self.url,)

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

        return bool(self._info().type != FileType.NotFound)

    def is_folder(self) -> bool:
        from pyarrow.fs import FileType

        return bool(self._info().type == FileType.Directory)

    def files(self) -> Iterator[Entry]:
        """All files below, in path order; none where the place does not exist.

        On this machine a link to a file counts as that file; a link to a folder is not followed,
        because it may lead out, or back in without end.

        Raises:
            StorageError: when a folder cannot be listed.
        """
        yield from _local_files(self.url) if self.is_local else self._remote_files()

    def entry(self) -> Entry:
        """Size and time of the file at this place.

        Raises:
            StorageError: when there is no such file.
        """
        from pyarrow.fs import FileType

        if self.is_local:
            status = self._status()
            return Entry(self.name, status.st_size, status.st_mtime_ns)
        info = self._info()
        if info.type == FileType.NotFound:
            raise self._missing()
        if info.type != FileType.File:
            raise StorageError(f"{self.url} is a folder; name a file in it")
        return Entry(self.name, info.size, info.mtime_ns or 0)

    def stamp(self) -> tuple[int, ...]:
        """Numbers that change whenever the file is written or replaced; cheap, no bytes are read.

        An object store gives size and time alone, so a replacement of the same size within the
        resolution of its clock goes unseen.

        Raises:
            StorageError: when there is no such file.
        """
        if self.is_local:
            status = self._status()
            return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
        entry = self.entry()
        return entry.size, entry.modified_ns

    def open(self) -> BinaryIO:
        """Open for reading, seekable.

        Raises:
            StorageError: when it cannot be opened.
        """
        if self.is_local:
            self._status()
        with self._in_words("cannot be read"):
            if self.is_local:
                return self.local.open("rb")
            return cast("BinaryIO", self.filesystem.open_input_file(self.path))

    @contextmanager
    def source(self) -> Iterator[str | BinaryIO]:
        """The file as media libraries like it best: a path on this machine, else a stream."""
        if self.is_local:
            yield self.url
            return
        with self.open() as stream:
            yield stream

    @contextmanager
    def verified(self, sha256: str) -> Iterator[str | BinaryIO]:
        """``source`` of these very bytes, before the block and to its end.

        Where the block raises, the place is asked whether it is to blame: then it raises what is
        below in place of the block's error, so that an error which comes through is the content's.

        Raises:
            StorageError: FILE_MISSING, CONTENT_CHANGED or READ_FAILED.
        """
        before = self.stamp()
        self._is_still(sha256)
        with self.source() as opened:
            source = opened if isinstance(opened, str) else _Watched(self.url, opened)
            try:
                yield cast("str | BinaryIO", source)
            except Exception:
                _raise_trouble(source)
                self._is_still(sha256)
                raise
            _raise_trouble(source)
        if self.stamp() != before:
            raise self._changed("it was written while it was read")

    def read_bytes(self) -> bytes:
        with self.open() as stream, self._in_words("cannot be read"):
            return stream.read()

    def read_text(self) -> str:
        return self.read_bytes().decode("utf-8")

    def write_bytes(self, data: bytes) -> None:
        """Write whole or not at all: a reader never sees half a file.

        Raises:
            StorageError: when it cannot be written.
        """
        with self._in_words("cannot be written"), self._whole() as stream:
            stream.write(data)

    def upload(self, source: Path) -> None:
        """Copy a local file here, whole or not at all.

        Raises:
            StorageError: when it cannot be written.
        """
        with (
            source.open("rb") as reader,
            self._in_words("cannot be written"),
            self._whole() as writer,
        ):
            while block := reader.read(_BLOCK):
                writer.write(block)

    def delete(self) -> None:
        """Remove the file or everything below; nothing happens where nothing is."""
        from pyarrow.fs import FileType

        kind = self._info().type
        with self._in_words("cannot be deleted"):
            if kind == FileType.File:
                self.filesystem.delete_file(self.path)
            elif kind == FileType.Directory:
                self.filesystem.delete_dir(self.path)

    def sha256(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal.

        Raises:
            StorageError: when it cannot be read to its end.
        """
        digest = hashlib.sha256()
        with self.open() as stream, self._in_words("cannot be read"):
            while block := stream.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def within(self, relative: str) -> Place:
        """The file ``relative`` below this place, proven to lie inside it.

        Colons and backslashes are letters like others, as the file systems here hold them; only
        what is a path on another system (``c:/x``, ``..\\x``) is refused.

        Raises:
            StorageError: for an absolute path, a ``..``, or a link that leads out.
        """
        pure = PurePosixPath(relative)
        away = pure.is_absolute() or _DRIVE.match(relative) or ".." in re.split(r"[/\\]", relative)
        if away or not relative.strip() or not pure.parts:
            raise StorageError(
                f"{relative!r} leaves {self.url}; give a path inside it, relative and without '..'"
            )
        inside = self / str(pure)
        if not self.is_local:
            return inside
        try:
            is_inside = inside.local.resolve().is_relative_to(self.local.resolve())
            _is_possible(inside.local)
        except (OSError, ValueError, RuntimeError) as error:
            raise StorageError(
                f"{relative[:200]!r} names no file that {self.url} could hold ({error!s:.200}); "
                "correct the path"
            ) from error
        if not is_inside:
            raise StorageError(
                f"{relative!r} is a link that leads out of {self.url}; put the file itself there"
            )
        return inside

    @contextmanager
    def _whole(self) -> Iterator[BinaryIO]:
        if not self.is_local:
            with self.filesystem.open_output_stream(self.path) as stream:
                yield stream
            return
        target = self.local
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
        with partial.open("wb") as stream:
            yield stream
        partial.replace(target)

    def _info(self) -> FileInfo:
        with self._in_words("cannot be reached"):
            return self.filesystem.get_file_info(self.path)

    def _remote_files(self) -> Iterator[Entry]:
        from pyarrow.fs import FileSelector, FileType

        selector = FileSelector(self.path, recursive=True, allow_not_found=True)
        prefix = len(self.path.rstrip("/")) + 1
        with self._in_words("cannot be listed"):
            infos = self.filesystem.get_file_info(selector)
        for info in sorted(infos, key=lambda i: i.path):
            if info.type == FileType.File:
                yield Entry(info.path[prefix:], info.size, info.mtime_ns or 0)

    def _status(self) -> os.stat_result:
        """What the system knows of a regular file on this machine."""
        try:
            status = self.local.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._missing() from error
        except (OSError, ValueError) as error:
            raise StorageError(f"{self.url} cannot be read: {error}") from error
        if stat.S_ISREG(status.st_mode):
            return status
        if stat.S_ISDIR(status.st_mode):
            raise StorageError(f"{self.url} is a folder; name a file in it")
        raise StorageError(f"{self.url} is a pipe, a socket or a device; put a file in its place")

    def _is_still(self, sha256: str) -> None:
        if (found := self.sha256()) != sha256:
            raise self._changed(f"it is {found}, not {sha256}")

    def _changed(self, why: str) -> StorageError:
        return StorageError(
            f"{self.url} is not the file that was catalogued ({why}); ingest the catalog again",
            reason=CONTENT_CHANGED,
        )

    def _missing(self) -> StorageError:
        return StorageError(
            f"{self.url}: no such file; check the path and its spelling", reason=FILE_MISSING
        )

    @contextmanager
    def _in_words(self, trouble: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise self._missing() from error
        except OSError as error:
            remedy = "check it and its permissions"
            if not self.is_local:
                remedy = "check the bucket, the endpoint and the credentials in the environment"
            reason = error.strerror or str(error).splitlines()[0]
            raise StorageError(f"{self.url} {trouble}: {reason}; {remedy}") from error


class _Watched:
    """A stream that remembers an error of reading, which a media library may take for the end."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self.name = name
        self.trouble: OSError | None = None
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            self.trouble = error
            raise

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _raise_trouble(source: str | _Watched) -> None:
    if isinstance(source, _Watched) and source.trouble is not None:
        raise StorageError(
            f"{source.name} could not be read to its end ({source.trouble!s:.300}); try again"
        ) from source.trouble


def _is_possible(path: Path) -> None:
    """Raise OSError for a name that the system cannot hold; a name that is free is possible."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return


def _local_files(root: str) -> Iterator[Entry]:
    found = []
    for folder, _, names in os.walk(root, onerror=_cannot_list):
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118 - Path would cost more than the listing
            try:
                status = os.stat(path)  # noqa: PTH116
            except OSError:
                continue  # a link to nothing, or gone since
            if stat.S_ISREG(status.st_mode):
                relative = os.fsencode(os.path.relpath(path, root)).decode("utf-8", "replace")
                found.append(Entry(relative, status.st_size, status.st_mtime_ns))
    yield from sorted(found, key=lambda entry: entry.path)


def _cannot_list(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise StorageError(
            f"{error.filename} cannot be listed: {error.strerror}; check that it is a folder and "
            "its permissions"
        ) from error


@lru_cache(maxsize=8)
def _remote(scheme: str, endpoint: str | None) -> FileSystem:
    from pyarrow.fs import GcsFileSystem, S3FileSystem

    return S3FileSystem(endpoint_override=endpoint) if scheme == "s3" else GcsFileSystem()
