"""A child process that does dangerous work, so that a crash or a hang costs one film, not the run.

The child is kept between calls, because its imports cost more than a short film does. It dies with
its parent, and what it started itself dies with it: it leads a process group, killed as a whole.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

PROGRESS_S = 15

_LENGTH = struct.Struct("!Q")
_FIRST_POLL_S = 0.02
_POLL_S = 0.5
_GRACE_S = 1.0
"""Seconds that a child has to end by itself when its input ends."""

_RETURNED, _RAISED, _TOLD, _UNSENDABLE = "returned", "raised", "told", "unsendable"
_BOUNDED = "bounded"


class WorkerError(Exception):
    """The child did not finish a call.

    Attributes:
        reason: ``CRASHED``, ``TIMED_OUT``, ``OUT_OF_MEMORY``, or ``RAISED`` where the child raised
            or returned what cannot be sent between processes; the message names it.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Worker:
    """Runs importable functions in a child process, one at a time, within bounds.

    Args:
        timeout_s: seconds that a call may take; a function may bound itself closer (`bounded`).
        memory_mb: mebibytes that the child itself may hold resident.
        on_tell: called with each line that the function says by ``tell``.
    """

    def __init__(
        self,
        *,
        timeout_s: float,
        memory_mb: int,
        on_tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._on_tell = on_tell
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``function`` in the child and return what it returns.

        Raises:
            WorkerError: when the child crashes, takes too long or too much memory; the next call
                starts a new child.
            Exception: whatever the function raised, as it raised it.
        """
        child = self._child or self._start()
        stdin, stdout = _pipes(child)
        try:
            _send(stdin, (function, args, kwargs))
            kind, value = self._answer(child, stdout)
        except (EOFError, BrokenPipeError) as error:
            code = self._stop()
            raise WorkerError("CRASHED", f"the worker process died ({_exit(code)})") from error
        except WorkerError:
            self._stop()
            raise
        if kind == _RAISED:
            raise value
        if kind == _UNSENDABLE:
            raise WorkerError("RAISED", value)
        return value  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._stop()

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "curation.isolation"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A buffer would hide from select() what it has read ahead.
            bufsize=0,
            start_new_session=True,
        )
        return self._child

    def _stop(self) -> int:
        child, self._child = self._child, None
        if child is None:
            return 0
        for pipe in _pipes(child):
            try:
                pipe.close()
            except BrokenPipeError:
                continue
        deadline = time.monotonic() + _GRACE_S
        while not _has_ended(child.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        # The group is killed before the child is waited for: until then its number is not reused.
        _kill_group(child.pid)
        return child.wait()

    def _answer(self, child: subprocess.Popen[bytes], stdout: IO[bytes]) -> tuple[str, Any]:
        began = time.monotonic()
        last = deadline = began + self._timeout_s
        while True:
            self._await(child, stdout, began, deadline)
            kind, value = _receive(stdout)
            if kind == _TOLD:
                self._on_tell(value)
            elif kind == _BOUNDED:
                deadline = min(last, time.monotonic() + value)
            else:
                return kind, value

    def _await(
        self, child: subprocess.Popen[bytes], stdout: IO[bytes], began: float, deadline: float
    ) -> None:
        poll_s = _FIRST_POLL_S
        while not select.select([stdout], [], [], poll_s)[0]:
            poll_s = min(2 * poll_s, _POLL_S)
            if time.monotonic() > deadline:
                _kill_group(child.pid)
                raise WorkerError("TIMED_OUT", f"no result after {deadline - began:.0f} s")
            if (resident := _resident_mb(child.pid)) > self._memory_mb:
                _kill_group(child.pid)
                raise WorkerError(
                    "OUT_OF_MEMORY",
                    f"{resident} MiB resident, above the limit of {self._memory_mb} MiB",
                )


def tell(line: str) -> None:
    """Say a line of progress from inside a child; elsewhere it is not heard."""
    if _answers is not None:
        _send(_answers, (_TOLD, line))


class Progress:
    """Says how far long work has come, at most every `PROGRESS_S` seconds."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, line: str) -> None:
        if time.monotonic() - self._said > PROGRESS_S:
            self._said = time.monotonic()
            tell(line)


def bounded(seconds: float) -> None:
    """Say inside a child that the call may take so many seconds more, within the worker's bound.

    The last word counts; elsewhere it is not heard.
    """
    if _answers is not None:
        _send(_answers, (_BOUNDED, seconds))


_answers: IO[bytes] | None = None


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None:
        raise WorkerError("CRASHED", "the worker process was started without pipes")
    return child.stdin, child.stdout


Parts = list["bytes | bytearray | memoryview"]


def _parts(value: object) -> Parts:
    """A value pickled, and after it the buffers of its arrays and tables, which are not copied."""
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return [pickled, *(buffer.raw() for buffer in buffers)]


def _whole(parts: Parts) -> Any:
    pickled, *buffers = parts
    return pickle.loads(pickled, buffers=buffers)  # noqa: S301 - written by our own other half


def _send(pipe: IO[bytes], value: object) -> None:
    _send_parts(pipe, _parts(value))


def _send_parts(pipe: IO[bytes], parts: Parts) -> None:
    _write(pipe, b"".join(_LENGTH.pack(n) for n in (len(parts), *map(len, parts))))
    for part in parts:
        _write(pipe, part)
    pipe.flush()


def _write(pipe: IO[bytes], data: bytes | bytearray | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[pipe.write(left) :]


def _receive(pipe: IO[bytes]) -> Any:
    lengths = [_number(pipe) for _ in range(_number(pipe))]
    return _whole([_exactly(pipe, length) for length in lengths])


def _number(pipe: IO[bytes]) -> int:
    (number,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return int(number)


def _exactly(pipe: IO[bytes], size: int) -> bytearray:
    data = bytearray()
    while len(data) < size:
        block = pipe.read(size - len(data))
        if not block:
            raise EOFError
        data += block
    return data


def _resident_mb(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as stream:  # noqa: PTH123
            pages = int(stream.read().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // (1 << 20)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _exit(code: int) -> str:
    if code < 0:
        return signal.Signals(-code).name
    return f"exit status {code}"


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    _kill_group(os.getpid())
    os._exit(1)


def _serve() -> None:
    """Answer calls from standard input until it ends; anything printed goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()
    global _answers
    answers = _answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            function, args, kwargs = _receive(sys.stdin.buffer)
        except EOFError:
            _kill_group(os.getpid())
            return
        try:
            answer = (_RETURNED, function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            answer = (_RAISED, error)
        _answer_with(answers, answer)


def _answer_with(answers: IO[bytes], answer: tuple[str, object]) -> None:
    """Send an answer, or in words what it is when it would not arrive whole."""
    try:
        parts = _parts(answer)
        _whole(parts)
    except Exception as trouble:  # noqa: BLE001 - a value's own code may raise anything here
        kind, value = answer
        said = f"{type(value).__name__}: {value}" if kind == _RAISED else type(value).__name__
        why = f"{said} ({kind}, and cannot be sent between processes: {trouble})"
        parts = _parts((_UNSENDABLE, why))
    _send_parts(answers, parts)


if __name__ == "__main__":
    from curation.isolation import _serve as serve

    serve()
