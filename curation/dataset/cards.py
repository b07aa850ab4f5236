"""Cards: what is known of each tagger whose tags are in a release, in a file beside its shards.

A card holds the tagger's facets with the units of their numbers and, where its maker measured them,
its errors: a count of labels can be corrected by the confusion that travels with them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from curation.dataset.shards import ReleaseFile
from curation.storage import Place

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PATH: Final = re.compile(r"cards/[A-Za-z0-9_.~%-]{1,200}\.json")

_TRAVELLING: Final = """
    SELECT tagger, list_sort(list(DISTINCT label_version)) FROM tags
    WHERE shot_id IN (SELECT unnest(?)) GROUP BY tagger ORDER BY tagger
"""


def travelling(
    connection: DuckDBPyConnection, shots: Sequence[str], known: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The card of every tagger that says something of these shots, by name.

    Args:
        known: what is known of each tagger, its `label_version` among it. Of labels of another
            version nothing is known: their card holds that version and no more.
    """
    cards = {}
    for tagger, versions in connection.execute(_TRAVELLING, [list(shots)]).fetchall():
        said = known.get(tagger, {})
        is_of_these = [said.get("label_version")] == versions
        cards[tagger] = {
            "tagger": tagger,
            "label_versions": versions,
            **(said if is_of_these else {}),
        }
    return cards


def write_cards(release: Place, cards: Mapping[str, Mapping[str, Any]]) -> tuple[ReleaseFile, ...]:
    """Write cards into a release, one file a tagger; bytes depend on nothing but the cards."""
    written = []
    for tagger, card in sorted(cards.items()):
        text = json.dumps(card, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
        data, path = text.encode(), f"cards/{quote(tagger, safe='')}.json"
        (release / path).write_bytes(data)
        written.append(ReleaseFile(path, len(data), hashlib.sha256(data).hexdigest()))
    return tuple(written)


def is_card(path: str) -> bool:
    """Whether a path in a release may be a card's."""
    return _PATH.fullmatch(path) is not None
