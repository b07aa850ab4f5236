"""All papers of a release: their names, and their bytes from what they tell of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from curation.papers.croissant import croissant
from curation.papers.dataset_card import card
from curation.papers.eu_summary import summary
from curation.papers.facts import Facts
from curation.papers.licence import licence
from curation.papers.odrl import agreement, profile
from curation.papers.provenance import record
from curation.papers.terms import Terms, terms_of
from curation.papers.training_mining import assertion, statements

VERSION: Final = 4
"""Raised whenever the same release would be told of in other words."""

CARD: Final = "README.md"
LICENCE: Final = "LICENSE.md"
CROISSANT: Final = "croissant.json"
EU_SUMMARY: Final = "eu_summary.json"
LEFT_OUT: Final = "left_out.parquet"
POLICY: Final = "policy.odrl.json"
PROFILE: Final = "policy.profile.json"
PROVENANCE: Final = "provenance.json"

BOUND: Final = (CARD, LICENCE, CROISSANT, EU_SUMMARY, POLICY, PROFILE, PROVENANCE)
"""Papers that `bind` makes."""

_SIDECAR: Final = re.compile(r"training_mining/[A-Za-z0-9_-]{1,120}\.jsonl")


def is_paper(path: str) -> bool:
    """Whether a path in a release may be a paper's."""
    return path in (*BOUND, LEFT_OUT) or _SIDECAR.fullmatch(path) is not None


def sidecar_of(shard: str) -> str:
    """The path of the file with the training-mining assertion of each clip of a shard."""
    return f"training_mining/{shard}.jsonl"


def papers_of(shards: Iterable[str]) -> set[str]:
    """Every paper that a release of these shards must have."""
    return {*BOUND, LEFT_OUT, *map(sidecar_of, shards)}


def sidecar(manifest: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """What the clips of a shard say of themselves.

    Raises:
        TermsError: when the request of the manifest grants nothing.
    """
    said = assertion(terms_of(manifest["recipe"]["request"]), policy=POLICY)
    return statements(rows, said)


def bind(
    manifest: Mapping[str, Any],
    facts: Facts,
    taggers: Mapping[str, Mapping[str, Any]],
    files: Iterable[Mapping[str, Any]],
) -> dict[str, bytes]:
    """The papers of a release but sidecars and what was left out, by path.

    Args:
        manifest: what it says of the release, its papers aside.
        facts: counted from its rows.
        taggers: the card of each tagger whose tags travel, by name.
        files: every file of the release that is not among these papers.

    Raises:
        TermsError: when the request of the manifest grants nothing.
    """
    terms = terms_of(manifest["recipe"]["request"], facts.duties, facts.components)
    return {
        CARD: card(manifest, facts, terms, taggers).encode(),
        LICENCE: licence(manifest, terms).encode(),
        CROISSANT: _json(
            croissant(manifest, facts, terms, taggers, sorted(files, key=lambda f: f["path"]))
        ),
        EU_SUMMARY: _json(summary(manifest, facts)),
        POLICY: _json(_policy(manifest, terms)),
        PROFILE: _json(profile()),
        PROVENANCE: _json(record(manifest, facts, terms)),
    }


def _policy(manifest: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    return agreement(terms, release_id=manifest["release_id"], assigner=manifest["issuer"])


def _json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()
