"""Light: key style, contrast, direction, colour, source and place, with what each rests on."""

from curation.tags.lighting.tagger import LightingTagger

__all__ = ["LightingTagger"]
