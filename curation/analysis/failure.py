"""Why an analysis fails, beyond the faults of the film file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from curation.storage import CONTENT_CHANGED, FILE_MISSING, READ_FAILED

if TYPE_CHECKING:
    from curation.embeddings.embedder import Embedder
    from curation.tags import Tagger

TAGGER_FAILED, ANALYSIS_FAILED = "TAGGER_FAILED", "ANALYSIS_FAILED"
CUT_LIST_UNREADABLE, CUT_LIST_MISFIT = "CUT_LIST_UNREADABLE", "CUT_LIST_DOES_NOT_FIT"
PASSING = frozenset(
    {FILE_MISSING, CONTENT_CHANGED, READ_FAILED, "TIMED_OUT", "OUT_OF_MEMORY", "NO_CUDA"}
)
"""Reasons that lie in the circumstances: the next run tries again. Every other reason is one of
this content under this code, and final until one of the two changes."""


class TaggerFault(Exception):  # noqa: N818 - TaggerError is the registry's
    """A tagger raised, or gave what is no measure or label; the message names it and the error."""


class MisfitFault(Exception):  # noqa: N818 - a fault of the list, as TaggerFault is of a tagger
    """A cut list that cannot be the film's; `notes` are rows of ``cut_list_notes`` to judge by."""

    def __init__(self, message: str, notes: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.notes = notes


@contextmanager
def blaming(tagger: Tagger | Embedder, step: str) -> Iterator[None]:
    """Turn whatever a tagger or embedder raises into a `TaggerFault`, but for want of memory."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise TaggerFault(
            f"tagger {tagger.name!r} failed in {step}: {type(error).__name__}: {error}; "
            "repair or uninstall it, then analyse with --retry-failed"
        ) from error
