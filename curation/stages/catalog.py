"""The catalog into the store, and which films of it there are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from curation.settings import Settings
from curation.stages.progress import Tell, quiet
from curation.storage import Place
from curation.tables import Store

if TYPE_CHECKING:
    from curation.catalog import Ingest


def ingest(
    settings: Settings,
    *,
    now: datetime | None = None,
    replace: bool = False,
    tell: Tell = quiet,
) -> Ingest:
    """Read the catalog into the store; see ``curation.catalog.ingest``."""
    from curation.catalog import ingest as read_catalog

    return read_catalog(
        Store.at(settings.store),
        Place.parse(settings.catalog),
        Place.parse(settings.library),
        now=now,
        replace=replace,
        tell=tell,
    )


def assets_of(store: Store, at: datetime) -> list[tuple[str, str, str]]:
    """Each film once: content, path and work."""
    from curation.tables.query import connect

    query = """
        SELECT asset_sha256, min(asset_path), any_value(work_id)
        FROM assets GROUP BY asset_sha256 ORDER BY min(asset_path)
    """
    with connect(store, at) as connection:
        return [(a, p, w) for a, p, w in connection.execute(query).fetchall()]
