"""The window of a rule."""

from __future__ import annotations

from curation.rights.row_types import Rule
from curation.rights.territories import reached
from curation.rights.windows import Window, resolve_window


def window_of(rule: Rule) -> Window:
    """The rule's window, in its own zone, its candidate zones or those of its territories.

    Raises:
        WindowError: the dates or zones cannot be read.
    """
    return _window(rule, rule.territory_include)


def barring_window_of(rule: Rule) -> Window:
    """The window in which the rule may bar: in the zones of all that a prohibition there reaches.

    Raises:
        WindowError: the dates or zones cannot be read.
    """
    return _window(rule, reached(rule.territory_include))


def _window(rule: Rule, territories: tuple[str, ...]) -> Window:
    return resolve_window(
        rule.start,
        rule.end,
        time_zone=rule.time_zone,
        candidate_time_zones=rule.candidate_time_zones,
        end_convention=rule.end_convention,
        territories=territories,
    )
