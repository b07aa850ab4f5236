"""What each clip says of its own use in training, for whoever meets it: one assertion a clip.

CAWG Training and Data Mining Assertion 1.1 (https://cawg.io/training-and-data-mining/1.1/),
section 3: label ``cawg.training-mining``, a map ``entries`` of four predefined uses, each of them
``allowed``, ``notAllowed`` or ``constrained``; the last, without more, is read as ``notAllowed``.

An assertion speaks to everyone, and a release is licensed to one. So nothing is ever ``allowed``:
the uses that the licence is about are ``constrained``, with the terms and where they are written;
all others are ``notAllowed``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from curation.papers.terms import Terms
from curation.rights.actions import bars

LABEL: Final = "cawg.training-mining"

ENTRIES: Final[Mapping[str, tuple[str, ...]]] = {
    "cawg.ai_generative_training": ("train_gen",),
    "cawg.ai_inference": ("ai_input", "evaluate"),
    "cawg.ai_training": ("train_nongen",),
    "cawg.data_mining": ("tdm_analyze", "index_search"),
}
"""The predefined entries, and the actions that each reserves: as the rights engine reads them."""


def assertion(terms: Terms, *, policy: str) -> dict[str, Any]:
    """The assertion of every clip under these terms.

    Args:
        policy: the path of the policy in the release.
    """
    limits = {"use": "constrained", "constraint_info": in_words(terms, policy)}
    return {
        "label": LABEL,
        "data": {
            "entries": {
                entry: limits if bars(actions, terms.action) else {"use": "notAllowed"}
                for entry, actions in ENTRIES.items()
            }
        },
    }


def in_words(terms: Terms, policy: str) -> str:
    """The terms in one sentence."""
    what = f"{terms.action}, {'' if terms.commercial else 'not '}for commercial ends"
    where = ", ".join(terms.territories)
    return (
        f"Only {terms.licensee}, only {what}, only in {where}, from {terms.use_from} until "
        f"{terms.use_until}, under {policy} of the release that this clip came in."
    )


def statements(rows: Iterable[Mapping[str, Any]], said: Mapping[str, Any]) -> bytes:
    """The sidecar of a shard: JSON Lines, for each clip its key, its SHA-256 and its assertion."""
    lines = (
        {"key": row["key"], "clip_sha256": row["clip"]["sha256"], "assertions": [said]}
        for row in rows
    )
    return "".join(f"{json.dumps(line, sort_keys=True)}\n" for line in lines).encode()
