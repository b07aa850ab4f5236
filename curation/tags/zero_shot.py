"""Votes by stored vectors: a shot's still against texts, in a space where both lie.

A label's direction is the mean of its prompts' (Radford et al. 2021, section 3.1.4), its
probability a softmax over the labels of its facet. No film is opened. The vectors are those of an
embedder that reads words; prompts are embedded once and kept by its version and their texts.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import numpy as np

from curation.models import cache_folder
from curation.tags.votes import Question, Vote, digest, vote_tag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.embeddings.embedder import Reader
    from curation.tags.protocol import Tag

    Vectors = NDArray[np.float32]

NAME: Final = "zero_shot"


def directions(embedder: Reader, question: Question) -> Vectors:
    """One vector of unit length for each label of a question, (labels, dimensions)."""
    texts = [list(prompts) for prompts in question.labels.values()]
    file = cache_folder() / "words" / f"{digest(embedder.name, embedder.version, texts)}.npy"
    shape = (len(texts), embedder.dimensions)
    with suppress(OSError, ValueError):
        kept = np.load(io.BytesIO(file.read_bytes()), allow_pickle=False)
        if kept.shape == shape and kept.dtype == np.float32:
            return np.asarray(kept, np.float32)
    made = np.stack([embedder.embed_words(prompts).mean(0) for prompts in texts])
    made = np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.save(buffer, made)
        file.write_bytes(buffer.getvalue())
    return made


def probabilities(vectors: Vectors, towards: Vectors, scale: float) -> NDArray[np.float64]:
    """Of each label for each picture, (n, labels): a softmax of `scale` times the cosines."""
    logits = scale * (vectors @ towards.T).astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def votes(embedder: Reader, facet: str, question: Question, vectors: Vectors) -> list[Tag]:
    """A vote for each vector (n, dimensions), with its cosine to the label voted for."""
    towards = directions(embedder, question)
    likely = probabilities(vectors, towards, embedder.logit_scale)
    labels, best = list(question.labels), likely.argmax(axis=1)
    cosines = np.einsum("nd,nd->n", vectors, towards[best])
    return [
        vote_tag(facet, Vote(labels[k], min(1.0, p)), {"cosine": round(cosine, 4)})
        for k, p, cosine in zip(
            best.tolist(),
            likely.max(axis=1).round(4).tolist(),
            cosines.tolist(),
            strict=True,
        )
    ]
