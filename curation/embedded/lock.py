"""One launcher a home folder: a lock that the kernel lets go of when its holders are gone."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from pathlib import Path

from curation.embedded import processes
from curation.embedded.errors import HomeInUse

WAIT_SECONDS = 12.0


class HomeLock:
    """An exclusive lock on ``home/launcher.lock``, which names the launcher and its session.

    The keeper inherits :attr:`descriptor`, so the lock is held until the last process of an
    interrupted launcher has been ended. A file left by dead processes locks nothing; processes
    that it names and that outlived both launcher and keeper are killed.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / "launcher.lock"
        self.descriptor = -1

    def acquire(self) -> None:
        """Take the lock, waiting for an interrupted launcher to finish stopping.

        Raises :class:`HomeInUse` if a living launcher holds it.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        until = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = self._holder(descriptor)
                launcher = holder.get("launcher", 0)
                if _alive(launcher) or time.monotonic() > until:
                    os.close(descriptor)
                    raise HomeInUse(
                        f"{self._home} is in use by process {launcher}, which runs an embedded "
                        "Airflow there: stop it (Ctrl-C in its terminal, or kill "
                        f"{launcher}), or choose another store."
                    ) from None
                time.sleep(0.2)
        self.descriptor = descriptor
        self._end_leftovers(self._holder(descriptor).get("session", 0))
        self.note(session=0)

    def note(self, session: int) -> None:
        """Write who holds the lock: this process, and the session of its keeper (0: none yet)."""
        content = json.dumps({"launcher": os.getpid(), "session": session}).encode()
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, content, 0)

    def release(self) -> None:
        """Let go of the lock; the file stays, empty."""
        if self.descriptor >= 0:
            os.ftruncate(self.descriptor, 0)
            os.close(self.descriptor)
            self.descriptor = -1

    @staticmethod
    def _holder(descriptor: int) -> dict[str, int]:
        try:
            content = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def _end_leftovers(self, session: int) -> None:
        if not session:
            return
        ours = {
            pid
            for pid in processes.of_session(session)
            if processes.environment_of(pid).get("AIRFLOW_HOME") == str(self._home)
        }
        processes.send(ours, signal.SIGKILL)


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
