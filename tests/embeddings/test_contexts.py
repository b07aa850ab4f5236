"""Contexts: shots that are like none counted before them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.embeddings import contexts as room
from curation.embeddings.contexts import ContextError, Contexts, contexts
from curation.embeddings.embedder import DEFAULT
from curation.report.counts import label_contexts
from curation.tables import Store
from curation.tables.query import connect
from tests.embeddings.colours import unit

AT = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.integers(0, 10_000), st.integers(0, 40), st.floats(0.1, 1.0))
def test_each_shot_that_is_like_none_before_it_counts(seed: int, count: int, least: float) -> None:
    vectors = unit(np.random.default_rng(seed).normal(size=(count, 3)))
    kept: list[int] = []
    for n in range(count):
        if not any(vectors[n] @ vectors[k] >= least for k in kept):
            kept.append(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "BLOCK", 4)
        assert contexts(vectors, range(count), least=least) == len(kept)


def test_likeness_does_not_chain() -> None:
    angles = np.radians(np.arange(0, 90, 15.0))
    arc = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert contexts(arc, range(6), least=0.9) == 3
    with pytest.raises(ValueError, match="above 0"):
        contexts(arc, range(6), least=0.0)


def test_a_label_has_as_many_contexts_as_its_shots_look_different(store: Store) -> None:
    with connect(store) as connection:
        found = label_contexts(connection, "light", "key")
        assert found == {"low": Contexts(2, 1), "high": Contexts(1, 0), "flat": Contexts(None, 1)}
        narrow = label_contexts(connection, "light", "key", where="shot_index < 3")
        assert narrow == {"low": Contexts(1, 0)}


def test_vectors_of_two_versions_are_not_compared(store: Store) -> None:
    store.append(
        "embeddings",
        [{"shot_id": "x", "asset_sha256": "x", "embedder": DEFAULT, "version": "2", "vector": [1]}],
    )
    with connect(store) as connection, pytest.raises(ContextError, match="2 versions"):
        label_contexts(connection, "light", "key")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Seven shots of one film: three of one room, one of another, two without a vector."""
    made = Store.at(tmp_path)
    known = {"recorded_at": AT, "ingested_at": AT}
    made.append("ingests", [{"ingest_id": "1", "ingested_at": AT}])
    asset = {"asset_path": "f", "work_id": "f", "asset_sha256": "f", "row_key": "f"}
    made.append("assets", [asset | known])
    made.append("films", [{"asset_sha256": "f", "status": "analysed"}])
    shots = [{"shot_id": f"{n}", "asset_sha256": "f"} for n in range(7)]
    made.append("shots", [shot | {"shot_index": n} for n, shot in enumerate(shots)])
    labels = ("low", "low", "low", "low", "low", "high", "flat")
    tag = {"tagger": "light", "label_version": "1", "facet": "key", "confidence": 0.9}
    made.append(
        "tags", [shot | tag | {"label": label} for shot, label in zip(shots, labels, strict=True)]
    )
    looks = {0: (1, 0), 1: (0.9, 0.436), 2: (0.8, 0.6), 3: (0, 1), 5: (1, 0)}
    said = {"embedder": DEFAULT, "version": "1"}
    made.append(
        "embeddings",
        [shots[n] | said | {"vector": np.array(look, np.float32)} for n, look in looks.items()],
    )
    return made
