"""Film-library curation: what may be learned from, cut, described, sharded and accounted for."""

__version__ = "0.1.0"
