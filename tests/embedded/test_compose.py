"""What can be said of the container files without a container engine."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker/compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("film-curation:")}

# Of the Celery provider 3.26, which only the image has.
CELERY_OPTIONS = {
    ("CELERY", "BROKER_URL"),
    ("CELERY", "RESULT_BACKEND"),
    ("CELERY_BROKER_TRANSPORT_OPTIONS", "VISIBILITY_TIMEOUT"),
}


def airflow_folder() -> Path:
    found = importlib.util.find_spec("airflow")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def known_options() -> set[tuple[str, str]]:
    text = (airflow_folder() / "config_templates/config.yml").read_text(encoding="utf-8")
    return {
        (section.upper(), option.upper())
        for section, content in yaml.safe_load(text).items()
        for option in content["options"]
    }


def known_commands() -> set[str]:
    text = (airflow_folder() / "cli/cli_config.py").read_text(encoding="utf-8")
    core = text[text.index("core_commands: list[CLICommand]") :]
    return set(re.findall(r'name="([a-z-]+)"', core)) | {"celery"}


@pytest.mark.parametrize("name", OURS)
def test_settings_are_ones_that_airflow_has(name: str) -> None:
    names = [one for one in OURS[name]["environment"] if one.startswith("AIRFLOW__")]
    given = {(section, option) for _, section, option in (one.split("__") for one in names)}
    assert given - known_options() - CELERY_OPTIONS == set()


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"init"}))
def test_command_is_one_that_airflow_has(name: str) -> None:
    assert OURS[name]["command"][0] in known_commands()


def test_init_runs_commands_that_airflow_has() -> None:
    script = OURS["init"]["command"][0]
    assert set(re.findall(r"^ *airflow ([a-z-]+)", script, re.MULTILINE)) == {"db", "pools"}


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))
    assert "network_mode" not in SERVICES[name]


@pytest.mark.parametrize("name", OURS)
def test_films_are_mounted_read_only_and_secrets_are_shared(name: str) -> None:
    (library,) = (one for one in OURS[name]["volumes"] if ":/library" in one)
    assert library.endswith(":ro")
    for setting in ("API_AUTH__JWT_SECRET", "API__SECRET_KEY", "CORE__FERNET_KEY"):
        value = OURS[name]["environment"][f"AIRFLOW__{setting}"]
        assert value == OURS["scheduler"]["environment"][f"AIRFLOW__{setting}"]
        assert value.startswith("${")


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"init"}))
def test_services_say_when_they_are_healthy(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"init"}))
def test_services_wait_for_the_database(name: str) -> None:
    assert OURS[name]["depends_on"]["init"]["condition"] == "service_completed_successfully"


def test_queues_have_workers_and_gpu_is_asked_for() -> None:
    queues = {
        queue
        for one in OURS.values()
        if one["command"][0] == "celery"
        for queue in one["command"][one["command"].index("--queues") + 1].split(",")
    }
    assert queues == {"default", "cpu", "gpu"}
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]
    assert SERVICES["worker-gpu"]["build"]["target"] == "gpu"


def test_volumes_that_are_used_are_declared() -> None:
    mounted = {mount.split(":")[0] for one in SERVICES.values() for mount in one.get("volumes", [])}
    assert {name for name in mounted if name.isalnum()} == set(COMPOSE["volumes"])


def test_example_env_names_what_must_be_given() -> None:
    text = (ROOT / "docker/compose.yaml").read_text(encoding="utf-8")
    example = (ROOT / "docker/example.env").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(re.findall(r"^(\w+)=", example, re.M))


def test_image_is_not_root_installs_by_hash_and_has_the_targets() -> None:
    text = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8")
    stages = re.findall(r"^FROM \S+ AS (\w+)$", text, re.MULTILINE)
    assert stages == ["build", "runtime", "gpu"]
    assert re.search(r"^USER 50000", text, re.MULTILINE)
    assert "--require-hashes" in text
    assert "apt" not in text
    assert "NVIDIA_DRIVER_CAPABILITIES=video,compute,utility" in text


def test_image_has_the_versions_of_the_base_lock() -> None:
    def versions(path: str) -> dict[str, str]:
        text = (ROOT / path).read_text(encoding="utf-8")
        return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))

    base, image = versions("requirements.lock"), versions("docker/requirements.lock")
    assert {name for name in base.keys() & image.keys() if base[name] != image[name]} == set()
    assert {"celery", "redis", "psycopg2-binary"} <= image.keys()
