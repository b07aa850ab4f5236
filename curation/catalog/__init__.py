"""What the studio owns and what was agreed about it: readers, checks, quarantine, ingestion."""

from curation.catalog.ingest import ingest
from curation.catalog.reader import CatalogError, CatalogReader, Fault, RawRow, reader_for
from curation.catalog.reading import Ingest, Tally

__all__ = [
    "CatalogError",
    "CatalogReader",
    "Fault",
    "Ingest",
    "RawRow",
    "Tally",
    "ingest",
    "reader_for",
]
