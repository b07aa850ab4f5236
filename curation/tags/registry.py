"""Taggers found through entry points: group `curation.taggers`, so others add theirs outside."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from curation.tags.protocol import Tagger

GROUP: Final = "curation.taggers"

_log = logging.getLogger(__name__)


class TaggerError(Exception):
    """A tagger that is asked for does not exist or does not load."""


def taggers(names: Sequence[str] | None = None) -> tuple[Tagger, ...]:
    """The taggers of these names in this order; all that load, by name, when `names` is None.

    The name of a family stands for its taggers too: `lighting` for `lighting` and `lighting.…`.
    Without `names` a plug-in that does not load is logged as a warning and left out, so that a
    broken one stops no other; `failures` gives the reasons. A tagger asked for by name must load.
    Raises `TaggerError` for a name that is not registered, is registered twice, or does not load.
    """
    known = _registered()
    if names is None:
        loaded = []
        for name in known:
            try:
                loaded.append(_load(name, known[name]))
            except TaggerError as error:
                _log.warning("%s", error)
        return tuple(loaded)
    found = {one: _find(one, known) for name in names for one in _named(name, known)}
    return tuple(_load(name, points) for name, points in found.items())


def family(name: str) -> str:
    """What a tagger's name begins with, up to its first dot: under which its facets are shown."""
    return name.partition(".")[0]


def failures() -> dict[str, str]:
    """Registered taggers that do not load, with the reason."""
    known = _registered()
    reasons = {}
    for name in known:
        try:
            _load(name, known[name])
        except TaggerError as error:
            reasons[name] = str(error)
    return reasons


def _registered() -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        points = found.setdefault(point.name, [])
        if point.value not in [p.value for p in points]:
            points.append(point)
    return found


def _named(name: str, known: Mapping[str, object]) -> list[str]:
    members = [one for one in known if one == name or one.startswith(f"{name}.")]
    return members or [name]


def _find(name: str, known: dict[str, list[EntryPoint]]) -> list[EntryPoint]:
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
    raise TaggerError(f"no tagger {name!r}; {hint}")


def _load(name: str, points: list[EntryPoint]) -> Tagger:
    if len(points) > 1:
        values = ", ".join(p.value for p in points)
        raise TaggerError(f"tagger {name!r} is registered twice ({values}); uninstall one")
    (point,) = points
    where = point.dist.name if point.dist else "an unknown package"
    try:
        tagger: Tagger = point.load()()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise TaggerError(
            f"tagger {name!r} ({point.value} of {where}) does not load: {reason}; "
            "repair or uninstall it"
        ) from error
    if tagger.name != name:
        raise TaggerError(f"tagger {name!r} of {where} calls itself {tagger.name!r}")
    return tagger
