"""The vote: models that were told what to look for, asked about every analysed shot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.settings import Settings
from curation.stages.progress import Tell, quiet
from curation.storage import Place, StorageError
from curation.tables import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.tags.protocol import Tag
    from curation.tags.votes import Question, Voter

Row = dict[str, Any]

STILLS = 128
"""Stills of a film in memory at a time: 22 MB at 320 by 180."""


def vote(
    settings: Settings, prompts: Path, *, voter: str | None = None, tell: Tell = quiet
) -> dict[str, int]:
    """Put the votes of one voter into ``tags``, in the place of its votes before; rows by facet.

    Without a voter's name that is `zero_shot`, by stored vectors. One that is named is shown a
    still of each shot, of films that the first gate lets be analysed now; a film that cannot be
    read has no votes. An analysis made anew keeps the votes on all shots that it finds again; those
    on others it tells of.

    Raises:
        VoteError: for prompts or a voter that cannot be used.
    """
    from curation.tags.votes import read_prompts, voter_of
    from curation.tags.zero_shot import NAME

    ballot, store = read_prompts(prompts), Store.at(settings.store)
    name = voter or NAME
    if voter is None:
        given = _by_vectors(store, ballot.facets)
    else:
        given = _by_stills(settings, store, voter_of(voter), ballot.facets, tell)
    written = {}
    with store.lock("analysis", tell=tell):
        for facet, rows in given.items():
            written[facet] = store.replace("tags", rows, column="tagger")
        stored = store.read("tags", ["tagger"]).column("tagger").unique().to_pylist()
        mine = {one for one in stored if one.startswith(f"{name}.")}
        gone = mine - {f"{name}.{facet}" for facet, count in written.items() if count}
        store.remove("tags", column="tagger", values=gone)
    return written


def _by_vectors(store: Store, facets: dict[str, Question]) -> dict[str, list[Row]]:
    from curation.embeddings.clip import EXTRA, VARIABLE
    from curation.embeddings.embedder import reader
    from curation.embeddings.stored import vectors_of
    from curation.tags.votes import VoteError, digest
    from curation.tags.zero_shot import NAME, votes

    embedder = reader()
    if embedder is None:
        raise VoteError(
            f"no embedder here reads words: pip install '{EXTRA}', name a network in {VARIABLE}, "
            "and run `curation analyze`"
        )
    who = {"embedder": embedder.name, "version": embedder.version}
    table = store.read("embeddings", where=who)
    _, vectors = vectors_of(table, embedder.dimensions)
    shots = table.select(["shot_id", "asset_sha256"]).to_pylist()
    return {
        facet: _rows(
            NAME, facet, digest(question, who), shots, votes(embedder, facet, question, vectors)
        )
        for facet, question in facets.items()
    }


def _rows(voter: str, facet: str, version: str, shots: list[Row], tags: list[Tag]) -> list[Row]:
    return [
        {
            "shot_id": shot["shot_id"],
            "asset_sha256": shot["asset_sha256"],
            "tagger": f"{voter}.{facet}",
            "label_version": version[:16],
            "facet": tag.facet,
            "label": tag.label,
            "confidence": round(tag.confidence, 4),
            "measures": dict(tag.measures),
        }
        for shot, tag in zip(shots, tags, strict=True)
    ]


def _by_stills(
    settings: Settings, store: Store, voter: Voter, facets: dict[str, Question], tell: Tell
) -> dict[str, list[Row]]:
    from curation.tags.votes import ask, digest, vote_tag

    found: dict[str, list[Row]] = {facet: [] for facet in facets}
    for shots, stills in _stills(settings, store, voter.width, tell):
        for facet, question in facets.items():
            tags = [vote_tag(facet, each) for each in ask(voter, question, stills)]
            version = digest(question, voter.name, voter.version)
            found[facet] += _rows(voter.name, facet, version, shots, tags)
    return found


def _stills(
    settings: Settings, store: Store, width: int, tell: Tell
) -> Iterator[tuple[list[Row], NDArray[np.uint8]]]:
    """Some shots of a film and a still of each, film after film."""
    import numpy as np

    from curation.analysis.stills import middles
    from curation.catalog.knowledge import knowledge_at
    from curation.isolation import Worker, WorkerError
    from curation.media import MediaError
    from curation.stages.analysis import ANALYSED, kept_from_analysis
    from curation.stages.catalog import assets_of
    from curation.tables.store import rows_of

    at = datetime.now(UTC)
    knowledge = knowledge_at(store, at)
    analysed = set(
        store.read("films", where={"status": ANALYSED}).column("asset_sha256").to_pylist()
    )
    with Worker(
        timeout_s=settings.film_timeout_s, memory_mb=settings.film_memory_mb, on_tell=tell
    ) as worker:
        for asset, path, work in assets_of(store, at):
            if asset not in analysed or kept_from_analysis(settings, knowledge, work):
                continue
            columns = ["shot_id", "asset_sha256", "clean_start", "clean_end"]
            shots = rows_of(store.read("shots", columns, where={"asset_sha256": asset}))
            wanted = {
                (s["clean_start"] + s["clean_end"]) // 2: s
                for s in shots
                if s["clean_start"] < s["clean_end"]
            }
            frames = sorted(wanted)
            try:
                url = str(Place.parse(settings.library).within(path))
                for first in range(0, len(frames), STILLS):
                    part = frames[first : first + STILLS]
                    given = worker.call(middles, asset, url, part, width)
                    if given:
                        yield [wanted[index] for index in given], np.stack(list(given.values()))
            except (WorkerError, StorageError, MediaError) as error:
                tell(f"no votes on {path}: {error}")
