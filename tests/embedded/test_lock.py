from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curation.embedded.errors import HomeInUse
from curation.embedded.lock import HomeLock
from curation.embedded.processes import environment_of


def test_second_launcher_is_refused_by_pid_and_may_start_once_the_first_is_gone(
    tmp_path: Path,
) -> None:
    first, second = HomeLock(tmp_path), HomeLock(tmp_path)
    first.acquire()
    with pytest.raises(HomeInUse, match=f"in use by process {os.getpid()}"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_file_left_by_a_dead_launcher_locks_nothing(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    stale = {"launcher": int(dead.stdout), "session": 0}
    (tmp_path / "launcher.lock").write_text(json.dumps(stale), encoding="utf-8")
    lock = HomeLock(tmp_path)
    lock.acquire()
    held = json.loads((tmp_path / "launcher.lock").read_text(encoding="utf-8"))
    lock.release()
    assert held["launcher"] == os.getpid()


@pytest.mark.parametrize("content", ["", "half a li", "[1, 2]"])
def test_unreadable_file_locks_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "launcher.lock").write_text(content, encoding="utf-8")
    lock = HomeLock(tmp_path)
    lock.acquire()
    lock.release()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("of_this_home", [True, False])
def test_processes_of_a_dead_launcher_are_ended_if_they_are_of_this_home(
    tmp_path: Path, of_this_home: bool
) -> None:
    home = tmp_path if of_this_home else tmp_path / "other"
    left = subprocess.Popen(
        ["sleep", "60"], start_new_session=True, env={**os.environ, "AIRFLOW_HOME": str(home)}
    )
    try:
        # Popen returns as the child begins to exec; /proc shows its environment a moment later.
        until = time.monotonic() + 5
        while "AIRFLOW_HOME" not in environment_of(left.pid) and time.monotonic() < until:
            time.sleep(0.01)
        note = {"launcher": 0, "session": left.pid}
        (tmp_path / "launcher.lock").write_text(json.dumps(note), encoding="utf-8")
        lock = HomeLock(tmp_path)
        lock.acquire()
        lock.release()
        if of_this_home:
            assert left.wait(5) < 0
        else:
            assert left.poll() is None
    finally:
        left.kill()
        left.wait()
