"""What the DAGs agree on: names of assets and pools, and settings out of a run's params."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curation.settings import Settings

CATALOG_ASSET = "curation_catalog"
"""The catalog was read. Emitted by ``catalog_ingest``, starts ``film_analysis``."""

SHOTS_ASSET = "curation_shots"
"""Shots and tags are as new as the catalog. Emitted by ``film_analysis``, starts
``dataset_release``."""

CPU_POOL = "cpu_decode"
"""Bounds the tasks that decode or encode on the CPU."""

GPU_POOL = "gpu_decode"
"""Bounds the tasks that decode on a card."""

GPU_QUEUE = "gpu"
"""Of the workers that have one, where Airflow's executor knows queues."""

LOGGER = "curation.progress"
"""Under which tasks say what they are at; the launcher shows these lines."""

CHAIN = ("catalog_ingest", "film_analysis", "dataset_release")
"""The DAGs in the order in which they start one another."""


def settings_from(params: Mapping[str, Any]) -> Settings:
    """The settings of the environment, overridden by the params of a run that name one."""
    names = ("library", "catalog", "device", "look")
    return Settings.from_environment(**{n: params[n] for n in names if params.get(n)})
