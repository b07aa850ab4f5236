"""Shots to descriptions: a tagger is one file here, or one anywhere that registers itself.

Importing this package costs nothing heavy; a tagger's libraries come in when it is loaded.
"""

from curation.tags.protocol import Facet, Meter, Needs, Tag, Tagger
from curation.tags.registry import TaggerError, failures, family, taggers
from curation.tags.sampling import Sampler, sampler

__all__ = [
    "Facet",
    "Meter",
    "Needs",
    "Sampler",
    "Tag",
    "Tagger",
    "TaggerError",
    "failures",
    "family",
    "sampler",
    "taggers",
]
