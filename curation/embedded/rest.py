"""A small client of Airflow's REST API: what a launcher and a progress display ask for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from curation.embedded.errors import RequestRefused

if TYPE_CHECKING:
    import httpx

PAGE = 100
POLL_SECONDS = 0.5
RETRIES = 5
REPEATABLE = frozenset({"GET", "PATCH"})
RUN_ENDED = frozenset({"success", "failed"})


@dataclass(frozen=True)
class Run:
    """One DAG run; ``state`` is Airflow's: queued, running, success or failed."""

    dag_id: str
    run_id: str
    state: str

    @property
    def ended(self) -> bool:
        """Whether the run will not change any more."""
        return self.state in RUN_ENDED


@dataclass(frozen=True)
class TaskState:
    """One task instance of a run as it is now; ``map_index`` is -1 for a task not mapped.

    ``label`` is the rendered ``map_index_template`` (empty if none), ``end_date`` an ISO time.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str
    try_number: int
    label: str
    end_date: str

    @property
    def name(self) -> str:
        """``task_id``, or ``task_id[label]`` for a mapped task."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.label}]"


@dataclass(frozen=True)
class ImportProblem:
    """A DAG file that could not be imported, the traceback, and when (an ISO time)."""

    filename: str
    trace: str
    when: str


class RestClient:
    """Airflow's REST API at ``url`` for one user.

    ``alive`` is called before each round of polling and raises when waiting has become pointless
    (a component died). Errors from the server raise :class:`RequestRefused`.
    """

    def __init__(
        self, url: str, user: str, password: str, alive: Callable[[], None] = lambda: None
    ) -> None:
        import httpx

        self._login = {"username": user, "password": password}
        self._alive = alive
        # trust_env: a proxy of the environment must not see what stays on this machine.
        self._http: httpx.Client = httpx.Client(base_url=url, timeout=30.0, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> dict[str, dict[str, Any]] | None:
        """Return each component's health, or None while nothing answers yet."""
        import httpx

        try:
            answer = self._http.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return None
        if answer.status_code != httpx.codes.OK:
            return None
        content: dict[str, dict[str, Any]] = answer.json()
        return content

    def dags(self) -> list[dict[str, Any]]:
        """Return every DAG that the DAG processor knows, as the API describes it."""
        return list(self._pages("/api/v2/dags", "dags"))

    def import_problems(self) -> list[ImportProblem]:
        """Return the DAG files that could not be imported."""
        return [
            ImportProblem(item["filename"], item["stack_trace"], item["timestamp"])
            for item in self._pages("/api/v2/importErrors", "import_errors")
        ]

    def pause(self, dag_id: str, paused: bool) -> None:
        """Pause or unpause a DAG."""
        self._call("PATCH", f"/api/v2/dags/{_part(dag_id)}", json={"is_paused": paused})

    def trigger(self, dag_id: str, conf: Mapping[str, Any]) -> Run:
        """Start a run of a DAG now, with ``conf`` checked against its Params."""
        body = {"logical_date": None, "conf": dict(conf)}
        return _run(self._call("POST", f"/api/v2/dags/{_part(dag_id)}/dagRuns", json=body))

    def run(self, dag_id: str, run_id: str) -> Run:
        """Return a run as it is now."""
        return _run(self._call("GET", _run_path(dag_id, run_id)))

    def unfinished(self, dag_id: str) -> list[Run]:
        """Return the runs of a DAG that are queued or running."""
        path = f"/api/v2/dags/{_part(dag_id)}/dagRuns"
        found = self._pages(path, "dag_runs", state=["queued", "running"])
        return [_run(item) for item in found]

    def fail(self, run: Run) -> None:
        """Mark a run as failed, which also ends its running tasks."""
        self._call("PATCH", _run_path(run.dag_id, run.run_id), json={"state": "failed"})

    def tasks(self, run: Run) -> list[TaskState]:
        """Return every task instance of a run."""
        path = f"{_run_path(run.dag_id, run.run_id)}/taskInstances"
        return [
            TaskState(
                dag_id=run.dag_id,
                run_id=run.run_id,
                task_id=item["task_id"],
                map_index=item["map_index"],
                state=item["state"] or "none",
                try_number=item["try_number"],
                label=item["rendered_map_index"] or str(item["map_index"]),
                end_date=item["end_date"] or "",
            )
            for item in self._pages(path, "task_instances")
        ]

    def watch(self, run: Run, timeout: float | None = None) -> Iterator[TaskState]:
        """Yield each task instance whenever its state has changed, until the run has ended.

        Raises :class:`TimeoutError` after ``timeout`` seconds (None: never).
        """
        until = None if timeout is None else time.monotonic() + timeout
        seen: dict[tuple[str, int], tuple[str, int]] = {}
        while True:
            self._alive()
            # The run before its tasks: when it has ended, what its tasks say is final.
            ended = self.run(run.dag_id, run.run_id).ended
            for task in self.tasks(run):
                key, now = (task.task_id, task.map_index), (task.state, task.try_number)
                if seen.get(key) != now:
                    seen[key] = now
                    yield task
            if ended:
                return
            if until is not None and time.monotonic() > until:
                raise TimeoutError(
                    f"run {run.run_id!r} of DAG {run.dag_id!r} has not ended in {timeout:.0f} s"
                )
            time.sleep(POLL_SECONDS)

    def wait(self, run: Run, timeout: float | None = None) -> Run:
        """Wait until a run has ended and return it."""
        for _ in self.watch(run, timeout):
            pass
        return self.run(run.dag_id, run.run_id)

    def caused_by(self, run: Run) -> list[Run]:
        """Return the runs that were started by the asset events of ``run``, oldest first."""
        events = self._pages(
            "/api/v2/assets/events",
            "asset_events",
            source_dag_id=run.dag_id,
            source_run_id=run.run_id,
            order_by="timestamp",
        )
        found = {
            (item["dag_id"], item["run_id"]): Run(item["dag_id"], item["run_id"], item["state"])
            for event in events
            for item in event["created_dagruns"]
        }
        return list(found.values())

    def result(
        self, run: Run, task_id: str, key: str = "return_value", map_index: int = -1
    ) -> object:
        """Return what a task pushed to XCom, as JSON values."""
        path = f"{_run_path(run.dag_id, run.run_id)}/taskInstances/{_part(task_id)}"
        entry = self._call(
            "GET", f"{path}/xcomEntries/{_part(key)}", params={"map_index": map_index}
        )
        value: object = entry["value"]
        return value

    def log_tail(self, task: TaskState, lines: int = 30) -> str:
        """Return the end of the log of a task's latest try."""
        path = (
            f"{_run_path(task.dag_id, task.run_id)}/taskInstances/{_part(task.task_id)}"
            f"/logs/{max(task.try_number, 1)}"
        )
        answer = self._call("GET", path, params={"map_index": task.map_index, "full_content": True})
        texts = [text for entry in answer["content"] for text in _log_lines(entry)]
        return "\n".join(texts[-lines:])

    def ensure_pool(self, name: str, slots: int, description: str = "") -> None:
        """Create a pool, or give an existing one this many slots."""
        import httpx

        body = {"slots": slots, "description": description, "include_deferred": False}
        path = f"/api/v2/pools/{_part(name)}"
        if self._send("GET", path).status_code == httpx.codes.NOT_FOUND:
            self._call("POST", "/api/v2/pools", json={"name": name, **body})
        else:
            # The API knows a pool's name as "pool" in one body and as "name" in the other.
            self._call("PATCH", path, json={"pool": name, **body})

    def _pages(self, path: str, field: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            page = self._call("GET", path, params={**parameters, "limit": PAGE, "offset": offset})
            yield from page[field]
            offset += PAGE
            if offset >= page["total_entries"]:
                return

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        answer = self._send(method, path, **arguments)
        for _ in range(RETRIES):
            if method not in REPEATABLE or not answer.is_server_error:
                break
            # SQLite serves one writer at a time, and Airflow says 500 to one that waited too long.
            self._alive()
            time.sleep(POLL_SECONDS)
            answer = self._send(method, path, **arguments)
        if answer.is_error:
            raise RequestRefused(
                f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:2000]}"
            )
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        import httpx

        if "Authorization" not in self._http.headers:
            self._log_in()
        answer = self._http.request(method, path, **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            # Tokens live for a day; a run may last longer.
            self._log_in()
            answer = self._http.request(method, path, **arguments)
        return answer

    def _log_in(self) -> None:
        answer = self._http.post("/auth/token", json=self._login)
        if answer.is_error:
            raise RequestRefused(
                f"Airflow refused to log in user {self._login['username']!r}: {answer.status_code}"
            )
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def _run(item: Mapping[str, Any]) -> Run:
    return Run(item["dag_id"], item["dag_run_id"], item["state"])


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{_part(dag_id)}/dagRuns/{_part(run_id)}"


def _part(name: str) -> str:
    return quote(name, safe="")


def _log_lines(entry: str | Mapping[str, Any]) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
        return
    yield str(entry.get("event", ""))
    for error in entry.get("error_detail") or ():
        for frame in error.get("frames") or ():
            yield f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["name"]}'
        yield f"{error.get('exc_type')}: {error.get('exc_value')}"
