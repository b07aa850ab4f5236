"""Releases that were begun and not finished: a run that was killed, and whose recipe or code is
another by now, would leave its folders in the store for ever.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from curation.dataset.plan import ReleaseError
from curation.tables.store import Store

if TYPE_CHECKING:
    from curation.storage import Place

PATIENCE: Final = timedelta(hours=1)
"""A release that was touched since may still be in the making."""
WITH_MANIFEST: Final = "--with-manifest"
"""The flag of `curation discard` for a release that holds one."""
_OF_A_RELEASE: Final = frozenset({"plan.json", "decisions", "selections"})
"""What only the staging area of a release holds; other plans lie beside it."""
_MANIFEST: Final = "manifest.json"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,127}")


@dataclass(frozen=True, slots=True)
class Leftover:
    """A release of which something lies in the store, and which was not published.

    Attributes:
        touched: when a file of it was last written; None where nobody knows.
        has_manifest: it was finished but for the store's tables.
    """

    release_id: str
    files: int
    bytes: int
    touched: datetime | None
    has_manifest: bool

    def __str__(self) -> str:
        when = f", last touched at {self.touched:%Y-%m-%d %H:%M} UTC" if self.touched else ""
        flag = f" {WITH_MANIFEST}, unless it was handed on" if self.has_manifest else ""
        return (
            f"unfinished release {self.release_id}{when}: run its recipe again to finish it, or "
            f"remove its {self.files} files: curation discard {self.release_id}{flag}"
        )


def leftovers(store: Store) -> list[Leftover]:
    """Every release that was begun and is not in the table ``releases``, by id.

    Raises:
        StorageError: when the store's folders cannot be listed.
    """
    published = set(store.read("releases", ["release_id"]).column("release_id").to_pylist())
    begun = set(_below(store.place / "releases"))
    begun |= {
        plan
        for plan in _below(store.place / "staging")
        if not _OF_A_RELEASE.isdisjoint(_below(store.staging(plan)))
    }
    return [_leftover(store, one) for one in sorted(begun - published)]


def discard(
    store: Store,
    release_id: str,
    *,
    now: datetime,
    in_use: bool = False,
    with_manifest: bool = False,
) -> Leftover:
    """Remove what a release that was cut short has left.

    Args:
        in_use: it may have been touched within `PATIENCE`.
        with_manifest: it may hold a manifest.

    Raises:
        ReleaseError: when it was published, is unknown, holds a manifest, or may be in the making.
    """
    found = {one.release_id: one for one in leftovers(store)}.get(release_id)
    if found is None or not _NAME.fullmatch(release_id):
        raise ReleaseError(
            f"{release_id} is no unfinished release, and nothing was removed; `curation status` "
            "names those there are"
        )
    if found.has_manifest and not with_manifest:
        raise ReleaseError(
            f"{release_id} holds a {_MANIFEST}, so it may have been handed on; run its recipe "
            f"again to finish it, or, if nobody has it, give {WITH_MANIFEST}"
        )
    if not in_use and found.touched is not None and now - found.touched < PATIENCE:
        minutes = (now - found.touched) // timedelta(minutes=1)
        raise ReleaseError(
            f"{release_id} was touched {minutes} minutes ago and may be in the making; end that "
            "run and give --in-use, or wait for an hour"
        )
    store.release(release_id).delete()
    store.staging(release_id).delete()
    return found


def _leftover(store: Store, release_id: str) -> Leftover:
    release = store.release(release_id)
    files = [*release.files(), *store.staging(release_id).files()]
    newest = max((entry.modified_ns for entry in files), default=0)
    return Leftover(
        release_id=release_id,
        files=len(files),
        bytes=sum(entry.size for entry in files),
        touched=datetime.fromtimestamp(newest / 1e9, UTC) if newest else None,
        has_manifest=(release / _MANIFEST).exists(),
    )


def _below(place: Place) -> list[str]:
    """Names of the files and folders right below a place; none where it does not exist."""
    from pyarrow.fs import FileSelector

    from curation.storage import StorageError

    try:
        found = place.filesystem.get_file_info(FileSelector(place.path, allow_not_found=True))
    except OSError as error:
        raise StorageError(f"{place} cannot be listed: {error}; check its permissions") from error
    return sorted(info.base_name for info in found)
