"""The card of the lighting tagger: what its network was trained on and how it did held out."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from curation.tags.lighting.model import FILE
from curation.tags.lighting.words import TERMS
from curation.tags.protocol import Card, HeldOut

UNLEARNED: Final = "held_out.json"
"""How the facets did that no network answers: contrast on stills, dynamics on clips, all rendered
(training/held_out.py)."""
FACETS: Final = {"tone": "colour"}
"""Heads of the network that answer a facet of another name."""


@cache
def card() -> Card:
    """The card that lies in the model's file."""
    said = _read(FILE)
    heads: dict[str, dict[str, Any]] = said["heads"]
    data: dict[str, Any] = said["card"]
    judged = {FACETS.get(name, name): head for name, head in heads.items() if head["labels"]}
    errors = {
        name: head["held_out"]["mean_error"] for name, head in heads.items() if not head["labels"]
    }
    words = {
        facet: {label: terms._asdict() for label, terms in labels.items()}
        for facet, labels in TERMS.items()
    }
    return Card(
        data=data | {"mean_errors": errors},
        facets={name: _held_out(head["labels"], head["held_out"]) for name, head in judged.items()}
        | {"contrast": unlearned("contrast")},
        words=words,
    )


def unlearned(facet: str) -> HeldOut:
    """How a facet did that no network answers. Raises `KeyError` for any other."""
    found = _read(UNLEARNED)[facet]
    return _held_out(found.pop("labels"), found)


def _read(file: str) -> dict[str, Any]:
    text = (files("curation.tags.lighting") / file).read_text(encoding="utf-8")
    said: dict[str, Any] = json.loads(text)
    return said


def _held_out(labels: list[str], found: dict[str, Any]) -> HeldOut:
    return HeldOut(
        labels=tuple(labels),
        confusion=tuple(tuple(row) for row in found["confusion"]),
        scenes=found["scenes"],
        scores={name: value for name, value in found.items() if name != "confusion"},
    )
