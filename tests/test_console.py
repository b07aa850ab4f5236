import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from curation import console

Shown = Callable[..., tuple[str, str]]
LONG = "its title is quarantined: " + "10.5240/AAAA-AAAA " * 30


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """What ``show`` prints on a terminal of some columns; in a pipe where there are none."""

    def shown(columns: list[str], rows: list[list[Any]], width: int | None = 80) -> Any:
        monkeypatch.setattr("sys.stdout.isatty", lambda: width is not None)
        monkeypatch.setenv("COLUMNS", str(width))
        console.show(columns, rows, whole=False)
        return capsys.readouterr()

    return shown


def test_a_table_fits_its_terminal_and_says_what_it_cut(terminal: Shown) -> None:
    out, err = terminal(["line", "message"], [[4, LONG], [5, "short"]])
    assert max(map(len, out.splitlines())) <= 80
    assert "…" in out
    assert "--format json" in err


@pytest.mark.parametrize("width", [None, 60])
def test_what_does_not_fit_becomes_records_that_are_whole(
    terminal: Shown, width: int | None
) -> None:
    names = [f"name{number}" for number in range(12)]
    out, err = terminal(names, [[LONG] * 12] * 2, width)
    assert max(map(len, out.splitlines())) <= (width or console.PIPE_WIDTH)
    assert out.count("AAAA-AAAA") == 2 * 12 * 30
    assert not err


def test_a_pipe_gets_every_word(terminal: Shown) -> None:
    out, err = terminal(["line", "message"], [[4, LONG], [5, LONG]], None)
    assert out.count("AAAA-AAAA") == 60
    assert not err


def test_numbers_and_instants_are_never_broken(terminal: Shown) -> None:
    at = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
    out, _ = terminal(["at", "n", "text"], [[at, 123456789012, LONG], [None, None, None]])
    assert "2026-11-01T12:30:00Z │ 123456789012 │ " in out


def test_what_would_move_the_cursor_or_turn_the_writing_is_shown(terminal: Shown) -> None:
    out, _ = terminal(
        ["a\x1b[2J"], [["\u202efdp.exe"], ["\x9b31m"], ["[red]kept[/red]"], ["日本語"]]
    )
    assert not {"\x1b", "\u202e", "\x9b"} & set(out)
    assert "\\u001b[2J" in out
    assert "\\u202efdp.exe" in out
    assert "[red]kept[/red]" in out


def test_wide_letters_are_measured(terminal: Shown) -> None:
    from rich.cells import cell_len

    out, _ = terminal(["a", "b"], [["映画" * 60, "x"], ["y", LONG]], 70)
    assert max(map(cell_len, out.splitlines())) <= 70


def test_an_output_without_such_letters_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "ascii", write_through=True))
    console.show(["a", "b"], [[1, "x"], [2, "y"]])
    assert written.getvalue().splitlines()[1] == b"--+--"


VALUES = [None, 1.5, float("nan"), Decimal("7"), [1, "a"], {"k": "v"}, "a,\nb\u202e", b"\x00"]


def test_json_holds_whole_values(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["n", "n", "n:1", "d", "e", "f", "g", "h"]
    for lines in (True, False):
        console.write_json(names, [VALUES], lines=lines)
        read = json.loads(capsys.readouterr().out)
        row = read if lines else read[0]
        assert list(row.values()) == [None, 1.5, "nan", 7, [1, "a"], {"k": "v"}, VALUES[6], "00"]


def test_csv_holds_whole_values(capsys: pytest.CaptureFixture[str]) -> None:
    console.write_csv(["a", "b"], [["x\u202e,\ny", [1, "a"]]])
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [["a", "b"], ["x\u202e,\ny", '[1, "a"]']]


def test_an_error_is_one_line() -> None:
    assert console.one_line(ValueError("a\n  ^\nb")) == "a; b"
    assert console.one_line(ValueError("\n".join("abcdef"))) == "a; b; c; and 3 more"
    assert console.one_line(ValueError()) == "ValueError"
