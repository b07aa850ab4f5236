"""What can go wrong with an embedded Airflow, each with its reason and its remedy."""

# ruff: noqa: N818 - the names say what happened; the base class says that it is an error.

from __future__ import annotations

from collections import deque
from pathlib import Path


class EmbeddedError(RuntimeError):
    """Base of every error raised by :mod:`curation.embedded`."""


class HomeInUse(EmbeddedError):
    """Another launcher holds the home folder."""


class ComponentFailed(EmbeddedError):
    """A process of Airflow ended, or did not become healthy in time; carries its log's tail."""


class DagsBroken(EmbeddedError):
    """DAG files could not be imported, or were not parsed in time."""


class RequestRefused(EmbeddedError):
    """The REST API answered with an error."""


class ChainBroken(EmbeddedError):
    """A run succeeded without causing the run that should have followed it."""


class RunFailed(EmbeddedError):
    """A DAG run failed.

    ``dag_id`` and ``run_id`` name the run, ``task`` its first failed task (``task_id`` or
    ``task_id[map_index]``; empty if no task failed), ``log`` the end of that task's log.
    """

    def __init__(self, dag_id: str, run_id: str, task: str, log: str) -> None:
        where = f"task {task!r}" if task else "no task of it (see the scheduler's log)"
        super().__init__(
            f"DAG {dag_id!r} failed in run {run_id!r}: {where}. The end of its log:\n{log}"
        )
        self.dag_id = dag_id
        self.run_id = run_id
        self.task = task
        self.log = log


def tail(path: Path, lines: int = 30) -> str:
    """Return the last ``lines`` lines of a log file, or say that there are none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            last = deque(file, maxlen=lines)
    except FileNotFoundError:
        return "(no log was written)"
    return "".join(last).rstrip() or "(the log is empty)"
