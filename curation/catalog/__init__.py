"""What the studio owns and what was agreed about it: readers, checks, quarantine, ingestion."""

from curation.catalog.ingest import Ingest, ingest
from curation.catalog.reader import CatalogError, CatalogReader, Fault, RawRow, reader_for

__all__ = [
    "CatalogError",
    "CatalogReader",
    "Fault",
    "Ingest",
    "RawRow",
    "ingest",
    "reader_for",
]
