import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer

from curation import cli
from curation.cli.clear import CLEAR

ROOT = Path(__file__).resolve().parents[1]
FILM = ROOT / "examples" / "library" / "vfr_phone.mp4"


def curation(
    *arguments: object, store: Path | None = None, library: Path | None = None
) -> subprocess.CompletedProcess[str]:
    places = {"CURATION_STORE": store, "CURATION_LIBRARY": library}
    environment = os.environ | {name: str(place) for name, place in places.items() if place}
    return subprocess.run(
        [sys.executable, "-m", "curation.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )


def examples() -> dict[str, list[str]]:
    """The example of every command's help, as arguments."""
    found = {}
    tops = typer.main.get_command(cli.app).commands.items()  # type: ignore[attr-defined]
    for name, command in tops:
        for below, one in getattr(command, "commands", {"": command}).items():
            said = re.search(r"\[dim\](\S*curation) (.+)\[/dim\]", one.epilog or "", re.DOTALL)
            assert said, f"{name} {below} has no example"
            found[f"{name} {below}".strip()] = shlex.split(said[2].replace("\\\n", ""))
    return found


EXAMPLES = list(examples().values())


def test_every_help_has_an_example_of_its_own_command() -> None:
    for name, example in examples().items():
        assert shlex.join(example).startswith(name)


def test_a_long_example_can_be_pasted_from_a_narrow_terminal() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "curation.cli", "clear", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "80"},
    )
    pasted = shown.stdout.partition("Example:")[2].rstrip(" \n")
    pasted = "\n".join(line.rstrip() for line in pasted.splitlines())
    program = f'curation() {{ {sys.executable} -m curation.cli "$@"; }}\n'
    done = subprocess.run(["bash", "-ec", program + pasted], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from curation.cli import main; sys.argv = ['curation', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'airflow', 'av', 'cv2', 'deltalake', 'duckdb', 'numpy', 'pyarrow', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_persons_road_from_ingest_to_verify(library: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    done = curation("ingest", "--library", library, "--catalog", "examples/catalog", store=store)
    assert done.returncode == 0, done.stderr
    assert "FILE_NOT_FOUND" in done.stdout
    done = curation("analyze", "--library", library, store=store)
    assert "failed" in done.stdout
    done = curation(
        "release", "examples/recipes/lab-pretraining.yaml", "--library", library, store=store
    )
    assert done.returncode == 0, done.stderr
    release = Path(done.stdout.splitlines()[-1])
    for example in EXAMPLES:
        if example[0] != "airflow":
            shown = curation(*example, store=store, library=library)
            assert shown.returncode == 0, (example, shown.stderr)
            assert shown.stdout or example == ["analyze"], example
    assert curation("verify", release, store=store).returncode == 0
    (release / "parquet" / "more").write_bytes(b"")
    spoilt = curation("verify", release, store=store)
    assert spoilt.returncode == 1
    assert "FAULT parquet/more: is not in the manifest" in spoilt.stdout
    query = "SELECT count(*) AS n FROM selections WHERE status = 'released'"
    rows = curation("query", query, "--format", "jsonl", store=store)
    assert json.loads(rows.stdout)["n"] > 0
    assert "released" in curation("status", store=store).stdout
    assert "no release is called" in curation("status", "--release", "x", store=store).stderr
    assert "nowhere" in curation("query", "SELECT * FROM nowhere", store=store).stderr
    for table in ("releases", "works", "left_out"):
        shown = curation("query", f"SELECT * FROM {table}", store=store)
        assert shown.returncode == 0, shown.stderr
    assert "lighting" in curation("tables", "tagged_shots", store=store).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ingest", "--catalog", "nowhere"), "no catalog is there"),
        (("ingest", "--library", "nowhere"), "no library is there"),
        (("ingest", "--catalog", "ftp://x"), "unknown kind of place"),
        (("release", "nowhere.yaml"), "nowhere.yaml"),
        (("release", "examples/recipes/lab-pretraining.yaml"), "run the analysis first"),
        (("verify", "nowhere"), "no release is called 'nowhere' here"),
        (("verify", "README.md"), "holds no manifest.json"),
        (("query", "SELECT 1"), "no store is at"),
        (("status",), "no store is at"),
        (("tables", "nowhere"), "no table is called"),
        (("query", "SELECT 1", "--known-at", "yesterday"), "ISO 8601"),
        (("shots", "README.md"), "README.md"),
        (("clear",), "Missing option '--rulebook'; see `curation clear --help`"),
        (("clear", "--bogus"), "--bogus; see `curation clear --help`"),
        (("tabels",), "No such command 'tabels'"),
        (("query",), "Missing argument"),
        (("verify",), "no store is at"),
        (("query", "SELECT 1", "--format", "xml"), "one of table, csv, json, jsonl"),
        (("query", "SELECT 1", "--known-at", "2026-01-01"), "has no offset"),
        (("shots", "nowhere.mp4", "--format", "x"), "one of table, json"),
        (("shots", FILM, "--format", "edl", "--compare", "README.md"), "prints figures"),
        (("shots", FILM, "--compare", "README.md"), "README.md is not readable JSON"),
        (("shots", FILM, "--cut-list", "README.md"), "no cut list that is known"),
        (("shots", FILM, "--cut-list", "nowhere.edl"), "nowhere.edl"),
        (("release", "README.md"), "not readable YAML"),
        (("ingest", "--store", "/proc/nowhere"), "/proc/nowhere: No such file"),
        (("analyze", "--device", "toaster"), "not one of auto, cpu, cuda"),
    ],
)
def test_bad_input_is_told_in_words(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = curation(*arguments, store=tmp_path / "store")
    assert done.returncode == 2
    assert words in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert not done.stdout


def test_shots_in_the_form_of_truth_files() -> None:
    found = json.loads(curation("shots", FILM, "--format", "json").stdout)
    assert (found["file"], found["frames"]) == ("vfr_phone.mp4", 210)
    assert [boundary["frame"] for boundary in found["boundaries"]] == [77, 127]


@pytest.mark.parametrize("ending", ["edl", "otio"])
def test_shots_as_a_cut_list_and_back(tmp_path: Path, ending: str) -> None:
    truth, listed = tmp_path / "truth.json", tmp_path / f"cuts.{ending}"
    truth.write_text(curation("shots", FILM, "--format", "json").stdout)
    listed.write_text(curation("shots", FILM, "--format", ending).stdout)
    taken = curation("shots", FILM, "--cut-list", listed, "--compare", truth, "--format", "json")
    assert "0 disagreements with the picture" in taken.stderr
    said = json.loads(taken.stdout)
    assert [row["value"] for row in said["figures"] if row["right"]] == [1.0] * 4
    assert said["errors"] == []


def test_shots_for_a_spreadsheet_and_a_comparison_for_a_person(tmp_path: Path) -> None:
    rows = curation("shots", FILM, "--format", "csv").stdout.splitlines()
    assert rows[0].startswith("shot,start,end,clean_start")
    truth = tmp_path / "truth.json"
    truth.write_text('{"frames": 9, "boundaries": [{"type": "wipe", "start": 3, "end": 6}]}')
    done = curation("shots", FILM, "--compare", truth)
    assert "a film of 9 frames and vfr_phone.mp4 has 210" in done.stderr
    assert "type accuracy" in done.stdout
    assert "missed" in done.stdout
    assert "00:00:00:0" in done.stdout


def test_tags_one_line_a_shot(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"x")
    done = curation("tag", "--tagger", "lighting", FILM, tmp_path / "bad.mp4")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("span") for line in lines] == [[0, 77], [77, 127], [127, 210], None]
    assert set(lines[0]["tags"]) == {"lighting"}
    assert "median_stops" in lines[0]["tags"]["lighting"]["key_style"]
    assert lines[-1]["error"] == "CANNOT_OPEN"
    assert done.returncode == 1


def test_tags_stills_and_films_in_the_order_given(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.full((90, 160, 3), 125, np.uint8))
    (tmp_path / "none.jpg").touch()
    (tmp_path / "cut.png").write_bytes((tmp_path / "b.png").read_bytes()[:60])
    files = [tmp_path / name for name in ("b.png", "none.jpg", "cut.png", "a.jpg")]
    done = curation("tag", "--tagger", "lighting", files[0], FILM, *files[1:])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(f) for f in (files[0], *[FILM] * 3, *files[1:])]
    for still in (lines[0], lines[-1]):
        assert still["span"] == [0, 1]
        assert abs(still["tags"]["lighting"]["key_style"]["median_stops"]) < 0.05
        assert still["tags"]["lighting"]["dynamics"]["label"] == "unknown"
    assert [line.get("error") for line in lines[4:6]] == ["EMPTY_FILE", "DECODE_FAILED"]
    assert done.returncode == 1


def test_clear_answers_the_worked_cases(shared: Path, tmp_path: Path) -> None:
    exits = {"ALLOW": 0, "REVIEW": 3, "DENY": 4}
    cases = json.loads((shared / "rights" / "cases.json").read_text())
    for case in cases[::6]:
        (tmp_path / "r.json").write_text(json.dumps(case["rulebook"]))
        (tmp_path / "q.json").write_text(json.dumps(case["request"]))
        done = curation(
            "clear", "--rulebook", tmp_path / "r.json", "--request", tmp_path / "q.json"
        )
        said = json.loads(done.stdout)
        assert said["outcome"] == case["expect"]["outcome"]
        assert set(case["expect"]["reasons_include"]) <= set(said["reasons"])
        assert done.returncode == exits[said["outcome"]]
        assert len(said["rulebook_sha256"]) == 64


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "no JSON object"),
        ("{", "not readable JSON"),
        ('{"rules": [{"rule_id": "R", "colour": "red"}]}', "rules R: colour is unknown"),
        ('{"rules": [{"rule_id": "R", "end": ""}]}', "rules R: end is empty text"),
        ('{"rules": [{}, {}, {}, {}, {}, {}]}', "and 3 more"),
        ('{"\\u001b[2J": []}', "\\u001b[2J"),
    ],
)
def test_clear_refuses_bad_input_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "r.json").write_text(text)
    (tmp_path / "q.json").write_text("{}")
    done = curation("clear", "--rulebook", tmp_path / "r.json", "--request", tmp_path / "q.json")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {tmp_path}/r.json")
    assert words in line


def test_a_request_is_named_where_it_is_wrong(tmp_path: Path) -> None:
    rulebook = ROOT / CLEAR / "rulebook.json"
    (tmp_path / "q.json").write_text('{"work_id": "T"}')
    done = curation("clear", "--rulebook", rulebook, "--request", tmp_path / "q.json")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path}/q.json: request: ")


@pytest.mark.parametrize(
    ("work", "heading"),
    [("T-restored", "frames of T-restored"), ("T", "frames of T-restored")],
)
def test_a_table_says_whose_frames_it_counts(work: str, heading: str) -> None:
    files = [f"--{name}={ROOT / CLEAR / name}.json" for name in ("rulebook", "request")]
    done = curation("clear", *files, "--work", work)
    assert heading in done.stdout
    assert "1200 to 1679" in done.stdout


def test_before_any_release_the_answer_says_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    store = tmp_path / "store"
    curation("ingest", "--library", tmp_path / "films", store=store)
    asked = curation("query", "SELECT * FROM left_out", "--format", "csv", store=store)
    assert asked.returncode == 0
    assert "no release has been made yet" in asked.stderr
    assert "curation release examples/recipes" in asked.stderr
    assert "make one" in curation("verify", store=store).stderr
    assert "no rows" in curation("query", "SELECT * FROM films", store=store).stderr


def test_the_summary_of_a_reading_adds_up(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "works.csv").write_text("work_id,level\nT,title\nU,titel\n")
    (tmp_path / "catalog" / "consents.csv").write_text("party_id,state\nP,WITHDRAWNN\n")
    (tmp_path / "films" / "a.mp4").write_bytes(b"x")
    places = ("--library", tmp_path / "films", "--catalog", tmp_path / "catalog")
    shown = []
    for _ in range(2):
        done = curation("ingest", *places, store=tmp_path / "store")
        rows = [line.split("│") for line in done.stdout.partition("\n\n")[0].splitlines()]
        shown.append({row[0].strip(): [int(n) for n in row[1:]] for row in rows[2:]})
    assert shown[0] == {
        "consents": [1, 0, 0, 0, 0, 1, 0],
        "films in no row": [1, 0, 0, 0, 0, 1, 0],
        "works": [2, 1, 1, 0, 0, 1, 0],
        "all": [4, 1, 1, 0, 0, 3, 0],
    }
    assert shown[1]["works"] == [2, 1, 0, 0, 1, 1, 0]
    assert "nothing was read again" in done.stderr
