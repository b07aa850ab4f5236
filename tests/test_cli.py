import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILM = ROOT / "examples" / "library" / "vfr_phone.mp4"


def curation(*arguments: object, store: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"CURATION_STORE": str(store)} if store else {})
    return subprocess.run(
        [sys.executable, "-m", "curation.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )


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
        (("verify", "nowhere"), "manifest"),
        (("query", "SELECT 1"), "no store is at"),
        (("status",), "no store is at"),
        (("tables", "nowhere"), "no table is called"),
        (("query", "SELECT 1", "--known-at", "yesterday"), "ISO 8601"),
        (("shots", "README.md"), "README.md"),
        (("analyze", "--device", "toaster"), "not one of auto, cpu, cuda"),
    ],
)
def test_bad_input_is_told_in_words(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = curation(*arguments, store=tmp_path / "store")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_shots_in_the_form_of_truth_files() -> None:
    found = json.loads(curation("shots", FILM, "--format", "json").stdout)
    assert (found["file"], found["frames"]) == ("vfr_phone.mp4", 210)
    assert [boundary["frame"] for boundary in found["boundaries"]] == [77, 127]


def test_tags_one_line_a_shot(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"x")
    done = curation("tag", "--tagger", "lighting", FILM, tmp_path / "bad.mp4")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("span") for line in lines] == [[0, 77], [77, 127], [127, 210], None]
    assert set(lines[0]["tags"]) == {"lighting"}
    assert "median_stops" in lines[0]["tags"]["lighting"]["key_style"]
    assert lines[-1]["error"] == "CANNOT_OPEN"
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


@pytest.mark.parametrize("text", ["[]", "{", '{"rules": [{"rule_id": "R", "colour": "red"}]}'])
def test_clear_refuses_bad_input(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    (tmp_path / "q.json").write_text("{}")
    done = curation("clear", "--rulebook", tmp_path / "r.json", "--request", tmp_path / "q.json")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
