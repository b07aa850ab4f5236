"""What tasks say while they run, read from the log files that Airflow writes for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.5


@contextmanager
def following(home: Path, logger: str, hear: Callable[[str], None]) -> Iterator[None]:
    """Call ``hear`` with each line that tasks log under ``logger``, for as long as the block lasts.

    Args:
        home: the home of an embedded Airflow.
        hear: called from another thread.
    """
    known = {path: path.stat().st_size for path in _logs(home)}
    stop = threading.Event()

    def read() -> None:
        while True:
            last = stop.wait(POLL_SECONDS)
            for path in _logs(home):
                known[path] = _read_on(path, known.get(path, 0), logger, hear)
            if last:
                return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _logs(home: Path) -> list[Path]:
    return sorted((home / "logs").glob("dag_id=*/**/attempt=*.log"))


def _read_on(path: Path, offset: int, logger: str, hear: Callable[[str], None]) -> int:
    """Read whole lines from ``offset``; returns where to go on."""
    with path.open("rb") as stream:
        stream.seek(offset)
        data = stream.read()
    whole, newline, _ = data.rpartition(b"\n")
    for line in whole.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if record.get("logger") == logger:
            hear(str(record.get("event", "")))
    return offset + len(whole) + len(newline)
