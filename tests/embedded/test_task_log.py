import json
from pathlib import Path

from curation.embedded import following


def test_lines_of_our_logger_are_heard_and_old_ones_are_not(tmp_path: Path) -> None:
    task = tmp_path / "logs" / "dag_id=d" / "run_id=r" / "task_id=t"
    task.mkdir(parents=True)

    def write(attempt: int, logger: str, event: str) -> None:
        with (task / f"attempt={attempt}.log").open("a") as stream:
            stream.write(json.dumps({"logger": logger, "event": event}) + "\n")

    heard: list[str] = []
    write(1, "ours", "before")
    with following(tmp_path, "ours", heard.append):
        write(1, "ours", "one")
        write(1, "theirs", "noise")
        with (task / "attempt=1.log").open("a") as stream:
            stream.write("no json\n")
        write(2, "ours", "two")
    assert sorted(heard) == ["one", "two"]
