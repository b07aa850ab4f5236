"""An Airflow of our own, on one machine and on loopback only.

:class:`EmbeddedAirflow` starts the real scheduler, DAG processor and API server on a home folder
and leaves no process behind; :class:`RestClient` talks to them; :func:`run_chain` runs DAGs that
follow one another through assets. Nothing here imports Airflow: it runs in its own processes.
"""

from curation.embedded.chain import run_chain
from curation.embedded.errors import (
    ChainBroken,
    ComponentFailed,
    DagsBroken,
    EmbeddedError,
    HomeInUse,
    RequestRefused,
    RunFailed,
)
from curation.embedded.launcher import EmbeddedAirflow
from curation.embedded.rest import ImportProblem, RestClient, Run, TaskState
from curation.embedded.task_log import following

__all__ = [
    "ChainBroken",
    "ComponentFailed",
    "DagsBroken",
    "EmbeddedAirflow",
    "EmbeddedError",
    "HomeInUse",
    "ImportProblem",
    "RequestRefused",
    "RestClient",
    "Run",
    "RunFailed",
    "TaskState",
    "following",
    "run_chain",
]
