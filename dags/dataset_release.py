"""By hand, or when shots are new: clear every shot, select, cut, pack and publish a release.

The form holds the fields of the recipe. A run whose recipe leads to a release that exists already
does nothing; a release that would hold no sample is an error that says why.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Param, dag, task

from curation.dataset.recipe import read_recipe
from curation.dataset.recipe.form import form, from_form
from curation.scheduling import CPU_POOL, LOGGER, SHOTS_ASSET, settings_from
from curation.settings import Settings
from curation.storage import Place

DEFAULTS = Settings.from_environment()
LOG = logging.getLogger(LOGGER)
FORM = form(read_recipe(Place.parse(DEFAULTS.recipe)))


@dag(
    schedule=[Asset(SHOTS_ASSET)],
    description="Clear, select, cut, pack, publish and verify a release",
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["curation"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=30)},
    params={name: Param(value, **schema) for name, (value, schema) in FORM.items()},
)
def dataset_release() -> None:
    """Shots into a release."""

    @task(retries=0)
    def plan(params: dict[str, Any] | None = None, dag_run: Any = None) -> list[dict[str, str]]:
        from curation import stages

        given = {name: value for name, value in (params or {}).items() if name in FORM}
        tasks = stages.plan_release(
            settings_from({}), from_form(given), known_at=dag_run.run_after, tell=LOG.info
        )
        if tasks.is_done:
            LOG.info("%s is there already, nothing to do", tasks.release_id)
        return [{"release_id": tasks.release_id, "film": film} for film in tasks.films]

    @task(pool=CPU_POOL, map_index_template="film {{ film[:12] }}")
    def cut(release_id: str, film: str) -> dict[str, int]:
        from curation import stages

        return stages.cut_film(settings_from({}), release_id, film, tell=LOG.info)

    @task
    def shards(films: list[dict[str, str]]) -> list[dict[str, str]]:
        from curation import stages

        release_id = films[0]["release_id"]
        names = stages.shards_of(settings_from({}), release_id)
        return [{"release_id": release_id, "shard": name} for name in names]

    @task(map_index_template="shard {{ shard }}")
    def pack(release_id: str, shard: str) -> int:
        from curation import stages

        return stages.pack_shard(settings_from({}), release_id, shard, tell=LOG.info)

    @task(retries=0)
    def publish(films: list[dict[str, str]]) -> str:
        from curation import stages

        return stages.publish(settings_from({}), films[0]["release_id"]).release_id

    @task(retries=0)
    def verify(release_id: str) -> dict[str, int]:
        from curation import stages

        found = stages.verify(settings_from({}), release_id, tell=LOG.info)
        if not found.good:
            raise ValueError(f"{release_id}: " + "; ".join(map(str, found.faults)))
        return {"files": found.files, "samples": found.samples, "clips": found.clips}

    films: Any = plan()
    names: Any = shards(films)
    release_id: Any = publish(films)
    cut.expand_kwargs(films) >> names
    pack.expand_kwargs(names) >> release_id
    verify(release_id)


dataset_release()
