"""Running DAGs that follow one another through assets, from the first run to the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curation.embedded.errors import ChainBroken, RequestRefused, RunFailed
from curation.embedded.rest import POLL_SECONDS, RestClient, Run, TaskState

if TYPE_CHECKING:
    from curation.embedded.launcher import EmbeddedAirflow

FOLLOW_SECONDS = 60.0


def run_chain(
    airflow: EmbeddedAirflow,
    first: str,
    conf: Mapping[str, Any],
    chain: Sequence[str],
    progress: Callable[[TaskState], None] = lambda task: None,
) -> list[Run]:
    """Trigger DAG ``first`` with ``conf`` and wait until the last DAG of ``chain`` has run.

    ``chain`` names the DAGs after ``first``, in order; each must be scheduled on an asset that the
    one before it updates. The run of a DAG is recognised by the asset events that caused it. Runs
    of these DAGs left unfinished by an interrupted launcher are marked failed first. DAGs that
    were paused are paused again at the end, so that a schedule starts nothing by surprise when
    this home is next used. ``progress`` is called with each task instance whose state has changed.

    Returns the runs in order. Raises :class:`RunFailed`, and :class:`ChainBroken` if a run
    succeeded without starting the next one.
    """
    client = airflow.client
    dag_ids = [first, *(dag_id for dag_id in chain if dag_id != first)]
    known = {dag["dag_id"]: bool(dag["is_paused"]) for dag in client.dags()}
    missing = [dag_id for dag_id in dag_ids if dag_id not in known]
    if missing:
        raise ChainBroken(
            f"no DAG named {', '.join(missing)} in {airflow.dags}; there are: "
            f"{', '.join(sorted(known)) or 'none'}."
        )
    for dag_id in dag_ids:
        for left in client.unfinished(dag_id):
            client.fail(left)
    paused = [dag_id for dag_id in dag_ids if known[dag_id]]
    try:
        for dag_id in paused:
            client.pause(dag_id, False)
        runs = [_followed(client, client.trigger(first, conf), progress)]
        for dag_id in dag_ids[1:]:
            following = _next_run(airflow, runs[-1], dag_id)
            runs.append(_followed(client, following, progress))
    finally:
        if airflow.running:
            for dag_id in paused:
                client.pause(dag_id, True)
    return runs


def _followed(client: RestClient, run: Run, progress: Callable[[TaskState], None]) -> Run:
    for task in client.watch(run):
        progress(task)
    ended = client.run(run.dag_id, run.run_id)
    if ended.state != "success":
        raise _failure(client, ended)
    return ended


def _next_run(airflow: EmbeddedAirflow, run: Run, dag_id: str) -> Run:
    until = time.monotonic() + FOLLOW_SECONDS
    refusal = ""
    while time.monotonic() < until:
        airflow.check()
        try:
            caused = airflow.client.caused_by(run)
        except RequestRefused as error:
            # Airflow 3.3 cannot describe an event whose run is queued and has no start yet: 500.
            refusal = f" The API's last answer: {error}"
        else:
            refusal = ""
            followers = [other for other in caused if other.dag_id == dag_id]
            if followers:
                return followers[-1]
        time.sleep(POLL_SECONDS)
    raise ChainBroken(
        f"run {run.run_id!r} of DAG {run.dag_id!r} succeeded, but no run of {dag_id!r} followed "
        f"within {FOLLOW_SECONDS:.0f} s: a task of {run.dag_id!r} must have an asset as outlet "
        f"that {dag_id!r} is scheduled on, and must not be skipped.{refusal}"
    )


def _failure(client: RestClient, run: Run) -> RunFailed:
    failed = [task for task in client.tasks(run) if task.state == "failed"]
    if not failed:
        return RunFailed(run.dag_id, run.run_id, "", "(no task failed)")
    task = min(failed, key=lambda one: one.end_date)
    return RunFailed(run.dag_id, run.run_id, task.name, client.log_tail(task))
