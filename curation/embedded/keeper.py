"""The one parent of every Airflow process; it outlives its launcher just long enough to end them.

Run as a program, in a session of its own. Its standard input carries one line of JSON, the
:class:`Plan`, and then stays open: when it closes (the launcher stopped, crashed or was killed),
or on SIGINT, SIGTERM or SIGHUP, everything below is ended. Orphans below are adopted, so that
"everything" is what the process table shows. Events go to standard output as lines of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from curation.embedded import processes

POLL_SECONDS = 0.1
INTERRUPT_SECONDS = 2.5
TERMINATE_SECONDS = 1.0
KILL_SECONDS = 5.0


class Command(NamedTuple):
    """One program to run: a name for people, its arguments, and the file its output goes to."""

    name: str
    arguments: list[str]
    log: str


class Plan(NamedTuple):
    """Commands to run one after another first, then those to keep running together."""

    first: list[Command]
    together: list[Command]

    def line(self) -> bytes:
        """Return the plan as the one line that :func:`main` reads."""
        return json.dumps(self).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Plan:
        """Read what :meth:`line` wrote."""
        first, together = json.loads(line)
        return cls([Command(*item) for item in first], [Command(*item) for item in together])


class _Keeper:
    def __init__(self) -> None:
        self.launcher = os.getppid()
        self.running: dict[int, Command] = {}
        self.children: list[subprocess.Popen[bytes]] = []
        self.told_to_stop = False

    def start(self, command: Command) -> None:
        with Path(command.log).open("ab") as log:
            child = subprocess.Popen(
                command.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=processes.end_with_parent,
            )
        self.children.append(child)
        self.running[child.pid] = command
        _report("started", command.name, child.pid)

    def reap(self) -> None:
        """Collect ended children, adopted ones too, and report those that were commands."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                command = self.running.pop(pid, None)
                if command:
                    _report("ended", command.name, os.waitstatus_to_exitcode(status))

    def wait(self) -> bool:
        """Wait a moment; return whether to go on."""
        ready, _, _ = select.select([0], [], [], POLL_SECONDS)
        closed = bool(ready) and not os.read(0, 4096)
        self.reap()
        return not (closed or self.told_to_stop or os.getppid() != self.launcher)

    def run(self, plan: Plan) -> None:
        for command in plan.first:
            self.start(command)
            while self.running:
                if not self.wait():
                    return
        for command in plan.together:
            self.start(command)
        while self.wait():
            pass

    def end(self) -> None:
        """End everything below: politely, firmly, by force."""
        for number, seconds in (
            (signal.SIGINT, INTERRUPT_SECONDS),
            (signal.SIGTERM, TERMINATE_SECONDS),
        ):
            processes.send(set(self.running), number)
            if self._empty_within(seconds):
                return
        until = time.monotonic() + KILL_SECONDS
        while time.monotonic() < until:
            # Again and again: what is being killed may just have had children.
            processes.send(processes.descendants(os.getpid()) | set(self.running), signal.SIGKILL)
            if self._empty_within(POLL_SECONDS):
                return

    def _empty_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while True:
            self.reap()
            if not self.running and not processes.descendants(os.getpid()):
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(POLL_SECONDS / 2)

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        self.told_to_stop = True


def _report(event: str, name: str, value: int) -> None:
    # The launcher may be gone; what must still be done does not depend on it.
    with contextlib.suppress(OSError):
        os.write(1, json.dumps([event, name, value]).encode() + b"\n")


def main() -> None:
    """Read a plan from standard input, carry it out, and end it all when told."""
    keeper = _Keeper()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, keeper.stop)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    processes.adopt_orphans()
    plan = Plan.parse(sys.stdin.buffer.readline())
    try:
        keeper.run(plan)
    finally:
        keeper.end()
