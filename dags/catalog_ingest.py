"""Every day: read the catalog, check every row, and know each film file by its content."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, CronTriggerTimetable, Param, dag, task

from curation.scheduling import CATALOG_ASSET, LOGGER, settings_from
from curation.settings import Settings

DEFAULTS = Settings.from_environment()
LOG = logging.getLogger(LOGGER)


@dag(
    schedule=CronTriggerTimetable("@daily", timezone="UTC", run_immediately=timedelta(0)),
    description="Read the catalog, check every row, know each film file by its content",
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["curation"],
    params={
        "library": Param(DEFAULTS.library, type="string", description="Folder of film files"),
        "catalog": Param(DEFAULTS.catalog, type="string", description="Catalog or rulebook"),
        "replace": Param(False, type="boolean", description="Let most of what the store holds go"),
    },
)
def catalog_ingest() -> None:
    """Catalog and film files into the store."""

    @task(outlets=[Asset(CATALOG_ASSET)])
    def ingest(params: dict[str, Any] | None = None) -> dict[str, int]:
        from curation import stages

        given = params or {}
        done = stages.ingest(
            settings_from(given), replace=bool(given.get("replace")), tell=LOG.info
        )
        return {
            "accepted": sum(done.accepted.values()),
            "quarantined": sum(done.quarantined.values()),
            "added": done.added,
            "changed": done.changed,
            "removed": done.removed,
        }

    ingest()


catalog_ingest()
