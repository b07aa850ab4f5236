"""The papers of a release: what a lawyer, a librarian and a regulator read of it.

Each is a pure function of what the release itself holds, its rows and the facts of its manifest,
so that anyone who has a copy can make them again and compare. None knows a clock.
"""
