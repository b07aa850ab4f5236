"""When the catalog was read: look at each new film once, find its shots, measure and tag them.

Films are mapped in batches. A film that cannot be read is a row in ``films`` with its reason; a red
task means that the store or the code is in trouble.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, Param, dag, task

from curation.scheduling import (
    CATALOG_ASSET,
    CPU_POOL,
    GPU_POOL,
    GPU_QUEUE,
    LOGGER,
    SHOTS_ASSET,
    settings_from,
)
from curation.settings import Settings

DEFAULTS = Settings.from_environment()
LOG = logging.getLogger(LOGGER)


@dag(
    schedule=[Asset(CATALOG_ASSET)],
    description="Look at each new film once: shots, measures, tags",
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["curation"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=30)},
    params={
        "library": Param(DEFAULTS.library, type="string", description="Folder of film files"),
        "device": Param(DEFAULTS.device, enum=["auto", "cpu", "cuda"], description="Decoder"),
        "look": Param(
            DEFAULTS.look,
            enum=["coarse", "exhaustive"],
            description="Decode what is needed to find every shot, or every frame",
        ),
        "prompts": Param(
            "",
            type="string",
            description="YAML of questions that a text tower then votes on; none if empty",
        ),
        "retry_failed": Param(False, type="boolean", description="Try failed films again"),
    },
)
def film_analysis() -> None:
    """Films into shots, measures and tags."""

    @task
    def plan(params: dict[str, Any] | None = None) -> list[dict[str, str]]:
        from curation import stages

        laid_out = stages.plan_analysis(
            settings_from(params or {}), retry_failed=bool((params or {}).get("retry_failed"))
        )
        LOG.info("%d films in %d parts", laid_out.films, len(laid_out.parts))
        return [{"plan_id": laid_out.plan_id, "part": part} for part in laid_out.parts]

    @task
    def share(
        parts: list[dict[str, str]], on_card: bool, params: dict[str, Any] | None = None
    ) -> list[dict[str, str]]:
        return parts if (settings_from(params or {}).device == "cuda") is on_card else []

    def analyse(plan_id: str, part: str, params: dict[str, Any] | None = None) -> dict[str, int]:
        from curation import stages

        return stages.analyse_part(settings_from(params or {}), plan_id, part, tell=LOG.info)

    @task(trigger_rule="none_failed", outlets=[Asset(SHOTS_ASSET)])
    def commit(parts: list[dict[str, str]], params: dict[str, Any] | None = None) -> dict[str, int]:
        from curation import stages

        settings = settings_from(params or {})
        written = stages.commit_analysis(settings, parts[0]["plan_id"]) if parts else {}
        written = written | {"relabelled": stages.relabel(settings)}
        prompts = (params or {}).get("prompts")
        votes = stages.vote(settings, Path(prompts), tell=LOG.info) if prompts else {}
        return written | {"votes": sum(votes.values())}

    name = "part {{ part }}"
    on_cpu = task(task_id="analyse", pool=CPU_POOL, map_index_template=name)(analyse)
    on_card = task(
        task_id="analyse_on_card", pool=GPU_POOL, queue=GPU_QUEUE, map_index_template=name
    )(analyse)

    parts: Any = plan()
    done = [
        on_cpu.expand_kwargs(share.override(task_id="for_cpu")(parts, on_card=False)),
        on_card.expand_kwargs(share.override(task_id="for_card")(parts, on_card=True)),
    ]
    done >> commit(parts)


film_analysis()
