"""The DAG files as Airflow's own DAG processor reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

READ_DAGS = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
print(json.dumps({
    "errors": {str(k): str(v) for k, v in bag.import_errors.items()},
    "heavy": sorted({"av", "cv2", "deltalake", "duckdb", "scenedetect"} & set(sys.modules)),
    "dags": {
        dag_id: {
            "tasks": sorted(task.task_id for task in dag.tasks),
            "pools": {task.task_id: task.pool for task in dag.tasks},
            "params": {name: dag.params.get_param(name).schema for name in dag.params},
            "outlets": sorted(o.name for task in dag.tasks for o in task.outlets),
            "schedule": type(dag.timetable).__name__,
        }
        for dag_id, dag in bag.dags.items()
    },
}))
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    migrate = "from airflow.utils.db import initdb; initdb()"
    for code in (migrate, READ_DAGS):
        done = subprocess.run(
            [sys.executable, "-c", code, str(ROOT / "dags")],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_every_dag_file_imports_without_heavy_libraries(read: dict[str, Any]) -> None:
    assert read["errors"] == {}
    assert read["heavy"] == []
    assert set(read["dags"]) == {"catalog_ingest", "film_analysis", "dataset_release"}


def test_each_dag_starts_the_next(read: dict[str, Any]) -> None:
    dags = read["dags"]
    assert dags["catalog_ingest"]["outlets"] == ["curation_catalog"]
    assert dags["film_analysis"]["outlets"] == ["curation_shots"]
    assert "Asset" in dags["film_analysis"]["schedule"]
    assert "Asset" in dags["dataset_release"]["schedule"]


def test_what_decodes_is_bounded_by_a_pool(read: dict[str, Any]) -> None:
    assert read["dags"]["film_analysis"]["pools"]["analyse"] == "cpu_decode"
    assert read["dags"]["film_analysis"]["pools"]["analyse_on_card"] == "gpu_decode"
    assert read["dags"]["dataset_release"]["pools"]["cut"] == "cpu_decode"


def test_the_form_of_a_release_is_the_recipe(read: dict[str, Any]) -> None:
    params = read["dags"]["dataset_release"]["params"]
    assert params["request_licensee"]["section"] == "Request"
    assert params["clip_crf"]["maximum"] == 51
    assert params["clip_height"]["type"] == ["integer", "null"]
    assert params["filters"]["type"] == "array"
    assert params["bounds"]["type"] == "object"
    assert params["quotas_total"]["type"] == ["object", "null"]
    assert params["duplicates"]["enum"] == ["keep_best", "keep_together", "keep_all"]
