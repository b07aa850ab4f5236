import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from curation import isolation
from curation.isolation import Worker, WorkerError
from curation.tables.packed import Packed


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    time.sleep(60)


def hang_within(*bounds: float) -> None:
    for bound in bounds:
        isolation.bounded(bound)
    time.sleep(60)


def eat() -> None:
    block = bytearray(400 << 20)
    block[::4096] = b"x" * len(block[::4096])
    time.sleep(60)


def count_to_two() -> int:
    for number in (1, 2):
        isolation.tell(str(number))
    return 3


def grumble() -> int:
    print("words on standard output")  # noqa: T201
    return os.getpid()


class StubbornError(Exception):
    """An error that pickles and does not unpickle."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def raise_stubborn() -> None:
    raise StubbornError("this", "that")


def turned(numbers: NDArray[np.float64], rows: Packed) -> tuple[NDArray[np.float64], Packed]:
    return numbers.T, Packed("tags", reversed(rows))


def return_a_function() -> Callable[[], int]:
    return lambda: 3


def start_a_child(then: str = "return") -> int:
    pid = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid
    isolation.tell(str(pid))
    if then == "hang":
        time.sleep(60)
    if then == "crash":
        crash()
    return pid


def use_a_worker_and_wait() -> None:
    """For a process of its own: says the worker's child, then waits to be killed."""
    with Worker(timeout_s=60, memory_mb=300) as worker:
        print(worker.call(start_a_child), flush=True)  # noqa: T201
        time.sleep(60)


def is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    for _ in range(60):
        try:
            if stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def worker() -> Worker:
    return Worker(timeout_s=20, memory_mb=300)


def test_calls_share_a_process_that_is_not_ours(worker: Worker) -> None:
    with worker:
        first = worker.call(grumble)
        assert first != os.getpid()
        assert worker.call(grumble) == first
    assert not Path(f"/proc/{first}").exists()


def test_arrays_and_tables_come_and_go_whole(worker: Worker) -> None:
    numbers = np.arange(12.0).reshape(3, 4)
    rows = [{"shot_id": name, "measures": {name: 1.0}} for name in "ab"]
    with worker:
        for given in (numbers, numbers[:, ::2], numbers[:0]):
            found, packed = worker.call(turned, given, Packed("tags", rows))
            assert np.array_equal(found, given.T)
            assert [row["measures"] for row in packed] == [{"b": 1.0}, {"a": 1.0}]


def test_progress_is_heard_while_it_works() -> None:
    heard: list[str] = []
    with Worker(timeout_s=20, memory_mb=300, on_tell=heard.append) as worker:
        assert worker.call(count_to_two) == 3
    assert heard == ["1", "2"]
    isolation.tell("nobody hears this")


def test_a_crash_costs_one_call(worker: Worker) -> None:
    with worker:
        with pytest.raises(WorkerError, match="SIGSEGV") as caught:
            worker.call(crash)
        assert caught.value.reason == "CRASHED"
        assert worker.call(os.path.basename, "/a/b") == "b"


def test_a_hang_is_ended() -> None:
    with Worker(timeout_s=1, memory_mb=300) as worker, pytest.raises(WorkerError) as caught:
        worker.call(hang)
    assert caught.value.reason == "TIMED_OUT"


@pytest.mark.parametrize(("timeout_s", "bounds"), [(20, (0.2,)), (20, (15, 0.2)), (1, (15,))])
def test_a_call_may_bound_itself_closer(timeout_s: float, bounds: tuple[float, ...]) -> None:
    began = time.monotonic()
    with Worker(timeout_s=timeout_s, memory_mb=300) as worker:
        with pytest.raises(WorkerError, match="no result after") as caught:
            worker.call(hang_within, *bounds)
        assert caught.value.reason == "TIMED_OUT"
        assert time.monotonic() - began < 5
        assert worker.call(os.path.basename, "/a/b") == "b"
    isolation.bounded(1)


def test_memory_is_bounded(worker: Worker) -> None:
    with worker, pytest.raises(WorkerError) as caught:
        worker.call(eat)
    assert caught.value.reason == "OUT_OF_MEMORY"


def test_errors_come_back_as_they_are(worker: Worker) -> None:
    with worker, pytest.raises(FileNotFoundError, match="nothing"):
        worker.call(Path.read_text, Path("/nothing"))


def test_what_cannot_be_sent_back_is_said_in_words(worker: Worker) -> None:
    with worker:
        first = worker.call(os.getpid)
        with pytest.raises(WorkerError, match="StubbornError: this and that") as caught:
            worker.call(raise_stubborn)
        assert caught.value.reason == "RAISED"
        with pytest.raises(WorkerError, match="function"):
            worker.call(return_a_function)
        assert worker.call(os.getpid) == first


@pytest.mark.parametrize("then", ["return", "hang", "crash"])
def test_what_the_child_started_dies_with_it(then: str) -> None:
    pids: list[str] = []
    timeout_s = 5 if then == "hang" else 30
    with Worker(timeout_s=timeout_s, memory_mb=300, on_tell=pids.append) as worker:
        if then == "return":
            worker.call(start_a_child)
        else:
            with pytest.raises(WorkerError):
                worker.call(start_a_child, then)
    assert is_gone(int(pids[0]))


def test_what_the_child_started_dies_with_the_parent() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_isolation; test_isolation.use_a_worker_and_wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    assert is_gone(pid)
