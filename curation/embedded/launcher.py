"""Starting and stopping an embedded Airflow."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from curation.embedded import keeper, processes
from curation.embedded.errors import ComponentFailed, DagsBroken, EmbeddedError, tail
from curation.embedded.lock import HomeLock
from curation.embedded.rest import ImportProblem, RestClient
from curation.embedded.settings import HOST, USER, environment, load_secrets

START_SECONDS = 120.0
STOP_SECONDS = 12.0
MIGRATION = "db-migrate"
MAKES_DAG = re.compile(r"^\s*@dag\b|\bDAG\(", re.MULTILINE)
KEEPER = "from curation.embedded.keeper import main; main()"


class EmbeddedAirflow:
    """Airflow on SQLite with LocalExecutor, for as long as a ``with`` block lasts.

    ``home`` holds all of its state, ``dags`` the DAG files; ``environment`` is added to that of
    every Airflow process and so of every task (it may also override ``AIRFLOW__…`` settings).
    ``port`` None picks a free one. ``triggerer`` adds the process that deferred tasks need.
    ``preload`` names modules that tasks import: imported once, they cost the tasks nothing.

    On entering, the processes are healthy and every DAG file has been parsed. Raises
    :class:`HomeInUse`, :class:`ComponentFailed` and :class:`DagsBroken`. SIGTERM and SIGHUP become
    :class:`SystemExit` inside the block, so that they stop it too (main thread only).
    """

    def __init__(
        self,
        home: Path,
        dags: Path,
        environment: Mapping[str, str],
        port: int | None = None,
        *,
        triggerer: bool = False,
        preload: Sequence[str] = (),
        start_seconds: float = START_SECONDS,
    ) -> None:
        self.home = home.expanduser().absolute()
        self.dags = dags.expanduser().absolute()
        self._extra = dict(environment)
        self._port = port
        self._triggerer = triggerer
        self._preload = tuple(preload)
        self._start_seconds = start_seconds
        self._lock = HomeLock(self.home)
        self._keeper: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._started: set[str] = set()
        self._ended: dict[str, int] = {}
        self._client: RestClient | None = None
        self._handlers: dict[signal.Signals, _Handler] = {}
        self.url = ""
        self.user = USER
        self.password = ""

    @property
    def client(self) -> RestClient:
        """The REST client of the running Airflow."""
        if self._client is None:
            raise EmbeddedError("the embedded Airflow is not running: use it in a 'with' block.")
        return self._client

    @property
    def running(self) -> bool:
        """Whether every process started is still there."""
        return self._keeper is not None and not self._fault()

    def log(self, name: str) -> Path:
        """Return the file that a component's output goes to."""
        return self.home / "logs" / f"{name}.log"

    def check(self) -> None:
        """Raise :class:`ComponentFailed` if a component, or the keeper, has ended."""
        fault = self._fault()
        if fault:
            raise ComponentFailed(fault)

    def stay(self) -> None:
        """Return at Ctrl-C; raise :class:`ComponentFailed` if a component ends before that."""
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                self.check()
                time.sleep(0.5)

    def __enter__(self) -> Self:
        if not self.dags.is_dir():
            raise DagsBroken(f"there is no DAG folder {self.dags}.")
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        (self.home / "logs").mkdir(exist_ok=True)
        self._lock.acquire()
        try:
            self._catch_signals()
            self._start()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process that was started, and let go of the home; safe to call again."""
        try:
            if self._client is not None:
                self._client.close()
                self._client = None
            if self._keeper is not None:
                _end(self._keeper)
                self._keeper = None
        finally:
            self._lock.release()
            self._release_signals()

    def _start(self) -> None:
        port = self._port or _free_port()
        self.url = f"http://{HOST}:{port}"
        kept = load_secrets(self.home)
        self.password = kept.password
        variables = environment(
            self.home,
            self.dags,
            port,
            kept,
            inherited=os.environ,
            extra=self._extra,
            preload=self._preload,
        )
        plan = self._plan(port)
        for command in (*plan.first, *plan.together):
            Path(command.log).write_bytes(b"")
        # -P: a folder named airflow or curation where we happen to be must not be imported.
        self._keeper = subprocess.Popen(
            [sys.executable, "-P", "-c", KEEPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log("keeper").open("wb"),
            env=variables,
            start_new_session=True,
            pass_fds=[self._lock.descriptor],
        )
        self._lock.note(session=self._keeper.pid)
        assert self._keeper.stdin is not None  # noqa: S101
        assert self._keeper.stdout is not None  # noqa: S101
        os.set_blocking(self._keeper.stdout.fileno(), False)
        self._keeper.stdin.write(plan.line())
        self._keeper.stdin.flush()
        self._client = RestClient(self.url, self.user, self.password, self.check)

    def _plan(self, port: int) -> keeper.Plan:
        serving = ["api-server", "--host", HOST, "--port", str(port), "--workers", "1"]
        together = [serving, ["scheduler", "--skip-serve-logs"], ["dag-processor"]]
        if self._triggerer:
            together.append(["triggerer", "--skip-serve-logs"])
        return keeper.Plan(
            first=[] if self._migrated() else [self._command(MIGRATION, ["db", "migrate"])],
            together=[self._command(arguments[0], arguments) for arguments in together],
        )

    def _command(self, name: str, arguments: Sequence[str]) -> keeper.Command:
        program = [sys.executable, "-P", "-m", "airflow", *arguments]
        return keeper.Command(name, program, str(self.log(name)))

    def _migrated(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            stamp = (self.home / "migrated").read_text(encoding="utf-8")
            return (self.home / "airflow.db").exists() and stamp == _airflow_version()
        return False

    def _wait_until_ready(self) -> None:
        since = datetime.now(UTC)
        until = time.monotonic() + self._start_seconds
        for waiting_for in self._obstacles(since):
            if time.monotonic() > until:
                raise ComponentFailed(
                    f"Airflow was not ready within {self._start_seconds:.0f} s: {waiting_for}."
                )
            time.sleep(0.2)

    def _obstacles(self, since: datetime) -> Iterator[str]:
        """Yield what is being waited for, until there is nothing more to wait for."""
        if not self._migrated():
            while self._ended.get(MIGRATION) is None:
                yield f"{MIGRATION} is at work, see {self.log(MIGRATION)}"
                self.check()
            (self.home / "migrated").write_text(_airflow_version(), encoding="utf-8")
        names = {"scheduler": "scheduler", "dag_processor": "dag-processor"}
        if self._triggerer:
            names["triggerer"] = "triggerer"
        while True:
            self.check()
            health = self.client.health()
            if health is None:
                yield f"nothing answers at {self.url}, see {self.log('api-server')}"
                continue
            ill = [log for name, log in names.items() if not _beats(health, name, since)]
            if not ill:
                break
            yield f"{ill[0]} is not healthy; its log ends:\n{tail(self.log(ill[0]))}"
        while unparsed := self._unparsed(since):
            yield f"{unparsed[0]} has not been parsed, see {self.log('dag-processor')}"
            self.check()
        problems = self._problems(since)
        if problems:
            told = "\n\n".join(f"{one.filename}:\n{one.trace}" for one in problems)
            raise DagsBroken(f"DAG files in {self.dags} could not be imported.\n{told}")

    def _unparsed(self, since: datetime) -> list[str]:
        """Return the files that make a DAG and have not been read since this start."""
        read = {
            dag["relative_fileloc"]
            for dag in self.client.dags()
            if _is_since(dag["last_parsed_time"], since)
        } | {problem.filename for problem in self._problems(since)}
        files = (path for path in self.dags.rglob("*.py") if not path.name.startswith("."))
        return [
            name
            for path in sorted(files)
            if (name := path.relative_to(self.dags).as_posix()) not in read
            and MAKES_DAG.search(path.read_text(encoding="utf-8", errors="replace"))
        ]

    def _problems(self, since: datetime) -> list[ImportProblem]:
        return [one for one in self.client.import_problems() if _is_since(one.when, since)]

    def _fault(self) -> str:
        if self._keeper is None:
            return "the embedded Airflow is not running: use it in a 'with' block."
        self._read_events()
        for name, code in self._ended.items():
            if code != 0 or name != MIGRATION:
                log = self.log(name)
                return f"Airflow's {name} ended with exit code {code}. {log} ends:\n{tail(log)}"
        if self._keeper.poll() is not None:
            log = self.log("keeper")
            return f"the keeper of Airflow's processes was killed. {log} ends:\n{tail(log)}"
        return ""

    def _read_events(self) -> None:
        assert self._keeper is not None  # noqa: S101
        assert self._keeper.stdout is not None  # noqa: S101
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._keeper.stdout.fileno(), 65536):
                self._unread += chunk
        *lines, self._unread = self._unread.split(b"\n")
        for event, name, value in map(json.loads, lines):
            if event == "ended":
                self._ended[name] = value

    def _catch_signals(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                self._handlers[number] = signal.signal(number, _exit)
            # A shell starts its background jobs with SIGINT ignored; a launcher must hear it.
            if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
                self._handlers[signal.SIGINT] = signal.signal(
                    signal.SIGINT, signal.default_int_handler
                )

    def _release_signals(self) -> None:
        while self._handlers:
            number, handler = self._handlers.popitem()
            signal.signal(number, handler)


_Handler = Callable[[int, FrameType | None], object] | int | None


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Tell the keeper to stop and wait for it; kill its whole session if it does not."""
    assert child.stdin is not None  # noqa: S101
    assert child.stdout is not None  # noqa: S101
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()
    until = time.monotonic() + STOP_SECONDS
    while (left := processes.of_session(child.pid)) and time.monotonic() < until:
        processes.send(left, signal.SIGKILL)
        time.sleep(0.05)


def _beats(health: Mapping[str, Mapping[str, str | None]], name: str, since: datetime) -> bool:
    # The last heartbeat of an earlier start counts as healthy for half a minute.
    state = health.get(name, {})
    return state.get("status") == "healthy" and _is_since(
        state.get(f"latest_{name}_heartbeat"), since
    )


def _is_since(when: str | None, since: datetime) -> bool:
    return when is not None and datetime.fromisoformat(when) >= since


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _airflow_version() -> str:
    return importlib.metadata.version("apache-airflow-core")
