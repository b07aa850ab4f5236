"""The process table, as far as a launcher that must leave nothing behind needs it (Linux)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


class Process(NamedTuple):
    """One living process: its id, its parent's and its session's."""

    pid: int
    parent: int
    session: int


def living() -> Iterator[Process]:
    """Yield every process that is not a zombie; nothing where there is no ``/proc``."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The command name is in parentheses and may itself contain any of these characters.
        state, parent, _group, session = stat.rpartition(")")[2].split()[:4]
        if state not in "ZX":
            yield Process(int(entry.name), int(parent), int(session))


def descendants(root: int) -> set[int]:
    """Return the ids of the living children of ``root``, their children, and so on."""
    children: dict[int, list[int]] = {}
    for process in living():
        children.setdefault(process.parent, []).append(process.pid)
    found: set[int] = set()
    pending = [root]
    while pending:
        below = children.get(pending.pop(), [])
        found.update(below)
        pending.extend(below)
    return found


def of_session(session: int) -> set[int]:
    """Return the ids of the living processes of one session."""
    return {process.pid for process in living() if process.session == session}


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment a process was started with; empty if it cannot be read."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (item.decode(errors="replace").partition("=") for item in raw.split(b"\0") if item)
    return {name: value for name, _, value in pairs}


def send(pids: set[int], number: signal.Signals) -> None:
    """Signal processes, passing over those that have already ended."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def adopt_orphans() -> None:
    """Make this process the parent of every orphan among its descendants (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Have the kernel send SIGTERM to this process when its parent dies (Linux)."""
    _prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        _LIBC.prctl(option, value, 0, 0, 0)


_LIBC = ctypes.CDLL(None, use_errno=True)
