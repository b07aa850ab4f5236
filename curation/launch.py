"""Our DAGs on an Airflow of our own: the whole road in one call, or the pages kept up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from curation.scheduling import CHAIN, CPU_POOL, GPU_POOL, LOGGER
from curation.settings import Settings
from curation.storage import Place

if TYPE_CHECKING:
    from curation.embedded import EmbeddedAirflow, TaskState

Tell = Callable[[str], None]

DAGS = Path(__file__).resolve().parents[1] / "dags"
PRELOAD = ("cv2", "av", "numpy", "pyarrow", "pyarrow.dataset", "deltalake", "duckdb", "pydantic")
CPU_SLOTS = 2
GPU_SLOTS = 2
SHOWN = ("success", "failed", "up_for_retry", "upstream_failed")


def run(settings: Settings, tell: Tell) -> None:
    """Ingest, analyse and release through the scheduler; returns when the last DAG has run.

    Raises:
        StorageError, CatalogError, RecipeError: when library, catalog or recipe is not there or
            cannot be read, before anything is started.
        EmbeddedError: when Airflow does not start, or a run fails; the message has the log's tail.
    """
    from curation.embedded import following, run_chain

    _look_ahead(settings)
    started = time.monotonic()

    def say(line: str) -> None:
        tell(f"{time.monotonic() - started:6.1f} s  {line}")

    def progress(task: TaskState) -> None:
        if task.state in SHOWN:
            say(f"{task.dag_id:16} {task.name:28} {task.state}")

    def hear(line: str) -> None:
        say(f"{'':16} {line}")

    tell("starting Airflow (scheduler, DAG processor, API server on loopback)")
    with _airflow(settings) as airflow:
        _pools(airflow)
        with following(airflow.home, LOGGER, hear):
            run_chain(airflow, CHAIN[0], {}, CHAIN[1:], progress)
    say("done; Airflow has stopped")


def _look_ahead(settings: Settings) -> None:
    """Find what is wrong with the places given while it costs nothing."""
    from curation.catalog import CatalogError, reader_for
    from curation.dataset.recipe import read_recipe

    library = Place.parse(settings.library)
    if not library.is_folder():
        raise CatalogError(f"{library}: no library is there; check the path and its spelling")
    reader_for(Place.parse(settings.catalog))
    read_recipe(Place.parse(settings.recipe))


def keep_up(settings: Settings, port: int | None, tell: Tell) -> None:
    """Keep Airflow's pages up until Ctrl-C.

    Raises:
        EmbeddedError: when Airflow does not start, or a part of it ends by itself.
    """
    _look_ahead(settings)
    tell("starting Airflow")
    with _airflow(settings, port=port, triggerer=True) as airflow:
        _pools(airflow)
        for dag_id in CHAIN:
            airflow.client.pause(dag_id, False)
        tell("the three DAGs are active: the catalog is read every day at 00:00 UTC, or when you")
        tell("trigger catalog_ingest; analysis and release follow by themselves")
        tell(f"URL       {airflow.url}")
        tell(f"user      {airflow.user}")
        tell(f"password  {airflow.password}")
        tell("Ctrl-C stops it")
        airflow.stay()
        tell("stopping")


def _airflow(
    settings: Settings, *, port: int | None = None, triggerer: bool = False
) -> EmbeddedAirflow:
    from curation.embedded import EmbeddedAirflow

    store = Place.parse(settings.store)
    home = store.local / "airflow" if store.is_local else Path("store").absolute() / "airflow"
    absolute = replace(
        settings,
        store=str(store),
        library=str(Place.parse(settings.library)),
        catalog=str(Place.parse(settings.catalog)),
        recipe=str(Place.parse(settings.recipe)),
        signing_key=settings.signing_key
        and str(Path(settings.signing_key).expanduser().absolute()),
    )
    return EmbeddedAirflow(
        home, DAGS, absolute.to_environment(), port, triggerer=triggerer, preload=PRELOAD
    )


def _pools(airflow: EmbeddedAirflow) -> None:
    airflow.client.ensure_pool(CPU_POOL, CPU_SLOTS, "Tasks that decode or encode on the CPU")
    airflow.client.ensure_pool(GPU_POOL, GPU_SLOTS, "Tasks that decode on a card")
