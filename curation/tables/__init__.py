"""The store: schemas, commits and queries, on Delta Lake under one URL."""

from curation.tables.schemas import CATALOG, SCHEMA_VERSION, Schema, schemas
from curation.tables.store import Store, StoreError

__all__ = ["CATALOG", "SCHEMA_VERSION", "Schema", "Store", "StoreError", "schemas"]
