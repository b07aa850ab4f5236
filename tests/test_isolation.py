import os
import signal
import time
from pathlib import Path

import pytest

from curation import isolation
from curation.isolation import Worker, WorkerError


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
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


@pytest.fixture
def worker() -> Worker:
    return Worker(timeout_s=20, memory_mb=300)


def test_calls_share_a_process_that_is_not_ours(worker: Worker) -> None:
    with worker:
        first = worker.call(grumble)
        assert first != os.getpid()
        assert worker.call(grumble) == first
    assert not Path(f"/proc/{first}").exists()


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


def test_memory_is_bounded(worker: Worker) -> None:
    with worker, pytest.raises(WorkerError) as caught:
        worker.call(eat)
    assert caught.value.reason == "OUT_OF_MEMORY"


def test_errors_come_back_as_they_are(worker: Worker) -> None:
    with worker, pytest.raises(FileNotFoundError, match="nothing"):
        worker.call(Path.read_text, Path("/nothing"))
