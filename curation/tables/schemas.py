"""Every table of the store.

The version is written into each table when it is made. A change of meaning, a dropped or a retyped
column raises it and needs a migration; a new nullable column does not.
"""

from __future__ import annotations

from functools import cache

from curation.tables.analysis_tables import analysis_tables
from curation.tables.catalog_tables import catalog_tables
from curation.tables.release_tables import release_tables
from curation.tables.schema import Schema

__all__ = ["CATALOG", "SCHEMA_VERSION", "Schema", "schemas"]

SCHEMA_VERSION = 1

CATALOG = (
    "works",
    "assets",
    "rules",
    "party_groups",
    "appearances",
    "consents",
    "embedded_material",
    "surveys",
    "signals",
    "participants",
    "avails",
    "claims",
)
"""Tables that hold what the catalog states: append-only and bitemporal."""


@cache
def schemas() -> dict[str, Schema]:
    """All tables by name, in the order in which data flows through them."""
    tables = [*catalog_tables(), *analysis_tables(), *release_tables()]
    return {table.name: table for table in tables}
