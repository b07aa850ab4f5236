"""The settings of an embedded Airflow, all given as environment variables of its processes."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "127.0.0.1"
USER = "admin"

# What every task needs; a task's process is forked from one that has these already.
PRELOAD = (
    "airflow.executors.local_executor",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
)


@dataclass(frozen=True)
class Secrets:
    """What must be the same in every process and at every start; kept under the home folder."""

    password: str
    jwt: str
    fernet: str
    session: str

    def __repr__(self) -> str:
        return "Secrets(…)"


def load_secrets(home: Path) -> Secrets:
    """Read the secrets of a home folder, making them the first time (files of mode 0600)."""
    path = home / "secrets.json"
    if path.exists():
        kept = Secrets(**json.loads(path.read_text(encoding="utf-8")))
    else:
        kept = Secrets(
            password=secrets.token_urlsafe(12),
            jwt=secrets.token_urlsafe(48),
            fernet=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            session=secrets.token_urlsafe(32),
        )
        _write_private(path, json.dumps(asdict(kept)))
    _write_private(passwords_file(home), json.dumps({USER: kept.password}) + "\n")
    return kept


def passwords_file(home: Path) -> Path:
    """Return the file that Airflow's SimpleAuthManager reads its passwords from."""
    return home / "passwords.json"


def _write_private(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def environment(
    home: Path,
    dags: Path,
    port: int,
    kept: Secrets,
    *,
    inherited: Mapping[str, str],
    extra: Mapping[str, str],
    preload: Sequence[str] = (),
) -> dict[str, str]:
    """Return the environment of every Airflow process.

    ``inherited`` is the caller's own, of which nothing that configures Airflow is kept; ``extra``
    goes on top of everything and may override any setting.
    """
    kept_from_caller = {
        name: value
        for name, value in inherited.items()
        if not name.startswith(("AIRFLOW_", "_AIRFLOW")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    url = f"http://{HOST}:{port}"
    unproxied = {"127.0.0.1", "localhost", *inherited.get("NO_PROXY", "").split(",")} - {""}
    options = {
        "CORE": {
            "EXECUTOR": "LocalExecutor",
            "PARALLELISM": "16",
            "DAGS_FOLDER": str(dags),
            "PLUGINS_FOLDER": str(home / "plugins"),
            "LOAD_EXAMPLES": "False",
            "FERNET_KEY": kept.fernet,
            "MP_START_METHOD": "forkserver",
            "MP_FORKSERVER_PRELOAD": ",".join([*PRELOAD, *preload]),
            "EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(home)),
            # The default asks the resolver for this machine's name, which may leave the machine.
            "HOSTNAME_CALLABLE": "socket.gethostname",
            "MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "1",
        },
        "DATABASE": {"SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}"},
        "LOGGING": {
            "BASE_LOG_FOLDER": str(home / "logs"),
            "DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home / "logs" / "dag_processor"),
            "COLORED_CONSOLE_LOG": "False",
        },
        "API": {
            "HOST": HOST,
            "PORT": str(port),
            "BASE_URL": url,
            "WORKERS": "1",
            "SECRET_KEY": kept.session,
        },
        "API_AUTH": {"JWT_SECRET": kept.jwt},
        # A supervisor may notice the end of its task only at its next heartbeat: at the default of
        # 5 s, short tasks queue up behind tasks that have long ended.
        "WORKERS": {"MIN_HEARTBEAT_INTERVAL": "1"},
        "SCHEDULER": {
            "SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "SCHEDULER_HEARTBEAT_SEC": "1",
            "ENABLE_HEALTH_CHECK": "False",
        },
        "DAG_PROCESSOR": {
            "REFRESH_INTERVAL": "3",
            "BUNDLE_REFRESH_CHECK_INTERVAL": "1",
            "MIN_FILE_PROCESS_INTERVAL": "60",
            "DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
        },
    }
    variables = {
        f"AIRFLOW__{section}__{name}": value
        for section, values in options.items()
        for name, value in values.items()
    }
    return {
        **kept_from_caller,
        "AIRFLOW_HOME": str(home),
        **variables,
        # Keep the environment readable in /proc when Airflow changes its processes' titles.
        "SPT_NOENV": "1",
        "NO_PROXY": ",".join(sorted(unproxied)),
        "no_proxy": ",".join(sorted(unproxied)),
        **bytecode_cache(home),
        **extra,
    }


def bytecode_cache(home: Path) -> dict[str, str]:
    """Return where compiled modules go: beside an installation made without them, none.

    Without compiled modules each of Airflow's processes spends seconds on compiling.
    """
    installed = next(
        (Path(entry) / "airflow" for entry in sys.path if (Path(entry) / "airflow").is_dir()), None
    )
    if installed is not None and (installed / "__pycache__").is_dir():
        return {}
    return {"PYTHONPYCACHEPREFIX": str(home / "bytecode")}
