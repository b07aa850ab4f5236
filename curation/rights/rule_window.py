"""The window of a rule."""

from __future__ import annotations

from curation.rights.row_types import Rule
from curation.rights.windows import Window, resolve_window


def window_of(rule: Rule) -> Window:
    """The rule's window, in its own zone, its candidate zones or those of its territories.

    Raises:
        WindowError: the dates or zones cannot be read.
    """
    return resolve_window(
        rule.start,
        rule.end,
        time_zone=rule.time_zone,
        candidate_time_zones=rule.candidate_time_zones,
        end_convention=rule.end_convention,
        territories=rule.territory_include,
    )
