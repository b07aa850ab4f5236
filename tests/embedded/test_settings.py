from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import yaml

from curation.embedded.settings import (
    Secrets,
    bytecode_cache,
    environment,
    load_secrets,
    passwords_file,
)

KEPT = Secrets(password="pw", jwt="jw", fernet="fe", session="se")


def options_of_airflow() -> set[tuple[str, str]]:
    found = importlib.util.find_spec("airflow")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "config_templates" / "config.yml"
    sections: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        (section.upper(), option.upper())
        for section, content in sections.items()
        for option in content["options"]
    }


def made(tmp_path: Path, inherited: dict[str, str], extra: dict[str, str]) -> dict[str, str]:
    return environment(
        tmp_path, tmp_path / "dags", 4321, KEPT, inherited=inherited, extra=extra, preload=["av"]
    )


def test_every_setting_is_one_that_airflow_has(tmp_path: Path) -> None:
    names = [name for name in made(tmp_path, {}, {}) if name.startswith("AIRFLOW__")]
    given = {(section, option) for _, section, option in (name.split("__") for name in names)}
    assert given - options_of_airflow() == set()


def test_everything_listens_and_is_addressed_on_loopback(tmp_path: Path) -> None:
    settings = made(tmp_path, {}, {})
    assert settings["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert settings["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:4321"
    assert settings["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].startswith("http://127.0.0.1:4321/")
    assert "127.0.0.1" in settings["NO_PROXY"].split(",")


def test_callers_airflow_and_bytecode_settings_are_dropped_and_extras_win(tmp_path: Path) -> None:
    inherited = {
        "AIRFLOW_HOME": "/elsewhere",
        "AIRFLOW__CORE__FERNET_KEY": "other",
        "AIRFLOW__CORE__SECURITY": "kerberos",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": "/bin",
        "NO_PROXY": "example.org",
    }
    settings = made(
        tmp_path, inherited, {"AIRFLOW__CORE__PARALLELISM": "32", "CURATION_STORE": "s"}
    )
    assert settings["AIRFLOW_HOME"] == str(tmp_path)
    assert settings["AIRFLOW__CORE__FERNET_KEY"] == "fe"
    assert settings["AIRFLOW__CORE__PARALLELISM"] == "32"
    assert settings["CURATION_STORE"] == "s"
    assert settings["PATH"] == "/bin"
    assert "example.org" in settings["NO_PROXY"].split(",")
    assert settings["AIRFLOW__CORE__MP_FORKSERVER_PRELOAD"].endswith(",av")
    assert not {"AIRFLOW__CORE__SECURITY", "PYTHONDONTWRITEBYTECODE"} & settings.keys()


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    first = load_secrets(tmp_path)
    assert load_secrets(tmp_path) == first
    assert first.password not in repr(first)
    for path in (tmp_path / "secrets.json", passwords_file(tmp_path)):
        assert path.stat().st_mode & 0o777 == 0o600
    assert first.password in passwords_file(tmp_path).read_text(encoding="utf-8")


def test_bytecode_goes_below_home_or_stays_with_the_installation(tmp_path: Path) -> None:
    assert bytecode_cache(tmp_path) in ({}, {"PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")})
