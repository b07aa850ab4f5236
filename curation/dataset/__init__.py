"""Shots to a release: recipe, clearance, selection, clips, shards, manifest."""
