"""The command line: one verb a stage, and a few for looking; a module for each family of verbs."""

from curation.cli.program import app, main

__all__ = ["app", "main"]
