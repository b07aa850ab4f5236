"""Toy DAGs of our DAGs' shape on a real embedded Airflow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.embedded import EmbeddedAirflow, HomeInUse, RunFailed, TaskState, run_chain
from curation.embedded.processes import environment_of, living

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

TOYS = """
import subprocess
from datetime import timedelta

from airflow.sdk import Asset, CronTriggerTimetable, Param, dag, task

catalog, shots = Asset("toy_catalog"), Asset("toy_shots")
daily = CronTriggerTimetable("@daily", timezone="UTC", run_immediately=timedelta(0))


@dag(schedule=daily, catchup=False)
def ingest():
    @task
    def read():
        return {"films": 2}

    @task(outlets=[catalog])
    def commit(found):
        return found["films"]

    commit(read())


@dag(schedule=[catalog])
def analysis():
    @task
    def batches():
        return [1, 2]

    @task(map_index_template="{{ task.op_kwargs['batch'] }}")
    def analyse(batch):
        return batch * 10

    @task(outlets=[shots])
    def commit(counts):
        return sum(counts)

    commit(analyse.expand(batch=batches()))


@dag(schedule=[shots], params={"recipe": Param("default", type="string")})
def release():
    @task
    def publish(params=None):
        return params["recipe"]

    publish()


@dag(schedule=None)
def broken():
    @task
    def refuse():
        raise RuntimeError("this film is made of toast")

    refuse()


@dag(schedule=None)
def endless():
    @task
    def wait():
        subprocess.run(["sleep", "600"], start_new_session=True)

    wait()


ingest(), analysis(), release(), broken(), endless()
"""

LAUNCHER = """
import sys
from pathlib import Path
from curation.embedded import EmbeddedAirflow, run_chain

with EmbeddedAirflow(Path(sys.argv[1]), Path(sys.argv[2]), {}) as airflow:
    run_chain(airflow, "endless", {}, [], lambda task: print(task.state, flush=True))
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("embedded")
    (root / "dags").mkdir()
    (root / "dags" / "toys.py").write_text(TOYS, encoding="utf-8")
    return root / "home", root / "dags"


def processes_of(home: Path) -> set[int]:
    """Every living process that was started with this home, whatever became of its parents."""
    return {one.pid for one in living() if environment_of(one.pid).get("AIRFLOW_HOME") == str(home)}


def listeners_of(pids: set[int]) -> Iterator[str]:
    """The local addresses, in the kernel's hexadecimal, on which these processes listen."""
    sockets = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets.add(str(descriptor.readlink()))
            except FileNotFoundError:
                continue
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                yield fields[1]


def test_chain_runs_twice_on_loopback_and_leaves_no_process(places: tuple[Path, Path]) -> None:
    home, dags = places
    seen: list[TaskState] = []
    with EmbeddedAirflow(home, dags, {}) as airflow:
        for _ in range(2):
            runs = run_chain(airflow, "ingest", {}, ["analysis", "release"], seen.append)
            assert [(run.dag_id, run.state) for run in runs] == [
                ("ingest", "success"),
                ("analysis", "success"),
                ("release", "success"),
            ]
        client = airflow.client
        assert client.result(runs[0], "read") == {"films": 2}
        assert client.result(runs[1], "commit") == 30
        assert client.result(runs[1], "analyse", map_index=1) == 20
        assert client.result(runs[2], "publish") == "default"
        assert {task.name for task in seen if task.state == "success"} == {
            "read", "commit", "batches", "analyse[1]", "analyse[2]", "publish",
        }  # fmt: skip
        # Nothing but the two runs that were asked for, although the DAG has a daily schedule.
        assert len(list(client._pages("/api/v2/dags/ingest/dagRuns", "dag_runs"))) == 2

        client.ensure_pool("decode", 2, "films decoded at a time")
        client.ensure_pool("decode", 3, "films decoded at a time")
        assert client._call("GET", "/api/v2/pools/decode")["slots"] == 3

        with pytest.raises(RunFailed, match="made of toast") as failure:
            run_chain(airflow, "broken", {}, [])
        assert (failure.value.dag_id, failure.value.task) == ("broken", "refuse")

        with pytest.raises(HomeInUse, match=str(os.getpid())):
            EmbeddedAirflow(home, dags, {}).__enter__()

        running = processes_of(home)
        assert len(running) > 4
        port = f"{int(airflow.url.rpartition(':')[2]):04X}"
        assert list(listeners_of(running)) == [f"0100007F:{port}"]
    assert processes_of(home) == set()


def launch(home: Path, dags: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(home), str(dags)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def gone(home: Path, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while processes_of(home) and time.monotonic() < until:
        time.sleep(0.1)
    return not processes_of(home)


def test_launcher_killed_while_a_task_runs_leaves_no_process(places: tuple[Path, Path]) -> None:
    home, dags = places
    launcher = launch(home, dags)
    assert launcher.stdout is not None
    with launcher.stdout as states:
        assert any(state == "running\n" for state in states)
    launcher.kill()
    assert launcher.wait(15) == -signal.SIGKILL
    assert gone(home, 15)


def test_launcher_terminated_while_starting_leaves_no_process(places: tuple[Path, Path]) -> None:
    home, dags = places
    launcher = launch(home, dags)
    assert launcher.stdout is not None
    launcher.stdout.close()
    until = time.monotonic() + 30
    while len(processes_of(home)) < 4 and time.monotonic() < until:
        time.sleep(0.1)
    launcher.terminate()
    assert launcher.wait(15) == 128 + signal.SIGTERM
    assert processes_of(home) == set()
