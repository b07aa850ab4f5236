"""The card of the lighting tagger: what its network was trained on and how it did held out."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from curation.tags.lighting.model import FILE
from curation.tags.lighting.words import TERMS
from curation.tags.protocol import Card, HeldOut

FACETS: Final = {"tone": "colour"}
"""Heads of the network that answer a facet of another name."""


@cache
def card() -> Card:
    """The card that lies in the model's file."""
    text = (files("curation.tags.lighting") / FILE).read_text(encoding="utf-8")
    said = json.loads(text)
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
        facets={name: _held_out(head) for name, head in judged.items()},
        words=words,
    )


def _held_out(head: dict[str, Any]) -> HeldOut:
    found = head["held_out"]
    return HeldOut(
        labels=tuple(head["labels"]),
        confusion=tuple(tuple(row) for row in found["confusion"]),
        scenes=found["scenes"],
        scores={name: value for name, value in found.items() if name != "confusion"},
    )
